"""The broker actor alone: it asks its connection once, and what comes of it reaches whom it concerns."""

from decimal import Decimal
from typing import Any

import pytest

from actors.broker_ears import Ears, Heard
from actors.broker_warnings import warning_of
from actors.readings import AGAIN_MAX
from brokers import facts, outcomes, requests
from tests.actors.broker_stand import BTC, STRANGE, Stand
from tests.actors.test_guardian_reconciler import Ear
from tests.unit.trading.bracket_facts import ID, NAME, T0, fill, label, order
from trading.bracket import Cancel, Edit, Place
from trading.bracket.effects import Severity
from trading.facts import Candle, LedgerEntry, Order
from trading.messages import broker, guardian, journal, notices, orders, reconciler, strategy
from trading.values import (
    ZERO,
    InstrumentName,
    IntentId,
    Leg,
    OrderId,
    OrderType,
    Side,
)


def _stop(name: str = "i") -> Place:
    return Place(
        intent_id=IntentId(name),
        leg=Leg.STOP,
        label=label(Leg.STOP),
        side=Side.SELL,
        amount=Decimal(100),
        type=OrderType.MARKET,
        reduce_only=True,
    )


CANCEL = Cancel(intent_id=IntentId("c"), order_id=OrderId("s"))


@pytest.mark.parametrize(
    ("wish", "result", "shown"),
    [
        (_stop(), outcomes.Placed(order=order(Leg.STOP, "s"), fills=(fill(Leg.STOP, 1, "f"),)), (1, 1)),
        (_stop(), outcomes.Placed(order=STRANGE, fills=()), (0, 0)),
        (CANCEL, outcomes.Cancelled(count=1, order=order(Leg.STOP, "s")), (1, 0)),
        (CANCEL, outcomes.Cancelled(count=1, order=STRANGE), (0, 0)),
        (CANCEL, outcomes.Cancelled(count=1), (0, 0)),
        (CANCEL, outcomes.Acknowledged(), (0, 0)),
    ],
    ids=["placed", "placed_strange", "cancelled", "cancelled_strange", "counted", "acknowledged"],
)
def test_what_was_done_is_told_with_what_the_answer_shows(
    wish: Place | Cancel, result: outcomes.Result, shown: tuple[int, int]
) -> None:
    stand = Stand()
    stand.submits(wish)
    stand.answers(result)
    (done,) = stand.orders.of(orders.RequestDone)
    assert done.intent_id == wish.intent_id
    assert (len(done.orders), len(done.fills)) == shown


def test_an_intent_is_sent_once_with_its_own_last_moment() -> None:
    stand = Stand()
    stand.submits(_stop())
    stand.submits(_stop())
    (request,) = stand.line.asked
    assert isinstance(request, requests.PlaceOrder)
    assert request.valid_until == T0 + 500 + 2_500
    stand.submits(Edit(intent_id=IntentId("e"), order_id=OrderId("s"), amount=ZERO, price=None, trigger_price=None))
    assert isinstance(stand.line.asked[-1], requests.EditOrder)


def test_what_certainly_did_not_leave_is_refused_and_may_be_asked_for_again() -> None:
    stand = Stand()
    stand.line.is_open = False
    stand.submits(_stop())
    (refused,) = stand.orders.of(orders.RequestRefused)
    assert "nothing was sent" in refused.sentence
    stand.line.is_open, stand.line.server = True, None
    stand.submits(_stop())
    (request,) = stand.line.asked
    assert getattr(request, "valid_until", 0) is None, "the exchange's clock is not known: the connection decides"


def test_what_a_reply_shows_is_told_the_guardian_as_if_it_were_pushed() -> None:
    """Where channels have fallen silent it would not know of a stop that was just placed, and close what it covers."""
    stand = Stand()
    stand.submits(_stop())
    stop = order(Leg.STOP, "s")
    stand.answers(outcomes.Placed(order=stop, fills=(fill(Leg.STOP, 1, "f"),)))
    stand.submits(CANCEL)
    stand.answers(outcomes.Cancelled(count=1, order=stop))
    assert [one.order.order_id for one in stand.guardian.of(guardian.OrderChanged)] == ["s", "s"]
    assert [one.fill.fill_id for one in stand.guardian.of(guardian.OrderFilled)] == ["f"]


def test_a_refusal_and_a_doubt_are_told_and_a_late_answer_is_evidence() -> None:
    stand = Stand()
    stand.submits(_stop("a"))
    stand.hears(outcomes.Refused(ref=1, request=stand.line.asked[0], code=10009, message="no money"))
    assert [one.code for one in stand.orders.of(orders.RequestRefused)] == [10009]
    stand.submits(_stop("b"))
    stand.doubts()
    assert [one.intent_id for one in stand.orders.of(orders.FateUnknown)] == ["b"]
    late = outcomes.Done(ref=2, request=stand.line.asked[1], result=outcomes.Acknowledged())
    stand.hears(outcomes.LateOutcome(outcome=late))
    assert [one.intent_id for one in stand.orders.of(orders.RequestDone)] == ["b"]
    stand.hears(outcomes.Done(ref=99, request=stand.line.asked[1], result=outcomes.Acknowledged()))
    assert len(stand.orders.of(orders.RequestDone)) == 1, "nobody asked"


def test_a_picture_that_is_not_answered_failed_and_a_newer_one_ends_the_older() -> None:
    stand = Stand()
    stand.actor.on_receive(broker.TakePicture(picture_id=1, since=T0))
    stand.actor.on_receive(broker.TakePicture(picture_id=2, since=T0))
    stand.answers(outcomes.Orders(orders=()), 1)
    for _ in range(AGAIN_MAX):
        stand.doubts()
    assert not stand.reconciler.of(reconciler.PictureFailed), "some answers may be lost"
    stand.doubts()
    assert [(one.picture_id, one.why) for one in stand.reconciler.of(reconciler.PictureFailed)] == [
        (2, "GetOpenOrders was not answered")
    ]
    assert not stand.reconciler.of(reconciler.PictureTaken)


def test_a_question_of_a_picture_is_asked_again_where_its_answer_was_lost() -> None:
    """Else three lost answers in ten would spoil five pictures of six, and a bare position is found by pictures."""
    stand = Stand()
    stand.actor.on_receive(broker.TakePicture(picture_id=1, since=T0))
    stand.answers(outcomes.Orders(orders=()))
    stand.doubts()
    assert [type(one) for one in stand.line.asked[-2:]] == [requests.GetPositions, requests.GetPositions]
    stand.answers(outcomes.Holdings(holdings=()))
    stand.answers(outcomes.Fills(fills=(), has_more=False))
    assert len(stand.reconciler.of(reconciler.PictureTaken)) == 1


@pytest.mark.parametrize("doubt", [one for one in outcomes.Doubt if one is not outcomes.Doubt.NO_ANSWER])
def test_a_question_is_not_asked_again_where_the_line_broke_or_the_answer_made_no_sense(doubt: outcomes.Doubt) -> None:
    stand = Stand()
    stand.actor.on_receive(broker.TakePicture(picture_id=1, since=T0))
    stand.doubts(doubt)
    assert len(stand.line.asked) == 1
    assert len(stand.reconciler.of(reconciler.PictureFailed)) == 1


def test_with_every_comparison_it_is_read_what_the_account_is_worth() -> None:
    """The channel that tells of it may have fallen silent, and trades are sized by it."""
    stand = Stand()
    stand.actor.on_receive(broker.TakePicture(picture_id=1, since=T0))
    for found in (outcomes.Orders(orders=()), outcomes.Holdings(holdings=()), outcomes.Fills(fills=(), has_more=False)):
        stand.answers(found)
    assert stand.reconciler.of(reconciler.PictureTaken)
    assert isinstance(stand.line.asked[-1], requests.GetAccountSummary)


def test_a_whole_picture_reaches_reconciler_guardian_and_journal() -> None:
    stand = Stand()
    stand.actor.on_receive(broker.TakePicture(picture_id=1, since=T0, is_deep=True))
    stand.answers(outcomes.Orders(orders=()))
    stand.answers(outcomes.Holdings(holdings=()))
    stand.answers(outcomes.Fills(fills=(fill(Leg.ENTRY, 1, "f", at=T0),), has_more=True))
    stand.answers(outcomes.Fills(fills=(), has_more=False))
    assert getattr(stand.line.asked[-1], "historical", False), "and the archive"
    stand.answers(outcomes.Fills(fills=(), has_more=False))
    (taken,) = stand.reconciler.of(reconciler.PictureTaken)
    assert len(taken.picture.fills) == 1
    assert len(stand.guardian.heard) == 1
    assert stand.journal.of(journal.PictureTaken)


def _entry(number: int) -> LedgerEntry:
    return LedgerEntry(
        entry_id=str(number),
        type="trade",
        currency=BTC,
        instrument=NAME,
        change=ZERO,
        balance=None,
        order_id=None,
        fill_id=None,
        at=T0,
    )


def _reads(stand: Stand) -> None:
    stand.actor.on_receive(broker.ReadLedger(bracket_id=ID, currency=BTC, since=T0, until=T0))


def test_the_book_is_read_page_by_page() -> None:
    stand = Stand()
    _reads(stand)
    stand.answers(outcomes.Ledger(entries=(_entry(2),), continuation="2"))
    stand.answers(outcomes.Ledger(entries=(_entry(1),), continuation=None))
    (read,) = stand.orders.of(orders.LedgerRead)
    assert [entry.entry_id for entry in read.entries] == ["2", "1"]


def test_a_book_that_cannot_be_read_whole_is_said_to_be_unread() -> None:
    stand = Stand()
    _reads(stand)
    stand.doubts()
    _reads(stand)
    stand.answers(outcomes.Ledger(entries=(_entry(2),), continuation="2"))
    stand.answers(outcomes.Ledger(entries=(_entry(1),), continuation="2"))
    stand.line.is_open = False
    _reads(stand)
    assert [one.why for one in stand.orders.of(orders.LedgerUnread)] == [
        "the transaction log was not answered",
        "the transaction log has more pages than one trade may read",
        "the transaction log was not answered",
    ]


def test_a_label_cannot_be_asked_for_while_nobody_is_connected() -> None:
    stand = Stand()
    ask = broker.AskLabel(label=label(Leg.STOP), currency=BTC, sent_at=T0)
    stand.actor.on_receive(ask)
    assert [one.verdict.value for one in stand.orders.of(orders.Asked)] == ["not_yet"]


def test_labels_are_asked_for_one_after_the_other_and_forgotten_with_the_clock() -> None:
    stand = Stand()
    stand.hears(facts.ConnectionUp(can_trade=True, scopes=()))
    asked = len(stand.line.asked)
    for leg in (Leg.STOP, Leg.TARGET, Leg.STOP):
        stand.actor.on_receive(broker.AskLabel(label=label(leg), currency=BTC, sent_at=T0))
    assert len(stand.line.asked) == asked + 1
    stand.line.server = None
    stand.doubts()
    assert len(stand.line.asked) == asked + 1, "the exchange's clock is not known any more"
    stand.hears(facts.ConnectionDown(reason="cut"))
    assert stand.orders.of(orders.ConnectionChanged)[-1].is_up is False


def test_facts_reach_whom_they_concern() -> None:
    stand = Stand()
    candle = Candle(instrument=NAME, minutes=1, opened_at=T0, open=ZERO, high=ZERO, low=ZERO, close=ZERO, volume=ZERO)
    stand.hears(candle, facts.OrderSeen(order=order(Leg.STOP, "s")), facts.OrderSeen(order=STRANGE))
    assert stand.strategy.of(strategy.CandleClosed)
    assert stand.journal.of(journal.CandleClosed)
    assert [type(one.order) for one in stand.orders.of(orders.OrderChanged)] == [Order]
    assert [one.kind for one in stand.notifier.of(notices.Notice)] == ["strange_order"]


def test_candles_asked_for_reach_the_strategies_and_an_answer_of_another_kind_nobody() -> None:
    stand = Stand()
    for result in (outcomes.Candles(closed=(), running=None), outcomes.Acknowledged()):
        stand.actor.on_receive(broker.FetchCandles(instrument=NAME, minutes=1, count=2))
        stand.answers(result)
    assert len(stand.strategy.of(strategy.CandlesKnown)) == 1


def test_what_the_transport_says_counts_for_its_own_attempt_only() -> None:
    stand = Stand()
    stand.actor.on_receive(broker.Connect())
    for attempt in (1, 7):
        for kind in ("opened", "garbled", "closed"):
            stand.actor.on_receive(Heard(attempt=attempt, kind=kind, text="why", raw="raw"))
        stand.actor.on_receive(Heard(attempt=attempt, kind="received", frame={}))
    assert stand.line.heard == [
        "connect", f"opened {T0}", f"garbled raw why {T0}", "closed why", f"received {{}} {T0}"
    ]  # fmt: skip
    stand.line.is_open = False
    stand.actor.on_receive(broker.Connect())
    stand.actor.on_receive(Heard(attempt=1, kind="closed", text="still the first"))
    assert stand.line.heard[-1] == "closed still the first"
    stand.actor.on_stop()
    assert stand.line.heard[-1] == "disconnect: the service stops"


def test_the_ear_of_an_attempt_brings_everything_to_the_actors_own_inbox() -> None:
    own = Ear()
    ears = Ears(own, 3)
    ears.opened()
    ears.received({})
    ears.garbled("raw", "why")
    ears.closed("gone")
    assert [(one.attempt, one.kind) for one in own.heard] == [
        (3, "opened"),
        (3, "received"),
        (3, "garbled"),
        (3, "closed"),
    ]


WARNINGS: list[tuple[Any, str, Severity]] = [
    (
        facts.LoginFailed(problem=facts.LoginProblem.REFUSED, reason="no", is_final=True),
        "login_failed",
        Severity.CRITICAL,
    ),
    (facts.ScopeTooSmall(missing=("trade:read_write",)), "scope", Severity.ERROR),
    (facts.KeyTooPowerful(excess=("wallet:read_write",)), "scope", Severity.WARNING),
    (facts.CancelOnDisconnectArmed(scope="account"), "cancel_on_disconnect", Severity.CRITICAL),
    (facts.MissingChannels(channels=("user.orders",), reason="no"), "channels", Severity.ERROR),
    (facts.Maintenance(is_on=True), "maintenance", Severity.WARNING),
    (facts.Maintenance(is_on=False), "maintenance", Severity.WARNING),
    (facts.Locked(scope=facts.LockScope.INDEX, name="btc_usd", is_locked=True), "locked", Severity.WARNING),
    (facts.Locked(scope=facts.LockScope.ACCOUNT, name="BTC", is_locked=False), "locked", Severity.WARNING),
    (facts.SilentSocket(silent_ms=9_000), "silent", Severity.WARNING),
    (facts.ErrorTold(code=10_001, message="error"), "error_told", Severity.WARNING),
    (facts.CheckUnanswered(what="the switch", reason="silence"), "check", Severity.WARNING),
]


@pytest.mark.parametrize(("fact", "kind", "severity"), WARNINGS, ids=lambda one: type(one).__name__)
def test_what_only_people_have_to_know_is_told_to_them(fact: facts.Fact, kind: str, severity: Severity) -> None:
    stand = Stand()
    stand.hears(fact)
    (notice,) = stand.notifier.of(notices.Notice)
    assert (notice.kind, notice.severity) == (kind, severity)
    assert notice.text


def test_failed_logins_are_one_trouble_whatever_the_reason() -> None:
    stand = Stand()
    for reason in ("no answer within 5 s", "invalid_credentials"):
        stand.hears(facts.LoginFailed(problem=facts.LoginProblem.REFUSED, reason=reason, is_final=True))

    assert [one.key for one in stand.notifier.of(notices.Notice)] == ["login_failed", "login_failed"]


def test_what_is_counted_elsewhere_is_not_told() -> None:
    assert warning_of(facts.StrayReply(ref=None, is_repeat=True)) is None
    stand = Stand()
    stand.hears(facts.LoginRenewed(until=T0))
    assert not stand.notifier.heard


def test_somebody_new_is_told_how_it_stands() -> None:
    stand = Stand()
    stand.actor.on_receive(broker.TellStanding())
    assert not stand.orders.heard, "nothing is what they know already"
    stand.hears(facts.ConnectionUp(can_trade=True, scopes=()))
    stand.actor.on_receive(broker.Watch(instruments=(NAME, InstrumentName("ETH-PERPETUAL")), candle_minutes=1))
    watch = stand.line.asked[-1]
    assert isinstance(watch, requests.Watch)
    assert len(watch.candles) == 2
    stand.actor.on_receive(broker.TellStanding())
    assert len(stand.orders.of(orders.ConnectionChanged)) == 2
