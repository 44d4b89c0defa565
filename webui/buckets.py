"""A bound on how often somebody may ask: a bucket of tokens for each, refilled with time."""

import threading
from collections.abc import Callable
from typing import Final

KEPT_MAX: Final = 1_000  # buckets; when there are more, the full ones are forgotten: they say nothing


class Buckets:
    """One bucket for each name. Safe to share between threads."""

    def __init__(self, *, burst: int, per_s: float, now_ms: Callable[[], int]) -> None:
        self._burst, self._per_ms, self._now_ms = burst, per_s / 1000, now_ms
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, int]] = {}

    def take(self, name: str) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        with self._lock:
            now = self._now_ms()
            left = self._now_left(name, now)
            if left < 1:
                return (1 - left) / self._per_ms / 1000
            if len(self._left) >= KEPT_MAX:
                self._forget(now)
            self._left[name] = (left - 1, now)
            return 0.0

    def _now_left(self, name: str, now: int) -> float:
        left, at = self._left.get(name, (float(self._burst), now))
        return min(float(self._burst), left + max(0, now - at) * self._per_ms)

    def _forget(self, now: int) -> None:
        self._left = {name: kept for name, kept in self._left.items() if self._now_left(name, now) < self._burst}
        if len(self._left) >= KEPT_MAX:  # somebody uses many names: all begin anew
            self._left.clear()
