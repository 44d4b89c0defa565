"""Placing and editing orders."""

from decimal import Decimal
from typing import Any, Final

from exchange import params as wire
from exchange import shapes
from exchange.credits import MATCHING
from exchange.editing import Edit
from exchange.errors import Refusal, bad_param
from exchange.methods.registry import INSTRUMENT, WRITE, Call, method
from exchange.params import Param, Table
from exchange.records import Leg, Order, Ticket, Trade

LABEL_LENGTH: Final = 64
LEGS_MAX: Final = 2
TYPES: Final = (
    "limit",
    "stop_limit",
    "take_limit",
    "market",
    "stop_market",
    "take_market",
    "market_limit",
    "trailing_stop",
)
TRIGGERS: Final = ("index_price", "mark_price", "last_price")
TIMES: Final = ("good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel")
CONDITIONS: Final = ("first_hit", "complete_fill", "incremental")
LINKS: Final = ("one_triggers_other", "one_cancels_other", "one_triggers_one_cancels_other")

_FLAGS: Final = (Param("post_only", "flag"), Param("reject_post_only", "flag"), Param("reduce_only", "flag"))
_SIZE: Final = (Param("amount", "number"), Param("contracts", "number"))
_SHARED: Final[Table] = (
    Param("type", choices=TYPES),
    Param("label", most=LABEL_LENGTH),
    Param("price", "number"),
    Param("time_in_force", choices=TIMES),
    *_FLAGS,
    Param("trigger", choices=TRIGGERS),
    Param("trigger_price", "number"),
    Param("trigger_offset", "number"),
)
_ORDER: Final[Table] = (
    INSTRUMENT,
    *_SIZE,
    *_SHARED,
    Param("display_amount", "number"),
    Param("mmp", "flag"),
    Param("advanced", choices=("usd", "implv")),
    Param("valid_until", "integer"),
    Param("linked_order_type", choices=LINKS),
    Param("trigger_fill_condition", choices=CONDITIONS),
    Param("otoco_config", "objects", most=LEGS_MAX),
)
_LEG: Final[Table] = (*_SIZE, Param("direction", required=True, choices=("buy", "sell")), *_SHARED)
_EDIT: Final[Table] = (
    *_SIZE,
    Param("price", "number"),
    *_FLAGS,
    Param("trigger_price", "number"),
    Param("trigger_offset", "number"),
    Param("mmp", "flag"),
    Param("display_amount", "number"),
    Param("advanced", choices=("usd", "implv")),
    Param("valid_until", "integer"),
)
_TICKET_FIELDS: Final = frozenset(Ticket.__struct_fields__)
_LEG_FIELDS: Final = frozenset(Leg.__struct_fields__)
_EDIT_FIELDS: Final = frozenset(Edit.__struct_fields__)


def answer(call: Call, outcome: tuple[Order, list[Trade]]) -> dict[str, Any]:
    """The order and its immediate trades, as buy, sell, edit and close_position answer."""
    order, trades = outcome
    engine = call.floor.engine
    spec = engine.markets[order.instrument_name].spec
    return {
        "order": shapes.order(order, spec, call.account.user_id, engine.switches),
        "trades": [shapes.trade(entry, spec, engine.switches) for entry in trades],
    }


def check_deadline(call: Call) -> None:
    """Too late: nothing happens. Raises Refusal."""
    until_ms = call.params.get("valid_until")
    if until_ms is not None and call.floor.clock_ms(call.now_ms) > until_ms:
        raise Refusal(13888)


def _ticket(call: Call, direction: str) -> Ticket:
    given = call.params
    spec = call.market.spec
    amount = wire.amount(given, spec.contract_size)
    if amount is None:
        raise bad_param("amount", "value is required")
    legs: list[Leg] = []
    for number, raw in enumerate(given.get("otoco_config", ())):
        leg = wire.read(_LEG, raw)
        leg_amount = wire.amount(leg, spec.contract_size)
        if leg_amount is None:
            raise bad_param(f"otoco_config[{number}].amount", "value is required")
        fields = {name: value for name, value in leg.items() if name in _LEG_FIELDS}
        legs.append(Leg(**(fields | {"amount": leg_amount})))
    fields = {name: value for name, value in given.items() if name in _TICKET_FIELDS}
    fields |= {"amount": amount, "direction": direction, "legs": tuple(legs), "session_id": _cod_id(call)}
    return Ticket(**fields)


def _cod_id(call: Call) -> int:
    """Orders remember the socket they came over, for cancel on disconnect; HTTP has none."""
    return call.session.id if call.session.is_ws else 0


def _place(call: Call, direction: str) -> dict[str, Any]:
    check_deadline(call)
    return answer(call, call.floor.engine.place(call.account, _ticket(call, direction), call.now_ms))


@method("private/buy", *_ORDER, scope=WRITE, bucket=MATCHING)
def buy(call: Call) -> Any:
    """Place a buy order, with the orders linked to it."""
    return _place(call, "buy")


@method("private/sell", *_ORDER, scope=WRITE, bucket=MATCHING)
def sell(call: Call) -> Any:
    """Place a sell order, with the orders linked to it."""
    return _place(call, "sell")


def _edit(call: Call, contract_size: Decimal) -> Edit:
    check_deadline(call)
    fields = {name: value for name, value in call.params.items() if name in _EDIT_FIELDS}
    amount = wire.amount(call.params, contract_size)
    return Edit(**(fields | {"amount": amount}))


@method("private/edit", Param("order_id", required=True), *_EDIT, scope=WRITE, bucket=MATCHING)
def edit(call: Call) -> Any:
    """`amount` is the new total, what has been filled included."""
    engine, order_id = call.floor.engine, call.params["order_id"]
    order = engine.find_live(call.account, order_id, call.now_ms)
    wish = _edit(call, engine.markets[order.instrument_name].spec.contract_size)
    return answer(call, engine.edit(call.account, order_id, wish, call.now_ms))


@method("private/edit_by_label", Param("label", default=""), INSTRUMENT, *_EDIT, scope=WRITE, bucket=MATCHING)
def edit_by_label(call: Call) -> Any:
    """Only when exactly one live order has the label."""
    wish = _edit(call, call.market.spec.contract_size)
    label, name = call.params.get("label", ""), call.params["instrument_name"]
    return answer(call, call.floor.engine.edit_by_label(call.account, label, name, wish, call.now_ms))


@method(
    "private/close_position",
    INSTRUMENT,
    Param("type", required=True, choices=("limit", "market")),
    Param("price", "number"),
    scope=WRITE,
    bucket=MATCHING,
)
def close_position(call: Call) -> Any:
    """A reduce-only order for the whole position."""
    given = call.params
    name, kind, price = given["instrument_name"], given["type"], given.get("price")
    if kind == "limit" and price is None:
        raise bad_param("price", "value is required")
    outcome = call.floor.engine.close_position(
        call.account, name, kind, None if kind == "market" else price, call.now_ms, _cod_id(call)
    )
    return answer(call, outcome)
