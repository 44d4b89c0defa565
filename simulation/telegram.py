"""Telegram as the notifier meets it in a world: it takes letters, or it is in trouble of one of four sorts."""

from collections.abc import Callable, Sequence
from typing import Final

from actors.sending import Delivered, Line, NotNow, Outcome, Unsendable

FITS: Final = 5
"""So many lines make a message; the others wait for the next one."""
BUSY_MS: Final = 20_000
REFUSED: Final = "can't parse the text"

DEAD, SLOW, REFUSING, DEAF = "dead", "slow", "refusing", "deaf"
TROUBLES: Final = (DEAD, SLOW, REFUSING, DEAF)
"""Nobody answers; it wants to be left alone for a while; it refuses the text for good; it takes it, and the answer
is lost."""


class Telegram:
    """One chat. It outlives the process, as the real one does."""

    name = "Telegram"

    def __init__(self, passed: Callable[[str], None] = lambda _: None) -> None:
        """``passed``: told before a message leaves and after it has arrived; the process may die there."""
        self._passed = passed
        self.trouble = ""
        self.taken: set[tuple[str, int]] = set()
        """Kind and time of each letter that has arrived."""

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Take the first lines, or do what the trouble is."""
        del within_s  # nothing takes time here: what hangs is a fault of its own
        self._passed("send:telegram:before")
        if self.trouble == DEAD:
            return NotNow(reason="Telegram is not there")
        if self.trouble == SLOW:
            return NotNow(reason="too many requests", after_ms=BUSY_MS)
        if self.trouble == REFUSING:
            return Unsendable(reason=REFUSED, count=1)
        arrived = lines[:FITS]
        self.taken.update((line.kind, line.at) for line in arrived)
        self._passed("send:telegram:after")
        if self.trouble == DEAF:
            return NotNow(reason="no answer in time")
        return Delivered(count=len(arrived))

    def mended(self) -> None:
        """It takes letters again."""
        self.trouble = ""

    def close(self) -> None:
        """Nothing is held."""
