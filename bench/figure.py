"""What one measurement says, and how it is taken several times."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

Better = Literal["more", "less"]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `runs` holds what each run measured, in `unit`."""

    name: str
    unit: str
    runs: tuple[float, ...]
    better: Better
    goal: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    @property
    def meets_goal(self) -> bool | None:
        if self.goal is None:
            return None
        return self.median >= self.goal if self.better == "more" else self.median <= self.goal


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that could not be taken, and why."""

    name: str
    reason: str


Result = Figure | Missing


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured: how often, and how long in parts of the usual."""

    runs: int
    scale: float

    def count(self, usual: int) -> int:
        return max(1, int(usual * self.scale))


THOROUGH: Final = Effort(runs=5, scale=1.0)
QUICK: Final = Effort(runs=2, scale=0.1)


def per_second(prepare: Callable[[], Callable[[], int]], runs: int) -> tuple[float, ...]:
    """How many things in a second of one core, run by run. `prepare` sets up unmeasured; its work says how many.

    Processor time and not the clock on the wall: nothing waits here, and other processes on a shared machine would
    be measured too. The first run warms up and is left out.
    """
    return tuple(_rate(prepare()) for _ in range(runs + 1))[1:]


def _rate(work: Callable[[], int]) -> float:
    gc.collect()
    began = time.process_time()
    done = work()
    return done / (time.process_time() - began)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which so many percent of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
