"""A history without trouble of its own, to which tests do one thing after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from simulation.history import History
from simulation.plan import Happening, draw

SEED = 5


@contextmanager
def history(seed: int = SEED, **changed: Any) -> Iterator[History]:
    """A world that lives; ``changed`` replaces what was drawn."""
    plan = msgspec.structs.replace(draw(seed, faults="none", days=0.01), **changed)
    with TemporaryDirectory() as folder:
        made = History(plan, Path(folder))
        try:
            yield made
        finally:
            made.close()


def happens(made: History, kind: str, **what: Any) -> None:
    """It happens now."""
    made.happens(Happening(at_ms=made.clock_ms, kind=kind, what=what))


def runs(made: History, ms: int) -> None:
    """Time passes, and the promises are looked at."""
    made.runs_to(made.clock_ms + ms)
