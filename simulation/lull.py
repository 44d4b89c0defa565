"""What may be left out while nothing goes wrong: looks that would see what the last one saw.

The supervisor looks less often, and at once when something has gone wrong. The reconciler compares less often once
two comparisons at least have seen all that is, and as ever when anything has moved.
"""

from collections.abc import Callable
from typing import Final

from supervisor.tree import Supervisor

CALM_MS: Final = 60_000
"""So long after the last trouble whoever hung or died has been found."""
LONGER_MS: Final = 55_000
"""Added to the 5 s of a history. The supervisor knows that it was to wait, and takes it for no standing still."""
TAKES_MS: Final = 10_000
"""Longer than a comparison takes where nothing goes wrong."""
SPARED_MS: Final = 300_000
"""The longest that it may be without one."""


class Lull:
    """How much longer the next look may wait, asked at each look."""

    def __init__(self) -> None:
        self.calm_ms: Callable[[], int] = int
        """Since when nothing has gone wrong. Set once somebody knows."""
        self.still_ms: Callable[[], int] = int
        """Since when nothing has moved, either."""
        self._spared_from_ms = 0
        self._is_long = False

    @property
    def is_calm(self) -> bool:
        """Whether nothing has gone wrong for so long that whatever it was has been found."""
        return self.calm_ms() > CALM_MS

    def __call__(self) -> int:
        self._is_long = self.is_calm
        return LONGER_MS if self._is_long else 0

    def may_spare(self, pace_ms: int) -> bool:
        """Whether the comparison that is due would see what two others have seen. One in five minutes is made."""
        still_ms, seen_ms = self.still_ms(), 2 * pace_ms + TAKES_MS
        if still_ms < seen_ms:
            self._spared_from_ms = seen_ms
        elif still_ms - self._spared_from_ms < SPARED_MS:
            return True
        else:
            self._spared_from_ms = still_ms
        return False

    def ends(self, supervisor: Supervisor) -> None:
        """Something has gone wrong now."""
        if self._is_long:
            self._is_long = False
            supervisor.look_now()
