"""A trade's result out of the exchange's book: funding, settlements, and whose they are."""

from decimal import Decimal

import pytest

from tests.unit.trading.bracket_facts import NAME, T0, fill
from trading import ledger
from trading.facts import Fill, LedgerEntry
from trading.values import ZERO, Currency, FillId, InstrumentName, Kind, Leg, Milliseconds, Side

BTC = Currency("BTC")


def _line(number: int, kind: str = "trade", **fields: object) -> LedgerEntry:
    given: dict[str, object] = {
        "entry_id": str(number),
        "type": kind,
        "currency": BTC,
        "instrument": NAME,
        "change": ZERO,
        "balance": None,
        "order_id": None,
        "fill_id": None,
        "at": Milliseconds(T0 + number * 1_000),
    } | fields
    return LedgerEntry(**given)  # type: ignore[arg-type]


def _trade(number: int, one: Fill, position: int, funding: str = "0") -> LedgerEntry:
    return _line(number, fill_id=one.fill_id, position=Decimal(position), funding=Decimal(funding))


def _entry(amount: int = 100, fill_id: str = "in") -> Fill:
    return fill(Leg.ENTRY, amount, fill_id, price=Decimal(50_000), fee=Decimal("0.00000001"))


def _exit(profit: str, amount: int = 100, fill_id: str = "out") -> Fill:
    return fill(Leg.CLOSE, amount, fill_id, price=Decimal(52_000), profit_loss=Decimal(profit))


# 100 USD from 50000 to 52000 make 0.00007692 BTC; from 51000 on, where it was settled, 0.00003771 of them.
WHOLE, LATER, SETTLED = "0.00007692", "0.00003771", "0.00003921"


@pytest.mark.parametrize("told", [WHOLE, LATER], ids=["from_entry", "from_settlement"])
def test_a_settlement_counts_once_whatever_a_fill_counts_from(told: str) -> None:
    fills = (_entry(), _exit(told))
    settlement = _line(2, "settlement", settled=Decimal(SETTLED), funding=Decimal("-0.00000002"), position=Decimal(100))
    entries = (_trade(3, fills[1], 0, "-0.00000003"), settlement, _trade(1, fills[0], 100))
    made = ledger.result_by(Kind.INVERSE, BTC, fills, entries)
    assert (made.gross, made.fees, made.funding) == (Decimal(WHOLE), Decimal("0.00000001"), Decimal("-0.00000005"))
    assert not made.estimated


def test_lines_before_after_and_of_other_instruments_are_not_the_trades() -> None:
    fills = (_entry(), _exit(WHOLE))
    entries = (
        _line(0, "settlement", funding=Decimal(9), position=ZERO),
        _trade(1, fills[0], 100, "9"),  # of what was held before it: not ours
        _line(2, "settlement", funding=Decimal(9), instrument=InstrumentName("ETH-PERPETUAL")),
        _line(3, "deposit", instrument=None),
        _trade(4, fills[1], 0),
        _line(5, "settlement", funding=Decimal(9)),
    )
    assert [line.entry_id for line in ledger.lines_of(fills, entries)] == ["1", "4"]
    assert ledger.result_by(Kind.INVERSE, BTC, fills, entries).funding == 0


def test_lines_of_one_millisecond_go_by_their_number_and_one_told_twice_counts_once() -> None:
    fills = (_entry(60, "a"), _entry(40, "b"), _exit(WHOLE))
    second = _line(10, fill_id=FillId("b"), position=Decimal(100), funding=Decimal(1), at=T0)
    first = _line(9, fill_id=FillId("a"), position=Decimal(60), at=T0)
    entries = (_trade(11, fills[2], 0), second, first, first, second)
    assert [line.entry_id for line in ledger.lines_of(fills, entries)] == ["9", "10", "11"]
    assert ledger.result_by(Kind.INVERSE, BTC, fills, entries).funding == 1


def test_a_persons_part_of_the_position_takes_its_share_and_makes_the_rest_an_estimate() -> None:
    fills = (_entry(), _exit(WHOLE))
    entries = (
        _trade(1, fills[0], 100),
        _line(2, fill_id=FillId("theirs"), position=Decimal(400), funding=Decimal(-1)),
        _line(3, "settlement", settled=ZERO, funding=Decimal(-8), position=Decimal(400)),
        _trade(4, fills[1], 300, "-4"),
    )
    made = ledger.result_by(Kind.INVERSE, BTC, fills, entries)
    assert made.funding == Decimal(-1) + Decimal(-8) / 4 + Decimal(-4) / 4
    assert made.estimated


def test_where_the_book_counts_positions_in_another_unit_they_say_nothing_of_shares() -> None:
    fills = (_entry(), _exit(WHOLE))
    entries = (_trade(1, fills[0], 5_000_000), _line(2, "settlement", funding=Decimal(3)), _trade(3, fills[1], 0, "1"))
    made = ledger.result_by(Kind.INVERSE, BTC, fills, entries)
    assert made.funding == 4
    assert not made.estimated


def test_a_position_on_the_other_side_is_not_shared() -> None:
    fills = (_entry(), _exit(WHOLE))
    entries = (_trade(1, fills[0], 100), _line(2, position=Decimal(-50)), _trade(3, fills[1], 0, "7"))
    assert ledger.result_by(Kind.INVERSE, BTC, fills, entries).funding == 0


def test_a_short_is_counted_like_a_long() -> None:
    entry = fill(Leg.ENTRY, 100, "in", side=Side.SELL)
    out = fill(Leg.CLOSE, 100, "out", side=Side.BUY)
    entries = (_trade(1, entry, -100), _line(2, "settlement", funding=Decimal(2)), _trade(3, out, 0, "1"))
    assert ledger.result_by(Kind.INVERSE, BTC, (entry, out), entries).funding == 3


def test_what_the_book_does_not_show_is_named_and_an_empty_one_has_no_lines() -> None:
    fills = (_entry(), _exit(WHOLE))
    assert ledger.missing(fills, (_trade(1, fills[0], 100),)) == {FillId("out")}
    assert ledger.lines_of(fills, ()) == ()
    assert ledger.lines_of((), (_trade(1, fills[0], 100),)) == ()


def test_numbers_of_lines_that_are_words_go_by_their_text() -> None:
    fills = (_entry(), _exit(WHOLE))
    entries = (
        _line(1, entry_id="x", at=T0, fill_id=FillId("in"), position=Decimal(100)),
        _line(1, entry_id="y", at=T0, fill_id=FillId("out"), position=ZERO),
    )
    assert [line.entry_id for line in ledger.lines_of(fills, entries[::-1])] == ["x", "y"]
