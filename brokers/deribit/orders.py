"""Orders, fills, positions and the trigger history out of Deribit's objects."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from brokers.deribit.read import (
    flag,
    mapping,
    number,
    number_or_none,
    number_or_zero,
    objects,
    text,
    text_or_empty,
    whole,
    word,
)
from brokers.facts import StrangeOrder
from brokers.outcomes import Cancelled, Fills, Orders, Placed, Triggering, Triggerings
from trading.errors import BadInput
from trading.facts import Fill, Holding, Order
from trading.values import (
    ZERO,
    Currency,
    FillId,
    InstrumentName,
    LabelText,
    Liquidity,
    Milliseconds,
    OrderId,
    OrderState,
    OrderType,
    Side,
    TriggerSource,
)

# What stands in the place of a price while a market-type trigger order waits.
_NO_PRICE_YET = "market_price"


def order(raw: object) -> Order | StrangeOrder:
    """Read an order; one with unknown words is given as strange, because it exists all the same."""
    found = mapping(raw, "an order")
    try:
        return _order(found)
    except BadInput as bad:
        # Without an id or an amount it is not even a strange order: then this raises again.
        return StrangeOrder(
            order_id=OrderId(text(found, "order_id")),
            label=LabelText(text_or_empty(found, "label")),
            instrument=InstrumentName(text_or_empty(found, "instrument_name")),
            side=text_or_empty(found, "direction"),
            type=text_or_empty(found, "order_type"),
            state=text_or_empty(found, "order_state"),
            amount=number_or_zero(found, "amount"),
            why=bad.reason,
        )


def _order(raw: dict[str, Any]) -> Order:
    price = raw.get("price")
    state = word(raw, "order_state", OrderState)
    trigger_order_id = text_or_empty(raw, "trigger_order_id")
    return Order(
        order_id=OrderId(text(raw, "order_id")),
        label=LabelText(text_or_empty(raw, "label")),
        instrument=InstrumentName(text(raw, "instrument_name")),
        side=word(raw, "direction", Side),
        type=word(raw, "order_type", OrderType),
        state=state,
        amount=number(raw, "amount"),
        filled_amount=number_or_zero(raw, "filled_amount"),
        average_price=number_or_zero(raw, "average_price"),
        price=None if price == _NO_PRICE_YET else number_or_none(raw, "price"),
        trigger=word(raw, "trigger", TriggerSource) if raw.get("trigger") is not None else None,
        trigger_price=number_or_none(raw, "trigger_price"),
        reduce_only=flag(raw, "reduce_only"),
        post_only=flag(raw, "post_only"),
        oco_ref=text_or_empty(raw, "oco_ref"),
        trigger_order_id=OrderId(trigger_order_id) if trigger_order_id else None,
        is_dormant=_is_dormant(raw, state),
        cancel_reason=text_or_empty(raw, "cancel_reason"),
        reject_reason=text_or_empty(raw, "reject_reason"),
        updated_at=Milliseconds(
            whole(raw, "last_update_timestamp" if "last_update_timestamp" in raw else "creation_timestamp")
        ),
    )


def _is_dormant(raw: dict[str, Any], state: OrderState) -> bool:
    """Whether this is a child that still waits for its primary, or the slot it has left.

    A child that came alive may be untriggered too (it is a stop), so this must not say dormant too rarely: a
    dormant stop taken for a live one is a position without cover. A slot id is dormant for certain; without one,
    a child that names neither its primary nor its sibling has not come alive yet.
    """
    if not flag(raw, "is_secondary_oto"):
        return False
    if "OTO-" in text_or_empty(raw, "order_id"):
        return state in {OrderState.UNTRIGGERED, OrderState.TRIGGERED}
    if state is not OrderState.UNTRIGGERED:
        return False
    return not text_or_empty(raw, "primary_order_id") and not text_or_empty(raw, "oco_ref")


def orders(raw: object) -> Orders:
    """Read a list of orders, the wrapped form with a continuation included."""
    listed = raw.get("orders") if isinstance(raw, dict) else raw
    found = [order(item) for item in objects(listed, "orders")]
    return Orders(
        orders=tuple(item for item in found if isinstance(item, Order)),
        strange=tuple(item for item in found if isinstance(item, StrangeOrder)),
    )


def placed(raw: object) -> Placed:
    """Read the answer to placing, editing or closing."""
    found = mapping(raw, "an order's answer")
    inner = mapping(found.get("order"), "an order")
    ids = inner.get("oto_order_ids")
    return Placed(
        order=order(inner),
        fills=fills(found.get("trades")),
        child_ids=tuple(OrderId(item) for item in ids if isinstance(item, str)) if isinstance(ids, list) else (),
    )


def cancelled(raw: object) -> Cancelled:
    """Read the answer to a cancel: the order itself, a count, or reports in either of two forms."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Cancelled(count=raw)
    if isinstance(raw, Decimal):
        return Cancelled(count=whole({"count": raw}, "count"))
    if isinstance(raw, list):
        return Cancelled(count=sum(_reported(item) for item in objects(raw, "cancel reports")))
    return Cancelled(count=1, order=order(raw))


def _reported(report: dict[str, Any]) -> int:
    result = report.get("result")
    if isinstance(result, list):
        return len(result)
    return 1 if "order" in report else 0


def fill(raw: dict[str, Any]) -> Fill:
    """Read one of our trades. ``direction`` is our own side, whatever the manual says."""
    return Fill(
        fill_id=FillId(text(raw, "trade_id")),
        order_id=OrderId(text(raw, "order_id")),
        label=LabelText(text_or_empty(raw, "label")),
        instrument=InstrumentName(text(raw, "instrument_name")),
        side=word(raw, "direction", Side),
        amount=number(raw, "amount"),
        price=number(raw, "price"),
        fee=number_or_zero(raw, "fee"),
        fee_currency=Currency(text_or_empty(raw, "fee_currency")),
        profit_loss=number_or_zero(raw, "profit_loss"),
        # The fee is stated beside it, so a fill of unknown kind is not worth losing: it counts as the dearer one.
        liquidity=Liquidity.MAKER if raw.get("liquidity") == "M" else Liquidity.TAKER,
        at=Milliseconds(whole(raw, "timestamp")),
    )


def fills(raw: object) -> tuple[Fill, ...]:
    """Read a list of our trades."""
    return tuple(fill(item) for item in objects(raw, "trades"))


def fill_page(raw: object) -> Fills:
    """Read a page of our trades, the bare list included."""
    if isinstance(raw, list):
        return Fills(fills=fills(raw), has_more=False)
    found = mapping(raw, "trades")
    return Fills(fills=fills(found.get("trades")), has_more=flag(found, "has_more"))


def is_linear(instrument_name: str) -> bool:
    """Whether a contract's name says that it settles in its quote coin: BTC_USDC-PERPETUAL."""
    return "_" in instrument_name


def holding(raw: dict[str, Any]) -> Holding:
    """Read a position in order units: USD for an inverse contract, coins for a linear one.

    Deribit's ``size`` of a linear position is its value in USDC; the coins are in ``size_currency``.
    """
    name = text(raw, "instrument_name")
    size = number_or_none(raw, "size_currency") if is_linear(name) else None
    amount = number(raw, "size") if size is None else size
    direction = raw.get("direction")
    if direction == "zero":
        amount = ZERO
    elif direction in {"buy", "sell"}:
        # Some of the exchange's own examples show a short with an unsigned size; the direction decides.
        amount = abs(amount) * Side(direction).sign
    return Holding(
        instrument=InstrumentName(name),
        amount=amount,
        average_price=number_or_zero(raw, "average_price"),
        mark_price=number_or_zero(raw, "mark_price"),
        realized_funding=number_or_zero(raw, "realized_funding"),
        floating_profit_loss=number_or_none(raw, "floating_profit_loss"),
    )


def holdings(raw: object) -> Iterable[Holding]:
    """Read a list of positions, or one alone."""
    return (holding(item) for item in objects(raw if isinstance(raw, list) else [raw], "positions"))


def triggerings(raw: object) -> Triggerings:
    """Read a page of the trigger history."""
    found = mapping(raw, "the trigger history")
    continuation = text_or_empty(found, "continuation")
    return Triggerings(
        entries=tuple(_triggering(item) for item in objects(found.get("entries"), "trigger history")),
        continuation=continuation if continuation not in {"", "none"} else None,
    )


def _triggering(raw: dict[str, Any]) -> Triggering:
    order_id = text_or_empty(raw, "order_id")
    return Triggering(
        trigger_order_id=OrderId(text_or_empty(raw, "trigger_order_id") or text(raw, "order_id")),
        order_id=OrderId(order_id) if order_id else None,
        label=LabelText(text_or_empty(raw, "label")),
        instrument=InstrumentName(text_or_empty(raw, "instrument_name")),
        state=text_or_empty(raw, "order_state"),
        request=text_or_empty(raw, "request"),
        amount=number_or_zero(raw, "amount"),
        at=Milliseconds(whole(raw, "timestamp")),
    )
