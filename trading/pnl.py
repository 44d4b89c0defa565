"""Profit and loss: what a trade made, and what an open position would make.

The books are the exchange's: ``from_fills`` only adds up what it booked itself. The formulas check those
figures, and estimate where there are none yet (marked as estimated). No prices are fetched here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.errors import BadInput
from trading.facts import Fill
from trading.values import ZERO, Currency, FillId, Kind, Side, money_math


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position made of fills. ``amount`` is signed and in order units; flat is amount 0 and average price 0."""

    kind: Kind
    amount: Decimal = ZERO
    average_price: Decimal = ZERO

    @property
    def side(self) -> Side | None:
        """The side held; None when flat."""
        if self.amount == 0:
            return None
        return Side.BUY if self.amount > 0 else Side.SELL


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one fill did: the position after it, how much it closed and opened, and the profit on the closed part."""

    position: Position
    closed: Decimal
    opened: Decimal
    realised: Decimal


@unique
class Known(StrEnum):
    """How well a closed trade's result is known."""

    PENDING = "pending"  # by its fills; the exchange's book, where funding stands, is still to be read
    FINAL = "final"  # by fills and book, to the last digit
    ESTIMATED = "estimated"  # the exchange does not say all of it, or no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePnl:
    """The result of a trade in its settlement currency. ``fees`` above zero cost, ``funding`` above zero was received.

    ``estimated`` is True when formulas made the figure; the exchange's own books never are.
    """

    currency: Currency
    gross: Decimal
    fees: Decimal
    funding: Decimal
    estimated: bool

    @property
    def net(self) -> Decimal:
        """What the trade changed the account by."""
        with money_math():
            return self.gross - self.fees + self.funding


def profit(kind: Kind, side: Side, amount: Decimal, entry: Decimal, price: Decimal) -> Decimal:
    """Give the profit of ``amount`` held on ``side`` from ``entry`` to ``price``, before fees and funding."""
    assert amount >= 0, "the side gives the sign, the amount does not"
    if amount == 0:
        return ZERO
    with money_math():
        match kind:
            case Kind.LINEAR:
                return side.sign * amount * (price - entry)
            case Kind.INVERSE:
                # One division by an exact product, so that a trade without a move makes exactly zero.
                return side.sign * amount * (price - entry) / (entry * price)


def average_entry(kind: Kind, entries: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """Average the prices of (amount, price) pairs: by coins for linear, by USD (harmonic) for inverse; 0 for none."""
    with money_math():
        amounts = weights = ZERO
        for amount, price in entries:
            amounts += amount
            weights += amount / price if kind is Kind.INVERSE else amount * price
        if amounts == 0:
            return ZERO
        return amounts / weights if kind is Kind.INVERSE else weights / amounts


def unrealised(position: Position, mark: Decimal) -> Decimal:
    """Give the profit of closing everything at ``mark``, before fees; always an estimate."""
    if position.side is None:
        return ZERO
    return profit(position.kind, position.side, abs(position.amount), position.average_price, mark)


def apply_fill(position: Position, side: Side, amount: Decimal, price: Decimal) -> Step:
    """Let one fill happen to a position: open, add, close a part, close all, or close all and open the other side."""
    if not (amount > 0 and price > 0):
        msg = "a fill has an amount and a price above zero"
        raise BadInput(msg, (amount, price))
    held = position.side
    if held is None or held is side:
        with money_math():
            entries = [(abs(position.amount), position.average_price), (amount, price)]
            after = Position(
                kind=position.kind,
                amount=position.amount + side.sign * amount,
                # A flat position has no price to average with.
                average_price=average_entry(position.kind, entries if held else entries[1:]),
            )
        return Step(position=after, closed=ZERO, opened=amount, realised=ZERO)
    with money_math():
        closed = min(amount, abs(position.amount))
        opened = amount - closed
        left = position.amount + side.sign * amount
    # Closing a part leaves the entry where it was; past zero the new side was entered at this price.
    average = price if opened else position.average_price
    return Step(
        position=Position(kind=position.kind, amount=left, average_price=average if left else ZERO),
        closed=closed,
        opened=opened,
        realised=profit(position.kind, held, closed, position.average_price, price),
    )


def distinct(fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Drop fills told twice, keeping the order. Two different fills under one id raise BadInput."""
    seen: dict[FillId, Fill] = {}
    for fill in fills:
        if seen.setdefault(fill.fill_id, fill) != fill:
            msg = f"fill {fill.fill_id} was told twice and differently"
            raise BadInput(msg, (seen[fill.fill_id], fill))
    return tuple(seen.values())


def position_of(kind: Kind, fills: Iterable[Fill], start: Position | None = None) -> Position:
    """Give the position that a trade's fills add up to, from flat unless told otherwise."""
    position = start or Position(kind=kind)
    for fill in distinct(fills):
        position = apply_fill(position, fill.side, fill.amount, fill.price).position
    return position


def from_fills(fills: Iterable[Fill], *, currency: Currency, funding: Decimal = ZERO) -> TradePnl:
    """Add up the exchange's own figures of a trade: its profits, less its fees, plus its funding."""
    once = distinct(fills)
    with money_math():
        gross = sum((fill.profit_loss for fill in once), ZERO)
    return TradePnl(currency=currency, gross=gross, fees=_fees(once, currency), funding=funding, estimated=False)


def estimate(
    kind: Kind,
    fills: Iterable[Fill],
    *,
    currency: Currency,
    funding: Decimal = ZERO,
    mark: Decimal | None = None,
) -> TradePnl:
    """Compute a trade's result by formula from its fills alone; with a mark, what is still open counts at it."""
    once = distinct(fills)
    position, gross = Position(kind=kind), ZERO
    for fill in once:
        step = apply_fill(position, fill.side, fill.amount, fill.price)
        position = step.position
        with money_math():
            gross += step.realised
    if mark is not None:
        with money_math():
            gross += unrealised(position, mark)
    return TradePnl(currency=currency, gross=gross, fees=_fees(once, currency), funding=funding, estimated=True)


def disagreement(booked: TradePnl, computed: TradePnl) -> Decimal:
    """Give how far the exchange's result lies above the computed one; it is a finding, never a correction."""
    assert booked.currency == computed.currency, "results in two currencies cannot be compared"
    with money_math():
        return booked.net - computed.net


def _fees(fills: Sequence[Fill], currency: Currency) -> Decimal:
    """Add up fees, which must all be in the trade's own currency."""
    for fill in fills:
        if fill.fee_currency != currency and fill.fee != 0:
            msg = f"fill {fill.fill_id} paid its fee in {fill.fee_currency}, the trade is in {currency}"
            raise BadInput(msg, fill)
    with money_math():
        return sum((fill.fee for fill in fills), ZERO)
