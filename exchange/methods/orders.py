"""Reading orders: live ones, and what is left of closed ones."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from exchange import shapes
from exchange.channels import KINDS
from exchange.errors import bad_param
from exchange.instruments import CURRENCIES
from exchange.methods.registry import INSTRUMENT, READ, Call, method
from exchange.params import Param
from exchange.records import TRIGGER_TYPES, Order

_OF_TYPE: Final[dict[str, frozenset[str]]] = {
    "limit": frozenset({"limit", "market_limit"}),
    "trigger_all": TRIGGER_TYPES,
    "stop_all": frozenset({"stop_limit", "stop_market"}),
    "stop_limit": frozenset({"stop_limit"}),
    "stop_market": frozenset({"stop_market"}),
    "take_all": frozenset({"take_limit", "take_market"}),
    "take_limit": frozenset({"take_limit"}),
    "take_market": frozenset({"take_market"}),
    "trailing_all": frozenset({"trailing_stop"}),
    "trailing_stop": frozenset({"trailing_stop"}),
}
_TYPE: Final = Param("type", choices=("all", *_OF_TYPE), default="all")
_KIND: Final = Param("kind", choices=KINDS, default="any")
_CURRENCY: Final = Param("currency", required=True, choices=CURRENCIES)
_LABEL: Final = Param("label", required=True)
_HISTORY: Final = (
    Param("count", "integer", least=1, most=1000, default=20),
    Param("offset", "integer", least=0, default=0),
    Param("include_old", "flag", default=False),
    Param("include_unfilled", "flag", default=False),
    Param("historical", "flag", default=False),
    Param("with_continuation", "flag", default=False),
    Param("continuation"),
)


def show(call: Call, orders: Iterable[Order]) -> list[dict[str, Any]]:
    """The orders as the wire has them."""
    engine = call.floor.engine
    return [
        shapes.order(order, engine.markets[order.instrument_name].spec, call.account.user_id, engine.switches)
        for order in orders
    ]


def settles_in(call: Call, order: Order, currency: str) -> bool:
    """Is this the currency by which the order is found?"""
    return call.floor.engine.markets[order.instrument_name].spec.settlement_currency == currency


def _open(call: Call, want: Callable[[Order], bool]) -> list[dict[str, Any]]:
    kind, types = call.params.get("kind", "any"), _OF_TYPE.get(call.params.get("type", "all"))
    if kind not in {"any", "future"}:
        return []
    live = call.floor.engine.open_orders(call.account)
    return show(call, [order for order in live if (types is None or order.order_type in types) and want(order)])


@method("private/get_open_orders", _KIND, _TYPE, scope=READ)
def get_open_orders(call: Call) -> Any:
    """All live orders, dormant children included."""
    return _open(call, lambda _order: True)


@method("private/get_open_orders_by_currency", _CURRENCY, _KIND, _TYPE, scope=READ)
def get_open_orders_by_currency(call: Call) -> Any:
    """The live orders that settle in one currency."""
    currency = call.params["currency"]
    return _open(call, lambda order: settles_in(call, order, currency))


@method("private/get_open_orders_by_instrument", INSTRUMENT, _TYPE, scope=READ)
def get_open_orders_by_instrument(call: Call) -> Any:
    """The live orders on one instrument."""
    name = call.market.spec.instrument_name
    return _open(call, lambda order: order.instrument_name == name)


@method("private/get_open_orders_by_label", _CURRENCY, Param("label", default=""), scope=READ)
def get_open_orders_by_label(call: Call) -> Any:
    """The live orders with one label, in one currency."""
    currency, label = call.params["currency"], call.params.get("label", "")
    return _open(call, lambda order: order.label == label and settles_in(call, order, currency))


@method("private/get_order_state", Param("order_id", required=True), scope=READ)
def get_order_state(call: Call) -> Any:
    """One order, live or closed within half an hour."""
    order = call.floor.engine.order_state(call.account, call.params["order_id"], call.now_ms)
    return show(call, [order])[0]


@method("private/get_order_state_by_label", _CURRENCY, _LABEL, scope=READ)
def get_order_state_by_label(call: Call) -> Any:
    """A list: live ones, and those closed within half an hour."""
    params = call.params
    return show(
        call,
        call.floor.engine.orders_by_label(call.account, params["label"], params["currency"], call.now_ms),
    )


def _history(call: Call, want: Callable[[Order], bool]) -> Any:
    """Closed orders, newest first; with a continuation, the page after that order."""
    params = call.params
    found = call.floor.engine.order_history(
        call.account,
        want=want,
        now_ms=call.now_ms,
        include_old=params["include_old"],
        include_unfilled=params["include_unfilled"],
        historical=params["historical"],
    )
    start = params["offset"]
    if "continuation" in params:
        start = after(params["continuation"], [order.order_id for order in found])
    page = found[start : start + params["count"]]
    shown = show(call, page)
    if not params["with_continuation"] and "continuation" not in params:
        return shown
    more = start + len(page) < len(found)
    return {"orders": shown, "continuation": page[-1].order_id if more and page else None}


def after(continuation: str, keys: list[str]) -> int:
    """Where the page after this key begins. Raises Refusal."""
    if continuation not in keys:
        raise bad_param("continuation", "unknown continuation")
    return keys.index(continuation) + 1


@method("private/get_order_history_by_instrument", INSTRUMENT, *_HISTORY, scope=READ)
def get_order_history_by_instrument(call: Call) -> Any:
    """Closed orders of one instrument."""
    name = call.market.spec.instrument_name
    return _history(call, lambda order: order.instrument_name == name)


@method("private/get_order_history_by_currency", _CURRENCY, _KIND, *_HISTORY, scope=READ)
def get_order_history_by_currency(call: Call) -> Any:
    """Closed orders that settle in one currency."""
    currency, wanted = call.params["currency"], call.params["kind"] in {"any", "future"}
    return _history(call, lambda order: wanted and settles_in(call, order, currency))
