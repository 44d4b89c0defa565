"""How messages leave to a person: what a sender is given, what it may answer, and the sender that only writes a log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from trading.bracket.effects import Severity
from trading.values import Milliseconds

Say = Callable[[Severity, str], None]
"""Writes one line into the process's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One notice as it is sent. ``again``: it went out before; ``insists``: until somebody acknowledges it."""

    severity: Severity
    kind: str
    text: str
    at: Milliseconds
    again: bool = False
    insists: bool = False
    silent: bool = False
    times: int = 1
    last_at: Milliseconds | None = None

    @property
    def footnote(self) -> str:
        """When it was, and what the person should know about its coming again."""
        moment = f"{datetime.fromtimestamp(self.at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if self.times > 1:
            last = datetime.fromtimestamp((self.last_at or self.at) / 1000, UTC)
            moment = f"{moment}, {self.times} times, last at {last:%H:%M:%S}"
        if not self.insists:
            return moment
        return f"{moment}, {'not acknowledged yet' if self.again else 'comes again until you acknowledge it'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The first ``count`` lines have arrived, at least one; the others did not fit and were not sent."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """Nothing is known to have arrived. ``after_ms``: the other side asked to be left alone for so long."""

    reason: str
    after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsendable:
    """The first ``count`` lines will never be taken as they are; the way itself is fine."""

    reason: str
    count: int


Outcome = Delivered | NotNow | Unsendable


class Sender(Protocol):
    """A way to a person. It never raises for what the other side does; it blocks its caller for a bounded time."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Send as many of the lines as fit into one message, the first ones; there is at least one."""
        ...

    def close(self) -> None:
        """Give back what it holds. Told twice it changes nothing."""
        ...


class LogSender:
    """The way out when no other is set up. The notifier has logged each notice once; here it is said again."""

    name = "the log"

    def __init__(self, say: Say) -> None:
        self._say = say

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Say what was said before and is not acknowledged."""
        del within_s  # it does not wait for anybody
        for line in lines:
            if line.again:
                self._say(line.severity, f"{line.kind}: {line.text} ({line.footnote})")
        return Delivered(count=len(lines))

    def close(self) -> None:
        """Nothing is held."""
