"""How long the supervisor may leave it to its next look: while nothing goes wrong there is nothing for it to see.

When something has gone wrong it looks at once.
"""

from collections.abc import Callable
from typing import Final

from supervisor.tree import Supervisor

CALM_MS: Final = 60_000
"""So long after the last trouble whoever hung or died has been found."""
LONGER_MS: Final = 15_000
"""Added to the 5 s of a history; with more the supervisor would take it that the whole process had stood still."""


class Lull:
    """How much longer the next look may wait, asked at each look."""

    def __init__(self) -> None:
        self.calm_ms: Callable[[], int] = int
        """Since when nothing has gone wrong. Set once somebody knows."""
        self._is_long = False

    def __call__(self) -> int:
        self._is_long = self.calm_ms() > CALM_MS
        return LONGER_MS if self._is_long else 0

    def ends(self, supervisor: Supervisor) -> None:
        """Something has gone wrong now."""
        if self._is_long:
            self._is_long = False
            supervisor.look_now()
