"""Many histories: over all seeds of a range, on several processors, with one summary."""

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from simulation.bounded import bounded, limit_of
from simulation.history import Lived, live
from simulation.plan import DAY_MS, draw
from trading.bracket import Phase
from trading.marks import BY_TESTS, MARKS

PENDING_EACH = 4  # histories handed out ahead, for each processor
NO_FAULTS = ("nobody_there", "unanswered_")
"""Counted with the faults, and none: whom a fault was meant for was not there, or a person got no answer."""
COLLECT_AFTER = (50_000, 20, 100)
PHASES = (Phase.ENTERING, Phase.OPEN, Phase.CLOSING)
"""Of a bracket that a fault can meet at work."""


@dataclass(slots=True)
class Summary:
    """What many histories came to."""

    histories: int = 0
    simulated_ms: int = 0
    steps: int = 0
    brackets: int = 0
    fills: int = 0
    crashes: int = 0
    worst_naked_ms: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    pairs: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    found: list[Lived] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)

    def add(self, lived: Lived) -> None:
        """Count one more."""
        self.histories += 1
        self.simulated_ms += lived.simulated_ms
        self.steps += lived.steps
        self.brackets += lived.brackets
        self.fills += lived.fills
        self.crashes += lived.crashes
        self.worst_naked_ms = max(self.worst_naked_ms, lived.worst_naked_ms)
        self.faults.update(lived.faults)
        self.pairs.update(lived.pairs)
        self.marks.update(lived.marks)
        self.hashes[lived.seed] = lived.hash
        if lived.violations:
            self.found.append(lived)

    @property
    def violations(self) -> int:
        """How many promises were broken; must be 0."""
        return sum(len(lived.violations) for lived in self.found)

    @property
    def marks_never(self) -> tuple[str, ...]:
        """Defensive branches that no history took, and that no test of its own is there for."""
        return tuple(name for name in MARKS if name not in self.marks and name not in BY_TESTS)

    @property
    def met(self) -> dict[str, dict[str, int]]:
        """In how many histories each fault met a bracket in each phase; one that struck and met none has a row, too."""
        met = {tuple(pair.rsplit(" x ", 1)): histories for pair, histories in self.pairs.items()}
        faults = {fault for fault, _ in met} | {fault for fault in self.faults if not fault.startswith(NO_FAULTS)}
        return {fault: {phase.value: met.get((fault, phase.value), 0) for phase in PHASES} for fault in sorted(faults)}

    @property
    def history_hash(self) -> str:
        """One hash over all histories, in the order of their seeds."""
        whole = hashlib.sha256()
        for seed in sorted(self.hashes):
            whole.update(f"{seed}:{self.hashes[seed]}\n".encode())
        return whole.hexdigest()

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "histories": self.histories,
            "simulated_s": self.simulated_ms // 1000,
            "steps": self.steps,
            "brackets": self.brackets,
            "fills": self.fills,
            "crashes": self.crashes,
            "worst_naked_ms": self.worst_naked_ms,
            "faults": dict(sorted(self.faults.items())),
            "pairs": len(self.pairs),
            "met": self.met,
            "marks": dict(sorted(self.marks.items())),
            "marks_never": self.marks_never,
            "violations": self.violations,
            "history_hash": self.history_hash,
            "found": [
                {"seed": lived.seed, "at_ms": lived.at_ms, **msgspec.to_builtins(broken)}
                for lived in sorted(self.found, key=lambda one: one.seed)
                for broken in lived.violations
            ],
        }


def one(seed: int, *, faults: str, days: float, is_sparse: bool = False) -> Lived:
    """Draw and live one history; one that cannot be lived, or does not end, has broken a promise."""

    def lives() -> Lived:
        return live(draw(seed, faults=faults, days=days, is_sparse=is_sparse))

    return bounded(seed, lives, limit_s=limit_of(days * DAY_MS))


class WorkerDied(Exception):
    """A process that lived histories is gone without a word."""

    def __init__(self, seeds: Iterable[int]) -> None:
        self.seeds = tuple(sorted(seeds))
        named = ", ".join(map(str, self.seeds))
        super().__init__(f"a process ended without a word while it lived one of the histories {named}")


def many(seeds: Iterable[int], *, faults: str, days: float, is_sparse: bool = False, jobs: int = 1) -> Iterator[Lived]:
    """Live them all, in whatever order they end.

    Raises:
        WorkerDied: somebody killed a process that lived some of them, the machine for want of memory perhaps.
    """
    work: Callable[[int], Lived] = partial(one, faults=faults, days=days, is_sparse=is_sparse)
    if jobs == 1:
        yield from map(work, seeds)
        return
    waiting = iter(seeds)
    with ProcessPoolExecutor(jobs, initializer=_collect_seldom) as pool:
        first = zip(range(jobs * PENDING_EACH), waiting, strict=False)
        running = {pool.submit(work, seed): seed for _, seed in first}
        try:
            while running:
                done = next(as_completed(running))
                lived = done.result()
                del running[done]
                following = next(waiting, None)
                if following is not None:
                    running[pool.submit(work, following)] = following
                yield lived
        except BrokenProcessPool as error:
            raise WorkerDied(running.values()) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _collect_seldom() -> None:
    """What is loaded stays, and a history leaves few circles behind: looking for them cost a twentieth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
