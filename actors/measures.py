"""How long things take, from wherever it happens to whoever shows it: histograms that are written without waiting.

Each figure has one place that writes it. Readers take what is there; a sample that is half written then is whole at
the next look.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

BOUNDS_S: Final = (0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.006, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
KEPT_MAX: Final = 1_000  # ticks, signals and requests that something may still come of


class Histogram:
    """How often something took how long."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, took_s: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, took_s)] += 1
        self.total_s += took_s

    def buckets(self) -> list[tuple[str, float]]:
        """Give the upper bounds and how many were not above each, as Prometheus wants them."""
        found, sum_so_far = [], 0
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), tuple(self.counts), strict=True):
            sum_so_far += count
            found.append((bound, float(sum_so_far)))
        return found


class Measures:
    """What one service has measured since its start. It outlives connections and incarnations of actors."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """``now_s`` is a clock that never jumps."""
        self.now_s = now_s
        self.tick_to_order = Histogram()
        self.round_trip = Histogram()
        self.commit = Histogram()
        self.credits: Callable[[], Mapping[str, float]] = dict
        self._ticks: OrderedDict[tuple[str, int], float] = OrderedDict()
        self._signals: OrderedDict[str, float] = OrderedDict()
        self._requests: OrderedDict[int, float] = OrderedDict()

    # --- the transport, and who decides

    def tick_came(self, instrument: str, at: int) -> None:
        """Note a price. The first of several with one time stamp counts."""
        self._ticks.setdefault((instrument, at), self.now_s())
        _bound(self._ticks)

    def signalled(self, bracket: str, instrument: str, at: int) -> None:
        """Note that this price has led to a bracket."""
        came = self._ticks.get((instrument, at))
        if came is not None:
            self._signals[bracket] = came
            _bound(self._signals)

    def order_left(self, ref: int, label: str | None) -> None:
        """Measure the way of a bracket's first order, from the price to the socket; note when it left."""
        now_s = self.now_s()
        self._requests[ref] = now_s
        _bound(self._requests)
        came = None if label is None else self._signals.pop(_bracket_of(label), None)
        if came is not None:
            self.tick_to_order.add(now_s - came)

    def order_answered(self, ref: int) -> None:
        """Measure the way there and back."""
        left = self._requests.pop(ref, None)
        if left is not None:
            self.round_trip.add(self.now_s() - left)


def _bound(kept: OrderedDict[Any, float]) -> None:
    if len(kept) > KEPT_MAX:
        kept.popitem(last=False)


def _bracket_of(label: str) -> str:
    """The bracket in a label of ours (trading.labels); nothing there when it is not one."""
    parts = label.split(":")
    return parts[4] if len(parts) == 6 else ""  # noqa: PLR2004 - the parts of a label
