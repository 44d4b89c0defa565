"""The adapter and the embedded exchange, in one process: two readings of the same manual must agree."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from brokers import requests as ask
from brokers import resolve
from brokers.deribit import codes
from brokers.deribit.login import Credentials, Way
from brokers.deribit.settings import Settings
from brokers.facts import (
    ConnectionDown,
    ConnectionUp,
    ErrorTold,
    FillSeen,
    LoginRenewed,
    MissingChannels,
    OrderSeen,
    PortfolioSeen,
    PositionSeen,
    ScopeTooSmall,
    StrayReply,
    Unreadable,
)
from brokers.outcomes import (
    AccountSummary,
    Cancelled,
    Candles,
    Done,
    FateUnknown,
    Fills,
    Holdings,
    Instruments,
    Ledger,
    Orders,
    Placed,
    Refused,
    Result,
    TickerDetail,
    Watching,
)
from brokers.resolve import Found, NeverExisted
from tests.unit.brokers.exchange_floor import INVERSE, LINEAR, PAPER, START, Floor, Plan
from trading.facts import Order, Ticker
from trading.values import (
    Currency,
    InstrumentName,
    LabelText,
    Milliseconds,
    OrderState,
    OrderType,
)


@pytest.fixture(params=[False, True], ids=["as values", "as JSON"])
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    ready = Floor(as_json=request.param).connects()
    yield ready
    # Whatever a test did: all that either side said was understood by the other.
    assert ready.told(Unreadable) == []
    assert ready.told(StrayReply) == []
    assert ready.told(ErrorTold) == []
    assert [seen for seen in ready.told(OrderSeen) if not isinstance(seen.order, Order)] == []


BOTH = pytest.mark.parametrize(("name", "currency"), [INVERSE, LINEAR], ids=["inverse", "linear"])


@pytest.mark.parametrize("way", Way)
def test_both_ways_to_log_in_lead_to_a_connection_that_may_trade(way: Way) -> None:
    floor = Floor(Settings(credentials=replace(PAPER, way=way))).connects()

    assert [up.can_trade for up in floor.told(ConnectionUp)] == [True]
    assert floor.told(MissingChannels) == []
    assert floor.told(PortfolioSeen)


def test_an_observer_is_told_that_it_may_not_trade() -> None:
    observer = Credentials(client_id="observer", client_secret="observer")
    floor = Floor(Settings(credentials=observer)).connects()

    assert [small.missing for small in floor.told(ScopeTooSmall)] == [("trade:read_write",)]
    assert [up.can_trade for up in floor.told(ConnectionUp)] == [False]


def test_a_wrong_key_ends_in_a_closed_connection() -> None:
    floor = Floor(Settings(credentials=Credentials(client_id="paper", client_secret="wrong"))).connects()

    assert floor.told(ConnectionUp) == []
    assert [down.reason.startswith("login failed") for down in floor.told(ConnectionDown)] == [True]


def test_hours_pass_with_heartbeats_and_renewed_logins() -> None:
    floor = Floor().connects()
    lifetime_s = floor.exchange.settings.token_lifetime_s
    floor.passes(min(lifetime_s, 900) * 1_000)

    assert floor.told(ConnectionDown) == []
    assert floor.told(Unreadable) == []
    if lifetime_s <= 900:
        assert floor.told(LoginRenewed)


def test_watching_brings_tickers_with_exact_prices(floor: Floor) -> None:
    watching = floor.asks(ask.Watch(tickers=(INVERSE[0], LINEAR[0]), candles=((INVERSE[0], 1),)), Watching)
    floor.passes(10_000)

    assert watching.missing == ()
    tickers = floor.told(Ticker)
    assert {ticker.instrument for ticker in tickers} == {INVERSE[0], LINEAR[0]}


def test_every_question_is_answered_with_something_we_can_read(floor: Floor) -> None:
    currency, since, until = Currency("BTC"), Milliseconds(START - 3_600_000), Milliseconds(START + 3_600_000)
    label = LabelText("nobody")
    questions: list[tuple[ask.Request, type[Result]]] = [
        (ask.GetOpenOrders(), Orders),
        (ask.GetOpenOrdersByLabel(currency=currency, label=label), Orders),
        (ask.GetOrdersByLabel(currency=currency, label=label), Orders),
        (ask.GetOrderHistory(currency=currency), Orders),
        (ask.GetFills(currency=currency, since=since, until=until), Fills),
        (ask.GetPositions(), Holdings),
        (ask.GetAccountSummary(currency=currency), AccountSummary),
        (ask.GetInstruments(currency=currency), Instruments),
        (ask.GetInstrument(instrument=INVERSE[0]), Instruments),
        (ask.GetTicker(instrument=INVERSE[0]), TickerDetail),
        (ask.GetCandles(instrument=INVERSE[0], minutes=1, since=since, until=until), Candles),
        (ask.GetLedger(currency=currency, since=since, until=until), Ledger),
    ]
    for question, kind in questions:
        floor.asks(question, kind)

    limits = floor.asks(ask.GetAccountSummary(currency=currency), AccountSummary).limits
    assert limits is not None
    assert limits.matching_burst >= 20


@BOTH
def test_an_order_is_placed_seen_edited_and_cancelled(floor: Floor, name: InstrumentName, currency: Currency) -> None:
    plan = Plan(floor, name, currency)
    order = plan.order("-1", LabelText("tb:rest"))

    placed = floor.asks(order, Placed)
    assert isinstance(placed.order, Order)
    assert (placed.order.state, placed.order.label) == (OrderState.OPEN, "tb:rest")
    assert (placed.order.price, placed.order.amount) == (order.price, order.amount)
    lower = plan.price("-1.2")
    edit = ask.EditOrder(order_id=placed.order.order_id, amount=order.amount, price=lower, reduce_only=False)
    edited = floor.asks(edit, Placed)
    assert isinstance(edited.order, Order)
    assert edited.order.price == lower
    floor.asks(ask.CancelOrder(order_id=placed.order.order_id), Cancelled)

    states = [seen.order.state for seen in floor.told(OrderSeen) if seen.order.order_id == placed.order.order_id]
    assert states[0] == OrderState.OPEN
    assert states[-1] == OrderState.CANCELLED


def test_what_is_gone_cannot_be_cancelled_and_that_is_a_refusal(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    placed = floor.asks(plan.order("-1", LabelText("tb:rest")), Placed)
    cancel = ask.CancelOrder(order_id=placed.order.order_id)
    floor.asks(cancel, Cancelled)

    floor.broker.submit(cancel, floor.now)
    floor.pumps()

    (refused,) = floor.told(Refused)
    assert refused.code in codes.NOT_OPEN


def test_orders_are_cancelled_by_their_label_and_only_they(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    for label in ("tb:a", "tb:a", "tb:b"):
        floor.asks(plan.order("-1", LabelText(label)), Placed)

    assert floor.asks(ask.CancelByLabel(label=LabelText("tb:a"), currency=plan.currency), Cancelled).count == 2
    left = floor.asks(ask.GetOpenOrders(), Orders).orders
    assert [order.label for order in left] == ["tb:b"]


@BOTH
def test_a_bracket_fills_and_its_legs_come_alive_under_their_labels(
    floor: Floor, name: InstrumentName, currency: Currency
) -> None:
    plan = Plan(floor, name, currency)

    placed = floor.asks(plan.bracket("1"), Placed)
    floor.passes(2_000)

    assert len(placed.child_ids) == 2
    fills = [seen.fill for seen in floor.told(FillSeen)]
    assert {fill.label for fill in fills} == {plan.labels[0]}
    assert sum(fill.amount for fill in fills) == plan.amount
    assert [fill.fee > 0 for fill in fills] == [True] * len(fills)
    open_orders = {order.label: order for order in floor.asks(ask.GetOpenOrders(), Orders).orders}
    assert sorted(open_orders) == sorted(plan.labels[1:])
    stop, target = open_orders[plan.labels[1]], open_orders[plan.labels[2]]
    assert (stop.type, stop.state, stop.reduce_only, stop.is_dormant) == (
        OrderType.STOP_MARKET,
        OrderState.UNTRIGGERED,
        True,
        False,
    )
    assert (target.type, target.state, target.reduce_only) == (OrderType.LIMIT, OrderState.OPEN, True)
    assert stop.oco_ref == target.oco_ref != ""
    assert stop.trigger_price == plan.price("-5")
    holdings = {holding.instrument: holding.amount for holding in floor.asks(ask.GetPositions(), Holdings).holdings}
    assert holdings[name] == plan.amount
    assert floor.told(PositionSeen)[-1].holding.amount == plan.amount


def test_the_children_of_a_resting_bracket_are_seen_dormant(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)

    floor.asks(plan.bracket("-1"), Placed)

    found = {order.label: order for order in floor.asks(ask.GetOpenOrders(), Orders).orders}
    assert [found[label].is_dormant for label in plan.labels] == [False, True, True]


def test_the_stop_of_a_bracket_triggers_and_takes_the_target_with_it(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    floor.asks(plan.bracket("1"), Placed)
    floor.passes(2_000)

    floor.exchange.engine.set_price(plan.instrument.name, plan.price("-6"), floor.now_ms, hold=True)
    floor.passes(60_000)

    assert floor.asks(ask.GetOpenOrders(), Orders).orders == ()
    closing = [seen.fill for seen in floor.told(FillSeen) if seen.fill.label == plan.labels[1]]
    assert sum(fill.amount for fill in closing) == plan.amount
    assert floor.told(PositionSeen)[-1].holding.amount == 0
    last = {seen.order.label: seen.order for seen in floor.told(OrderSeen) if isinstance(seen.order, Order)}
    assert last[plan.labels[2]].cancel_reason == "oco_other_closed"


@BOTH
def test_an_order_whose_reply_was_lost_is_found_by_its_label(
    floor: Floor, name: InstrumentName, currency: Currency
) -> None:
    plan = Plan(floor, name, currency)
    floor.loses_replies_to = {"private/buy"}
    sent_at = Milliseconds(floor.now_ms)

    floor.broker.submit(plan.bracket("1"), floor.now)
    floor.passes(4_000)
    (unknown,) = floor.told(FateUnknown)
    search = resolve.begin(plan.labels, currency, sent_at=sent_at, deadline=Milliseconds(sent_at + 2_500))
    verdict = floor.searches(search)

    assert isinstance(unknown.request, ask.PlaceBracket)
    assert isinstance(verdict, Found)
    assert {order.label for order in verdict.orders} == set(plan.labels)
    assert sum(fill.amount for fill in verdict.fills) == plan.amount


def test_an_order_lost_with_its_connection_is_found_on_the_next_one(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    floor.loses_replies_to = {"private/buy"}
    sent_at = Milliseconds(floor.now_ms)
    floor.broker.submit(plan.order("-1", plan.labels[0]), floor.now)
    connection = floor.transport.connection
    assert connection is not None
    floor.disconnect(connection)
    floor.transport.cut("network")
    floor.pumps()
    assert [type(item) for item in floor.news[-2:]] == [FateUnknown, ConnectionDown]

    floor.connects()
    search = resolve.begin(plan.labels[:1], plan.currency, sent_at=sent_at, deadline=Milliseconds(sent_at + 2_500))
    verdict = floor.searches(search)

    assert isinstance(verdict, Found)
    assert [order.state for order in verdict.orders] == [OrderState.OPEN]


def test_an_order_that_never_arrived_is_proven_never_to_have_existed_after_its_deadline(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    deadline = Milliseconds(floor.now_ms + 2_500)

    search = resolve.begin(plan.labels, plan.currency, sent_at=Milliseconds(floor.now_ms), deadline=deadline)
    verdict = floor.searches(search)

    assert verdict == NeverExisted()
    assert floor.now_ms > deadline + resolve.MARGIN_MS


def test_a_filled_and_closed_bracket_is_still_found_an_hour_later(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    sent_at = Milliseconds(floor.now_ms)
    floor.asks(plan.bracket("1"), Placed)
    floor.passes(2_000)
    floor.exchange.engine.set_price(plan.instrument.name, plan.price("-6"), floor.now_ms, hold=True)
    floor.passes(3_600_000)

    search = resolve.begin(plan.labels, plan.currency, sent_at=sent_at, deadline=Milliseconds(sent_at + 2_500))
    verdict = floor.searches(search)

    assert isinstance(verdict, Found)
    assert sum(fill.amount * fill.side.sign for fill in verdict.fills) == 0


def test_a_busy_minute_never_meets_the_exchanges_rate_limit(floor: Floor) -> None:
    plan = Plan(floor, *INVERSE)
    for number in range(600):
        floor.broker.submit(plan.order("-1", LabelText(f"tb:{number}")), floor.now)
        floor.passes(100)

    assert 10028 not in {refused.code for refused in floor.told(Refused)}
    assert floor.told(ConnectionDown) == []
    assert len([done for done in floor.told(Done) if isinstance(done.result, Placed)]) > 200
