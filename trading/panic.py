"""The way out when nothing can be recorded: what the exchange itself showed, and nothing else, says what to send.

Only safety leaves like this: cancels of our entries, and closing orders that are reduce-only and carry our label, so
that they cannot open anything and are known again as part of their trade once the database takes writes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from trading.bracket import Bracket, Cancel, Place
from trading.bracket.state import leg_of
from trading.bracket.wishes import order_for
from trading.facts import Fill, Holding, Order
from trading.labels import LAST_RESORT_FROM
from trading.marks import mark
from trading.values import ZERO, InstrumentName, IntentId, Leg, Milliseconds

ATTEMPTS: Final = 10


def way_out(
    brackets: Iterable[Bracket],
    working: Iterable[Order],
    holdings: Mapping[InstrumentName, Holding],
    told: Iterable[Fill],
    *,
    times: int,
    now: Milliseconds,
) -> tuple[tuple[InstrumentName, Cancel | Place], ...]:
    """What to send, entries first. ``working`` are orders of ours; ``times`` counts how often a person asked.

    ``told`` are the last fills of ours: what closed a part of a trade counts, recorded or not.
    """
    fills = tuple(told)
    found: list[tuple[InstrumentName, Cancel | Place]] = [
        (order.instrument, Cancel(intent_id=IntentId(f"panic:{order.order_id}:{now}"), order_id=order.order_id))
        for order in working
        if leg_of(order) is Leg.ENTRY and order.state.is_working and not order.is_dormant
    ]
    for bracket in brackets:
        plan = bracket.plan
        holding = holdings.get(plan.instrument)
        held = ZERO if holding is None else holding.amount * plan.side.sign
        # What others hold beside the trade is theirs: never more than the trade could have bought, less what it sold.
        exits = {fill.fill_id: fill.amount for fill in (*bracket.fills, *fills) if _is_exit(bracket, fill)}
        amount: Decimal = min(held, plan.amount - sum(exits.values(), ZERO))
        if amount > 0:
            mark("closed-without-a-record")
            attempt = LAST_RESORT_FROM + times % ATTEMPTS
            order = order_for(plan, Leg.CLOSE, amount, attempt)
            # Labels come round again, and a request whose id was sent before would not leave.
            found.append((plan.instrument, replace(order, intent_id=IntentId(f"panic:{order.label}:{now}"))))
    return tuple(found)


def _is_exit(bracket: Bracket, fill: Fill) -> bool:
    return bracket.is_own(fill) and fill.side is not bracket.plan.side
