"""Everything's state as a value: what /health, /metrics and the page show.

Made from what the actors leave behind as they work, without asking anyone: a stuck actor is seen, not waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from trading.messages.supervision import Phase
from trading.restart import Restart


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How far an actor has come. Ages in milliseconds; None where there is nothing to have an age."""

    handled: int = 0
    last_age_ms: int | None = None  # since it finished handling something
    handling: str = ""  # the kind of the message it is at
    handling_ms: int | None = None  # how long it has been at it
    inbox_depth: int = 0
    oldest_ms: int | None = None  # how long the oldest message has waited


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildState:
    """One child. ``reason`` says why it is in its phase, where there is something to say."""

    id: str
    phase: Phase
    generation: int
    restart: Restart
    since_ms: int  # wall clock, when it came into its phase
    reason: str
    restarts: int  # since the process started
    pulse: Pulse
    lost: int  # messages told to it while it was not alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """An incarnation that was fenced off and may still hang in a thread. ``dropped`` counts what it said since."""

    child: str
    generation: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeState:
    """The whole tree, children in start order."""

    phase: Phase
    reason: str
    children: tuple[ChildState, ...]
    restarts: Mapping[str, int]  # by group, those that still count against its budget
    abandoned: tuple[Abandoned, ...]
    fenced: int  # messages dropped because they came from fenced incarnations
    supervisor: Pulse

    def child(self, name: str) -> ChildState:
        """Give one child's state.

        Raises:
            LookupError: there is no such child.
        """
        for child in self.children:
            if child.id == name:
                return child
        raise LookupError(f"there is no child called {name!r}")
