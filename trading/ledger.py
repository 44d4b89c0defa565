"""A closed trade's result out of the exchange's own book: fees and profits by its fills, funding by the book's lines.

    what its fills say  +  what settlements turned into cash meanwhile, where fills count from the last settlement

Funding is booked whenever the position changes, and at settlement, for all that was held until then. What a person
held beside the trade takes its share; then the result is exact no more, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from trading.facts import Fill, LedgerEntry
from trading.pnl import TradePnl, distinct, estimate, from_fills
from trading.values import ZERO, Currency, FillId, InstrumentName, Kind, Side, money_math

SETTLEMENT = "settlement"


def missing(fills: Sequence[Fill], entries: Sequence[LedgerEntry]) -> frozenset[FillId]:
    """Fills that the book does not show, or not yet: what it says of their trade is not whole."""
    shown = {entry.fill_id for entry in entries}
    return frozenset(fill.fill_id for fill in fills) - shown


def lines_of(fills: Sequence[Fill], entries: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """The instrument's lines from the trade's first fill to its last, oldest first, each once."""
    once = {(entry.currency, entry.entry_id): entry for entry in entries if entry.instrument == _instrument(fills)}
    ordered = sorted(once.values(), key=lambda entry: (entry.at, _number(entry.entry_id)))
    own = {fill.fill_id for fill in fills}
    places = [place for place, entry in enumerate(ordered) if entry.fill_id in own]
    return tuple(ordered[places[0] : places[-1] + 1]) if places else ()


def result_by(kind: Kind, currency: Currency, fills: Sequence[Fill], entries: Sequence[LedgerEntry]) -> TradePnl:
    """What a trade that is flat again made, by its fills and the book's lines of its time."""
    booked = from_fills(fills, currency=currency)
    settled, funding, is_shared = _carried(fills, lines_of(fills, entries))
    gross = booked.gross
    if settled and counts_from_settlement(kind, currency, fills, settled):
        with money_math():
            gross += settled
    return replace(booked, gross=gross, funding=funding, estimated=is_shared)


def counts_from_settlement(kind: Kind, currency: Currency, fills: Sequence[Fill], settled: Decimal) -> bool:
    """Whether the exchange counts a fill's profit from the last settlement's price, not from the average entry.

    Nobody documents it. The prices tell: of the two sums, the right one lies next to what they make.
    """
    told = from_fills(fills, currency=currency).gross
    made = estimate(kind, fills, currency=currency).gross
    with money_math():
        return abs(told + settled - made) < abs(told - made)


def _carried(fills: Sequence[Fill], lines: Sequence[LedgerEntry]) -> tuple[Decimal, Decimal, bool]:
    """What settlements paid for the trade's part of the position, its funding, and whether a part was not its own."""
    own = {fill.fill_id: fill for fill in distinct(fills)}
    side = next((own[line.fill_id].side for line in lines if line.fill_id in own), Side.BUY)
    settled = funding = held = ZERO
    position: Decimal | None = ZERO
    is_shared = False
    counts = _counts_as_we_do(own, lines)
    with money_math():
        for line in lines:
            ours = held * side.sign
            share = _share(ours, position if counts and position is not None else ours)
            paid = line.settled if line.type == SETTLEMENT else ZERO
            settled += paid * share if paid else ZERO
            funding += line.funding * share if line.funding else ZERO
            is_shared = is_shared or (share not in {ZERO, Decimal(1)} and bool(paid or line.funding))
            fill = None if line.fill_id is None else own.pop(line.fill_id, None)
            if fill is not None:
                held = max(ZERO, held + fill.amount * fill.side.sign * side.sign)
            position = line.position
    return settled, funding, is_shared


def _counts_as_we_do(own: Mapping[FillId, Fill], lines: Sequence[LedgerEntry]) -> bool:
    """Whether positions in the book are in order units: after the first fill, from flat, it holds just that fill."""
    first = next((line for line in lines if line.fill_id in own), None)
    return first is not None and first.fill_id is not None and abs(first.position or ZERO) == own[first.fill_id].amount


def _share(held: Decimal, position: Decimal) -> Decimal:
    """The trade's part of a position."""
    if held == position or not held:
        return Decimal(1) if held else ZERO
    return min(Decimal(1), held / position) if held * position > 0 else ZERO


def _instrument(fills: Sequence[Fill]) -> InstrumentName | None:
    return fills[0].instrument if fills else None


def _number(entry_id: str) -> tuple[int, str]:
    """Numbers in their order; anything else by its text."""
    return (int(entry_id), "") if entry_id.isdecimal() else (0, entry_id)
