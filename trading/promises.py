"""The promises as functions: a picture of exchange and database in, what is broken in it out.

They trust nobody: what is compared is what the exchange holds and what the database says. Those about time are
stepped: `Lasting` remembers since when something is so, and only what lasts longer than it may is broken.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from trading.bracket import Bracket, Plan
from trading.instruments import Instrument
from trading.labels import parse
from trading.lifecycle import State
from trading.values import ZERO, BracketId, InstrumentName, Kind, Leg, OrderId, Side, StrategyName

NAKED_MS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A broken promise. ``about`` tells one case from another, ``sentence`` is the evidence."""

    promise: str
    about: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An order that rests on the exchange. ``left`` is what it would still trade."""

    order_id: OrderId
    instrument: InstrumentName
    side: Side
    left: Decimal
    label: str
    is_stop: bool
    """A trigger that waits, or the order a fired one has sent."""
    reduce_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the exchange shows and what the database says, at one moment."""

    owner: str
    worker: str
    held: Mapping[InstrumentName, Decimal]
    """Positions, those parts of them that are ours: what a person holds beside them is a person's."""
    resting: tuple[Resting, ...]
    open: tuple[Bracket, ...]
    """Brackets that explain something: open ones, and those that wait for a person."""


# --- P1: no naked position


def naked(picture: Picture) -> tuple[Violation, ...]:
    """Positions of ours that resting reduce-only stops would not close as a whole."""
    found = []
    for instrument, held in picture.held.items():
        away = Side.SELL if held > 0 else Side.BUY
        stops = (
            order.left
            for order in picture.resting
            if order.instrument == instrument and order.side is away and order.is_stop and order.reduce_only
        )
        bare = abs(held) - sum(stops, ZERO)
        if bare > 0:
            found.append(Violation(promise="P1", about=instrument, sentence=f"{bare} of {held} is without a stop"))
    return tuple(found)


# --- P2: no orphan order


def orphans(picture: Picture) -> tuple[Violation, ...]:
    """Orders with our label that no bracket explains."""
    known = {bracket.plan.bracket_id for bracket in picture.open}
    found = []
    for order in picture.resting:
        label = parse(order.label)
        if label is None or (label.owner, label.worker) != (picture.owner, picture.worker) or label.bracket in known:
            continue
        text = f"order {order.order_id} ({order.label}) has no open bracket"
        found.append(Violation(promise="P2", about=order.order_id, sentence=text))
    return tuple(found)


# --- P3: no double entry


def double_entries(entries: Mapping[BracketId, int]) -> tuple[Violation, ...]:
    """Brackets of which the exchange ever took more than one entry order."""
    return tuple(
        Violation(promise="P3", about=bracket, sentence=f"{count} entries for one signal")
        for bracket, count in entries.items()
        if count > 1
    )


def crowded(brackets: Iterable[Bracket]) -> tuple[Violation, ...]:
    """Instruments with more than one open bracket."""
    counted = Counter(bracket.plan.instrument for bracket in brackets if not bracket.phase.is_over)
    return tuple(
        Violation(promise="P3", about=instrument, sentence=f"{count} open brackets on one instrument")
        for instrument, count in counted.items()
        if count > 1
    )


# --- P4: the database tells the truth (when quiet)


def untrue(picture: Picture) -> tuple[Violation, ...]:
    """Where open trades are not the positions, or working orders not the orders."""
    said: dict[InstrumentName, Decimal] = dict.fromkeys(picture.held, ZERO)
    for bracket in picture.open:
        plan = bracket.plan
        said[plan.instrument] = said.get(plan.instrument, ZERO) + bracket.held * plan.side.sign
    found = [
        Violation(
            promise="P4",
            about=instrument,
            sentence=f"the database explains {amount}, the exchange holds {picture.held.get(instrument, ZERO)} of ours",
        )
        for instrument, amount in said.items()
        if amount != picture.held.get(instrument, ZERO)
    ]
    believed = {order.order_id for bracket in picture.open for order in bracket.alive}
    labels = ((order, parse(order.label)) for order in picture.resting)
    there = {
        order.order_id
        for order, label in labels
        if label is not None and (label.owner, label.worker) == (picture.owner, picture.worker)
    }
    found += [
        Violation(promise="P4", about=order_id, sentence=f"order {order_id} rests, and the database does not know")
        for order_id in sorted(there - believed)
    ]
    found += [
        Violation(promise="P4", about=order_id, sentence=f"order {order_id} is believed to rest and does not")
        for order_id in sorted(believed - there)
    ]
    return tuple(found)


def undecided(picture: Picture) -> tuple[Violation, ...]:
    """Requests of which the database does not know what became. Each must be answered soon, or asked for."""
    return tuple(
        Violation(
            promise="P4", about=intent.intent_id, sentence=f"{intent.purpose} {intent.intent_id} is {intent.fate}"
        )
        for bracket in picture.open
        if not bracket.phase.is_over
        for intent in bracket.intents
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a closed trade made: by the database, or by the exchange's own records."""

    gross: Decimal
    fees: Decimal
    funding: Decimal = ZERO


def untrue_results(said: Mapping[BracketId, Result], recorded: Mapping[BracketId, Result]) -> tuple[Violation, ...]:
    """Closed trades whose result is not what the exchange's own records say, to the last digit."""
    return tuple(
        Violation(promise="P4", about=bracket, sentence=f"the database says {result}, the exchange {recorded[bracket]}")
        for bracket, result in said.items()
        if bracket in recorded and recorded[bracket] != result
    )


# --- P5: only a person restarts what failed


def restarted(
    before: Mapping[StrategyName, State], after: Mapping[StrategyName, State], resumed: frozenset[StrategyName]
) -> tuple[Violation, ...]:
    """Strategies that left ERROR although no person resumed them."""
    return tuple(
        Violation(promise="P5", about=name, sentence=f"{name} went from ERROR to {after[name]} by itself")
        for name, state in before.items()
        if state is State.ERROR and after.get(name, State.ERROR) is not State.ERROR and name not in resumed
    )


# --- P6: nothing acknowledged is lost


def unrecorded(seen: Iterable[tuple[OrderId, str]], written: frozenset[str]) -> tuple[Violation, ...]:
    """Orders on the exchange whose label was on no disk when they arrived."""
    return tuple(
        Violation(promise="P6", about=order_id, sentence=f"order {order_id} ({label}) was sent before it was on disk")
        for order_id, label in seen
        if label not in written
    )


# --- P7: the risk set is the risk taken


def loss_at_stop(plan: Plan, instrument: Instrument, entry: Decimal) -> Fraction:
    """What the whole plan loses when it is entered there and stopped at its stop, the taker's fees included."""
    amount, first, last = Fraction(plan.amount), Fraction(entry), Fraction(plan.stop)
    worth = (amount / first, amount / last) if instrument.kind is Kind.INVERSE else (amount * first, amount * last)
    return abs(worth[0] - worth[1]) + (worth[0] + worth[1]) * Fraction(instrument.taker_commission)


def over_risk(plan: Plan, instrument: Instrument, *, entry: Decimal, risk_set: Decimal) -> tuple[Violation, ...]:
    """A plan that would lose more than was set. Exact: whole lots are cut down, so nothing explains more."""
    loss, wanted = loss_at_stop(plan, instrument, entry), Fraction(risk_set)
    if loss > wanted:
        text = f"would lose {float(loss):.8g} at its stop, and {float(wanted):.8g} was set"
        return (Violation(promise="P7", about=plan.bracket_id, sentence=text),)
    return ()


def under_risk(plan: Plan, instrument: Instrument, *, entry: Decimal, risk_set: Decimal) -> tuple[Violation, ...]:
    """A plan that would lose needlessly less than was set: one lot more would still have been within it."""
    more = replace(plan, amount=plan.amount + instrument.lot)
    loss, wanted = loss_at_stop(more, instrument, entry), Fraction(risk_set)
    if loss <= wanted:
        text = f"with a lot more would lose {float(loss):.8g} at its stop, and {float(wanted):.8g} was set"
        return (Violation(promise="P7", about=plan.bracket_id, sentence=text),)
    return ()


def opposite_legs(brackets: Iterable[Bracket]) -> tuple[Violation, ...]:
    """Exits that could open a position: on the entry's side."""
    found = []
    for bracket in brackets:
        for order in bracket.alive:
            label = parse(order.label)
            is_exit = label is not None and label.leg is not Leg.ENTRY
            if is_exit and (order.side is bracket.plan.side or not order.reduce_only):
                text = f"exit {order.order_id} ({order.label}) could open a position"
                found.append(Violation(promise="P1", about=order.order_id, sentence=text))
    return tuple(found)


def wrong_stops(brackets: Iterable[Bracket]) -> tuple[Violation, ...]:
    """Stops that wait at another price than the plan's: the risk taken is not the risk set."""
    return tuple(
        Violation(
            promise="P7",
            about=order.order_id,
            sentence=f"stop {order.order_id} waits at {order.trigger_price}, planned was {bracket.plan.stop}",
        )
        for bracket in brackets
        for order in bracket.live(Leg.STOP)
        if order.trigger_price is not None and order.trigger_price != bracket.plan.stop
    )


# --- what is broken only when it lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """Since when each case is so. A value: `step` gives the next one."""

    since: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def step(self, found: Iterable[Violation], now: int) -> "Lasting":
        """Take in what is so now; what is not so any more is forgotten."""
        return Lasting(since={(one.promise, one.about): self.since.get((one.promise, one.about), now) for one in found})

    def longest(self, now: int) -> int:
        """For how long the oldest has lasted."""
        return max((now - since for since in self.since.values()), default=0)
