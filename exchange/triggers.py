"""Trigger orders: where they wait, when they fire, and what becomes of them.

A fired trigger sends a *new* order under a new id which passes all checks again and may be refused: a stop is
not a guarantee. The old id is then history, known as `trigger_order_id` on the new order.
"""

from __future__ import annotations

from bisect import insort
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from exchange.errors import Refusal
from exchange.records import Order, TriggerRow

if TYPE_CHECKING:
    from exchange.accounts import Account
    from exchange.engine import Engine
    from exchange.market import Market

SOURCES: Final = ("last_price", "mark_price", "index_price")
_ROUNDS_MAX: Final = 20  # a firing stop moves the last price, which may fire the next
_Entry = tuple[Decimal, int, Order]


class Triggers:
    """The waiting triggers of one instrument, nearest first on either side of each reference price."""

    __slots__ = ("above", "below", "count", "second", "trailing")

    def __init__(self) -> None:
        self.above: dict[str, list[_Entry]] = {source: [] for source in SOURCES}  # fire at or above their price
        self.below: dict[str, list[_Entry]] = {source: [] for source in SOURCES}  # fire at or below it (negated)
        self.trailing: list[Order] = []
        self.count = 0
        self.second = -1

    def add(self, order: Order) -> None:
        self.count += 1
        if order.order_type == "trailing_stop":
            self.trailing.append(order)
            return
        assert order.trigger is not None
        assert order.trigger_price is not None
        if fires_above(order):
            insort(self.above[order.trigger], (order.trigger_price, order.priority, order), key=_place)
        else:
            insort(self.below[order.trigger], (-order.trigger_price, order.priority, order), key=_place)

    def remove(self, order: Order) -> None:
        if order.order_type == "trailing_stop":
            self.trailing.remove(order)
        else:
            side = self.above if fires_above(order) else self.below
            waiting = side[order.trigger or ""]
            at = next(at for at, entry in enumerate(waiting) if entry[2] is order)
            del waiting[at]
        self.count -= 1

    def due(self, prices: dict[str, Decimal]) -> Order | None:
        """The first whose price is reached."""
        for source, price in prices.items():
            above, below = self.above[source], self.below[source]
            if above and above[0][0] <= price:
                return above[0][2]
            if below and -below[0][0] >= price:
                return below[0][2]
        for order in self.trailing:
            price_now = prices.get(order.trigger or "")
            if price_now is not None and order.trigger_price is not None and _reached(order, price_now):
                return order
        return None


def _place(entry: _Entry) -> tuple[Decimal, int]:
    return entry[0], entry[1]


def fires_above(order: Order) -> bool:
    """A stop buys above and sells below; a take buys below and sells above."""
    return (order.direction == "buy") != order.order_type.startswith("take")


def _reached(order: Order, price: Decimal) -> bool:
    assert order.trigger_price is not None
    return price >= order.trigger_price if fires_above(order) else price <= order.trigger_price


def references(market: Market) -> dict[str, Decimal]:
    """The prices that triggers are compared with, by the word orders use."""
    last = market.last_price
    prices = {} if last is None else {"last_price": last}
    return prices | {"mark_price": market.mark_price, "index_price": market.index_price}


def arm(engine: Engine, account: Account, market: Market, order: Order, now_ms: int) -> None:
    """Let a trigger order wait; one whose price is already reached fires or is refused, by the switch."""
    prices = references(market)
    reference = prices.get(order.trigger or "", market.mark_price)
    if order.order_type == "trailing_stop":
        assert order.trigger_offset is not None
        order.trigger_reference_price = reference
        order.trigger_price = reference + (order.trigger_offset if order.direction == "buy" else -order.trigger_offset)
    elif _reached(order, reference) and engine.switches.stop_beyond_market == "reject":
        raise Refusal(11036)
    if market.triggers.count >= engine.triggers_max:
        raise Refusal(11035, f"no_more_triggers {engine.triggers_max}")
    order.order_state = "untriggered"
    order.triggered = False
    engine.admit(account, order)
    market.triggers.add(order)
    note(engine, account, order, "new", now_ms)
    if market.state == "open" and market.triggers.due(prices) is order:
        fire(engine, market, order, now_ms)


def check(engine: Engine, market: Market, now_ms: int) -> None:
    """Fire what the prices have reached."""
    table = market.triggers
    for _ in range(_ROUNDS_MAX):
        if not table.count:
            return
        prices = references(market)
        if engine.switches.trigger_evaluation == "second":
            if now_ms // 1000 == table.second:
                prices = {"last_price": prices["last_price"]} if "last_price" in prices else {}
            table.second = now_ms // 1000
        if table.trailing:
            _trail(table.trailing, prices)
        fired = table.due(prices)
        if fired is None:
            return
        fire(engine, market, fired, now_ms)


def _trail(waiting: list[Order], prices: dict[str, Decimal]) -> None:
    """A trailing stop follows the best price since it was placed."""
    for order in waiting:
        price = prices.get(order.trigger or "")
        best, offset = order.trigger_reference_price, order.trigger_offset
        if price is None or best is None or offset is None:
            continue
        if order.direction == "buy" and price < best:
            order.trigger_reference_price, order.trigger_price = price, price + offset
        elif order.direction == "sell" and price > best:
            order.trigger_reference_price, order.trigger_price = price, price - offset


def fire(engine: Engine, market: Market, order: Order, now_ms: int) -> None:
    """Send the order that this trigger stands for, under a new id."""
    account = engine.accounts[order.account]
    market.triggers.remove(order)
    order.triggered = True
    order.order_state = "triggered"
    sent = engine.born_of(order, now_ms)
    engine.retire(account, order, now_ms)
    engine.links.triggered(order, sent)
    try:
        engine.enter(account, market, sent, now_ms, child=True)
    except Refusal as refusal:
        order.order_state = "rejected"
        order.reject_reason = refusal.message
        note(engine, account, order, f"rejected:{refusal.message}", now_ms)
        engine.changes.orders[order.order_id] = order
        engine.links.gone(account, sent, now_ms, by_hand=False)
        return
    note(engine, account, order, "triggered", now_ms, sent.order_id)
    engine.links.stop_fired(account, sent, now_ms)


def note(engine: Engine, account: Account, order: Order, state: str, now_ms: int, sent_id: str | None = None) -> None:
    """One line in the account's trigger order history."""
    row = TriggerRow(
        account=account.name,
        timestamp=now_ms,
        trigger=order.trigger or "last_price",
        trigger_price=order.trigger_price,
        trigger_offset=order.trigger_offset,
        trigger_order_id=order.order_id,
        order_id=sent_id or order.order_id,
        order_state=state,
        instrument_name=order.instrument_name,
        request="cancel" if state == "cancelled" else "trigger:order",
        direction=order.direction,
        price=order.price,
        amount=order.amount,
        order_type=order.order_type,
        last_update_timestamp=now_ms,
        reduce_only=order.reduce_only,
        post_only=order.post_only,
        label=order.label,
        is_secondary_oto=order.is_secondary_oto,
        oco_ref=order.oco_ref,
    )
    account.archive.trigger_rows.append(row)
    engine.changes.trigger_rows.append(row)
