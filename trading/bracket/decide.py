"""What follows from what is known: compare what should be with what is, and want the difference.

The order of the questions is the order of importance: is what is held covered, is it the right size, is the way
out open; only then whether anything is finished.
"""

from dataclasses import replace
from decimal import Decimal

from trading.bracket.absorb import inquire
from trading.bracket.effects import (
    Alert,
    Ask,
    Cancel,
    Closed,
    Edit,
    Effect,
    Opened,
    Place,
    PlaceBracket,
    Quarantined,
    Severity,
    Wake,
)
from trading.bracket.state import (
    Bracket,
    Fate,
    Intent,
    Limits,
    Mode,
    Phase,
    Plan,
    Purpose,
    left_of,
    leg_of,
)
from trading.facts import Order
from trading.labels import parse
from trading.values import IntentId, Leg, Milliseconds, OrderState, OrderType

_PURPOSES = {Leg.ENTRY: Purpose.ENTRY, Leg.STOP: Purpose.STOP, Leg.TARGET: Purpose.TARGET, Leg.CLOSE: Purpose.CLOSE}


class Wishes:
    """A bracket on its way through one decision: what it becomes, and what it wants meanwhile."""

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

    def _count(self, leg: Leg) -> None:
        rest = tuple((one, count) for one, count in self.bracket.attempts if one is not leg)
        self.change(attempts=(*rest, (leg, self.bracket.attempt(leg) + 1)))

    def place_all(self) -> None:
        """Place entry, stop and target as one request."""
        plan = self.bracket.plan
        entry, stop, target = (order_for(plan, leg, plan.amount, 0) for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET))
        self._intend(
            Intent(
                intent_id=entry.intent_id, purpose=Purpose.BRACKET, fate=Fate.SENT, sent_at=self.now, label=entry.label
            )
        )
        for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET):
            self._count(leg)
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
        if bracket.changes >= self.limits.changes_max:
            self.quarantine(f"more than {self.limits.changes_max} edits and cancels")
            return None
        intent_id = IntentId(f"{bracket.plan.bracket_id}:{bracket.changes}")
        self.change(changes=bracket.changes + 1)
        self._intend(
            Intent(intent_id=intent_id, purpose=purpose, fate=Fate.SENT, sent_at=self.now, order_id=order.order_id)
        )
        return intent_id

    def quarantine(self, why: str) -> None:
        """Guess nothing: stop acting and let a person look."""
        if self.bracket.phase is Phase.QUARANTINED:
            return
        self.change(phase=Phase.QUARANTINED, reason=why)
        ids = ", ".join(order.order_id for order in self.bracket.alive) or "none"
        text = f"{self.bracket.plan.instrument}: bracket {self.bracket.plan.bracket_id} needs a person: {why}. Orders: {ids}"
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


def decide(bracket: Bracket, now: Milliseconds, limits: Limits) -> tuple[Bracket, tuple[Effect, ...]]:
    """Want what is missing."""
    wishes = Wishes(bracket, now, limits)
    _revive(wishes)
    if wishes.bracket.phase is Phase.QUARANTINED:
        return wishes.done()
    _ask(wishes)
    _follow_entry(wishes)
    if wishes.bracket.held < 0:
        wishes.quarantine("more was closed than opened")
    if wishes.bracket.phase in {Phase.ENTERING, Phase.OPEN}:
        _protect(wishes)
    if wishes.bracket.phase is Phase.CLOSING:
        _get_out(wishes)
    if wishes.bracket.phase in {Phase.CLOSED, Phase.ENDED}:
        _sweep(wishes)
    return wishes.done()


def _revive(wishes: Wishes) -> None:
    """A fill, or an order, of a bracket that was thought over."""
    bracket = wishes.bracket
    if bracket.phase in {Phase.CLOSED, Phase.ENDED} and bracket.held > 0:
        text = (
            f"{bracket.plan.instrument}: a fill came for the closed bracket {bracket.plan.bracket_id}; closing it again"
        )
        wishes.want(Alert(severity=Severity.ERROR, text=text))
        wishes.change(phase=Phase.CLOSING, reason=bracket.reason or "late_fill")


def _ask(wishes: Wishes) -> None:
    """Ask for what is not known, again and again within bounds."""
    limits, now = wishes.limits, wishes.now
    for label in wishes.bracket.untold:
        wishes.bracket = inquire(wishes.bracket, label, now)
    asked = []
    for inquiry in wishes.bracket.inquiries:
        due = inquiry.since if inquiry.asked_at is None else inquiry.asked_at + limits.ask_every_ms
        if now < due:
            wishes.wake_at(due)
            asked.append(inquiry)
            continue
        if inquiry.asked >= limits.asks_max:
            wishes.quarantine(f"nobody can say what became of {inquiry.label}")
            return
        sent = [intent.sent_at for intent in wishes.bracket.intents if intent.label == inquiry.label]
        wishes.want(Ask(label=inquiry.label, sent_at=max(sent, default=wishes.bracket.began_at)))
        wishes.wake_at(now + limits.ask_every_ms)
        asked.append(replace(inquiry, asked_at=now, asked=inquiry.asked + 1))
    wishes.change(inquiries=tuple(asked))


def _follow_entry(wishes: Wishes) -> None:
    """Say when it has opened; end an entry that has waited long enough; see when it is over."""
    bracket = wishes.bracket
    if bracket.has_held and not bracket.told_open:
        wishes.want(Opened())
        wishes.change(told_open=True)
    working = bracket.live(Leg.ENTRY)
    pending = bracket.in_flight(Purpose.ENTRY, Purpose.BRACKET)
    if bracket.phase is not Phase.ENTERING:
        return
    if working:
        if wishes.now >= bracket.plan.entry_until:
            for order in working:
                wishes.cancel(order)
        else:
            wishes.wake_at(bracket.plan.entry_until)
    elif not pending and not _asks(bracket, Leg.ENTRY):
        if bracket.has_held:
            wishes.change(phase=Phase.OPEN)
        else:
            wishes.change(phase=Phase.CLOSING, reason=bracket.reason or "entry_not_filled")


def _asks(bracket: Bracket, leg: Leg) -> bool:
    """Is anything about this leg unknown?"""
    return any((label := parse(inquiry.label)) is not None and label.leg is leg for inquiry in bracket.inquiries)


def _protect(wishes: Wishes) -> None:
    """P1: what is held is covered by resting stops, or it is closed."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    held = bracket.held
    if held <= 0:
        wishes.change(naked_since=None)
        if bracket.phase is Phase.OPEN:
            wishes.change(phase=Phase.CLOSING, reason=_exit_reason(bracket))
        return
    if bracket.cover >= held:
        wishes.change(naked_since=None)
        _drop_spare_stops(wishes, held)
        if bracket.phase is Phase.OPEN:
            _aim(wishes, held)
        return
    since = now if bracket.naked_since is None else bracket.naked_since
    wishes.change(naked_since=since)
    if any(order.state is OrderState.REJECTED and leg_of(order) is Leg.STOP for order in bracket.orders[-2:]):
        _flee(wishes, "stop_refused_at_its_trigger")
    elif now >= since + limits.naked_ms_max:
        _flee(wishes, "no_stop_in_time")
    else:
        wishes.wake_at(since + limits.naked_ms_max)
        _cover(wishes, held, Milliseconds(since))


def _cover(wishes: Wishes, held: Decimal, since: Milliseconds) -> None:
    """Bring cover up to what is held: the exchange's own children first, then a stop of our own."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    if bracket.in_flight(Purpose.STOP, Purpose.BRACKET) or _asks(bracket, Leg.STOP):
        return
    if _fired(bracket):
        return
    ours_to_come = bracket.plan.mode is Mode.NATIVE and now < since + limits.hydrate_ms_max
    if ours_to_come:
        wishes.wake_at(since + limits.hydrate_ms_max)
        return
    stops = bracket.live(Leg.STOP)
    if stops:
        wishes.resize(stops[0], left_of(stops[0]) + held - bracket.cover)
    elif bracket.attempt(Leg.STOP) - (bracket.plan.mode is Mode.NATIVE) >= limits.stop_attempts_max:
        _flee(wishes, "no_stop_accepted")
    elif now >= bracket.wait_until:
        wishes.place(Leg.STOP, held)
    else:
        wishes.wake_at(bracket.wait_until)


def _fired(bracket: Bracket) -> bool:
    """A stop has fired and its order is on its way through the market: that is cover enough for the window."""
    return any(order.state is OrderState.TRIGGERED and leg_of(order) is Leg.STOP for order in bracket.orders)


def _drop_spare_stops(wishes: Wishes, held: Decimal) -> None:
    """Of several stops keep the first that covers all; a native child may have come late."""
    stops = wishes.bracket.live(Leg.STOP)
    whole = next((order for order in stops if left_of(order) >= held), None)
    if whole is not None:
        for order in stops:
            if order is not whole:
                wishes.cancel(order)


def _aim(wishes: Wishes, held: Decimal) -> None:
    """A target of the right size, once the stop stands and the entry is over."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    if bracket.in_flight(Purpose.TARGET, Purpose.BRACKET) or _asks(bracket, Leg.TARGET):
        return
    targets = bracket.live(Leg.TARGET)
    if targets:
        for spare in targets[1:]:
            wishes.cancel(spare)
        if left_of(targets[0]) != held:
            wishes.resize(targets[0], held)
        return
    opened = max((fill.at for fill in bracket.fills if fill.side is bracket.plan.side), default=now)
    if bracket.plan.mode is Mode.NATIVE and now < opened + limits.hydrate_ms_max:
        wishes.wake_at(opened + limits.hydrate_ms_max)
    elif bracket.attempt(Leg.TARGET) - (bracket.plan.mode is Mode.NATIVE) >= limits.target_attempts_max:
        return  # the stop stands: a trade without a target is safe, and was told of when it was refused
    elif now >= bracket.wait_until:
        wishes.place(Leg.TARGET, held)
    else:
        wishes.wake_at(bracket.wait_until)


def _flee(wishes: Wishes, reason: str) -> None:
    """No cover to be had: out at market."""
    bracket = wishes.bracket
    text = f"{bracket.plan.instrument}: {bracket.held} held without a stop ({reason}); closing at market"
    wishes.want(Alert(severity=Severity.CRITICAL, text=text))
    wishes.change(phase=Phase.CLOSING, reason=reason)


def _exit_reason(bracket: Bracket) -> str:
    """Who closed it, by the last fill on the way out."""
    exits = [fill for fill in bracket.fills if fill.side is not bracket.plan.side]
    if not exits:
        return "closed"
    label = parse(max(exits, key=lambda fill: (fill.at, fill.fill_id)).label)
    if label is None or label.bracket != bracket.plan.bracket_id:
        return "manual"
    return label.leg.value


def _get_out(wishes: Wishes) -> None:
    """Flatten what is held, then take everything away, then say that it is over."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    for order in bracket.live(Leg.ENTRY):
        wishes.cancel(order)
    if bracket.in_flight(Purpose.ENTRY, Purpose.BRACKET):
        return
    held = wishes.bracket.held
    if held > 0:
        if bracket.live(Leg.CLOSE) or bracket.in_flight(Purpose.CLOSE) or _asks(bracket, Leg.CLOSE):
            return
        if bracket.attempt(Leg.CLOSE) >= limits.close_attempts_max:
            wishes.quarantine(f"{held} could not be closed in {limits.close_attempts_max} attempts")
        elif now >= bracket.wait_until:
            wishes.place(Leg.CLOSE, held)
        else:
            wishes.wake_at(bracket.wait_until)
        return
    wishes.change(naked_since=None)
    _sweep(wishes)
    bracket = wishes.bracket
    if not (bracket.alive or bracket.dormant or bracket.intents or bracket.inquiries):
        traded = bracket.has_held
        wishes.change(phase=Phase.CLOSED if traded else Phase.ENDED)
        wishes.want(Closed(traded=traded, reason=bracket.reason))


def _sweep(wishes: Wishes) -> None:
    """Nothing is held: nothing of ours may rest."""
    for order in wishes.bracket.alive:
        wishes.cancel(order)
    bracket = wishes.bracket
    if bracket.dormant and not bracket.live(Leg.ENTRY):
        for order in bracket.dormant:
            wishes.bracket = inquire(wishes.bracket, order.label, wishes.now)
        wishes.wake_at(wishes.now + wishes.limits.ask_every_ms)
