"""When a child of the supervisor is started again, and when the whole service gives its turn to supervisord.

Two pure decisions, in the words of Erlang/OTP. ``step`` judges one child's end by a table and a budget: more than
``intensity`` restarts within ``period_ms``, and the supervisor stops everything and itself. ``brake`` judges the starts
of the whole process: after too many that did not end in order it comes up without trading.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from types import MappingProxyType

from trading.errors import Refused
from trading.marks import mark


@unique
class Restart(StrEnum):
    """Which ends of a child call for a new incarnation."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


@unique
class Exit(StrEnum):
    """How an incarnation ended."""

    NORMAL = "normal"
    RAISED = "raised"
    START_FAILED = "start_failed"
    HUNG = "hung"
    FLOODED = "flooded"
    VANISHED = "vanished"


@unique
class Verdict(StrEnum):
    """What follows from it."""

    LEAVE = "leave"
    RESTART = "restart"
    ERROR = "error"
    ESCALATE = "escalate"


def _table() -> dict[tuple[Restart, Exit], Verdict]:
    table = {
        (Restart.PERMANENT, Exit.NORMAL): Verdict.RESTART,
        (Restart.TRANSIENT, Exit.NORMAL): Verdict.LEAVE,
        (Restart.TEMPORARY, Exit.NORMAL): Verdict.LEAVE,
    }
    for failed in Exit:
        if failed is not Exit.NORMAL:
            table[Restart.PERMANENT, failed] = Verdict.RESTART
            table[Restart.TRANSIENT, failed] = Verdict.RESTART
            # A strategy: only a person starts again what failed.
            table[Restart.TEMPORARY, failed] = Verdict.ERROR
    return table


TABLE = MappingProxyType(_table())


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many restarts are forgiven: ``intensity`` within ``period_ms``, for all children that share it.

    A child's first restart comes at once, each further one within the period after twice the delay of the last.
    """

    intensity: int
    period_ms: int
    delay_ms: int = 250
    delay_ms_max: int = 8_000
    spent: Verdict = Verdict.ESCALATE
    """What follows when it is spent: everything stops, or (ERROR) this child alone stays down and the rest goes on."""

    def problems(self) -> list[str]:
        """Say what is wrong with it, if anything."""
        found = []
        if self.intensity < 0:
            found.append(f"intensity is {self.intensity}, below 0")
        if self.period_ms <= 0:
            found.append(f"period_ms is {self.period_ms}, not above 0")
        if not 0 < self.delay_ms <= self.delay_ms_max:
            found.append(f"delay_ms is {self.delay_ms}, not between 1 and delay_ms_max ({self.delay_ms_max})")
        if self.spent not in {Verdict.ESCALATE, Verdict.ERROR}:
            found.append(f"spent is {self.spent}, neither escalate nor error")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The restarts that still count against a budget: (child, when), oldest first. At most ``intensity`` of them."""

    restarts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A child's incarnation has ended without being told to. Times are monotonic."""

    child: str
    restart: Restart
    exit: Exit
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about it; ``delay_ms`` belongs to RESTART."""

    verdict: Verdict
    delay_ms: int = 0


def step(ledger: Ledger, budget: Budget, ended: Ended) -> tuple[Ledger, Decision]:
    """Judge one end. Only a restart is entered in the ledger; what is older than the period leaves it."""
    counted = tuple(entry for entry in ledger.restarts if ended.at_ms - entry[1] < budget.period_ms)
    ledger = replace(ledger, restarts=counted)
    verdict = TABLE[ended.restart, ended.exit]
    if verdict is not Verdict.RESTART:
        return ledger, Decision(verdict=verdict)
    if len(counted) >= budget.intensity:
        return ledger, Decision(verdict=budget.spent)
    before = sum(child == ended.child for child, _ in counted)
    delay_ms = 0 if before == 0 else min(budget.delay_ms * 2 ** (before - 1), budget.delay_ms_max)
    ledger = replace(ledger, restarts=(*counted, (ended.child, ended.at_ms)))
    return ledger, Decision(verdict=Verdict.RESTART, delay_ms=delay_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStart:
    """One start of the whole process, by the wall clock, and whether it later ended in order."""

    at_ms: int
    ended_in_order: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeLimits:
    """More than ``crashes_max`` starts within ``period_ms`` that did not end in order are a crash loop."""

    crashes_max: int = 5
    period_ms: int = 600_000


def brake(starts: Sequence[ProcessStart], now_ms: int, limits: BrakeLimits) -> Refused | None:
    """Give the reason not to trade after this start, or None. ``starts`` are the earlier ones, without this one.

    A start from the future (the clock was set back) counts: it is better to hold once too often.
    """
    crashes = sum(not start.ended_in_order and now_ms - start.at_ms < limits.period_ms for start in starts)
    if crashes <= limits.crashes_max:
        return None
    mark("crash-loop-brake")
    minutes = limits.period_ms // 60_000
    return Refused(
        code="crash_loop",
        sentence=f"the service ended {crashes} times without order within {minutes} minutes; a person must look first",
    )
