"""What comes without being asked: heartbeats, pushes, errors, nonsense, and nothing at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.facts import (
    ConnectionDown,
    ErrorTold,
    FillSeen,
    Locked,
    LockScope,
    Maintenance,
    OrderSeen,
    PortfolioSeen,
    PositionSeen,
    SilentSocket,
    StrangeOrder,
    Unreadable,
)
from brokers.requests import GetPositions
from tests.unit.brokers.venue import BTC, Line, order, trade
from trading.facts import Candle, Ticker

TICKER = {
    "instrument_name": "BTC-PERPETUAL",
    "timestamp": 1_790_000_000_000,
    "best_bid_price": Decimal("64000.0"),
    "best_ask_price": Decimal("64000.5"),
    "last_price": Decimal("64000.50"),
    "mark_price": Decimal("64000.27"),
    "index_price": Decimal("63999.99"),
    "state": "open",
}
POSITION = {
    "instrument_name": "BTC-PERPETUAL",
    "direction": "sell",
    "size": Decimal("-10.0"),
    "size_currency": Decimal("-0.00015625"),
    "average_price": Decimal("64000.5"),
    "mark_price": Decimal("64000.27"),
    "realized_funding": Decimal("1e-8"),
}


@pytest.fixture
def line() -> Line:
    ready = Line().connects()
    ready.forgets()
    return ready


def pushed(line: Line, channel: str, content: Any) -> list[Any]:
    line.venue.pushes(channel, content)
    line.pumps()
    return line.news


# --- heartbeats and silence ----------------------------------------------------------------------------------


def test_a_test_request_is_answered_at_once(line: Line) -> None:
    line.hears({"method": "heartbeat", "params": {"type": "test_request"}, "jsonrpc": "2.0"})

    assert line.venue.methods == ["public/test"]
    assert line.news == []


def test_a_plain_heartbeat_needs_no_answer(line: Line) -> None:
    line.hears({"method": "heartbeat", "params": {"type": "heartbeat"}})

    assert line.venue.methods == []


def test_heartbeats_alone_keep_a_quiet_connection_alive(line: Line) -> None:
    line.waits(600_000)

    assert line.told(SilentSocket) == []
    assert len(line.venue.asked("public/test")) == 60


def test_a_socket_that_says_nothing_is_closed_and_the_reason_is_told(line: Line) -> None:
    line.venue.has_heartbeat = False

    line.waits(24_999)
    assert line.news == []
    line.waits(1)

    assert [type(item) for item in line.news] == [SilentSocket, ConnectionDown]
    assert line.transport.connection is None


def test_even_a_garbled_frame_shows_that_the_connection_lives(line: Line) -> None:
    line.venue.has_heartbeat = False
    line.waits(20_000)
    line.garbled("{", "bad JSON")
    line.waits(20_000)

    assert line.told(SilentSocket) == []
    assert line.told(Unreadable) == [Unreadable(why="bad JSON", raw="{")]


# --- prices --------------------------------------------------------------------------------------------------


def test_a_ticker_keeps_every_digit(line: Line) -> None:
    (ticker,) = pushed(line, "ticker.BTC-PERPETUAL.100ms", TICKER)

    assert isinstance(ticker, Ticker)
    assert [str(price) for price in (ticker.bid, ticker.ask, ticker.last, ticker.mark, ticker.index)] == [
        "64000.0",
        "64000.5",
        "64000.50",
        "64000.27",
        "63999.99",
    ]


TICKERS = {
    "whole numbers": ({"best_bid_price": 64000, "mark_price": 64001}, ("64000", "64001")),
    "an exponent": ({"best_bid_price": Decimal("6.4e4"), "mark_price": Decimal("3.5e-4")}, ("64000", "0.00035")),
    "an empty side": ({"best_bid_price": None, "best_bid_amount": 0}, (None, "64000.27")),
    "an empty side as nought": ({"best_bid_price": Decimal("0.0")}, (None, "64000.27")),
    "digits in a string": ({"best_bid_price": "64000.0"}, ("64000.0", "64000.27")),
    "a time with a point": ({"timestamp": Decimal("1790000000000.0")}, ("64000.0", "64000.27")),
}


@pytest.mark.parametrize(("changes", "prices"), TICKERS.values(), ids=TICKERS)
def test_a_ticker_is_read_in_every_form_numbers_come_in(
    line: Line, changes: dict[str, Any], prices: tuple[str | None, str]
) -> None:
    (ticker,) = pushed(line, "ticker.BTC-PERPETUAL.100ms", TICKER | changes)

    assert isinstance(ticker, Ticker)
    assert ticker.bid == (None if prices[0] is None else Decimal(prices[0]))
    assert ticker.mark == Decimal(prices[1])
    assert type(ticker.at) is int


BAD_TICKERS: dict[str, Any] = {
    "no mark price": {key: value for key, value in TICKER.items() if key != "mark_price"},
    "a mark price of null": TICKER | {"mark_price": None},
    "not a number": TICKER | {"mark_price": "NaN"},
    "endless": TICKER | {"index_price": "Infinity"},
    "a word for a price": TICKER | {"best_bid_price": "market_price"},
    "a binary float": TICKER | {"mark_price": 64000.27},
    "an absurd size": TICKER | {"mark_price": Decimal("1e999999999")},
    "an absurd smallness": TICKER | {"best_ask_price": Decimal("1e-999999999")},
    "an absurd time": TICKER | {"timestamp": Decimal("1e999999999")},
    "an endless whole number": TICKER | {"mark_price": 10**4000},
    "true": TICKER | {"mark_price": True},
    "no name": TICKER | {"instrument_name": None},
    "a list": [TICKER],
    "nothing": None,
}


@pytest.mark.parametrize("content", BAD_TICKERS.values(), ids=BAD_TICKERS)
def test_a_ticker_that_breaks_the_contract_is_shown_and_not_guessed_at(line: Line, content: Any) -> None:
    news = pushed(line, "ticker.BTC-PERPETUAL.100ms", content)

    assert [type(item) for item in news] == [Unreadable]


def bar(tick: int, close: str) -> dict[str, Any]:
    return {"tick": tick, "open": 1, "high": 2, "low": 1, "close": Decimal(close), "volume": 3, "cost": 4}


def test_a_candle_is_told_when_a_later_one_begins_and_not_before(line: Line) -> None:
    channel = "chart.trades.BTC-PERPETUAL.5"

    assert pushed(line, channel, bar(300_000, "1.5")) == []
    assert pushed(line, channel, bar(300_000, "1.60")) == []
    (candle,) = pushed(line, channel, bar(600_000, "1.7"))

    assert isinstance(candle, Candle)
    assert (candle.instrument, candle.minutes, candle.opened_at, str(candle.close)) == (BTC, 5, 300_000, "1.60")


def test_a_candle_frame_from_the_past_changes_nothing(line: Line) -> None:
    channel = "chart.trades.BTC-PERPETUAL.1"
    pushed(line, channel, bar(120_000, "1.5"))
    pushed(line, channel, bar(60_000, "9.9"))

    (candle,) = pushed(line, channel, bar(180_000, "1.7"))

    assert (candle.opened_at, str(candle.close)) == (120_000, "1.5")


def test_a_candle_cut_by_a_lost_connection_is_not_told_as_whole(line: Line) -> None:
    channel = "chart.trades.BTC-PERPETUAL.1"
    pushed(line, channel, bar(60_000, "1.5"))
    line.transport.cut("network")
    line.connects()
    line.forgets()

    assert pushed(line, channel, bar(120_000, "1.7")) == []


def test_a_day_candle_belongs_to_its_resolution(line: Line) -> None:
    channel = "chart.trades.BTC_USDC-PERPETUAL.1D"
    pushed(line, channel, bar(0, "1.5"))

    (candle,) = pushed(line, channel, bar(86_400_000, "1.7"))

    assert (candle.instrument, candle.minutes) == ("BTC_USDC-PERPETUAL", 1440)


# --- orders, fills, positions --------------------------------------------------------------------------------


def test_changes_tell_orders_fills_and_positions(line: Line) -> None:
    content = {"instrument_name": "BTC-PERPETUAL", "orders": [order()], "trades": [trade()], "positions": [POSITION]}

    news = pushed(line, "user.changes.any.any.raw", content)

    assert [type(item) for item in news] == [OrderSeen, FillSeen, PositionSeen]
    assert news[1].fill.fee == Decimal("0.00000054")
    assert news[2].holding.amount == Decimal("-10.0")


def test_one_bad_item_does_not_take_its_neighbours_along(line: Line) -> None:
    content = {"orders": [{"amount": 1}, order()], "trades": [None, trade()], "positions": ["x", POSITION]}

    news = pushed(line, "user.changes.any.any.raw", content)

    assert [type(item) for item in news] == [Unreadable, OrderSeen, Unreadable, FillSeen, Unreadable, PositionSeen]


SHAPES: dict[str, tuple[str, Any, list[type]]] = {
    "raw orders come as an object": ("user.orders.any.any.raw", order(), [OrderSeen]),
    "grouped orders come as a list": ("user.orders.any.any.100ms", [order(), order()], [OrderSeen, OrderSeen]),
    "trades come as a list": ("user.trades.any.any.raw", [trade()], [FillSeen]),
    "the manual's name for positions": ("user.changes.any.any.raw", {"position": [POSITION]}, [PositionSeen]),
    "empty lists": ("user.changes.any.any.raw", {"orders": [], "trades": [], "positions": []}, []),
    "a portfolio": ("user.portfolio.any", {"currency": "btc", "balance": 1, "equity": 1}, [PortfolioSeen]),
    "a portfolio without equity": ("user.portfolio.any", {"currency": "btc", "balance": 1}, [Unreadable]),
    "a channel nobody asked for": ("book.BTC-PERPETUAL.raw", {}, [Unreadable]),
    "a private channel nobody asked for": ("user.mmp_trigger.btc_usd", {}, [Unreadable]),
    "the state of public methods": ("platform_state.public_methods_state", {}, []),
}


@pytest.mark.parametrize(("channel", "content", "kinds"), SHAPES.values(), ids=SHAPES)
def test_each_channel_is_read_in_the_shapes_it_comes_in(
    line: Line, channel: str, content: Any, kinds: list[type]
) -> None:
    assert [type(item) for item in pushed(line, channel, content)] == kinds


def test_an_untriggered_market_stop_has_no_price_and_nothing_filled(line: Line) -> None:
    stop = order(order_type="stop_market", order_state="untriggered", price="market_price", trigger="mark_price")
    del stop["filled_amount"], stop["average_price"]

    (seen,) = pushed(line, "user.orders.any.any.raw", stop | {"trigger_price": 63000})

    assert (seen.order.price, seen.order.filled_amount, seen.order.trigger_price) == (None, 0, 63000)


def test_an_order_with_a_new_word_is_strange_but_not_lost(line: Line) -> None:
    (seen,) = pushed(line, "user.orders.any.any.raw", order(order_state="frozen"))

    assert isinstance(seen.order, StrangeOrder)
    assert (seen.order.order_id, seen.order.state, seen.order.label) == ("81944428472", "frozen", order()["label"])


DORMANT = {
    "a slot": ({"order_id": "OTO-80322590", "is_secondary_oto": True}, True),
    "a slot of another currency": ({"order_id": "ETH-OTO-1", "is_secondary_oto": True, "oco_ref": "x"}, True),
    "no slot id and no relation": ({"order_id": "12", "is_secondary_oto": True}, True),
    "alive, waiting for its trigger": (
        {"order_id": "SLMS-1", "is_secondary_oto": True, "oco_ref": "x", "primary_order_id": "1"},
        False,
    ),
    "a stop that stands alone": ({"order_id": "SLMS-1"}, False),
}


@pytest.mark.parametrize(("changes", "is_dormant"), DORMANT.values(), ids=DORMANT)
def test_a_child_is_dormant_until_it_shows_that_it_came_alive(
    line: Line, changes: dict[str, Any], is_dormant: bool
) -> None:
    (seen,) = pushed(line, "user.orders.any.any.raw", order(order_state="untriggered", **changes))

    assert seen.order.is_dormant is is_dormant


POSITIONS = {
    "inverse, in USD": ({}, "-10.0"),
    "inverse, unsigned in the manual's example": ({"size": 50}, "-50"),
    "long": ({"size": 50, "direction": "buy"}, "50"),
    "flat": ({"size": 0, "direction": "zero", "average_price": 0}, "0"),
    "linear, in coins": ({"instrument_name": "BTC_USDC-PERPETUAL", "size": -640, "size_currency": "-0.01"}, "-0.01"),
}


@pytest.mark.parametrize(("changes", "amount"), POSITIONS.values(), ids=POSITIONS)
def test_a_position_is_told_in_order_units_with_the_sign_of_its_side(
    line: Line, changes: dict[str, Any], amount: str
) -> None:
    (seen,) = pushed(line, "user.changes.any.any.raw", {"positions": [POSITION | changes]})

    assert seen.holding.amount == Decimal(amount)


# --- locks, maintenance, errors ------------------------------------------------------------------------------


def test_a_lock_is_told_when_it_changes_however_often_it_is_repeated(line: Line) -> None:
    for is_locked in (False, True, True, True, False, False):
        pushed(line, "platform_state", {"price_index": "sol_usdc", "locked": is_locked, "reasons": []})

    assert line.news == [
        Locked(scope=LockScope.INDEX, name="sol_usdc", is_locked=True),
        Locked(scope=LockScope.INDEX, name="sol_usdc", is_locked=False),
    ]


def test_a_locked_account_is_told(line: Line) -> None:
    news = pushed(line, "user.lock", {"currency": "ALL", "locked": True})

    assert news == [Locked(scope=LockScope.ACCOUNT, name="ALL", is_locked=True)]


def test_maintenance_is_told_once_however_it_is_learned(line: Line) -> None:
    line.hears({"jsonrpc": "2.0", "error": {"code": 11051, "message": "system_maintenance"}})
    pushed(line, "platform_state", {"maintenance": True})
    line.venue.refuses("private/get_positions", 11051, "system_maintenance")
    line.submits(GetPositions())
    pushed(line, "platform_state", {"maintenance": False})

    assert line.told(Maintenance) == [Maintenance(is_on=True), Maintenance(is_on=False)]


def test_an_error_that_answers_nothing_is_told(line: Line) -> None:
    line.hears({"jsonrpc": "2.0", "error": {"code": -32600, "message": "request entity too large"}})

    assert line.news == [ErrorTold(code=-32600, message="request entity too large")]


# --- anything at all -----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    (
        *("id", "result", "error", "method", "params", "channel", "data", "type", "code", "message", "subscription"),
        *("heartbeat", "test_request", "order", "trades", "orders", "positions", "instrument_name", "order_id"),
        *("order_state", "amount", "price", "tick", "maintenance", "locked", "currency", "usIn", "usOut", "buy"),
        *("ticker.A.100ms", "user.changes.any.any.raw", "user.orders.x.raw", "user.portfolio.any", "user.lock"),
        *("platform_state", "chart.trades.A.1", "limit", "NaN", "market_price", "access_token", "expires_in"),
        *("mark_price", "scope", "enabled", "direction", "limits", "rate", "burst", "matching_engine"),
    )
)
NUMBERS = st.integers() | st.decimals() | st.just(Decimal("1e999999")) | st.integers(min_value=0, max_value=12)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=8),
    max_leaves=25,
)
FRAMES = st.dictionaries(WORDS, JSON, max_size=5) | st.builds(
    lambda channel, content: {"method": "subscription", "params": {"channel": channel, "data": content}}, WORDS, JSON
)
REPLIES = st.builds(lambda key, body: {key: body}, st.sampled_from(["result", "error"]), JSON)


@__import__("hypothesis").settings(max_examples=3000, deadline=None)
@given(frames=st.lists(FRAMES, max_size=4))
def test_no_frame_whatever_it_is_breaks_a_ready_connection(frames: list[dict[str, Any]]) -> None:
    line = Line().connects()

    for frame in frames:
        line.hears(frame)
    line.waits(30_000)


@__import__("hypothesis").settings(max_examples=3000, deadline=None)
@given(bodies=st.lists(REPLIES, min_size=1, max_size=10))
def test_no_answer_whatever_it_is_breaks_the_way_to_ready(bodies: list[dict[str, Any]]) -> None:
    """Every request of the handshake in turn is answered with nonsense."""
    line = Line()
    line.venue.holds_back(*("public/get_time", "public/auth", "public/set_heartbeat", "private/subscribe"))
    line.venue.holds_back("private/get_cancel_on_disconnect", "private/get_account_summary")
    line.connects()

    for body in bodies:
        held, line.venue.held = line.venue.held, []
        for reply in held:
            line.hears({"jsonrpc": "2.0", "id": reply["id"], **body})
    line.waits(60_000)
