"""When a child is restarted, when it is left, when the supervisor gives up: a table and a budget."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.process import check_brake
from trading.restart import (
    TABLE,
    BrakeLimits,
    Budget,
    Ended,
    Exit,
    Ledger,
    ProcessStart,
    Restart,
    Verdict,
    brake,
    step,
)

BUDGET = Budget(intensity=3, period_ms=1_000, delay_ms=10, delay_ms_max=25)
FAILURES = [exited for exited in Exit if exited is not Exit.NORMAL]


def ends(at_ms: int, child: str = "a", restart: Restart = Restart.PERMANENT, exited: Exit = Exit.RAISED) -> Ended:
    return Ended(child=child, restart=restart, exit=exited, at_ms=at_ms)


def judged(*events: Ended, budget: Budget = BUDGET) -> list[tuple[Verdict, int]]:
    ledger, decisions = Ledger(), []
    for event in events:
        ledger, decision = step(ledger, budget, event)
        decisions.append((decision.verdict, decision.delay_ms))
    return decisions


def test_the_table_has_a_row_for_everything() -> None:
    assert set(TABLE) == {(restart, exited) for restart in Restart for exited in Exit}


@pytest.mark.parametrize(
    ("restart", "exited", "verdict"),
    [
        (Restart.PERMANENT, Exit.NORMAL, Verdict.RESTART),
        (Restart.TRANSIENT, Exit.NORMAL, Verdict.LEAVE),
        (Restart.TEMPORARY, Exit.NORMAL, Verdict.LEAVE),
        *[(Restart.PERMANENT, exited, Verdict.RESTART) for exited in FAILURES],
        *[(Restart.TRANSIENT, exited, Verdict.RESTART) for exited in FAILURES],
        *[(Restart.TEMPORARY, exited, Verdict.ERROR) for exited in FAILURES],
    ],
    ids=str,
)
def test_the_verdict(restart: Restart, exited: Exit, verdict: Verdict) -> None:
    assert judged(ends(0, restart=restart, exited=exited)) == [(verdict, 0)]


def test_the_restart_past_the_intensity_escalates() -> None:
    assert [verdict for verdict, _ in judged(*(ends(at) for at in (0, 1, 2, 3)))] == [
        Verdict.RESTART,
        Verdict.RESTART,
        Verdict.RESTART,
        Verdict.ESCALATE,
    ]


def test_a_restart_is_forgiven_exactly_after_the_period() -> None:
    at_the_edge = judged(ends(0), ends(1), ends(2), ends(999))
    forgiven = judged(ends(0), ends(1), ends(2), ends(1_000))

    assert at_the_edge[-1][0] is Verdict.ESCALATE
    assert forgiven[-1][0] is Verdict.RESTART


def test_children_of_a_group_share_the_budget_but_not_the_delay() -> None:
    assert judged(ends(0, "a"), ends(1, "b"), ends(2, "a"), ends(3, "c")) == [
        (Verdict.RESTART, 0),
        (Verdict.RESTART, 0),
        (Verdict.RESTART, 10),
        (Verdict.ESCALATE, 0),
    ]


def test_the_delay_doubles_up_to_its_maximum() -> None:
    budget = Budget(intensity=6, period_ms=1_000, delay_ms=10, delay_ms_max=25)

    assert [delay for _, delay in judged(*(ends(at) for at in range(5)), budget=budget)] == [0, 10, 20, 25, 25]


def test_an_intensity_of_0_forgives_nothing() -> None:
    assert judged(ends(0), budget=Budget(intensity=0, period_ms=1)) == [(Verdict.ESCALATE, 0)]


def test_a_budget_can_be_spent_by_its_own_child_alone() -> None:
    budget = Budget(intensity=1, period_ms=1_000, spent=Verdict.ERROR)

    assert [verdict for verdict, _ in judged(ends(0), ends(1), ends(2), budget=budget)] == [
        Verdict.RESTART,
        Verdict.ERROR,
        Verdict.ERROR,
    ]
    assert judged(ends(0), ends(1), ends(2_000), budget=budget)[-1] == (Verdict.RESTART, 0)


def test_a_strategy_draws_on_no_budget() -> None:
    events = [ends(at, restart=Restart.TEMPORARY) for at in range(100)]

    assert judged(*events, ends(100))[-1] == (Verdict.RESTART, 0)


@given(st.lists(st.integers(0, 400), max_size=60), st.integers(0, 6), st.integers(1, 2_000))
def test_never_more_restarts_in_a_period_than_the_intensity(gaps: list[int], intensity: int, period_ms: int) -> None:
    budget = Budget(intensity=intensity, period_ms=period_ms)
    ledger, at_ms, restarts = Ledger(), 0, []
    for gap in gaps:
        at_ms += gap
        ledger, decision = step(ledger, budget, ends(at_ms))
        if decision.verdict is Verdict.RESTART:
            restarts.append(at_ms)
        else:
            assert sum(at_ms - earlier < period_ms for earlier in restarts) >= intensity

        assert sum(at_ms - earlier < period_ms for earlier in restarts) <= intensity
        assert len(ledger.restarts) <= intensity


@pytest.mark.parametrize(
    ("budget", "word"),
    [
        (Budget(intensity=-1, period_ms=1), "intensity"),
        (Budget(intensity=1, period_ms=0), "period_ms"),
        (Budget(intensity=1, period_ms=1, delay_ms=0), "delay_ms"),
        (Budget(intensity=1, period_ms=1, delay_ms=9, delay_ms_max=8), "delay_ms_max"),
        (Budget(intensity=1, period_ms=1, spent=Verdict.LEAVE), "spent"),
    ],
)
def test_a_senseless_budget_says_what_is_wrong(budget: Budget, word: str) -> None:
    (problem,) = budget.problems()

    assert word in problem


class Starts:
    """A log of starts that lasts as long as the test."""

    def __init__(self, *earlier: ProcessStart) -> None:
        self.kept = list(earlier)

    def starts(self) -> list[ProcessStart]:
        return self.kept

    def began(self, at_ms: int) -> None:
        self.kept.append(ProcessStart(at_ms=at_ms, ended_in_order=False))

    def ended_in_order(self) -> None:
        self.kept[-1] = replace(self.kept[-1], ended_in_order=True)


def test_the_brake_is_checked_against_the_earlier_starts_and_notes_this_one() -> None:
    starts = Starts()

    held = [check_brake(starts, at_ms, LIMITS) is not None for at_ms in (0, 1, 2, 3)]
    starts.ended_in_order()

    assert held == [False, False, False, True]
    assert [start.at_ms for start in starts.kept] == [0, 1, 2, 3]
    assert starts.kept[-1].ended_in_order


LIMITS = BrakeLimits(crashes_max=2, period_ms=600_000)


def crash(at_ms: int) -> ProcessStart:
    return ProcessStart(at_ms=at_ms, ended_in_order=False)


@pytest.mark.parametrize(
    ("starts", "is_held"),
    [
        ([], False),
        ([crash(999_000), crash(999_500)], False),
        ([crash(998_000), crash(999_000), crash(999_500)], True),
        ([crash(400_000), crash(999_000), crash(999_500)], False),
        ([crash(400_001), crash(999_000), crash(999_500)], True),
        ([crash(2_000_000), crash(999_000), crash(999_500)], True),
        ([ProcessStart(at_ms=999_000 + n, ended_in_order=True) for n in range(50)], False),
    ],
    ids=["first start", "two", "three", "one long ago", "just within", "clock set back", "ended in order"],
)
def test_the_brake_holds_after_too_many_starts_without_an_end_in_order(
    starts: list[ProcessStart], is_held: bool
) -> None:
    held = brake(starts, 1_000_000, LIMITS)

    assert (held is not None) is is_held
    assert held is None or held.code == "crash_loop"
