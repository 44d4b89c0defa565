"""A history that is lived in any case: one that cannot be, or that does not end, has broken a promise as well.

So a campaign goes on behind it, and its summary names the seed.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from traceback import extract_stack
from types import FrameType
from typing import Final

from simulation.disk import Died
from simulation.happenings import DAY_MS
from simulation.history import History, Lived, live
from simulation.plan import Plan
from simulation.raised import places, raised
from trading.promises import Violation

LIMIT_S: Final = 1_200.0
"""By the wall clock, for each simulated day that was begun. A day takes seconds, a slow machine's perhaps a minute."""
UNENDING: Final = "unending"
AGAIN_S: Final = 5.0
"""Rung until somebody hears: an actor's shell may take the first one for a fault of the actor."""


class Unending(BaseException):
    """A history does not end. No part of the service may take it for an error of its own."""


def bounded(seed: int, lives: Callable[[], Lived], *, limit_s: float = LIMIT_S) -> Lived:
    """Live a history, and say what became of it whatever that was. In the main thread of its process."""
    rung: list[str] = []
    try:
        with _limit(limit_s, rung):
            lived = lives()
    except (Exception, Unending, Died, SystemExit) as error:  # noqa: BLE001 - what cannot be lived is a finding, too
        lived = _not_lived(seed, raised(error))
    if not rung:
        return lived
    text = f"the history did not end within {limit_s:g} s by the wall clock ({rung[0]})"
    return _not_lived(seed, Violation(promise="code", about=UNENDING, sentence=text))


def live_in_time(plan: Plan, *, ended: Callable[[History], None] | None = None) -> Lived:
    """Live a plan; ``ended`` may look at it then, if it ended by itself."""
    return bounded(plan.seed, lambda: live(plan, ended=ended), limit_s=limit_of(plan.length_ms))


def limit_of(length_ms: float) -> float:
    """How long a history of this length may take."""
    return LIMIT_S * max(1, ceil(length_ms / DAY_MS))


def is_unending(lived: Lived) -> bool:
    """Whether it is one that did not end."""
    return any(broken.about == UNENDING for broken in lived.violations)


@contextmanager
def _limit(seconds: float, rung: list[str]) -> Iterator[None]:
    """Ring when the time is over, and note where the code was then."""

    def ring(_signal: int, frame: FrameType | None) -> None:
        rung.append(places(extract_stack(frame)))
        raise Unending

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _not_lived(seed: int, broken: Violation) -> Lived:
    return Lived(
        seed=seed,
        simulated_ms=0,
        steps=0,
        brackets=0,
        fills=0,
        crashes=0,
        faults={},
        hash="",
        worst_naked_ms=0,
        violations=(broken,),
    )
