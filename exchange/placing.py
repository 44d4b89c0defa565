"""How an order comes into the world: checked, numbered, linked, then let to the market or set to wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exchange import matching, triggers
from exchange.checks import check_linked, check_wish
from exchange.errors import Refusal
from exchange.linked import OCO, OTO, OTOCO, order_of_leg, resting_value
from exchange.records import TRIGGER_TYPES, Order, Ticket

if TYPE_CHECKING:
    from exchange.accounts import Account
    from exchange.engine import Engine
    from exchange.market import Market


def place(engine: Engine, account: Account, ticket: Ticket, now_ms: int) -> Order:
    """Place an order, with the orders linked to it."""
    market = engine.market(ticket.instrument_name)
    engine.gate(account, market)
    check_wish(market, ticket)
    check_linked(market, ticket)
    order = _order_of(engine, account, market, ticket, now_ms)
    slots: list[Order] = []
    if ticket.linked_order_type in OTO:
        slots = engine.links.reserve_slots(account, market, order, ticket, now_ms)
    elif ticket.linked_order_type == OCO:
        order.oco_ref = engine.numbering.oco_ref(market)
        engine.links.join(order)
    try:
        enter_any(engine, account, market, order, now_ms)
    except Refusal:
        engine.links.forget(order)
        engine.links.gone(account, order, now_ms, by_hand=False)
        raise
    for slot in slots:
        if slot.order_state == "untriggered":
            engine.admit(account, slot)
    if order.oco_ref is not None and order.is_live:
        _enter_partner(engine, account, market, order, ticket, now_ms)
    return order


def _enter_partner(engine: Engine, account: Account, market: Market, order: Order, ticket: Ticket, now_ms: int) -> None:
    """The other half of an OCO pair. If it is refused, the first half goes too."""
    leg = ticket.legs[0]
    partner = order_of_leg(
        account, market, leg, engine.numbering.order_id(market, leg.type, leg.direction, leg.trigger), now_ms
    )
    partner.oco_ref, partner.trigger_fill_condition = order.oco_ref, ticket.trigger_fill_condition
    engine.links.join(partner)
    try:
        enter_any(engine, account, market, partner, now_ms)
    except Refusal:
        engine.links.gone(account, partner, now_ms, by_hand=False)
        if order.is_live:
            engine.end(account, order, "cancelled", now_ms, reason="oco_other_closed")
        raise


def _order_of(engine: Engine, account: Account, market: Market, ticket: Ticket, now_ms: int) -> Order:
    linked = ticket.linked_order_type
    position = account.amount(ticket.instrument_name)
    return Order(
        account=account.name,
        order_id=engine.numbering.order_id(market, ticket.type, ticket.direction, ticket.trigger),
        instrument_name=ticket.instrument_name,
        direction=ticket.direction,
        order_type=ticket.type,
        order_state="open",
        amount=ticket.amount,
        price=ticket.price,
        created_ms=now_ms,
        updated_ms=now_ms,
        label=ticket.label,
        time_in_force=ticket.time_in_force,
        post_only=ticket.post_only,
        reject_post_only=ticket.reject_post_only,
        reduce_only=ticket.reduce_only,
        display_amount=ticket.display_amount,
        mmp=ticket.mmp,
        api=ticket.api,
        risk_reducing=False if not position else (position > 0) != (ticket.direction == "buy"),
        trigger=ticket.trigger,
        trigger_price=ticket.trigger_price,
        trigger_offset=ticket.trigger_offset,
        linked_order_type=linked,
        trigger_fill_condition=ticket.trigger_fill_condition if linked is not None else None,
        is_primary_otoco=linked == OTOCO,
        session_id=ticket.session_id,
    )


def born_of(engine: Engine, trigger: Order, now_ms: int) -> Order:
    """The order that a fired trigger sends."""
    market = engine.markets[trigger.instrument_name]
    has_limit = trigger.order_type.endswith("_limit")
    sent = msgspec.structs.replace(
        trigger,
        order_id="",
        order_type="limit" if has_limit else "market",
        order_state="open",
        created_ms=now_ms,
        updated_ms=now_ms,
        trigger_order_id=trigger.order_id,
        trigger=None,
        trigger_price=None,
        trigger_offset=None,
        trigger_reference_price=None,
        triggered=True,
        priority=0,
    )
    sent.order_id = engine.numbering.order_id(market, sent.order_type, sent.direction)
    return sent


def enter_any(
    engine: Engine, account: Account, market: Market, order: Order, now_ms: int, *, child: bool = False
) -> None:
    """Wait for the trigger, or go to the market at once."""
    if order.order_type in TRIGGER_TYPES:
        order.priority = engine.numbering.priority()
        triggers.arm(engine, account, market, order, now_ms)
    else:
        enter(engine, account, market, order, now_ms, child=child)


def enter(engine: Engine, account: Account, market: Market, order: Order, now_ms: int, *, child: bool = False) -> None:
    """Check, take what the limit allows, rest or cancel the remainder."""
    limit_tick = matching.prepare(engine, account, market, order, child=child)
    takes_only = order.order_type == "market" or order.time_in_force in {"fill_or_kill", "immediate_or_cancel"}
    if order.price is None:
        order.price = market.price_at(limit_tick)
    order.order_state = "open"
    engine.admit(account, order)
    stopped = matching.take(engine, account, market, order, limit_tick, now_ms)
    if order.order_state != "open":
        return
    if stopped is not None or takes_only:
        engine.end(account, order, "cancelled", now_ms, reason=stopped)
    elif order.order_type == "market_limit" and not order.filled_amount:
        engine.end(account, order, "cancelled", now_ms)
    else:
        if order.order_type == "market_limit":
            order.price = engine.changes.trades[-1].price
        rest(engine, account, market, order)


def rest(engine: Engine, account: Account, market: Market, order: Order) -> None:
    """Put what is left of an order on the book."""
    assert order.price is not None
    order.priority = engine.numbering.priority()
    market.book.side(order.direction).add(order, matching.tick_of(market, order.price))
    account.reserve(order, resting_value(market, order))
    engine.changes.moved[order.instrument_name] = market
