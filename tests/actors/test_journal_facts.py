"""What people see follows from the facts the journal was told, and from nothing else."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.journal_board import Picture
from actors.journal_start import first_picture
from persistence.store import Store
from persistence.strategies import Wanted
from persistence.switches import Wish
from tests.actors.journal_desk import DOWN, UP, Desk, order, ticker
from tests.unit.persistence.made import BTC, NOW, Life, fill_of, plan_of
from trading.bracket import Bracket, Phase
from trading.bracket.effects import Severity
from trading.errors import Refused
from trading.facts import Candle, Holding
from trading.lifecycle import State
from trading.messages import journal, supervision
from trading.reconcile import ExchangePicture, Finding, FindingKind, Report
from trading.restart import Exit, Verdict
from trading.signal import Signal
from trading.values import Currency, OrderState, Side, StrategyName, WorkerId

A = StrategyName("a")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def holding(amount: str) -> Holding:
    return Holding(instrument=BTC, amount=Decimal(amount), average_price=Decimal(64000), mark_price=Decimal(65000))


def report(*kinds: FindingKind) -> journal.Reconciled:
    findings = tuple(Finding(kind=kind, severity=Severity.ERROR, instrument=BTC, sentence="x") for kind in kinds)
    return journal.Reconciled(report=Report(at=NOW, findings=findings, actions=(), suspicions=()), why="timer")


def moved(state: State, reason: str = "", generation: int = 1) -> journal.StrategyMoved:
    return journal.StrategyMoved(name=A, generation=generation, state=state, reason=reason)


SIGNAL = Signal(
    strategy=A,
    instrument=BTC,
    side=Side.BUY,
    entry=None,
    stop=Decimal(1),
    target=Decimal(3),
    entry_ms=1,
    key="k",
    reason="r",
)
FAILED = supervision.ChildFailed(
    supervisor="supervisor",
    context=supervision.Context.CHILD_TERMINATED,
    reason="ValueError: x",
    offender="guardian",
    generation=2,
    exit=Exit.RAISED,
    verdict=Verdict.RESTART,
    traceback="Traceback ...",
    at_ms=1,
)


def test_an_order_is_shown_while_it_works_and_a_position_until_it_is_flat(desk: Desk) -> None:
    shown = desk.told(journal.OrderSeen(order=order()), journal.PositionChanged(holding=holding("-10")))
    assert shown.orders["1"]["price"] == "64000.5"
    assert (shown.positions[BTC]["side"], shown.positions[BTC]["amount"]) == ("sell", "10")

    after = desk.told(journal.OrderSeen(order=order(OrderState.FILLED)), journal.PositionChanged(holding=holding("0")))
    assert (after.orders, after.positions) == ({}, {})


def test_a_picture_somebody_holds_never_changes_under_his_eyes(desk: Desk) -> None:
    held = desk.told(journal.OrderSeen(order=order()), journal.Scored(scores={"orphans": 0}))
    before = (dict(held.orders), dict(held.scores), held.alerts)

    desk.told(
        journal.OrderSeen(order=order(number="2")),
        journal.OrderSeen(order=order(OrderState.CANCELLED)),
        journal.Scored(scores={"orphans": 3}),
        journal.Alerted(severity=Severity.ERROR, kind="x", text="y"),
    )

    assert (dict(held.orders), dict(held.scores), held.alerts) == before


def test_a_whole_picture_replaces_what_was_shown(desk: Desk) -> None:
    desk.told(journal.OrderSeen(order=order(number="gone")), journal.PositionChanged(holding=holding("5")))
    picture = ExchangePicture(orders=(order(number="new"),), holdings=(), fills=(), since=NOW, at=NOW)

    shown = desk.told(journal.PictureTaken(picture=picture))

    assert (list(shown.orders), shown.positions) == (["new"], {})


def test_progress_is_when_we_heard_of_it_by_a_clock_that_never_jumps(desk: Desk) -> None:
    desk.elapsed = 5_000
    candle = Candle(
        instrument=BTC,
        minutes=1,
        opened_at=NOW,
        open=Decimal(1),
        high=Decimal(1),
        low=Decimal(1),
        close=Decimal(1),
        volume=Decimal(1),
    )
    shown = desk.told(journal.TickerChanged(ticker=ticker("1")), journal.CandleClosed(candle=candle), report())

    assert shown.tick is not None
    assert shown.tick.age_s(7_500) == 2.5
    assert shown.candle == shown.reconcile == shown.tick


def test_a_bracket_is_shown_until_it_is_over(desk: Desk) -> None:
    bracket = Bracket(plan=plan_of(), fills=(fill_of(plan_of()),), phase=Phase.OPEN)
    (row,) = desk.told(journal.BracketMoved(bracket=bracket, cause="Done")).brackets.values()
    assert (row["held"], row["stop"], row["cover"]) == ("10", "60000.5", "0")

    over = replace(bracket, phase=Phase.CLOSED)
    assert desk.told(journal.BracketMoved(bracket=over, cause="x")).brackets == {}


def test_a_strategy_keeps_since_when_it_is_in_its_state_and_an_error_its_traceback(desk: Desk) -> None:
    desk.told(moved(State.ANALYZING))
    desk.elapsed = 1_000
    assert desk.told(moved(State.ANALYZING, "again")).strategies[A]["since"] == NOW

    failed = journal.StrategyFailed(name=A, generation=1, reason="boom", traceback="line 1")
    row = desk.told(failed, moved(State.ERROR, "boom")).strategies[A]
    assert (row["state"], row["since"], row["traceback"]) == ("ERROR", NOW + 1_000, "line 1")

    assert desk.told(moved(State.ANALYZING, generation=2)).strategies[A]["traceback"] == ""


def test_what_an_incarnation_that_is_gone_decided_is_not_shown(desk: Desk) -> None:
    point = journal.Checkpoint(name="trend", is_met=True, text="up")

    def decided(generation: int, text: str) -> journal.Decided:
        return journal.Decided(name=A, generation=generation, decision=text, checkpoints=(point,))

    row = desk.told(moved(State.ANALYZING, generation=2), decided(2, "wait"), decided(1, "buy")).strategies[A]

    assert row["decision"] == "wait"
    assert row["checkpoints"] == [{"name": "trend", "is_met": True, "text": "up"}]


def test_reconciled_holds_until_the_connection_is_lost(desk: Desk) -> None:
    assert not desk.told(report()).reconciled
    assert desk.told(UP, report()).reconciled
    assert desk.told(UP).reconciled
    assert not desk.told(DOWN).reconciled
    assert not desk.told(UP).reconciled


def test_halt_and_issues_are_shown_until_they_are_lifted(desk: Desk) -> None:
    shown = desk.told(journal.HaltChanged(reason="news", by="me"), journal.IssueOpened(instrument=BTC, why="whose?"))
    assert shown.halt is not None
    assert (shown.halt["reason"], list(shown.issues)) == ("news", [BTC])

    after = desk.told(journal.HaltChanged(reason=None, by="me"), journal.IssueResolved(instrument=BTC, choice="adopt"))
    assert (after.halt, after.issues) == (None, {})


WRITTEN: dict[str, tuple[journal.Message, str | None]] = {
    "connection": (UP, "connection_changed"),
    "state": (moved(State.PAUSED), "strategy_status_changed"),
    "failure": (
        journal.StrategyFailed(name=A, generation=1, reason="x", traceback="t"),
        "strategy_status_changed",
    ),
    "halt": (journal.HaltChanged(reason="x", by="me"), "halt_changed"),
    "issue": (journal.IssueOpened(instrument=BTC, why="x"), "issue_opened"),
    "resolved": (journal.IssueResolved(instrument=BTC, choice="x"), "issue_resolved"),
    "alert": (journal.Alerted(severity=Severity.ERROR, kind="x", text="y"), "alert"),
    "command": (
        journal.Commanded(command="Halt", subject="", by="me", code="done", sentence="done"),
        "command",
    ),
    "signal refused": (
        journal.SignalRefused(signal=SIGNAL, why=Refused(code="halted", sentence="no")),
        "signal_refused",
    ),
    "a difference": (report(FindingKind.ORPHAN_POSITION), "reconciled"),
    "no difference": (report(FindingKind.MATCHED), None),
    "an actor failed": (FAILED, "child_failed"),
    "an actor started": (supervision.ChildStarted(child="x", generation=1, at_ms=1), None),
    "messages lost": (supervision.MessagesLost(child="x", kinds={"Run": 2}, at_ms=1), "messages_lost"),
    "a price": (journal.TickerChanged(ticker=ticker("1")), None),
    "an order": (journal.OrderSeen(order=order()), None),
    "a step of a bracket, which is in the log": (
        journal.BracketMoved(bracket=Bracket(plan=plan_of()), cause="x"),
        None,
    ),
}


@pytest.mark.parametrize(("message", "kind"), WRITTEN.values(), ids=WRITTEN.keys())
def test_what_nobody_else_writes_is_written_and_nothing_else(
    desk: Desk, message: journal.Message, kind: str | None
) -> None:
    desk.told(message)

    assert [event.kind for event in desk.log.events] == ([] if kind is None else [kind])


def test_alerts_and_refusals_have_a_bound(desk: Desk) -> None:
    refused = journal.SignalRefused(signal=SIGNAL, why=Refused(code="halted", sentence="no"))
    shown = Picture()
    for number in range(60):
        shown = desk.told(journal.Alerted(severity=Severity.INFO, kind="x", text=str(number)), refused)

    assert (len(shown.alerts), shown.alerts[-1]["text"], len(shown.refusals)) == (50, "59", 50)


REPEATED: dict[str, Callable[[], journal.Message]] = {
    "order": lambda: journal.OrderSeen(order=order()),
    "position": lambda: journal.PositionChanged(holding=holding("1")),
    "funds": lambda: journal.FundsChanged(currency=Currency("BTC"), equity=Decimal(1), available=Decimal(1)),
    "connection": lambda: UP,
    "state": lambda: moved(State.PAUSED),
    "issue": lambda: journal.IssueOpened(instrument=BTC, why="x"),
}


@pytest.mark.parametrize("made", REPEATED.values(), ids=REPEATED.keys())
def test_a_fact_told_twice_shows_the_same(desk: Desk, made: Callable[[], journal.Message]) -> None:
    once = desk.told(made())

    assert replace(desk.told(made()), events=once.events) == once


def test_a_new_life_shows_what_the_last_one_left(tmp_path: Any) -> None:
    store = Store.open(tmp_path, worker=WorkerId("w1"), account="paper", at=NOW)
    store.strategies.define("a", kind="x", instrument=BTC, parameters={"n": "1"}, wanted=Wanted.RUNNING, at=NOW)
    store.connection.wish("embedded", Wish.DISCONNECTED, by="me", reason="", at=NOW)
    Life(store).begins()
    store.halts.halt("news", by="me", at=NOW)

    shown = first_picture(store, broker="embedded")
    store.close_thread()

    assert (shown.strategies["a"]["strategy"], shown.strategies["a"]["state"]) == ("x", "IDLE")
    assert shown.halt is not None
    assert shown.halt["reason"] == "news"
    assert not shown.connection.is_wanted
    assert [row["strategy"] for row in shown.brackets.values()] == ["ema"]
