"""How a history ends, asked in the same words of both worlds, and what two ends have to have in common.

A state class is what must not depend on how prices happened to run: what was broken, what is left, who is at work.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol

from persistence.store import Store
from simulation.ending import QUIET_STATES
from simulation.plan import Plan
from trading import promises
from trading.bracket import Phase
from trading.promises import Picture, Violation
from trading.values import StrategyName

POLL_MS: Final = 500
STEADY: Final = 4
"""Looks in a row at which all is well: a single one may fall between two troubles."""
ROUNDS: Final = 5
ROUND_MS: Final = 20_000
FLAT_MS: Final = 60_000
DECIDED_MS: Final = 8_000
INTENT_MS: Final = 10_000
WORKING: Final = "at work"


class Side(Protocol):
    """One of the two worlds in which a plan is lived."""

    plan: Plan

    @property
    def broken(self) -> list[Violation]:
        """Promises that were seen broken so far."""
        ...

    @property
    def store(self) -> Store:
        """The service's memory, to read."""
        ...

    @property
    def is_served(self) -> bool:
        """Whether the service is on the line to the exchange."""
        ...

    @property
    def now_ms(self) -> int:
        """The service's clock."""
        ...

    def lives(self) -> None:
        """Everything that the plan has."""
        ...

    def calms(self) -> None:
        """No fault from now on."""
        ...

    def presses(self, command: str, **given: Any) -> None:
        """A person gives a command."""
        ...

    def waits(self, ms: int) -> None:
        """Time passes."""
        ...

    def picture(self) -> Picture:
        """Exchange and database, now."""
        ...

    def results(self) -> tuple[Violation, ...]:
        """Closed trades whose result is not the exchange's."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StateClass:
    """In which state a history ended."""

    broken: tuple[str, ...] = ()
    """Promises that were broken on the way."""
    line: str = ""
    strategies: tuple[str, ...] = ()
    halted: bool = False
    unresolved: bool = False
    """Requests whose fate is not known, long after they were sent."""
    issues: tuple[str, ...] = ()
    """Kinds of findings that a person's choices did not end."""
    left_over: tuple[str, ...] = ()
    """What there is after a panic: positions, trades, orders of ours."""
    untrue: bool = False
    """The database and the exchange say different things when all is quiet."""
    wrong_results: bool = False
    strategies_last: tuple[str, ...] = ()
    issues_last: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The class, and the sentences behind it."""

    state: StateClass
    why: tuple[str, ...] = ()


def end_of(side: Side) -> End:
    """Live it through: the plan, then no faults and a person who puts things right, then a panic and what it left."""
    side.lives()
    side.calms()
    _settles(side)
    why = list(_unsettled(side))
    state = StateClass(
        line="up" if side.is_served else "down",
        strategies=_strategies(side),
        halted=side.store.halts.held() is not None,
        unresolved=bool(_unresolved(side)),
        issues=_issues(side),
    )
    side.presses("Panic")
    _until(side, FLAT_MS, lambda: not _left_over(side))
    _decides_on_the_rest(side)
    left, untrue, wrong = _left_over(side), _untrue(side), side.results()
    why += [*left, *(one.sentence for one in (*side.broken, *untrue, *wrong))]
    state = replace(
        state,
        broken=tuple(sorted({one.promise for one in side.broken})),
        left_over=tuple(sorted({text.split(":")[0] for text in left})),
        untrue=bool(untrue),
        wrong_results=bool(wrong),
        strategies_last=_strategies(side),
        issues_last=_issues(side),
    )
    return End(state=state, why=tuple(why))


def differences(simulated: StateClass, real: StateClass) -> tuple[str, ...]:
    """Where the two ends are not the same, each with both sides."""
    found = []
    for field in fields(StateClass):
        here, there = getattr(simulated, field.name), getattr(real, field.name)
        if here != there:
            found.append(f"{field.name}: simulated {here!r}, over the socket {there!r}")
    return tuple(found)


# --- putting right and waiting


def put_right(side: Side) -> None:
    """A person looks after things, as at the end of every burst of a simulated history."""
    side.presses("Reconnect")
    side.presses("Unhalt")
    _decides(side)
    for runner in side.plan.runners:
        side.presses("StartStrategy", name=StrategyName(runner.name))
        side.presses("ResumeStrategy", name=StrategyName(runner.name))


def _decides(side: Side) -> None:
    for issue in side.store.issues.still_open():
        finding = issue.finding
        if finding.instrument is not None and finding.actions:
            choice = "close" if "close" in finding.actions else finding.actions[0]
            side.presses("ResolveIssue", instrument=finding.instrument, choice=choice)


def _decides_on_the_rest(side: Side) -> None:
    """Whether a panic meets what somebody traded by hand is chance; that a person can end it is not."""
    for _ in range(ROUNDS):
        if not _issues(side):
            return
        _decides(side)
        side.presses("Reconcile")
        _until(side, DECIDED_MS, lambda: not _issues(side))


def _settles(side: Side) -> None:
    for _ in range(ROUNDS):
        put_right(side)
        if _until(side, ROUND_MS, lambda: not [*_unsettled(side)]):
            return


def _until(side: Side, ms: int, is_so: Any) -> bool:
    """Wait until it has been so for a while, or the time is over."""
    steady = 0
    for _ in range(ms // POLL_MS):
        side.waits(POLL_MS)
        steady = steady + 1 if is_so() else 0
        if steady >= STEADY:
            return True
    return False


# --- what is to be seen


def _unsettled(side: Side) -> Iterator[str]:
    if not side.is_served:
        yield "line: the service is not on the line"
    for row in side.store.strategies.all():
        if str(row.state) not in QUIET_STATES:
            yield f"strategy: {row.name} is {row.state} ({row.error or 'no error'})"
    if side.store.halts.held() is not None:
        yield "halt: trading is still halted"
    yield from _unresolved(side)
    for issue in side.store.issues.still_open():
        yield f"issue: {issue.finding.kind}, {issue.finding.text}"


def _unresolved(side: Side) -> tuple[str, ...]:
    now_ms = side.now_ms
    return tuple(
        f"intent: {intent.purpose} of {bracket.plan.bracket_id} is still {intent.fate}"
        for bracket in side.store.open_brackets()
        for intent in bracket.intents
        if now_ms - intent.sent_at > INTENT_MS
    )


def _strategies(side: Side) -> tuple[str, ...]:
    return tuple(
        f"{row.name} {WORKING if str(row.state) in QUIET_STATES else row.state}" for row in side.store.strategies.all()
    )


def _issues(side: Side) -> tuple[str, ...]:
    return tuple(sorted({issue.finding.kind for issue in side.store.issues.still_open()}))


def _left_over(side: Side) -> tuple[str, ...]:
    """What a panic left. What a person took over or still has to decide on is not ours to flatten."""
    found = [
        f"bracket: {bracket.plan.bracket_id} is still {bracket.phase} ({bracket.reason})"
        for bracket in side.store.open_brackets()
    ]
    picture, given_up = side.picture(), _given_up(side)
    found += [
        f"position: {held} of {name} is still held" for name, held in picture.held.items() if name not in given_up
    ]
    found += [f"order: {one.sentence}" for one in promises.orphans(picture)]
    return tuple(found)


def _given_up(side: Side) -> frozenset[str]:
    waiting = side.store.brackets.quarantined_brackets()
    decided = side.store.issues.newest(limit=50)
    return frozenset(
        [bracket.plan.instrument for bracket in waiting if bracket.phase is Phase.QUARANTINED]
        + [issue.finding.instrument for issue in decided if issue.finding.instrument is not None]
    )


def _untrue(side: Side) -> tuple[Violation, ...]:
    """P4, but for what waits for a person: that is shown as such and claims nothing."""
    given_up = {bracket.plan.instrument for bracket in side.store.brackets.quarantined_brackets()}
    picture = side.picture()
    return promises.untrue(
        replace(
            picture,
            held={name: held for name, held in picture.held.items() if name not in given_up},
            resting=tuple(order for order in picture.resting if order.instrument not in given_up),
            open=tuple(bracket for bracket in picture.open if bracket.plan.instrument not in given_up),
        )
    )
