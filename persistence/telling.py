"""A step in words: the kind of its event and a sentence for the timeline of a trade."""

import re
from collections.abc import Sequence
from typing import Final, assert_never

from trading.bracket import (
    Adopt,
    Alert,
    Ask,
    Asked,
    Bracket,
    Close,
    Closed,
    Done,
    Effect,
    FillSeen,
    Message,
    Opened,
    OrderSeen,
    Pictured,
    Place,
    Quarantined,
    Reduced,
    Refused,
    Tick,
    Unknown,
    Wake,
)
from trading.bracket.state import leg_of
from trading.facts import Fill, Order
from trading.labels import parse
from trading.values import plain

_PLAIN: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a word begins in a class's name."""

Cause = Message | str | None
"""What a step was told: the message, or words where there is none (a signal, a person's choice)."""


def kind_of(cause: Cause) -> str:
    """Give the event's kind."""
    match cause:
        case None | str():
            return "step"
        case Tick():
            return "time_passed"
        case Done():
            return "request_done"
        case Refused():
            return "request_refused"
        case Unknown():
            return "request_unknown"
        case OrderSeen():
            return "order_seen"
        case FillSeen():
            return "fill_seen"
        case Asked():
            return "label_asked"
        case Pictured():
            return "pictured"
        case Reduced():
            return "reduced"
        case Close():
            return "close_wanted"
        case Adopt():
            return "adoption_wanted"
        case _:
            assert_never(cause)


def sentence_of(cause: Cause) -> str:
    """Say what the step was told."""
    match cause:
        case None:
            return ""
        case str():
            return cause
        case Tick():
            return "time has passed"
        case Done(intent_id=intent_id):
            return f"the exchange did {intent_id}"
        case Refused(intent_id=intent_id, code=code, sentence=sentence):
            return f"refused ({code} {sentence}): {intent_id}"
        case Unknown(intent_id=intent_id):
            return f"sent and never answered: {intent_id}"
        case OrderSeen(order=order):
            return _order(order)
        case FillSeen(fill=fill):
            return _fill(fill)
        case Asked(label=label, verdict=verdict):
            return f"asked for {label}: {verdict}"
        case Pictured(orders=orders, position=position):
            return f"compared with the exchange: {len(orders)} orders, position {plain(position)}"
        case Reduced(held=held, price=price):
            return f"only {plain(held)} is held, closed out of our sight at about {plain(price)}"
        case Close(reason=reason):
            return f"to be closed: {reason}"
        case Adopt():
            return "a person takes it into care again"
        case _:
            assert_never(cause)


def beginning_of(bracket: Bracket) -> str:
    """Say what a bracket wants."""
    plan = bracket.plan
    price = "at market" if plan.entry is None else f"at {plain(plan.entry)}"
    legs = f"stop {plain(plan.stop)}, target {plain(plan.target)}"
    return f"{plan.side} {plain(plan.amount)} {plan.instrument} {price}, {legs}: {plan.reason}"


def news_of(effect: Effect, after: Bracket) -> tuple[tuple[str, str], ...]:
    """Give the kind and sentence of an effect that is news by itself; nothing for the others."""
    instrument = after.plan.instrument
    match effect:
        case Opened():
            return (("trade_opened", f"{instrument}: {after.plan.side} {plain(after.held)} held"),)
        case Closed(traded=True, reason=reason):
            return (("trade_closed", f"{instrument}: closed, {reason}"),)
        case Closed(reason=reason):
            return (("entry_ended", f"{instrument}: ended without a trade, {reason}"),)
        case Quarantined(why=why):
            return (("trade_quarantined", f"{instrument}: needs a person, {why}"),)
        case _:
            return ()


def name_of_step(cause: Cause, effects: Sequence[Effect], *, is_first: bool) -> str:
    """Name a step after what it was told and what it wants done, alike for every bracket: `fill_seen>place_stop`."""
    wants = [
        f"place_{effect.leg}" if isinstance(effect, Place) else _PLAIN.sub("_", type(effect).__name__).lower()
        for effect in effects
        if not isinstance(effect, Alert | Ask | Wake)
    ]
    return ">".join(("begin" if is_first else kind_of(cause), *wants))


def _order(order: Order) -> str:
    leg = leg_of(order)
    whose = "somebody else's order" if leg is None else f"{leg} order"
    return f"{whose} {order.order_id} is {order.state}, {plain(order.filled_amount)} of {plain(order.amount)} filled"


def _fill(fill: Fill) -> str:
    label = parse(fill.label)
    whose = "by somebody else" if label is None else f"for the {label.leg}"
    return f"{fill.side} {plain(fill.amount)} at {plain(fill.price)} {whose}"
