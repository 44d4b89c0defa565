"""Requests in Deribit's words: method, parameters, and what they are paid from.

Optional values are left out, never null. Nothing is rounded: a number leaves with the digits it came with.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_never

from brokers import requests as ask
from brokers.deribit.budget import Pool
from brokers.deribit.market import RESOLUTIONS
from trading.errors import BadInput
from trading.values import LinkedOrderType, Milliseconds, OrderType, Side

Params = dict[str, Any]

LABEL_MAX = 64

# These run in the book at once: the exchange refuses a time in force and a price with them.
_MARKET_LIKE = frozenset({OrderType.MARKET, OrderType.MARKET_LIMIT, OrderType.STOP_MARKET, OrderType.TAKE_MARKET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What goes out for one request."""

    method: str
    params: Params
    pool: Pool = Pool.OTHER


def call(request: ask.Writing | ask.Reading, valid_until: Milliseconds) -> Call:
    """Put a request into Deribit's words; raises BadInput when it cannot be meant as it is."""
    match request:
        case ask.PlaceOrder():
            params = {"instrument_name": request.instrument, **_order(request), "valid_until": int(valid_until)}
            return Call(method=_verb(request.side), params=params, pool=Pool.MATCHING)
        case ask.PlaceBracket():
            return _bracket(request, valid_until)
        case ask.EditOrder():
            return _edit(request, valid_until)
        case ask.CancelOrder():
            return Call(method="private/cancel", params={"order_id": request.order_id}, pool=Pool.MATCHING)
        case ask.CancelByLabel():
            params = {"label": request.label, "currency": request.currency}
            return Call(method="private/cancel_by_label", params=params, pool=Pool.MATCHING)
        case ask.ClosePosition():
            params = {"instrument_name": request.instrument, "type": "market"}
            return Call(method="private/close_position", params=params, pool=Pool.MATCHING)
        case ask.DisarmCancelOnDisconnect():
            return Call(method="private/disable_cancel_on_disconnect", params={"scope": "connection"})
        case _:
            return _reading(request)


def _reading(request: ask.Reading) -> Call:
    match request:
        case ask.GetOpenOrders():
            return Call(method="private/get_open_orders", params={})
        case ask.GetOpenOrdersByLabel(currency=currency, label=label):
            return Call(method="private/get_open_orders_by_label", params={"currency": currency, "label": label})
        case ask.GetOrder():
            return Call(method="private/get_order_state", params={"order_id": request.order_id})
        case ask.GetOrdersByLabel(currency=currency, label=label):
            return Call(method="private/get_order_state_by_label", params={"currency": currency, "label": label})
        case ask.GetOrderHistory():
            return Call(method="private/get_order_history_by_currency", params=_history(request))
        case ask.GetTriggerHistory():
            return Call(method="private/get_trigger_order_history", params=_trigger_history(request))
        case ask.GetFills():
            return Call(method="private/get_user_trades_by_currency_and_time", params=_fills(request))
        case ask.GetFillsOfOrder():
            params: Params = {"order_id": request.order_id, "sorting": "asc"}
            return Call(method="private/get_user_trades_by_order", params=params | _historical(request.historical))
        case ask.GetPositions():
            return Call(method="private/get_positions", params={"currency": "any"})
        case ask.GetAccountSummary():
            return Call(method="private/get_account_summary", params={"currency": request.currency, "extended": True})
        case ask.GetInstruments():
            params = {"currency": request.currency, "kind": "future", "expired": False}
            return Call(method="public/get_instruments", params=params, pool=Pool.INSTRUMENTS)
        case ask.GetInstrument():
            return Call(method="public/get_instrument", params={"instrument_name": request.instrument})
        case ask.GetTicker():
            return Call(method="public/ticker", params={"instrument_name": request.instrument})
        case ask.GetCandles():
            return Call(method="public/get_tradingview_chart_data", params=_candles(request))
        case ask.GetLedger():
            return Call(method="private/get_transaction_log", params=_ledger(request), pool=Pool.LEDGER)
        case ask.GetCancelOnDisconnect():
            return Call(method="private/get_cancel_on_disconnect", params={"scope": request.scope})
        case _:
            assert_never(request)


def _verb(side: Side) -> str:
    return "private/buy" if side is Side.BUY else "private/sell"


def _number(number: Decimal, what: str) -> Decimal:
    if not (number.is_finite() and number > 0):
        raise BadInput(f"{what} must be above zero", number)
    return number


def _label(label: str) -> str:
    if not 0 < len(label) <= LABEL_MAX:
        raise BadInput(f"a label has 1 to {LABEL_MAX} characters", label)
    return label


def _order(order: ask.PlaceOrder) -> Params:
    """Give what an order and a bracket's leg have in common."""
    if order.type.has_price != (order.price is not None):
        raise BadInput(f"an order of type {order.type} {'needs a' if order.price is None else 'takes no'} price", order)
    if order.type.is_trigger != (order.trigger is not None):
        raise BadInput(f"an order of type {order.type} and the trigger {order.trigger} do not fit", order)
    params: Params = {
        "amount": _number(order.amount, "the amount"),
        "type": order.type.value,
        "label": _label(order.label),
    }
    if order.price is not None:
        params["price"] = _number(order.price, "the price")
    if order.trigger is not None:
        params["trigger"] = order.trigger.value
        params.update(_trigger_at(order))
    if order.time_in_force is not None and order.type not in _MARKET_LIKE:
        params["time_in_force"] = order.time_in_force.value
    params.update(_flags(order))
    return params


def _trigger_at(order: ask.PlaceOrder) -> Params:
    if order.type is OrderType.TRAILING_STOP:
        if order.trigger_offset is None:
            raise BadInput("a trailing stop needs its distance", order)
        return {"trigger_offset": _number(order.trigger_offset, "the distance")}
    if order.trigger_price is None:
        raise BadInput(f"an order of type {order.type} needs a trigger price", order)
    return {"trigger_price": _number(order.trigger_price, "the trigger price")}


def _flags(order: ask.PlaceOrder) -> Params:
    """Give the flags that are set; left out means false."""
    names = ("post_only", "reject_post_only", "reduce_only")
    return {name: True for name in names if getattr(order, name)}


def _bracket(request: ask.PlaceBracket, valid_until: Milliseconds) -> Call:
    entry = request.entry
    legs = []
    for leg in (request.stop, request.target):
        if leg.instrument != entry.instrument or leg.side is entry.side:
            raise BadInput("an exit must be on its entry's instrument and on the other side", leg)
        # Reduce-only whatever was asked: with the condition first_hit the legs may be larger than the position.
        legs.append({"direction": leg.side.value, **_order(leg), "reduce_only": True})
    if len({entry.label, request.stop.label, request.target.label}) != len(legs) + 1:
        raise BadInput("each leg needs a label of its own: it is how the children are known again", entry.label)
    params = {
        "instrument_name": entry.instrument,
        **_order(entry),
        "linked_order_type": LinkedOrderType.ONE_TRIGGERS_ONE_CANCELS_OTHER.value,
        "trigger_fill_condition": request.fill_condition.value,
        "otoco_config": legs,
        "valid_until": int(valid_until),
    }
    return Call(method=_verb(entry.side), params=params, pool=Pool.MATCHING)


def _edit(request: ask.EditOrder, valid_until: Milliseconds) -> Call:
    params: Params = {
        "order_id": request.order_id,
        "amount": _number(request.amount, "the amount"),
        # Stated even when false: what happens to a flag left out of an edit is not the same everywhere.
        "reduce_only": request.reduce_only,
        "post_only": request.post_only,
        "reject_post_only": request.reject_post_only,
        "valid_until": int(valid_until),
    }
    for name in ("price", "trigger_price", "trigger_offset"):
        number = getattr(request, name)
        if number is not None:
            params[name] = _number(number, name)
    return Call(method="private/edit", params=params, pool=Pool.MATCHING)


def _historical(historical: bool) -> Params:  # noqa: FBT001 - one flag of the wire, passed through
    return {"historical": True} if historical else {}


def _history(request: ask.GetOrderHistory) -> Params:
    return {
        "currency": request.currency,
        "count": request.count,
        "offset": request.offset,
        # Without these two the history is silent about orders cancelled unfilled and about older ones.
        "include_old": True,
        "include_unfilled": True,
        **_historical(request.historical),
    }


def _trigger_history(request: ask.GetTriggerHistory) -> Params:
    params: Params = {"currency": request.currency, "count": request.count}
    if request.instrument is not None:
        params["instrument_name"] = request.instrument
    if request.continuation is not None:
        params["continuation"] = request.continuation
    return params


def _fills(request: ask.GetFills) -> Params:
    return {
        "currency": request.currency,
        "start_timestamp": int(request.since),
        "end_timestamp": int(request.until),
        "count": request.count,
        "sorting": "asc",
        **_historical(request.historical),
    }


def _candles(request: ask.GetCandles) -> Params:
    if request.minutes not in RESOLUTIONS:
        raise BadInput(f"there are no candles of {request.minutes} minutes", sorted(RESOLUTIONS))
    return {
        "instrument_name": request.instrument,
        "start_timestamp": int(request.since),
        "end_timestamp": int(request.until),
        "resolution": RESOLUTIONS[request.minutes],
    }


def _ledger(request: ask.GetLedger) -> Params:
    params: Params = {
        "currency": request.currency,
        "start_timestamp": int(request.since),
        "end_timestamp": int(request.until),
        "count": request.count,
    }
    if request.continuation is not None:
        number = request.continuation
        params["continuation"] = int(number) if number.isdecimal() else number
    return params
