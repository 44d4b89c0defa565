"""What goes out for a request, and what is refused before it does."""

from decimal import Decimal
from typing import Any

import pytest

from brokers import requests as ask
from brokers.outcomes import (
    LocalCode,
    Refused,
)
from brokers.requests import (
    EditOrder,
    PlaceBracket,
    PlaceOrder,
    Watch,
)
from tests.unit.brokers.venue import BTC, BUY, Line, order
from trading.values import (
    Currency,
    FillCondition,
    InstrumentName,
    LabelText,
    Milliseconds,
    OrderId,
    OrderType,
    Side,
    TimeInForce,
    TriggerSource,
)

STOP = PlaceOrder(
    instrument=BTC,
    side=Side.SELL,
    amount=Decimal(100),
    type=OrderType.STOP_MARKET,
    label=LabelText("tb:w:s:b1:stop"),
    trigger=TriggerSource.MARK_PRICE,
    trigger_price=Decimal("63000.0"),
    reduce_only=True,
)
TARGET = PlaceOrder(
    instrument=BTC,
    side=Side.SELL,
    amount=Decimal(100),
    type=OrderType.LIMIT,
    label=LabelText("tb:w:s:b1:target"),
    price=Decimal(66000),
    time_in_force=TimeInForce.GOOD_TIL_CANCELLED,
)
BRACKET = PlaceBracket(entry=BUY, stop=STOP, target=TARGET, fill_condition=FillCondition.FIRST_HIT)


@pytest.fixture
def line() -> Line:
    ready = Line().connects()
    ready.forgets()
    return ready


def changed(request: PlaceOrder, **changes: Any) -> PlaceOrder:
    fields = {name: getattr(request, name) for name in PlaceOrder.__dataclass_fields__}
    return PlaceOrder(**fields | changes)


def test_an_order_goes_out_with_its_digits_its_label_and_a_deadline_on_the_exchanges_clock(line: Line) -> None:
    line.submits(BUY)

    (params,) = line.venue.asked("private/buy")
    deadline = params.pop("valid_until")
    assert params == {
        "instrument_name": "BTC-PERPETUAL",
        "amount": Decimal(100),
        "type": "limit",
        "label": "tb:w:s:b1:entry",
        "price": Decimal("64000.5"),
    }
    assert str(params["price"]) == "64000.5"
    assert abs(deadline - (line.venue.now + line.venue.ahead_ms + 2_500)) <= 2


def test_a_deadline_written_down_before_is_kept(line: Line) -> None:
    deadline = line.venue.now + line.venue.ahead_ms + 777

    line.submits(changed(BUY, valid_until=Milliseconds(deadline)))

    assert line.venue.asked("private/buy")[0]["valid_until"] == deadline


def test_a_request_whose_deadline_is_over_is_refused_here_and_not_sent(line: Line) -> None:
    deadline = line.venue.now + line.venue.ahead_ms - 100

    line.submits(changed(BUY, valid_until=Milliseconds(deadline)))

    assert [outcome.code for outcome in line.told(Refused)] == [LocalCode.EXPIRED]
    assert line.venue.requests == []


def test_a_bracket_is_one_request_whose_legs_only_reduce_and_carry_labels_of_their_own(line: Line) -> None:
    line.submits(BRACKET)

    (params,) = line.venue.asked("private/buy")
    del params["valid_until"]
    assert params == {
        "instrument_name": "BTC-PERPETUAL",
        "amount": Decimal(100),
        "type": "limit",
        "label": "tb:w:s:b1:entry",
        "price": Decimal("64000.5"),
        "linked_order_type": "one_triggers_one_cancels_other",
        "trigger_fill_condition": "first_hit",
        "otoco_config": [
            {
                "direction": "sell",
                "amount": Decimal(100),
                "type": "stop_market",
                "label": "tb:w:s:b1:stop",
                "trigger": "mark_price",
                "trigger_price": Decimal("63000.0"),
                "reduce_only": True,
            },
            {
                "direction": "sell",
                "amount": Decimal(100),
                "type": "limit",
                "label": "tb:w:s:b1:target",
                "price": Decimal(66000),
                "time_in_force": "good_til_cancelled",
                "reduce_only": True,
            },
        ],
    }


def test_an_edit_states_every_flag_because_left_out_ones_may_fall_back(line: Line) -> None:
    line.venue.answers("private/edit", {"order": order(replaced=True), "trades": []})

    edit = EditOrder(order_id=OrderId("1"), amount=Decimal(50), reduce_only=True, trigger_price=Decimal("63100.0"))
    line.submits(edit)

    (params,) = line.venue.asked("private/edit")
    assert params.pop("valid_until") > line.venue.ahead_ms
    assert params == {
        "order_id": "1",
        "amount": Decimal(50),
        "reduce_only": True,
        "post_only": False,
        "reject_post_only": False,
        "trigger_price": Decimal("63100.0"),
    }


def test_a_market_order_goes_without_time_in_force_because_the_exchange_refuses_one(line: Line) -> None:
    market = changed(BUY, type=OrderType.MARKET, price=None, time_in_force=TimeInForce.GOOD_TIL_CANCELLED)

    line.submits(market)

    assert "time_in_force" not in line.venue.asked("private/buy")[0]


SENSELESS: dict[str, ask.Request] = {
    "a limit without a price": changed(BUY, price=None),
    "a market order with a price": changed(BUY, type=OrderType.MARKET),
    "a stop without a trigger": changed(STOP, trigger=None),
    "a stop without a trigger price": changed(STOP, trigger_price=None),
    "a trailing stop without a distance": changed(STOP, type=OrderType.TRAILING_STOP),
    "a trigger on a limit order": changed(BUY, trigger=TriggerSource.LAST_PRICE, trigger_price=Decimal(1)),
    "an amount of nothing": changed(BUY, amount=Decimal(0)),
    "an amount that is no number": changed(BUY, amount=Decimal("NaN")),
    "an endless price": changed(BUY, price=Decimal("Infinity")),
    "a negative price": changed(BUY, price=Decimal(-1)),
    "no label": changed(BUY, label=LabelText("")),
    "a label too long": changed(BUY, label=LabelText("x" * 65)),
    "an exit on the entry's side": PlaceBracket(
        entry=BUY, stop=changed(STOP, side=Side.BUY), target=TARGET, fill_condition=FillCondition.FIRST_HIT
    ),
    "an exit on another instrument": PlaceBracket(
        entry=BUY,
        stop=changed(STOP, instrument=InstrumentName("ETH-PERPETUAL")),
        target=TARGET,
        fill_condition=FillCondition.FIRST_HIT,
    ),
    "two legs with one label": PlaceBracket(
        entry=BUY, stop=STOP, target=changed(TARGET, label=STOP.label), fill_condition=FillCondition.FIRST_HIT
    ),
    "candles nobody has": Watch(candles=((BTC, 7),)),
    "history of candles nobody has": ask.GetCandles(
        instrument=BTC, minutes=7, since=Milliseconds(0), until=Milliseconds(1)
    ),
}


@pytest.mark.parametrize("request_", SENSELESS.values(), ids=SENSELESS)
def test_what_cannot_be_meant_is_refused_here_and_never_sent(line: Line, request_: ask.Request) -> None:
    ref = line.submits(request_)

    assert [(outcome.ref, outcome.code) for outcome in line.told(Refused)] == [(ref, LocalCode.MALFORMED)]
    assert line.venue.requests == []


BTC_COIN, ETH_COIN = Currency("BTC"), Currency("ETH")
SINCE, UNTIL = Milliseconds(5), Milliseconds(9)
LABEL = LabelText("a")
WIRE: dict[str, tuple[ask.Request, str, dict[str, Any]]] = {
    "every open order": (ask.GetOpenOrders(), "private/get_open_orders", {}),
    "open orders by label": (
        ask.GetOpenOrdersByLabel(currency=BTC_COIN, label=LABEL),
        "private/get_open_orders_by_label",
        {"currency": "BTC", "label": "a"},
    ),
    "orders by label": (
        ask.GetOrdersByLabel(currency=BTC_COIN, label=LABEL),
        "private/get_order_state_by_label",
        {"currency": "BTC", "label": "a"},
    ),
    "order history, the unfilled and the old ones too": (
        ask.GetOrderHistory(currency=ETH_COIN, count=20, offset=40, historical=True),
        "private/get_order_history_by_currency",
        {
            "currency": "ETH",
            "count": 20,
            "offset": 40,
            "include_old": True,
            "include_unfilled": True,
            "historical": True,
        },
    ),
    "trigger history": (
        ask.GetTriggerHistory(currency=BTC_COIN, instrument=BTC, continuation="x"),
        "private/get_trigger_order_history",
        {"currency": "BTC", "count": 100, "instrument_name": "BTC-PERPETUAL", "continuation": "x"},
    ),
    "fills, oldest first": (
        ask.GetFills(currency=BTC_COIN, since=SINCE, until=UNTIL),
        "private/get_user_trades_by_currency_and_time",
        {"currency": "BTC", "start_timestamp": 5, "end_timestamp": 9, "count": 1000, "sorting": "asc"},
    ),
    "the fills of an order": (
        ask.GetFillsOfOrder(order_id=OrderId("7"), historical=True),
        "private/get_user_trades_by_order",
        {"order_id": "7", "sorting": "asc", "historical": True},
    ),
    "every position": (ask.GetPositions(), "private/get_positions", {"currency": "any"}),
    "candles of a day": (
        ask.GetCandles(instrument=BTC, minutes=1440, since=SINCE, until=UNTIL),
        "public/get_tradingview_chart_data",
        {"instrument_name": "BTC-PERPETUAL", "start_timestamp": 5, "end_timestamp": 9, "resolution": "1D"},
    ),
    "the ledger's next page": (
        ask.GetLedger(currency=BTC_COIN, since=SINCE, until=UNTIL, continuation="12"),
        "private/get_transaction_log",
        {"currency": "BTC", "start_timestamp": 5, "end_timestamp": 9, "count": 250, "continuation": 12},
    ),
    "cancel": (ask.CancelOrder(order_id=OrderId("7")), "private/cancel", {"order_id": "7"}),
    "cancel by label": (
        ask.CancelByLabel(label=LABEL, currency=BTC_COIN),
        "private/cancel_by_label",
        {"label": "a", "currency": "BTC"},
    ),
    "close at market": (
        ask.ClosePosition(instrument=BTC),
        "private/close_position",
        {"instrument_name": "BTC-PERPETUAL", "type": "market"},
    ),
    "disarm": (ask.DisarmCancelOnDisconnect(), "private/disable_cancel_on_disconnect", {"scope": "connection"}),
}


@pytest.mark.parametrize(("request_", "method", "params"), WIRE.values(), ids=WIRE)
def test_each_request_goes_out_as_its_method_with_exactly_these_parameters(
    line: Line, request_: ask.Request, method: str, params: dict[str, Any]
) -> None:
    line.submits(request_)

    assert line.venue.methods == [method]
    assert line.venue.asked(method) == [params]
