"""A bracket on its way through one decision: what it becomes, and what it wants meanwhile.

Each request becomes an intent of the bracket before it becomes an effect: it is recorded before it leaves.
"""

from dataclasses import replace
from decimal import Decimal

from trading.bracket.effects import (
    Alert,
    Cancel,
    Edit,
    Effect,
    Place,
    PlaceBracket,
    Quarantined,
    Severity,
    Wake,
)
from trading.bracket.state import Bracket, Fate, Intent, Limits, Mode, Phase, Plan, Purpose
from trading.facts import Order
from trading.marks import mark
from trading.values import IntentId, Leg, Milliseconds, OrderType

RECALLS_MAX = 20
"""So often a bracket that was given up takes its own entries back; later the comparison with the exchange does."""

_PURPOSES = {Leg.ENTRY: Purpose.ENTRY, Leg.STOP: Purpose.STOP, Leg.TARGET: Purpose.TARGET, Leg.CLOSE: Purpose.CLOSE}


class Wishes:
    """One decision in the making."""

    def __init__(self, bracket: Bracket, now: Milliseconds, limits: Limits) -> None:
        """Start from what is known now."""
        self.bracket = bracket
        self.now = now
        self.limits = limits
        self.effects: list[Effect] = []
        self._wake: Milliseconds | None = None

    def want(self, effect: Effect) -> None:
        self.effects.append(effect)

    def change(self, **fields: object) -> None:
        self.bracket = replace(self.bracket, **fields)  # type: ignore[arg-type]

    def wake_at(self, at: int) -> None:
        """Be told a Tick then, or earlier."""
        if at > self.now and (self._wake is None or at < self._wake):
            self._wake = Milliseconds(at)

    def done(self) -> tuple[Bracket, tuple[Effect, ...]]:
        if self._wake is not None and not self.bracket.phase.is_over:
            self.want(Wake(at=self._wake))
        return self.bracket, tuple(self.effects)

    # --- requests: each becomes an intent before it becomes an effect

    def place(self, leg: Leg, amount: Decimal) -> None:
        """Place one order for a leg under its next label."""
        attempt = self.bracket.attempt(leg)
        wish = order_for(self.bracket.plan, leg, amount, attempt)
        self._intend(
            Intent(intent_id=wish.intent_id, purpose=_PURPOSES[leg], fate=Fate.SENT, sent_at=self.now, label=wish.label)
        )
        self._count(leg)
        self.want(wish)

    def _intend(self, intent: Intent) -> None:
        self.change(intents=(*self.bracket.intents, intent))

    def _count(self, *legs: Leg) -> None:
        rest = tuple((one, count) for one, count in self.bracket.attempts if one not in legs)
        self.change(attempts=(*rest, *((leg, self.bracket.attempt(leg) + 1) for leg in legs)))

    def place_all(self) -> None:
        """Place entry, stop and target as one request."""
        plan = self.bracket.plan
        entry, stop, target = (order_for(plan, leg, plan.amount, 0) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET))
        self._intend(
            Intent(
                intent_id=entry.intent_id, purpose=Purpose.BRACKET, fate=Fate.SENT, sent_at=self.now, label=entry.label
            )
        )
        self._count(Leg.ENTRY, Leg.STOP, Leg.TARGET)
        self.want(PlaceBracket(intent_id=entry.intent_id, entry=entry, stop=stop, target=target))

    def resize(self, order: Order, left: Decimal) -> None:
        """Make a resting order trade exactly this much more. Moved by edit: cancel-then-place would leave a gap."""
        intent_id = self._next_change(Purpose.EDIT, order)
        if intent_id is not None:
            self.want(
                Edit(
                    intent_id=intent_id,
                    order_id=order.order_id,
                    amount=order.filled_amount + left,
                    price=order.price,
                    trigger_price=order.trigger_price,
                )
            )

    def cancel(self, order: Order) -> None:
        intent_id = self._next_change(Purpose.CANCEL, order)
        if intent_id is not None:
            self.want(Cancel(intent_id=intent_id, order_id=order.order_id))

    def _next_change(self, purpose: Purpose, order: Order) -> IntentId | None:
        """An intent for changing an order, unless one is in flight or its life has had too many."""
        bracket = self.bracket
        if any(intent.order_id == order.order_id for intent in bracket.intents) or self.now < bracket.wait_until:
            self.wake_at(bracket.wait_until)
            return None
        if any(inquiry.label == order.label for inquiry in bracket.inquiries):
            return None
        if bracket.changes - bracket.changes_forgiven >= self.limits.changes_max:
            mark("too-many-changes")
            self.quarantine(f"more than {self.limits.changes_max} edits and cancels")
            return None
        return self._intend_change(purpose, order)

    def _intend_change(self, purpose: Purpose, order: Order) -> IntentId:
        bracket = self.bracket
        intent_id = IntentId(f"{bracket.plan.bracket_id}:{bracket.changes}")
        self.change(changes=bracket.changes + 1)
        self._intend(
            Intent(intent_id=intent_id, purpose=purpose, fate=Fate.SENT, sent_at=self.now, order_id=order.order_id)
        )
        return intent_id

    def call_back(self) -> None:
        """What was given up buys nothing more: no entry of it rests on. Whatever protects stays."""
        bracket = self.bracket
        spent = bracket.changes - bracket.changes_forgiven >= self.limits.changes_max + RECALLS_MAX
        for order in bracket.live(Leg.ENTRY):
            if not spent and not any(intent.order_id == order.order_id for intent in bracket.intents):
                mark("entry-of-a-given-up-trade-called-back")
                self.want(Cancel(intent_id=self._intend_change(Purpose.CANCEL, order), order_id=order.order_id))

    def quarantine(self, why: str) -> None:
        """Guess nothing: stop acting and let a person look."""
        if self.bracket.phase is Phase.QUARANTINED:
            return
        self.change(phase=Phase.QUARANTINED, reason=why)
        self.call_back()
        ids = ", ".join(order.order_id for order in self.bracket.alive) or "none"
        plan = self.bracket.plan
        text = f"{plan.instrument}: bracket {plan.bracket_id} needs a person: {why}. Orders: {ids}"
        self.want(Alert(severity=Severity.CRITICAL, text=text))
        self.want(Quarantined(why=why))


def order_for(plan: Plan, leg: Leg, amount: Decimal, attempt: int) -> Place:
    """The order that stands for a leg."""
    label = plan.label(leg, attempt)
    side = plan.side if leg is Leg.ENTRY else plan.side.opposite
    common = Place(
        intent_id=IntentId(label),
        leg=leg,
        label=label,
        side=side,
        amount=amount,
        type=OrderType.MARKET,
        reduce_only=leg is not Leg.ENTRY,
    )
    if leg is Leg.STOP:
        return replace(common, type=OrderType.STOP_MARKET, trigger=plan.stop_trigger, trigger_price=plan.stop)
    price = plan.target if leg is Leg.TARGET else plan.entry if leg is Leg.ENTRY else None
    return common if price is None else replace(common, type=OrderType.LIMIT, price=price)


def enter(bracket: Bracket, now: Milliseconds) -> tuple[Bracket, tuple[Effect, ...]]:
    """The first requests of a bracket."""
    wishes = Wishes(bracket, now, Limits())
    if bracket.plan.mode is Mode.NATIVE:
        wishes.place_all()
    else:
        wishes.place(Leg.ENTRY, bracket.plan.amount)
    wishes.wake_at(bracket.plan.entry_until)
    return wishes.done()
