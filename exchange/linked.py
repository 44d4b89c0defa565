"""Linked orders: children that wait for their primary (OTO), pairs where one ends the other (OCO), both (OTOCO).

A child waits in a slot under an id of its own ("OTO-7") and comes alive a little later under a new id, matched
by label. Three fill conditions: first_hit, complete_fill, incremental; none of them is free of holes.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from exchange.accounts import value_of
from exchange.errors import Refusal
from exchange.records import TRIGGER_TYPES, ZERO, Leg, Order, Ticket
from exchange.triggers import note

if TYPE_CHECKING:
    from exchange.accounts import Account
    from exchange.engine import Engine
    from exchange.market import Market

OTO: Final = frozenset({"one_triggers_other", "one_triggers_one_cancels_other"})
OTOCO: Final = "one_triggers_one_cancels_other"
OCO: Final = "one_cancels_other"


class Links:
    """Who waits for whom, and who ends whom."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.slots: dict[str, list[Order]] = {}  # by primary id: the children still waiting
        self.pairs: dict[str, list[str]] = {}  # by oco_ref: ids of the live members
        self._called: set[str] = set()  # primaries whose children have been called for good

    # --- making

    def reserve_slots(
        self, account: Account, market: Market, primary: Order, ticket: Ticket, now_ms: int
    ) -> list[Order]:
        """Children for the legs of a ticket, waiting. Nothing of it shows before the primary is accepted."""
        engine = self._engine
        waiting = sum(len(slots) for slots in self.slots.values())
        if waiting + len(ticket.legs) > engine.slots_max:
            raise Refusal(13901, f"no_more_oto_orders {engine.slots_max}")
        oco_ref = engine.numbering.oco_ref(market) if ticket.linked_order_type == OTOCO else None
        slots = []
        for leg in ticket.legs:
            slot = order_of_leg(account, market, leg, engine.numbering.slot_id(market), now_ms - 2)
            slot.order_state = "untriggered"
            slot.triggered = False
            slot.is_dormant = slot.is_secondary_oto = True
            slot.trigger_fill_condition = ticket.trigger_fill_condition
            slot.primary_order_id = primary.order_id
            slot.oco_ref = oco_ref
            slot.leg = leg
            slots.append(slot)
        primary.oto_order_ids = tuple(slot.order_id for slot in slots)
        self.slots[primary.order_id] = slots
        return slots

    def forget(self, primary: Order) -> None:
        """The primary was refused: nothing ever waited for it."""
        self.slots.pop(primary.order_id, None)
        self._called.discard(primary.order_id)

    def leave_slot(self, slot: Order) -> None:
        """A waiting child has ended; the last one to go closes the list."""
        waiting = self.slots.get(slot.primary_order_id or "", [])
        if slot in waiting:
            waiting.remove(slot)
            if not waiting:
                del self.slots[slot.primary_order_id or ""]

    def join(self, order: Order) -> None:
        if order.oco_ref is not None:
            members = self.pairs.setdefault(order.oco_ref, [])
            if order.order_id not in members:
                members.append(order.order_id)

    # --- what happens to members

    def filled(self, account: Account, market: Market, order: Order, amount: Decimal, now_ms: int) -> None:
        """An order has traded: its children may come alive, its sibling may have to go."""
        if order.order_id in self.slots:
            done = order.order_state == "filled"
            condition = order.trigger_fill_condition or "first_hit"
            if condition == "incremental" or (condition == "complete_fill" and done):
                self._call(order.order_id, now_ms)
            elif condition == "first_hit" and order.order_id not in self._called:
                self._called.add(order.order_id)
                self._call(order.order_id, now_ms)
        if order.oco_ref is None or order.oco_ref not in self.pairs:
            return
        done = order.order_state == "filled"
        condition = order.trigger_fill_condition or "first_hit"
        if condition == "first_hit" or done:
            self.close_siblings(account, order, now_ms)
        elif condition == "incremental":
            for sibling in self._siblings(account, order):
                self._engine.resize(account, market, sibling, sibling.amount - amount, now_ms)
        if done:
            self._leave(order)

    def gone(self, account: Account, order: Order, now_ms: int, *, by_hand: bool) -> None:
        """An order has ended without being filled: cancelled, refused at its trigger, out of time."""
        slots = self.slots.get(order.order_id)
        if slots is not None:
            condition = order.trigger_fill_condition or "first_hit"
            if not order.filled_amount or condition == "complete_fill":
                self._drop(account, order.order_id, now_ms)
            elif condition == "incremental":
                self._call(order.order_id, now_ms)
        if order.oco_ref is not None and order.oco_ref in self.pairs:
            if by_hand and self._engine.switches.oco_cancel_takes_sibling == "yes":
                self.close_siblings(account, order, now_ms)
            self._leave(order)

    def triggered(self, old: Order, sent: Order) -> None:
        """A trigger order has become another: the new one takes over its place."""
        slots = self.slots.pop(old.order_id, None)
        if slots is not None:
            self.slots[sent.order_id] = slots
            for slot in slots:
                slot.primary_order_id = sent.order_id
        self._leave(old)
        self.join(sent)

    def stop_fired(self, account: Account, sent: Order, now_ms: int) -> None:
        if sent.oco_ref is not None and self._engine.switches.oco_sibling_closes_at == "trigger":
            self.close_siblings(account, sent, now_ms)

    def close_siblings(self, account: Account, order: Order, now_ms: int) -> None:
        siblings = self._siblings(account, order)
        if order.oco_ref is not None:
            self.pairs.pop(order.oco_ref, None)
        for sibling in siblings:
            self._engine.end(account, sibling, "cancelled", now_ms, reason="oco_other_closed")

    def _siblings(self, account: Account, order: Order) -> list[Order]:
        members = self.pairs.get(order.oco_ref or "", ())
        return [account.live[one] for one in members if one != order.order_id and one in account.live]

    def _leave(self, order: Order) -> None:
        members = self.pairs.get(order.oco_ref or "")
        if members is not None and order.order_id in members:
            members.remove(order.order_id)
            if not members:
                del self.pairs[order.oco_ref or ""]

    # --- children coming alive

    def _call(self, primary_id: str, now_ms: int) -> None:
        self._engine.schedule_children(primary_id, now_ms)

    def _drop(self, account: Account, primary_id: str, now_ms: int) -> None:
        for slot in self.slots.pop(primary_id, []):
            self._engine.end(account, slot, "cancelled", now_ms, reason="oto_primary_closed")

    def call_children(self, primary_id: str, now_ms: int) -> None:
        """Place what is due of a primary's children. Calling twice places nothing twice."""
        slots = self.slots.get(primary_id)
        if not slots:
            return
        engine = self._engine
        account = engine.accounts[slots[0].account]
        market = engine.markets[slots[0].instrument_name]
        primary = account.live.get(primary_id) or account.archive.orders.get(primary_id)
        if primary is None:
            self._drop(account, primary_id, now_ms)
            return
        before = account.amount(market.spec.instrument_name)
        for slot in list(slots):
            more = _due(market, primary, slot)
            if more <= 0:
                continue
            if slot.oco_ref is not None and account.amount(market.spec.instrument_name) != before:
                self._spare(account, slot, more, now_ms)  # its sibling came alive and traded at once
            else:
                self._place(account, market, slot, more, now_ms)
        if not primary.is_live and primary_id in self.slots:
            if engine.switches.dormant_remainder == "place" and primary.filled_amount:
                for slot in list(self.slots[primary_id]):
                    self._place(account, market, slot, slot.amount, now_ms)
            self._drop(account, primary_id, now_ms)
        self._called.discard(primary_id)

    def _spare(self, account: Account, slot: Order, amount: Decimal, now_ms: int) -> None:
        """A child that need not come alive any more: the other half of its pair has traded."""
        slot.amount -= amount
        if slot.amount <= 0:
            slot.amount = slot.leg.amount if slot.leg is not None else amount
            self._engine.end(account, slot, "cancelled", now_ms, reason="oco_other_closed")

    def _place(self, account: Account, market: Market, slot: Order, amount: Decimal, now_ms: int) -> None:
        """A child under its new id; one that is alive already grows instead."""
        engine = self._engine
        assert slot.leg is not None
        slot.amount -= amount
        if slot.amount <= 0:
            self._free(account, slot, now_ms)
        else:
            engine.changes.orders[slot.order_id] = slot
        for order in account.live.values():
            if order.slot_id == slot.order_id:
                engine.resize(account, market, order, order.amount + amount, now_ms)
                return
        leg = msgspec.structs.replace(slot.leg, amount=amount)
        child = order_of_leg(
            account, market, leg, engine.numbering.order_id(market, leg.type, leg.direction, leg.trigger), now_ms
        )
        child.slot_id = slot.order_id
        child.is_secondary_oto = True
        child.primary_order_id = slot.primary_order_id
        child.oco_ref = slot.oco_ref
        child.trigger_fill_condition = slot.trigger_fill_condition
        self.join(child)
        try:
            engine.enter_any(account, market, child, now_ms, child=True)
        except Refusal as refusal:
            self._leave(child)
            child.order_state = "rejected"
            child.reject_reason = refusal.message
            engine.changes.orders[child.order_id] = child
            account.archive.close(child)
            if child.order_type in TRIGGER_TYPES:
                note(engine, account, child, f"rejected:{refusal.message}", now_ms)

    def _free(self, account: Account, slot: Order, now_ms: int) -> None:
        """The slot is empty: its child lives under another id now."""
        assert slot.leg is not None
        slot.amount = slot.leg.amount
        slot.order_state = "triggered"
        slot.triggered = True
        self.leave_slot(slot)
        self._engine.retire(account, slot, now_ms)


def _due(market: Market, primary: Order, slot: Order) -> Decimal:
    """How much more of a child may come alive now, by the primary's condition and what of it has filled."""
    assert slot.leg is not None
    whole = due = slot.leg.amount
    if primary.trigger_fill_condition == "incremental" and primary.order_state != "filled":
        step = market.spec.contract_size
        due = (whole * primary.filled_amount / primary.amount / step).to_integral_value(ROUND_FLOOR) * step
    elif primary.trigger_fill_condition == "complete_fill" and primary.order_state != "filled":
        due = ZERO
    return due - (whole - slot.amount)


def order_of_leg(account: Account, market: Market, leg: Leg, order_id: str, now_ms: int) -> Order:
    """The order a leg describes."""
    return Order(
        account=account.name,
        order_id=order_id,
        instrument_name=market.spec.instrument_name,
        direction=leg.direction,
        order_type=leg.type,
        order_state="open",
        amount=leg.amount,
        price=leg.price,
        created_ms=now_ms,
        updated_ms=now_ms,
        label=leg.label,
        time_in_force=leg.time_in_force,
        post_only=leg.post_only,
        reject_post_only=leg.reject_post_only,
        reduce_only=leg.reduce_only,
        trigger=leg.trigger,
        trigger_price=leg.trigger_price,
        trigger_offset=leg.trigger_offset,
    )


def resting_value(market: Market, order: Order) -> Decimal:
    """What a resting order ties up: nothing when it can only reduce."""
    if order.reduce_only or order.price is None:
        return ZERO
    return value_of(market.spec, order.remaining, order.price)
