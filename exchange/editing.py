"""Edits: a live order changes in place and keeps its id, or is refused and stays as it was."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from exchange import matching, placing, triggers
from exchange.checks import check_amount, on_tick
from exchange.errors import POST_ONLY_REJECT, Refusal, bad_param
from exchange.linked import resting_value
from exchange.records import Order

if TYPE_CHECKING:
    from exchange.accounts import Account
    from exchange.engine import Engine
    from exchange.market import Market


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit names; None = left out. `amount` is the new total, what is filled included."""

    amount: Decimal | None = None
    price: Decimal | None = None
    post_only: bool | None = None
    reject_post_only: bool | None = None
    reduce_only: bool | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None


def edit(engine: Engine, account: Account, order: Order, wish: Edit, now_ms: int) -> None:
    """Apply an edit to a live order."""
    if order.is_dormant:
        raise Refusal(10004)
    market = engine.markets[order.instrument_name]
    trial = _edited(engine, market, order, wish)
    if order.order_state == "untriggered":
        _rearm(engine, market, order, trial, now_ms)
    else:
        _replace(engine, account, market, order, trial, now_ms)


def only_with_label(account: Account, label: str, instrument_name: str) -> Order:
    """The one live order of this label; refused when there is none, or more than one."""
    found = [
        order
        for order in account.live.values()
        if order.label == label and order.instrument_name == instrument_name and not order.is_dormant
    ]
    if not found:
        raise Refusal(10004)
    if len(found) > 1:
        raise Refusal(13032)
    return found[0]


def _edited(engine: Engine, market: Market, order: Order, wish: Edit) -> Order:
    """How the order would look; refuses what no such order may have."""
    spare = None if engine.switches.edit_omitted_flags == "keep" else False
    trial = msgspec.structs.replace(order, replaced=True)
    if wish.amount is not None:
        check_amount(market, wish.amount)
        if wish.amount <= order.filled_amount:
            raise Refusal(10021)
        trial.amount = wish.amount
    if wish.price is not None:
        if order.price is None:
            raise bad_param("price", f"not allowed with type {order.order_type}")
        if not on_tick(market, wish.price):
            raise Refusal(10043)
        trial.price = wish.price
    for name in ("post_only", "reject_post_only", "reduce_only"):
        given = getattr(wish, name)
        setattr(trial, name, getattr(order, name) if given is None and spare is None else bool(given))
    if (wish.trigger_price is not None or wish.trigger_offset is not None) and order.order_state != "untriggered":
        raise bad_param("trigger_price", "only an untriggered order has one")
    if wish.trigger_price is not None:
        if not on_tick(market, wish.trigger_price):
            raise Refusal(10044)
        trial.trigger_price = wish.trigger_price
    if wish.trigger_offset is not None:
        if order.order_type != "trailing_stop" or wish.trigger_offset <= 0:
            raise Refusal(11036)
        trial.trigger_offset = wish.trigger_offset
    return trial


def _rearm(engine: Engine, market: Market, order: Order, trial: Order, now_ms: int) -> None:
    table = market.triggers
    table.remove(order)
    kept = msgspec.structs.replace(order)
    _adopt(order, trial, now_ms)
    table.add(order)
    if order.order_type == "trailing_stop" or table.due(triggers.references(market)) is not order:
        return
    if engine.switches.stop_beyond_market == "reject":
        table.remove(order)
        _adopt(order, kept, kept.updated_ms)
        order.replaced = kept.replaced
        table.add(order)
        raise Refusal(11036)
    triggers.fire(engine, market, order, now_ms)


def _replace(engine: Engine, account: Account, market: Market, order: Order, trial: Order, now_ms: int) -> None:
    """A resting order keeps its place when only its amount shrinks; otherwise it queues again."""
    old_value = resting_value(market, order)
    same_place = trial.price == order.price and trial.amount <= order.amount
    account.reserve(order, -old_value)
    if same_place and trial.reduce_only == order.reduce_only and trial.post_only == order.post_only:
        _adopt(order, trial, now_ms)
        account.reserve(order, resting_value(market, order))
        engine.changes.moved[order.instrument_name] = market
        return
    trial.priority = 0
    try:
        limit_tick = matching.prepare(engine, account, market, trial, child=False)
    except Refusal as refusal:
        account.reserve(order, old_value)
        if refusal.code == POST_ONLY_REJECT:
            engine.end(account, order, "cancelled", now_ms, reason="edit_post_only_reject")
            return
        raise
    engine.off_book(market, order)
    _adopt(order, trial, now_ms)
    stopped = matching.take(engine, account, market, order, limit_tick, now_ms)
    if order.order_state == "open":
        if stopped is not None:
            engine.end(account, order, "cancelled", now_ms, reason=stopped)
        else:
            placing.rest(engine, account, market, order)


def _adopt(order: Order, trial: Order, now_ms: int) -> None:
    """Take the editable fields of `trial` over into the order everybody knows."""
    order.amount, order.price, order.replaced = trial.amount, trial.price, trial.replaced
    order.post_only, order.reject_post_only = trial.post_only, trial.reject_post_only
    order.reduce_only = trial.reduce_only
    order.trigger_price, order.trigger_offset = trial.trigger_price, trial.trigger_offset
    order.updated_ms = now_ms
