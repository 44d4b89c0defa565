"""Every request ends exactly once: done, refused, or fate unknown; what comes later is evidence, never lost."""

from decimal import Decimal
from typing import Any

import pytest

from brokers import requests as ask
from brokers.deribit.pending import PENDING_MAX
from brokers.facts import ConnectionDown, ConnectionUp, StrayReply
from brokers.outcomes import (
    Cancelled,
    Done,
    Doubt,
    FateUnknown,
    LateOutcome,
    LocalCode,
    Orders,
    Placed,
    Refused,
    Watching,
)
from brokers.requests import (
    CancelByLabel,
    CancelOrder,
    GetOpenOrders,
    GetOrder,
    GetPositions,
    PlaceOrder,
    Unwatch,
    Watch,
)
from tests.unit.brokers.venue import BTC, BUY, Line, order, trade
from trading.errors import Unavailable
from trading.facts import Order
from trading.values import (
    Currency,
    InstrumentName,
    LabelText,
    OrderId,
)


@pytest.fixture
def line() -> Line:
    ready = Line().connects()
    ready.forgets()
    return ready


# --- how it ends ---------------------------------------------------------------------------------------------


def test_done_carries_the_request_the_order_and_its_first_fills(line: Line) -> None:
    filled = order(order_state="filled", filled_amount=Decimal("100.0"), average_price=Decimal("64000.50"))
    line.venue.answers("private/buy", {"order": filled, "trades": [trade(), trade(trade_id="445682211")]})

    ref = line.submits(BUY)

    (done,) = line.told(Done)
    assert (done.ref, done.request) == (ref, BUY)
    assert isinstance(done.result, Placed)
    assert isinstance(done.result.order, Order)
    assert str(done.result.order.average_price) == "64000.50"
    assert [fill.fill_id for fill in done.result.fills] == ["445682210", "445682211"]


OUTCOMES = {
    "no funds": (BUY, 10009, Refused),
    "price out of the band": (BUY, 10007, Refused),
    "settlement": (BUY, 10041, Refused),
    "too late for its deadline": (BUY, 13888, Refused),
    "purged by a cancel": (BUY, 13666, Refused),
    "a code nobody knows": (BUY, 77777, Refused),
    "the server does not know": (BUY, 13028, FateUnknown),
    "the server fell over": (BUY, 11094, FateUnknown),
    "the server says only error": (BUY, 10001, FateUnknown),
    "a cancel the server does not know of": (CancelOrder(order_id=OrderId("1")), 11094, FateUnknown),
    "a cancel of what is gone": (CancelOrder(order_id=OrderId("1")), 11044, Refused),
    "a question the server failed at": (GetPositions(), 11094, Refused),
}


@pytest.mark.parametrize(("request_", "code", "kind"), OUTCOMES.values(), ids=OUTCOMES)
def test_a_refusal_is_only_what_is_proven(line: Line, request_: ask.Request, code: int, kind: type) -> None:
    for method in ("private/buy", "private/cancel", "private/get_positions"):
        line.venue.refuses(method, code, "words 123.0", {"reason": "why"})

    ref = line.submits(request_)

    (outcome,) = line.news
    assert isinstance(outcome, kind)
    assert isinstance(outcome, Refused | FateUnknown)
    assert (outcome.ref, outcome.request) == (ref, request_)
    if isinstance(outcome, Refused):
        assert (outcome.code, outcome.message, outcome.data) == (code, "words 123.0", {"reason": "why"})
    else:
        assert outcome.doubt is Doubt.SERVER_IN_DOUBT


UNREADABLE: dict[str, Any] = {
    "null": None,
    "a text": "ok",
    "no order": {"trades": []},
    "an order without id": {"order": {"amount": 1}},
    "a fill without id": {"order": order(), "trades": [{"amount": 1}]},
    "an amount that is no number": {"order": order(amount="NaN", order_id="")},
}


@pytest.mark.parametrize("result", UNREADABLE.values(), ids=UNREADABLE)
def test_a_success_nobody_can_read_is_not_a_refusal(line: Line, result: Any) -> None:
    line.venue.answers("private/buy", result)

    line.submits(BUY)

    assert [outcome.doubt for outcome in line.told(FateUnknown)] == [Doubt.UNREADABLE_ANSWER]


def test_an_order_without_an_answer_is_unknown_when_its_time_is_over_and_is_never_sent_again(line: Line) -> None:
    line.venue.keeps_silent_on("private/buy")
    ref = line.submits(BUY)

    line.waits(2_999)
    assert line.told(FateUnknown) == []
    line.waits(1)
    line.waits(120_000)

    assert [(outcome.ref, outcome.doubt) for outcome in line.told(FateUnknown)] == [(ref, Doubt.NO_ANSWER)]
    assert len(line.venue.asked("private/buy")) == 1


@pytest.mark.parametrize("answer", ["done", "refused"])
def test_an_answer_after_the_time_is_over_is_told_as_late(line: Line, answer: str) -> None:
    line.venue.holds_back("private/buy")
    if answer == "refused":
        line.venue.refuses("private/buy", 10009)
    ref = line.submits(BUY)
    line.waits(5_000)
    line.forgets()

    line.venue.release()
    line.pumps()

    (late,) = line.told(LateOutcome)
    assert late.outcome.ref == ref
    assert isinstance(late.outcome, Done if answer == "done" else Refused)
    assert len(line.news) == 1


def test_a_late_answer_that_says_nothing_certain_changes_nothing(line: Line) -> None:
    line.venue.holds_back("private/buy")
    line.venue.refuses("private/buy", 11094)
    line.submits(BUY)
    line.waits(5_000)
    line.forgets()

    line.venue.release()
    line.pumps()

    assert line.news == []


def test_answers_may_overtake_each_other(line: Line) -> None:
    line.venue.holds_back("private/buy", "private/get_positions", "private/cancel")
    refs = [line.submits(request) for request in (BUY, GetPositions(), CancelOrder(order_id=OrderId("1")))]

    line.venue.release()
    line.pumps()

    assert [(done.ref, type(done.request)) for done in line.told(Done)] == [
        (refs[2], CancelOrder),
        (refs[1], GetPositions),
        (refs[0], PlaceOrder),
    ]


def test_a_second_answer_to_the_same_request_is_a_stray_not_a_second_outcome(line: Line) -> None:
    ref = line.submits(BUY)
    line.hears({"id": ref, "result": {"order": order(order_id="2"), "trades": []}})

    assert len(line.told(Done)) == 1
    assert line.told(StrayReply) == [StrayReply(ref=ref, is_repeat=True)]


STRAYS: dict[str, tuple[Any, StrayReply]] = {
    "a number never used": (999, StrayReply(ref=999, is_repeat=False)),
    "a text": ("1", StrayReply(ref=None, is_repeat=False)),
    "null": (None, StrayReply(ref=None, is_repeat=False)),
    "true": (True, StrayReply(ref=None, is_repeat=False)),
    "a list": ([1], StrayReply(ref=None, is_repeat=False)),
    "a number with a point": (Decimal("1.5"), StrayReply(ref=None, is_repeat=False)),
}


@pytest.mark.parametrize(("ref", "stray"), STRAYS.values(), ids=STRAYS)
def test_a_reply_to_nothing_is_said_and_changes_nothing(line: Line, ref: Any, stray: StrayReply) -> None:
    line.hears({"id": ref, "result": "ok"})

    assert line.news == [stray]


def test_a_lost_connection_makes_every_open_request_unknown_before_it_is_told(line: Line) -> None:
    line.venue.keeps_silent_on("private/buy", "private/get_positions")
    refs = [line.submits(BUY), line.submits(GetPositions())]

    line.transport.cut("reset by peer")
    line.pumps()

    assert [type(item) for item in line.news] == [FateUnknown, FateUnknown, ConnectionDown]
    assert [(outcome.ref, outcome.doubt) for outcome in line.told(FateUnknown)] == [
        (ref, Doubt.CONNECTION_LOST) for ref in refs
    ]


def test_a_number_of_an_old_connection_never_answers_a_new_ones_request(line: Line) -> None:
    line.venue.keeps_silent_on("private/buy")
    old = line.submits(BUY)
    line.transport.cut("reset by peer")
    line.connects()
    new = line.submits(BUY)
    line.forgets()

    line.hears({"id": old, "result": {"order": order(), "trades": []}})

    assert new != old
    assert [late.outcome.ref for late in line.told(LateOutcome)] == [old]
    assert line.told(Done) == []


def test_nothing_can_be_sent_while_the_connection_is_down(line: Line) -> None:
    line.transport.cut("reset by peer")

    with pytest.raises(Unavailable):
        line.submits(BUY)
    assert line.venue.requests == []


def test_when_the_transport_proves_that_nothing_left_the_request_never_existed(line: Line) -> None:
    """The socket died and its news has not reached us yet: the request must not end as unknown too."""
    connection, line.transport._connection = line.transport._connection, None

    with pytest.raises(Unavailable):
        line.submits(BUY)

    line.transport._connection = connection
    line.waits(10_000)
    assert line.told(FateUnknown) == []


def test_the_table_of_open_requests_has_a_bound(line: Line) -> None:
    line.venue.keeps_silent_on("private/cancel")
    line.broker._session.line.budget.take = lambda *_, **__: None  # type: ignore[method-assign]
    for number in range(PENDING_MAX):
        line.broker.submit(CancelOrder(order_id=OrderId(f"{number}")), line.now)

    with pytest.raises(Unavailable):
        line.broker.submit(BUY, line.now)


# --- the other answers ---------------------------------------------------------------------------------------


CANCEL_ANSWERS: dict[str, tuple[Any, int]] = {
    "a count": (3, 3),
    "none": (0, 0),
    "a count with a point": (Decimal("2.0"), 2),
    "reports by kind": ([{"currency": "BTC", "type": "limit", "result": [order(), order(order_id="2")]}], 2),
    "reports by order": ([{"order": order()}, {"order": order(order_id="2")}], 2),
    "a report of an error": ([{"currency": "BTC", "type": "limit", "error": {"code": 1}}], 0),
}


@pytest.mark.parametrize(("result", "count"), CANCEL_ANSWERS.values(), ids=CANCEL_ANSWERS)
def test_every_form_of_the_answer_to_cancelling_by_label_is_counted(line: Line, result: Any, count: int) -> None:
    line.venue.answers("private/cancel_by_label", result)

    line.submits(CancelByLabel(label=LabelText("a"), currency=Currency("BTC")))

    assert [done.result for done in line.told(Done)] == [Cancelled(count=count)]


def test_orders_with_unknown_words_are_shown_beside_the_others(line: Line) -> None:
    line.venue.answers("private/get_open_orders", [order(), order(order_id="2", order_type="iceberg")])

    line.submits(GetOpenOrders())

    (done,) = line.told(Done)
    assert isinstance(done.result, Orders)
    assert [found.order_id for found in done.result.orders] == ["81944428472"]
    assert [(found.order_id, found.type) for found in done.result.strange] == [("2", "iceberg")]


def test_one_order_by_id_is_a_list_of_one(line: Line) -> None:
    line.venue.answers("private/get_order_state", order())

    line.submits(GetOrder(order_id=OrderId("81944428472")))

    (done,) = line.told(Done)
    assert isinstance(done.result, Orders)
    assert len(done.result.orders) == 1


def test_watching_says_which_channels_the_exchange_left_out(line: Line) -> None:
    line.venue.takes_channel = lambda channel: "DOGE" not in channel

    line.submits(Watch(tickers=(BTC, InstrumentName("DOGE-PERPETUAL"))))

    assert [done.result for done in line.told(Done)] == [
        Watching(channels=("ticker.BTC-PERPETUAL.100ms",), missing=("ticker.DOGE-PERPETUAL.100ms",))
    ]


def test_what_is_no_longer_watched_is_not_asked_for_again(line: Line) -> None:
    line.submits(Watch(tickers=(BTC,)))
    line.venue.answers("public/unsubscribe", ["ticker.BTC-PERPETUAL.100ms"])
    line.submits(Unwatch(tickers=(BTC,)))
    line.transport.cut("network")
    line.forgets()
    line.connects()

    assert line.told(ConnectionUp)
    assert "ticker.BTC-PERPETUAL.100ms" not in line.venue.asked("private/subscribe")[0]["channels"]


def test_watching_too_much_at_once_is_refused_and_says_so(line: Line) -> None:
    line.submits(Watch(tickers=tuple(InstrumentName(f"A{number}-PERPETUAL") for number in range(501))))

    assert [outcome.code for outcome in line.told(Refused)] == [LocalCode.TOO_LARGE]
