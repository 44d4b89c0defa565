"""Where actors live. Two implementations, chosen where the service is wired and nowhere else."""

from collections.abc import Callable
from typing import Any, Protocol

from actors.address import Answer, Directory
from actors.base import Actor, Report
from actors.clock import Clock
from actors.incarnation import Incarnation
from actors.timers import Wheel


class Runtime(Protocol):
    """Runs actors, keeps their timers and tells the time."""

    @property
    def clock(self) -> Clock:
        """The time in this world."""
        ...

    @property
    def wheel(self) -> Wheel:
        """What keeps the timers."""
        ...

    @property
    def directory(self) -> Directory:
        """The stable addresses of everyone in this world."""
        ...

    @property
    def now_s(self) -> Callable[[], float]:
        """Monotonic seconds, cheaply: what inboxes and progress are stamped with."""
        ...

    def bind(self, actor: Actor, incarnation: Incarnation, report: Report) -> None:
        """Make a constructed actor this incarnation. From now on messages wait for it."""
        ...

    def spawn(self, actor: Actor) -> None:
        """Start a bound actor and return at once; how it went is reported."""
        ...

    def is_running(self, actor: Actor) -> bool:
        """Whether it may still do something. False a moment before or after it has reported its end."""
        ...

    def stack(self, actor: Actor) -> str:
        """Say where its thread is now, for the report on one that hangs; empty where it cannot be said."""
        ...

    def wait(self, answer: Answer, timeout_s: float) -> Any:
        """Wait for an answer at the edge of this world. Raises what ``actors.address.ask`` says."""
        ...
