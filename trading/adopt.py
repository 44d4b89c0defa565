"""A trade that the database does not know, made again from what the exchange shows of it. Pure.

Its label says whose and which it is, its fills what it holds and paid, its resting orders where stop and target are.
What nothing shows is chosen so that it is safe: a stop near the market, a target as far away on the other side.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading.bracket.state import UNSEEN, Bracket, Mode, Phase, Plan, leg_of
from trading.facts import Fill, Order
from trading.findings import Adopt
from trading.instruments import Instrument
from trading.labels import LAST_RESORT_FROM, parse
from trading.marks import mark
from trading.values import (
    ZERO,
    FillCondition,
    FillId,
    LabelText,
    Leg,
    Liquidity,
    Milliseconds,
    Side,
    StrategyName,
    TriggerSource,
    WorkerId,
    money_math,
)

STOP_PART = Decimal("0.01")
"""Where no stop rests: so far from the market, as a part of its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who adopts, and how."""

    owner: str
    worker: WorkerId
    mode: Mode
    fill_condition: FillCondition


def adopted(found: Adopt, instrument: Instrument, house: House, now: Milliseconds) -> Bracket:
    """The trade as far as it can be known. Orders of it that rest are part of it; it looks after itself from here."""
    side = Side.BUY if found.holding.amount > 0 else Side.SELL
    fills = found.fills
    missing = abs(found.holding.amount) - sum((fill.amount * fill.side.sign * side.sign for fill in fills), ZERO)
    if not fills or (found.is_whole and missing > 0):
        fills = (*fills, _unseen(found, instrument, side, missing, now))
    entered = sum((fill.amount for fill in fills if fill.side is side and parse(fill.label) is not None), ZERO)
    began = min((fill.at for fill in fills), default=now)
    plan = Plan(
        bracket_id=found.label.bracket,
        strategy=StrategyName(found.label.strategy),
        owner=house.owner,
        worker=house.worker,
        instrument=instrument.name,
        currency=instrument.settlement,
        lot=instrument.lot,
        side=side,
        amount=entered or abs(found.holding.amount),
        entry=None,
        stop=_stop(found, instrument, side),
        target=_target(found, instrument, side),
        stop_trigger=next((one.trigger for one in found.orders if one.trigger is not None), TriggerSource.LAST_PRICE),
        mode=house.mode,
        fill_condition=house.fill_condition,
        entry_until=now,
        reason="adopted: the exchange had it, the database not",
    )
    is_entering = any(leg_of(order) is Leg.ENTRY and order.state.is_working for order in found.orders)
    return Bracket(
        plan=plan,
        phase=Phase.ENTERING if is_entering else Phase.OPEN,
        orders=found.orders,
        fills=fills,
        attempts=_attempts(found),
        told_open=True,
        began_at=began,
    )


def _unseen(found: Adopt, instrument: Instrument, side: Side, amount: Decimal, now: Milliseconds) -> Fill:
    """Stand in for entry fills that the exchange does not show any more: the result becomes an estimate."""
    mark("adopted-without-its-entry")
    entry = str(replace(found.label, leg=Leg.ENTRY, attempt=0))
    return Fill(
        fill_id=FillId(f"{UNSEEN}:{found.label.bracket}:entry"),
        order_id=UNSEEN,
        label=LabelText(entry),
        instrument=instrument.name,
        side=side,
        amount=amount,
        price=found.holding.average_price or found.holding.mark_price,
        fee=ZERO,
        fee_currency=instrument.settlement,
        profit_loss=ZERO,
        liquidity=Liquidity.TAKER,
        at=now,
    )


def _stop(found: Adopt, instrument: Instrument, side: Side) -> Decimal:
    resting = [one.trigger_price for one in _legs(found, Leg.STOP) if one.trigger_price is not None]
    return resting[0] if resting else _away(found, instrument, -side.sign)


def _target(found: Adopt, instrument: Instrument, side: Side) -> Decimal:
    resting = [one.price for one in _legs(found, Leg.TARGET) if one.price is not None]
    return resting[0] if resting else _away(found, instrument, side.sign)


def _away(found: Adopt, instrument: Instrument, sign: int) -> Decimal:
    mark("adopted-without-an-exit")
    with money_math():
        return instrument.round_price(found.holding.mark_price * (1 + sign * STOP_PART))


def _legs(found: Adopt, leg: Leg) -> list[Order]:
    return [order for order in found.orders if leg_of(order) is leg]


def _attempts(found: Adopt) -> tuple[tuple[Leg, int], ...]:
    """How many orders of each leg were sent, as far as any is shown: no label is used twice.

    Those of a panic and the guardian's have labels of their own, and count from elsewhere.
    """
    counted = {Leg.ENTRY: 1, Leg.STOP: 0, Leg.TARGET: 0, Leg.CLOSE: 0}
    for text in (*(order.label for order in found.orders), *(fill.label for fill in found.fills)):
        label = parse(text)
        if label is not None and label.attempt < LAST_RESORT_FROM:
            counted[label.leg] = max(counted[label.leg], label.attempt + 1)
    return tuple((leg, count) for leg, count in counted.items() if count)
