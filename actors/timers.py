"""Timers that tell their owner later.

A cancelled or replaced timer never arrives, even if its message already waits in the inbox; nor does a timer of a
dead or fenced incarnation, for it goes to that incarnation's own inbox. Used from the owner's handlers only.
"""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from actors.incarnation import Incarnation


class Timers(Protocol):
    """What an actor may do with time."""

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        """Tell the owner this message after the delay; a running timer of that name is replaced.

        A ``background`` timer repeats for ever (a watch, a heartbeat): a simulated world is quiet in spite of it.
        """
        ...

    def cancel(self, name: str) -> None:
        """Forget a timer. If there is none, nothing happens."""
        ...


class Wheel(Protocol):
    """The runtime's side: keeps entries and delivers each when it is due."""

    def schedule(self, delay_ms: int, due: "Due") -> None:
        """Call ``due.deliver`` after the delay."""
        ...


class Due:
    """One timer: in the wheel until its time, then in its owner's inbox until the owner claims it."""

    __slots__ = ("_message", "_timers", "background", "is_cancelled", "name")

    def __init__(self, timers: "OwnedTimers", name: str, message: Any, *, background: bool) -> None:
        self._timers = timers
        self._message = message
        self.name = name
        self.background = background
        self.is_cancelled = False

    @property
    def is_dead(self) -> bool:
        """Whether it will never be claimed; the wheel may throw it away."""
        return self.is_cancelled or self._timers.incarnation.fenced

    def deliver(self) -> None:
        """Put it into its owner's inbox."""
        incarnation = self._timers.incarnation
        if incarnation.fenced:
            incarnation.dropped += 1
        elif not self.is_cancelled:
            incarnation.inbox.tell(self)

    def claim(self) -> Any:
        """Give the message, or None if the timer was cancelled while it waited in the inbox."""
        if self.is_cancelled:
            return None
        self._timers.forget(self)
        return self._message


class OwnedTimers:
    """The timers of one incarnation."""

    __slots__ = ("_running", "_wheel", "incarnation")

    def __init__(self, incarnation: "Incarnation", wheel: Wheel) -> None:
        self.incarnation = incarnation
        self._wheel = wheel
        self._running: dict[str, Due] = {}

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        assert delay_ms >= 0, f"a timer {name!r} in the past: {delay_ms} ms"
        assert message is not None, f"a timer {name!r} without a message"
        assert self.incarnation.is_born, f"the timer {name!r} is started before the actor; do it in on_start"
        self.cancel(name)
        if self.incarnation.fenced:
            self.incarnation.dropped += 1
            return
        due = self._running[name] = Due(self, name, message, background=background)
        self._wheel.schedule(delay_ms, due)

    def cancel(self, name: str) -> None:
        due = self._running.pop(name, None)
        if due is not None:
            due.is_cancelled = True

    def forget(self, due: Due) -> None:
        """Note that it has arrived, so that its name is free."""
        assert self._running.pop(due.name, None) is due, f"the timer {due.name!r} arrived twice"

    def names(self) -> list[str]:
        """The timers that run now; for tests."""
        return list(self._running)
