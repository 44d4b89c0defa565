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
    Closed,
    Effect,
    Opened,
    Severity,
)
from trading.bracket.set_back import has_waited
from trading.bracket.state import (
    UNSEEN,
    Bracket,
    Limits,
    Mode,
    Phase,
    Purpose,
    left_of,
    leg_of,
)
from trading.bracket.wishes import Wishes
from trading.labels import LAST_RESORT_FROM, parse
from trading.marks import mark
from trading.values import Leg, Milliseconds, OrderState

NOT_TOLD_YET = "closed"
"""Why it was closed, before the fills that did it have been told."""


def decide(bracket: Bracket, now: Milliseconds, limits: Limits) -> tuple[Bracket, tuple[Effect, ...]]:
    """Want what is missing."""
    wishes = Wishes(bracket, now, limits)
    _revive(wishes)
    if wishes.bracket.phase is Phase.QUARANTINED:
        wishes.call_back()
        return wishes.done()
    for label in wishes.bracket.untold:
        wishes.bracket = inquire(wishes.bracket, label, now)
    _follow_entry(wishes)
    if _is_explained(wishes):
        if wishes.bracket.phase in {Phase.ENTERING, Phase.OPEN}:
            _protect(wishes)
        if wishes.bracket.phase is Phase.CLOSING:
            _get_out(wishes)
        if wishes.bracket.phase in {Phase.CLOSED, Phase.ENDED}:
            _sweep(wishes)
    _ask(wishes)
    return wishes.done()


def _revive(wishes: Wishes) -> None:
    """A fill, or an order, of a bracket that was thought over."""
    bracket = wishes.bracket
    if bracket.phase in {Phase.CLOSED, Phase.ENDED} and bracket.held > 0:
        text = (
            f"{bracket.plan.instrument}: a fill came for the closed bracket {bracket.plan.bracket_id}; closing it again"
        )
        mark("late-fill-of-a-closed-trade")
        wishes.want(Alert(severity=Severity.ERROR, text=text))
        wishes.change(phase=Phase.CLOSING, reason=bracket.reason or "late_fill")


def _ask(wishes: Wishes) -> None:
    """Ask for what is not known, again and again within bounds."""
    limits, now = wishes.limits, wishes.now
    asked = []
    for inquiry in wishes.bracket.inquiries:
        due = inquiry.since if inquiry.asked_at is None else inquiry.asked_at + limits.ask_every_ms
        if now < due:
            wishes.wake_at(due)
            asked.append(inquiry)
            continue
        if inquiry.asked >= limits.asks_max:
            mark("asked-in-vain")
            wishes.quarantine(f"nobody can say what became of {inquiry.label}")
            return
        sent = [intent.sent_at for intent in wishes.bracket.intents if intent.label == inquiry.label]
        wishes.want(Ask(label=inquiry.label, sent_at=max(sent, default=wishes.bracket.began_at)))
        wishes.wake_at(now + limits.ask_every_ms)
        asked.append(replace(inquiry, asked_at=now, asked=inquiry.asked + 1, heard_of=()))
    wishes.change(inquiries=tuple(asked))


def _is_explained(wishes: Wishes) -> bool:
    """More closed than opened: most likely the news of the entry is late. Ask first, and only then give up."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    if bracket.held >= 0:
        wishes.change(odd_since=None)
        return True
    since = now if bracket.odd_since is None else bracket.odd_since
    wishes.change(odd_since=since)
    if now >= since + limits.odd_ms_max:
        mark("more-closed-than-opened-for-good")
        wishes.quarantine("more was closed than opened")
    else:
        mark("more-closed-than-opened")
        _ask_about_all(wishes, asked_at=None if bracket.odd_since is None else now)
    return False


def _ask_about_all(wishes: Wishes, *, asked_at: Milliseconds | None) -> None:
    """Ask for every order that was ever placed; what has just been answered, not at once again."""
    plan = wishes.bracket.plan
    for leg in (Leg.ENTRY, Leg.STOP, Leg.TARGET, Leg.CLOSE):
        for attempt in range(wishes.bracket.attempt(leg)):
            label = plan.label(leg, attempt)
            wishes.bracket = inquire(wishes.bracket, label, wishes.now, asked_at=asked_at)


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
        if has_waited(bracket, wishes.now):
            if bracket.has_held:
                mark("rest-of-a-part-filled-entry-cancelled")
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
        mark("stop-refused-at-its-trigger")
        _flee(wishes, "stop_refused_at_its_trigger")
    elif now >= since + limits.naked_ms_max:
        _flee(wishes, "no_stop_in_time")
        mark("no-stop-in-time")
    else:
        wishes.wake_at(since + limits.naked_ms_max)
        _cover(wishes, held, Milliseconds(since))


def _cover(wishes: Wishes, held: Decimal, since: Milliseconds) -> None:
    """Bring cover up to what is held: the exchange's own children first, then a stop of our own."""
    bracket, now, limits = wishes.bracket, wishes.now, wishes.limits
    if bracket.in_flight(Purpose.STOP, Purpose.BRACKET) or _asks(bracket, Leg.STOP):
        return
    if _follow_fired(wishes):
        return
    stops = bracket.live(Leg.STOP)
    stop_orders = (order for order in bracket.orders if leg_of(order) is Leg.STOP and not order.is_dormant)
    ended = any(not order.state.is_working for order in stop_orders)
    # The exchange's own children grow, or come alive, by themselves; one that has ended does not come again.
    ours_to_come = bracket.plan.mode is Mode.NATIVE and (bool(stops) or not ended)
    if ours_to_come and now < since + limits.hydrate_ms_max:
        wishes.wake_at(since + limits.hydrate_ms_max)
        return
    if stops:
        mark("cover-moved-by-edit")
        wishes.resize(stops[0], left_of(stops[0]) + held - bracket.cover)
    elif bracket.attempt(Leg.STOP) >= min(_stops_uncounted(bracket) + limits.stop_attempts_max, LAST_RESORT_FROM):
        mark("no-stop-accepted")
        _flee(wishes, "no_stop_accepted")
    elif now >= bracket.wait_until:
        wishes.place(Leg.STOP, held)
    else:
        wishes.wake_at(bracket.wait_until)


def _stops_uncounted(bracket: Bracket) -> int:
    """Stops that do not count as attempts: the exchange's own child, and those before a person asked once more."""
    return max(bracket.stops_forgiven, int(bracket.plan.mode is Mode.NATIVE))


def _follow_fired(wishes: Wishes) -> bool:
    """A stop has fired and the order it sent is not known yet: ask for it. It is cover enough for the window."""
    sent = {order.trigger_order_id for order in wishes.bracket.orders}
    fired = [
        order
        for order in wishes.bracket.orders
        if order.state is OrderState.TRIGGERED
        and not order.is_dormant
        and leg_of(order) is Leg.STOP
        and order.order_id not in sent
    ]
    for order in fired:
        mark("stop-fired-its-order-unknown")
        wishes.bracket = inquire(wishes.bracket, order.label, wishes.now)
    return bool(fired)


def _drop_spare_stops(wishes: Wishes, held: Decimal) -> None:
    """Of several stops keep the first that covers all, and no larger than what is held once the entry is over."""
    stops = wishes.bracket.live(Leg.STOP)
    whole = next((order for order in stops if left_of(order) >= held), None)
    if whole is not None:
        for order in stops:
            if order is not whole:
                wishes.cancel(order)
                mark("spare-stop-cancelled")
        if wishes.bracket.phase is Phase.OPEN and left_of(whole) > held:
            mark("stop-cut-to-what-is-held")
            wishes.resize(whole, held)


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
    opened = max((fill.at for fill in bracket.counted if fill.side is bracket.plan.side), default=now)
    if bracket.plan.mode is Mode.NATIVE and now < opened + limits.hydrate_ms_max:
        wishes.wake_at(opened + limits.hydrate_ms_max)
    elif bracket.attempt(Leg.TARGET) - (bracket.plan.mode is Mode.NATIVE) >= limits.target_attempts_max:
        mark("trade-without-a-target")
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
    untold = {order.label for order in bracket.orders if order.label in bracket.untold}
    legs = [label.leg for text in untold if (label := parse(text)) is not None and label.leg is not Leg.ENTRY]
    if legs:  # the order overtook the news of its fill
        return max(legs).value
    exits = [fill for fill in bracket.counted if fill.side is not bracket.plan.side]
    if not exits:
        return NOT_TOLD_YET
    last = max(exits, key=lambda fill: (fill.at, fill.fill_id))
    if last.order_id == UNSEEN:
        return "ghost_trade_cleanup"
    label = parse(last.label)
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
        attempts = bracket.attempt(Leg.CLOSE)
        if attempts >= min(bracket.forgiven + limits.close_attempts_max, LAST_RESORT_FROM):
            mark("could-not-be-closed")
            wishes.quarantine(f"{held} could not be closed in {attempts - bracket.forgiven or attempts} attempts")
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
        reason = _exit_reason(bracket) if bracket.reason == NOT_TOLD_YET else bracket.reason
        wishes.change(phase=Phase.CLOSED if traded else Phase.ENDED, reason=reason)
        wishes.want(Closed(traded=traded, reason=reason))


def _ask_for_children(wishes: Wishes) -> None:
    """The exchange's own stop and target that nobody has shown: alive since the entry, they would outlive the trade."""
    bracket = wishes.bracket
    if bracket.plan.mode is not Mode.NATIVE or not bracket.has_held or bracket.asked_for_children:
        return
    labels = [bracket.plan.label(leg, 0) for leg in (Leg.STOP, Leg.TARGET)]
    # One that has woken lives on under another id; one that was taken back as it slept never does.
    ends = {one.label for one in bracket.orders if not one.is_dormant or one.state is OrderState.CANCELLED}
    unseen = [label for label in labels if label not in ends]
    for label in unseen:
        mark("children-never-shown")
        wishes.bracket = inquire(wishes.bracket, label, wishes.now)
    if unseen:
        wishes.change(asked_for_children=True)


def _sweep(wishes: Wishes) -> None:
    """Nothing is held: nothing of ours may rest."""
    for order in wishes.bracket.alive:
        wishes.cancel(order)
    _ask_for_children(wishes)
    bracket = wishes.bracket
    if bracket.dormant and not bracket.live(Leg.ENTRY):
        for order in bracket.dormant:
            wishes.bracket = inquire(wishes.bracket, order.label, wishes.now)
