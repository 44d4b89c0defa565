"""Cancelling: one order, or all that match."""

from collections.abc import Callable
from typing import Any, Final

from exchange import shapes
from exchange.channels import KINDS, indexes
from exchange.credits import CANCEL_ALL, MATCHING
from exchange.errors import bad_param
from exchange.instruments import CURRENCIES
from exchange.methods.registry import INSTRUMENT, WRITE, Call, method
from exchange.params import Param
from exchange.records import TRIGGER_TYPES, Order

Want = Callable[[Order], bool]

_OF_TYPE: Final[dict[str, frozenset[str]]] = {
    "limit": frozenset({"limit", "market_limit"}),
    "trigger_all": TRIGGER_TYPES,
    "stop": frozenset({"stop_limit", "stop_market"}),
    "take": frozenset({"take_limit", "take_market"}),
    "trailing_stop": frozenset({"trailing_stop"}),
}
_TYPE: Final = Param("type", choices=("all", *_OF_TYPE), default="all")
_KIND: Final = Param("kind", choices=KINDS, default="any")
_DETAILED: Final = Param("detailed", "flag", default=False)
_FREEZE: Final = Param("freeze_quotes", "flag")


@method("private/cancel", Param("order_id", required=True), scope=WRITE, bucket=MATCHING)
def cancel(call: Call) -> Any:
    """The result is the order itself."""
    engine = call.floor.engine
    order = engine.cancel(call.account, call.params["order_id"], call.now_ms)
    return shapes.order(order, engine.markets[order.instrument_name].spec, call.account.user_id, engine.switches)


def _cancel(call: Call, want: Want) -> Any:
    """A count, or with `detailed` reports of what was cancelled."""
    engine = call.floor.engine
    gone = engine.cancel_where(call.account, want, call.now_ms)
    if not call.params.get("detailed"):
        return len(gone)
    reports: dict[tuple[str, str], dict[str, Any]] = {}
    for order in gone:
        spec = engine.markets[order.instrument_name].spec
        kind = "trigger" if order.order_type in TRIGGER_TYPES else "limit"
        report = reports.setdefault(
            (order.instrument_name, kind),
            {
                "currency": spec.settlement_currency,
                "type": kind,
                "instrument_name": order.instrument_name,
                "result": [],
            },
        )
        report["result"].append(shapes.order(order, spec, call.account.user_id, engine.switches))
    return list(reports.values())


def _of_type(call: Call) -> Want:
    """What `type` and `kind` ask for."""
    if call.params.get("kind", "any") not in {"any", "future"}:
        return lambda _order: False
    kind = call.params.get("type", "all")
    if kind == "all":
        return lambda _order: True
    types = _OF_TYPE[kind]
    return lambda order: order.order_type in types


def _in(call: Call, order: Order, currencies: list[str]) -> bool:
    spec = call.floor.engine.markets[order.instrument_name].spec
    return "any" in currencies or spec.settlement_currency in currencies


@method("private/cancel_all", _DETAILED, _FREEZE, scope=WRITE, bucket=CANCEL_ALL)
def cancel_all(call: Call) -> Any:
    """Everything, triggers and dormant children included."""
    return _cancel(call, lambda _order: True)


@method(
    "private/cancel_all_by_currency",
    Param("currency", required=True, choices=CURRENCIES),
    _KIND,
    _TYPE,
    _DETAILED,
    _FREEZE,
    scope=WRITE,
    bucket=MATCHING,
)
def cancel_all_by_currency(call: Call) -> Any:
    """Everything that settles in one currency."""
    wanted, currency = _of_type(call), [call.params["currency"]]
    return _cancel(call, lambda order: wanted(order) and _in(call, order, currency))


@method(
    "private/cancel_all_by_instrument",
    INSTRUMENT,
    _TYPE,
    _DETAILED,
    _FREEZE,
    Param("include_combos", "flag"),
    scope=WRITE,
    bucket=MATCHING,
)
def cancel_all_by_instrument(call: Call) -> Any:
    """Everything on one instrument."""
    name, wanted = call.market.spec.instrument_name, _of_type(call)
    return _cancel(call, lambda order: wanted(order) and order.instrument_name == name)


@method(
    "private/cancel_all_by_kind_or_type",
    Param("currency", "texts", required=True, choices=(*CURRENCIES, "any")),
    _KIND,
    _TYPE,
    _DETAILED,
    _FREEZE,
    scope=WRITE,
    bucket=MATCHING,
)
def cancel_all_by_kind_or_type(call: Call) -> Any:
    """Everything of these currencies, of one kind or type."""
    wanted, currencies = _of_type(call), call.params["currency"]
    return _cancel(call, lambda order: wanted(order) and _in(call, order, currencies))


@method(
    "private/cancel_all_by_currency_pair",
    Param("currency_pair", required=True),
    _KIND,
    _TYPE,
    _DETAILED,
    _FREEZE,
    scope=WRITE,
    bucket=MATCHING,
)
def cancel_all_by_currency_pair(call: Call) -> Any:
    """Everything whose instrument follows one index."""
    markets, pair, wanted = call.floor.engine.markets, call.params["currency_pair"], _of_type(call)
    if pair not in indexes(markets.values()):
        raise bad_param("currency_pair", "unknown currency pair")
    return _cancel(call, lambda order: wanted(order) and markets[order.instrument_name].spec.price_index == pair)


@method(
    "private/cancel_by_label",
    Param("label", required=True),
    Param("currency", choices=CURRENCIES),
    _DETAILED,
    scope=WRITE,
    bucket=MATCHING,
)
def cancel_by_label(call: Call) -> Any:
    """Every live order with the label; none is no error."""
    label, currencies = call.params["label"], [call.params.get("currency", "any")]
    return _cancel(call, lambda order: order.label == label and _in(call, order, currencies))
