"""How what is told changes what is known. Nothing is decided here, and nothing told twice counts twice."""

from dataclasses import replace
from decimal import Decimal
from typing import assert_never

from trading.bracket.messages import (
    Adopt,
    Asked,
    Close,
    Done,
    FillSeen,
    Message,
    OrderSeen,
    Pictured,
    Reduced,
    Refused,
    Tick,
    Unknown,
    Verdict,
)
from trading.bracket.set_back import on_this_clock
from trading.bracket.state import (
    BEGINNING,
    GONE,
    PLACING,
    UNSEEN,
    Bracket,
    Fate,
    Inquiry,
    Intent,
    Limits,
    Phase,
    Purpose,
    latest,
)
from trading.facts import Fill, Order
from trading.marks import mark
from trading.values import (
    ZERO,
    FillId,
    IntentId,
    LabelText,
    Leg,
    Liquidity,
    Milliseconds,
    OrderState,
)


def absorb(bracket: Bracket, message: Message, now: Milliseconds, limits: Limits) -> Bracket:
    """Take a message in."""
    match message:
        case Tick():
            return on_this_clock(bracket, now, limits)
        case Done(intent_id=intent_id, orders=orders, fills=fills):
            return _taken(_without(bracket, intent_id), orders, fills)
        case Refused(intent_id=intent_id):
            return _refused(bracket, intent_id, now, limits)
        case Unknown(intent_id=intent_id):
            return _unknown(bracket, intent_id, now)
        case OrderSeen(order=order):
            if any(intent.label == order.label for intent in bracket.intents):
                mark("push-before-reply")
            return _taken(bracket, (order,), ())
        case FillSeen(fill=fill):
            return _taken(bracket, (), (fill,))
        case Asked():
            return _asked(bracket, message)
        case Pictured():
            return _pictured(bracket, message, now)
        case Reduced(held=held, price=price):
            return _reduced(bracket, held, price, now)
        case Close(reason=reason):
            return _leaving(bracket, reason)
        case Adopt():
            return _afresh(bracket, Phase.OPEN, "") if bracket.phase is Phase.QUARANTINED else bracket
        case _:
            assert_never(message)


def inquire(bracket: Bracket, label: LabelText, now: Milliseconds, *, asked_at: Milliseconds | None = None) -> Bracket:
    """Note that a label has to be asked for; noted already, it stays as it is. ``asked_at``: not soon after that."""
    if any(inquiry.label == label for inquiry in bracket.inquiries):
        return bracket
    return replace(bracket, inquiries=(*bracket.inquiries, Inquiry(label=label, since=now, asked_at=asked_at)))


def _taken(bracket: Bracket, orders: tuple[Order, ...], fills: tuple[Fill, ...]) -> Bracket:
    known = bracket.orders
    for order in orders:
        known = latest(known, order)
        if order.trigger_order_id is not None:
            known = tuple(_triggered(one) if one.order_id == order.trigger_order_id else one for one in known)
    ids = {fill.fill_id for fill in bracket.fills}
    new: list[Fill] = []
    for fill in fills:
        if fill.fill_id not in ids:
            ids.add(fill.fill_id)
            new.append(fill)
    inquiries = tuple(_hearing(one, orders) for one in bracket.inquiries)
    return replace(bracket, orders=known, fills=(*bracket.fills, *new), inquiries=inquiries)


def _hearing(inquiry: Inquiry, orders: tuple[Order, ...]) -> Inquiry:
    """Note what was shown while an answer is under way."""
    shown = tuple(
        order.order_id
        for order in orders
        if order.label == inquiry.label and order.order_id not in inquiry.heard_of and order.state.is_working
    )
    if inquiry.asked_at is None or not shown:
        return inquiry
    mark("told-while-asked")
    return replace(inquiry, heard_of=(*inquiry.heard_of, *shown))


def _triggered(order: Order) -> Order:
    """The order under its old id is history once the one it sent is known."""
    return replace(order, state=OrderState.TRIGGERED) if order.state.is_working else order


def _reduced(bracket: Bracket, held: Decimal, price: Decimal, now: Milliseconds) -> Bracket:
    """Stand in for the fill that nobody showed us."""
    missing = bracket.held - held
    if missing <= 0:
        return bracket
    mark("closed-out-of-our-sight")
    fill = Fill(
        fill_id=FillId(f"{UNSEEN}:{bracket.plan.bracket_id}:{now}"),
        order_id=UNSEEN,
        label=LabelText(""),
        instrument=bracket.plan.instrument,
        side=bracket.plan.side.opposite,
        amount=missing,
        price=price,
        fee=ZERO,
        fee_currency=bracket.plan.currency,
        profit_loss=ZERO,
        liquidity=Liquidity.TAKER,
        at=now,
    )
    return _taken(bracket, (), (fill,))


def _leaving(bracket: Bracket, reason: str) -> Bracket:
    """Out; a person's word holds for one that was given up, too."""
    if bracket.phase in {Phase.ENTERING, Phase.OPEN}:
        return replace(bracket, phase=Phase.CLOSING, reason=reason)
    return _afresh(bracket, Phase.CLOSING, reason) if bracket.phase is Phase.QUARANTINED else bracket


def _afresh(bracket: Bracket, phase: Phase, reason: str) -> Bracket:
    """Once more from the beginning: what was tried in vain before counts no longer."""
    mark("taken-up-again-by-a-person")
    afresh = tuple(Inquiry(label=one.label, since=one.since) for one in bracket.inquiries)
    return replace(
        bracket,
        phase=phase,
        reason=reason,
        odd_since=None,
        naked_since=None,
        wait_until=BEGINNING,
        inquiries=afresh,
        forgiven=bracket.attempt(Leg.CLOSE),
        stops_forgiven=bracket.attempt(Leg.STOP),
        changes_forgiven=bracket.changes,
    )


def _find(bracket: Bracket, intent_id: IntentId) -> Intent | None:
    return next((intent for intent in bracket.intents if intent.intent_id == intent_id), None)


def _without(bracket: Bracket, intent_id: IntentId) -> Bracket:
    return replace(bracket, intents=tuple(one for one in bracket.intents if one.intent_id != intent_id))


def _refused(bracket: Bracket, intent_id: IntentId, now: Milliseconds, limits: Limits) -> Bracket:
    intent = _find(bracket, intent_id)
    if intent is None:
        return bracket
    doubled = max(0, bracket.attempt(Leg.CLOSE) - bracket.forgiven - 1) if intent.purpose is Purpose.CLOSE else 0
    if doubled:
        mark("closing-backs-off")
    wait_ms = min(limits.retry_ms << min(doubled, 10), limits.retry_ms_max)
    bracket = replace(_without(bracket, intent_id), wait_until=Milliseconds(now + wait_ms))
    if intent.purpose is Purpose.CLOSE:  # perhaps there is nothing left to close: what became of the exits?
        known = {order.label for order in bracket.orders if order.side is not bracket.plan.side}
        born = {bracket.plan.label(leg, 0) for leg in (Leg.STOP, Leg.TARGET) if bracket.attempt(leg)}
        for label in sorted(known | born):
            bracket = inquire(bracket, label, now)
        return bracket
    if intent.purpose in PLACING or intent.order_id is None:
        return bracket
    mark("change-refused")
    order = bracket.order(intent.order_id)
    return bracket if order is None else inquire(bracket, order.label, now)


def _unknown(bracket: Bracket, intent_id: IntentId, now: Milliseconds) -> Bracket:
    intent = _find(bracket, intent_id)
    if intent is None:
        return bracket
    mark("fate-unknown")
    changed = tuple(replace(one, fate=Fate.UNKNOWN) if one is intent else one for one in bracket.intents)
    bracket = replace(bracket, intents=changed)
    for label in _labels_of(bracket, intent):
        bracket = inquire(bracket, label, now)
    return bracket


def _labels_of(bracket: Bracket, intent: Intent) -> tuple[LabelText, ...]:
    """The labels to ask for to learn what became of a request."""
    if intent.purpose is Purpose.BRACKET:
        return tuple(bracket.plan.label(leg, 0) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET))
    if intent.label is not None:
        return (intent.label,)
    order = None if intent.order_id is None else bracket.order(intent.order_id)
    return () if order is None else (order.label,)


def _asked(bracket: Bracket, message: Asked) -> Bracket:
    if message.verdict is Verdict.NOT_YET:
        return _taken(bracket, message.orders, message.fills)
    bracket = _taken(bracket, message.orders, message.fills)
    shown = {order.order_id for order in message.orders}
    shown.update(*(one.heard_of for one in bracket.inquiries if one.label == message.label))
    orders = tuple(
        _gone(order) if message.is_whole and order.label == message.label and order.order_id not in shown else order
        for order in bracket.orders
    )
    settled = tuple(intent for intent in bracket.intents if not _settles(bracket, intent, message.label))
    if len(settled) < len(bracket.intents):
        mark("resolved-as-done" if shown or message.fills else "resolved-as-never-arrived")
    # An order that was found without all its fills is asked for again, and counts: else that would have no end.
    is_told = message.label not in bracket.untold
    left = tuple(inquiry for inquiry in bracket.inquiries if inquiry.label != message.label or not is_told)
    return replace(bracket, orders=orders, intents=settled, inquiries=left)


def _settles(bracket: Bracket, intent: Intent, label: LabelText) -> bool:
    """An unknown fate is known now. A native bracket stands and falls with its entry's label."""
    if intent.fate is not Fate.UNKNOWN:
        return False
    if intent.purpose is Purpose.BRACKET:
        return label == bracket.plan.label(Leg.ENTRY, 0)
    return label in _labels_of(bracket, intent)


def _gone(order: Order) -> Order:
    if not order.state.is_working:
        return order
    mark("order-gone-without-trace")
    return replace(order, state=OrderState.CANCELLED, cancel_reason=GONE)


def _pictured(bracket: Bracket, message: Pictured, now: Milliseconds) -> Bracket:
    bracket = _taken(bracket, message.orders, message.fills)
    shown = {order.order_id for order in message.orders}
    for order in bracket.orders:
        if order.state.is_working and order.order_id not in shown:
            mark("picture-lacks-an-order")
            bracket = inquire(bracket, order.label, now)
    for intent in bracket.intents:
        if intent.fate is Fate.UNKNOWN:
            for label in _labels_of(bracket, intent):
                bracket = inquire(bracket, label, now)
    return bracket
