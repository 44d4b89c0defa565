"""Exchange time, and how it goes on after a restart. Real time is given, never looked at here."""

from collections.abc import Callable
from typing import Final

import msgspec

SLEEP_S_MAX: Final = 1.0
MOMENT_EVERY_MS: Final = 1000


class Clock:
    """Exchange time: where it began, plus real time times `speed`, plus what was skipped. It never goes back."""

    def __init__(self, start_ms: int, *, speed: float, monotonic: Callable[[], float]) -> None:
        self.speed = speed
        self._start_ms = start_ms
        self._monotonic = monotonic
        self._zero = monotonic()

    @property
    def exact_ms(self) -> float:
        return self._start_ms + (self._monotonic() - self._zero) * 1000.0 * self.speed

    @property
    def now_ms(self) -> int:
        return int(self.exact_ms)

    def skip(self, ms: int) -> None:
        assert ms >= 0, "time does not go back"
        self._start_ms += ms

    def real_s_until(self, at_ms: int) -> float:
        """How long to sleep for that moment to have come, within bounds."""
        left_ms = at_ms - self.exact_ms
        if left_ms <= 0:
            return 0.0
        return min(left_ms / 1000.0 / self.speed, SLEEP_S_MAX) if self.speed else SLEEP_S_MAX


class Moment(msgspec.Struct, frozen=True, kw_only=True, tag="moment", tag_field="row"):
    """What the clocks said when a line was written: the wall's, the exchange's, and how fast the latter runs."""

    wall_ms: int
    now_ms: int
    speed: float = 1.0

    def resumed_ms(self, wall_ms: int) -> int:
        """When to go on at this wall time: never before anything that may have been told to a client.

        A moment is written every second, so the exchange cannot have lived much longer after its last one.
        """
        lived_ms = min(max(wall_ms - self.wall_ms, 0), 2 * MOMENT_EVERY_MS)
        return max(wall_ms, self.now_ms + int(lived_ms * self.speed))
