"""Words that wait while an order leaves: whoever only writes down and shows would take processor and disk from it."""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from actors.address import Address
from actors.timers import Timers

M = TypeVar("M")

SAID_AFTER_MS: Final = 10
"""An order leaves in a few milliseconds; no person sees whether they hear of it so much later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayNow:
    """The order has had its time to leave. Repeating it changes nothing."""


class Saying:
    """What one actor tells those who only write down and show, kept in its order while it waits.

    Its owner calls `now` before it handles anything that makes it tell them more, and for `SayNow`.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self.is_waiting = False
        self._unsaid: list[tuple[Address[Any], Any]] = []

    def wait(self) -> None:
        """Keep what is told from now on, for a moment at most."""
        self.is_waiting = True
        self._timers.start("say", SAID_AFTER_MS, SayNow())

    def tell(self, to: Address[M], message: M) -> None:
        """Tell it, or keep it."""
        if self.is_waiting:
            self._unsaid.append((to, message))
        else:
            to.tell(message)

    def now(self) -> None:
        """Say what was kept."""
        self.is_waiting = False
        unsaid, self._unsaid = self._unsaid, []
        for to, message in unsaid:
            to.tell(message)
