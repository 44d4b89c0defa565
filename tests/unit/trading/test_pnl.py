"""Profit and loss against the exchange's own figures and against conservation of money."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.errors import BadInput
from trading.facts import Fill
from trading.pnl import (
    Position,
    apply_fill,
    average_entry,
    disagreement,
    distinct,
    estimate,
    from_fills,
    position_of,
    profit,
    unrealised,
)
from trading.values import Currency, FillId, InstrumentName, Kind, LabelText, Liquidity, Milliseconds, OrderId, Side

ETH = Currency("ETH")
NOTHING = Fraction("1E-40")
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(min_value=1, max_value=500).map(lambda lots: Decimal(lots) * 10),
        st.decimals(min_value="0.5", max_value="200000", places=2),
    ),
    min_size=1,
    max_size=12,
)


def fill(number: int, side: Side, amount: str, price: str, *, profit_loss: str = "0", fee: str = "0") -> Fill:
    return Fill(
        fill_id=FillId(f"ETH-{number}"),
        order_id=OrderId("ETH-1"),
        label=LabelText(""),
        instrument=InstrumentName("ETH-PERPETUAL"),
        side=side,
        amount=Decimal(amount),
        price=Decimal(price),
        fee=Decimal(fee),
        fee_currency=ETH,
        profit_loss=Decimal(profit_loss),
        liquidity=Liquidity.TAKER,
        at=Milliseconds(1_760_000_000_000 + number),
    )


# Long 1 USD of ETH-PERPETUAL (2026) and short 10 USD of BTC-PERPETUAL (2020) as the exchange reported them; a
# user.changes frame of its own examples (2020); a trade that closed a part of a short.
CAPTURED = {
    "eth position, total": (Side.BUY, "1", "2074.25", "1963.31", "1E-9", "-0.000027242"),
    "eth position, since settlement": (Side.BUY, "1", "2090.99", "1963.31", "1E-9", "-0.000031102"),
    "btc short of 10 USD": (Side.SELL, "10", "8932.00", "8932.46", "1E-9", "-0.000000058"),
    "btc order that closed 10 USD": (Side.BUY, "10", "15000", "17391", "1E-8", "0.00009166"),
    "the same as a trade: since settlement": (Side.BUY, "10", "16025.83", "17391", "1E-8", "0.00004898"),
    # The capture does not tell the average entry of that short; 1635.345 (give or take 0.001) is what it implies.
    "eth short closed at 1535": (Side.SELL, "10", "1635.345", "1535", "1E-8", "0.00039974"),
}


@pytest.mark.parametrize(("side", "amount", "entry", "price", "digits", "booked"), CAPTURED.values(), ids=CAPTURED)
def test_the_formula_gives_the_figure_the_exchange_booked(
    side: Side, amount: str, entry: str, price: str, digits: str, booked: str
) -> None:
    computed = profit(Kind.INVERSE, side, Decimal(amount), Decimal(entry), Decimal(price))
    assert computed.quantize(Decimal(digits)) == Decimal(booked)


def test_size_in_coin_of_the_captured_position_is_amount_over_mark() -> None:
    assert round(Decimal(1) / Decimal("1963.31"), 9) == Decimal("0.000509344")


def test_average_entry_is_arithmetic_for_linear_and_harmonic_for_inverse() -> None:
    entries = [(Decimal(100), Decimal(100)), (Decimal(100), Decimal(300))]
    assert average_entry(Kind.LINEAR, entries) == 200
    assert average_entry(Kind.INVERSE, entries) == 150
    assert average_entry(Kind.INVERSE, []) == 0


STEPS = {
    "open": ("0", "0", Side.BUY, "10", "100", ("10", "100", "0", "10", "0")),
    "add": ("10", "100", Side.BUY, "10", "200", ("20", "150", "0", "10", "0")),
    "close a part": ("20", "150", Side.SELL, "5", "160", ("15", "150", "5", "0", "50")),
    "close all": ("15", "150", Side.SELL, "15", "140", ("0", "0", "15", "0", "-150")),
    "flip": ("15", "150", Side.SELL, "25", "160", ("-10", "160", "15", "10", "150")),
    "flip back": ("-10", "160", Side.BUY, "30", "150", ("20", "150", "10", "20", "100")),
    "open short": ("0", "0", Side.SELL, "10", "100", ("-10", "100", "0", "10", "0")),
    "close a part of a short": ("-10", "100", Side.BUY, "4", "110", ("-6", "100", "4", "0", "-40")),
}


@pytest.mark.parametrize(("amount", "average", "side", "traded", "price", "after"), STEPS.values(), ids=STEPS)
def test_a_fill_of_a_linear_position(
    amount: str, average: str, side: Side, traded: str, price: str, after: tuple[str, ...]
) -> None:
    position = Position(kind=Kind.LINEAR, amount=Decimal(amount), average_price=Decimal(average))
    step = apply_fill(position, side, Decimal(traded), Decimal(price))
    found = (step.position.amount, step.position.average_price, step.closed, step.opened, step.realised)
    assert found == tuple(Decimal(figure) for figure in after)


@settings(max_examples=300, deadline=None)
@given(events=EVENTS, kind=st.sampled_from(Kind), last=st.decimals(min_value="0.5", max_value="200000", places=2))
def test_realised_and_unrealised_together_are_what_the_cash_flows_say(
    events: list[tuple[Side, Decimal, Decimal]], kind: Kind, last: Decimal
) -> None:
    """However it was opened, added to, cut and flipped: no money appears or vanishes."""
    position, realised, flows = Position(kind=kind), Fraction(0), Fraction(0)
    for side, amount, price in events:
        step = apply_fill(position, side, amount, price)
        position, realised = step.position, realised + Fraction(step.realised)
        assert step.closed + step.opened == amount
        assert (position.amount == 0) == (position.average_price == 0)
        value = Fraction(amount) / Fraction(price) if kind is Kind.INVERSE else -Fraction(amount) * Fraction(price)
        flows += side.sign * value
    held = Fraction(position.amount)
    flows += -held / Fraction(last) if kind is Kind.INVERSE else held * Fraction(last)
    booked = realised + Fraction(unrealised(position, last))
    assert abs(booked - flows) <= NOTHING


@settings(max_examples=100, deadline=None)
@given(
    kind=st.sampled_from(Kind),
    amount=st.integers(min_value=1, max_value=10**6).map(Decimal),
    entry=st.decimals(min_value="0.5", max_value="200000", places=2),
    price=st.decimals(min_value="0.5", max_value="200000", places=2),
)
def test_what_one_side_wins_the_other_loses(kind: Kind, amount: Decimal, entry: Decimal, price: Decimal) -> None:
    assert profit(kind, Side.BUY, amount, entry, price) == profit(kind, Side.SELL, amount, entry, price).copy_negate()
    assert profit(kind, Side.BUY, amount, entry, entry) == 0


def test_a_trade_is_the_sum_of_the_exchanges_own_figures() -> None:
    fills = (
        fill(1, Side.SELL, "20", "1635.345", fee="0.00000428"),
        fill(2, Side.BUY, "10", "1535", profit_loss="0.00039974", fee="0.00000228"),
        fill(3, Side.BUY, "10", "1540", profit_loss="0.00037859", fee="0.00000227"),
    )
    booked = from_fills(fills, currency=ETH, funding=Decimal("-0.00000100"))
    assert booked.gross == Decimal("0.00077833")
    assert booked.fees == Decimal("0.00000883")
    assert booked.net == Decimal("0.00076850")
    assert not booked.estimated
    computed = estimate(Kind.INVERSE, fills, currency=ETH, funding=Decimal("-0.00000100"))
    assert computed.estimated
    assert abs(disagreement(booked, computed)) < Decimal("1E-8")


def test_a_fill_told_twice_counts_once() -> None:
    once = fill(1, Side.BUY, "10", "1500", profit_loss="0.001", fee="0.0001")
    assert distinct([once, once]) == (once,)
    assert from_fills([once, once], currency=ETH).net == Decimal("0.0009")
    assert position_of(Kind.INVERSE, [once, once]).amount == 10
    assert estimate(Kind.INVERSE, [once, once], currency=ETH).fees == Decimal("0.0001")


def test_two_different_fills_under_one_id_are_not_believed() -> None:
    with pytest.raises(BadInput, match="told twice and differently"):
        distinct([fill(1, Side.BUY, "10", "1500"), fill(1, Side.BUY, "20", "1500")])


def test_a_fee_in_another_coin_is_not_added_up() -> None:
    with pytest.raises(BadInput, match="the trade is in BTC"):
        from_fills([fill(1, Side.BUY, "10", "1500", fee="0.1")], currency=Currency("BTC"))


def test_an_open_trade_is_estimated_at_the_mark() -> None:
    fills = [fill(1, Side.BUY, "1", "2074.25")]
    result = estimate(Kind.INVERSE, fills, currency=ETH, mark=Decimal("1963.31"))
    assert result.gross.quantize(Decimal("1E-9")) == Decimal("-0.000027242")
    assert result.estimated


def test_a_rebate_raises_the_result() -> None:
    result = from_fills([fill(1, Side.BUY, "10", "1500", fee="-0.0001")], currency=ETH)
    assert result.net == Decimal("0.0001")


def test_the_callers_own_decimal_context_changes_nothing() -> None:
    """A library that lowers the precision of its thread must not change money."""
    figures = (Kind.INVERSE, Side.BUY, Decimal(12_340), Decimal("60123.5"), Decimal("61007.5"))
    expected = profit(*figures)
    with localcontext(Context(prec=3)):
        assert profit(*figures) == expected
        step = apply_fill(Position(kind=Kind.LINEAR), Side.BUY, Decimal("1.23456"), Decimal("2345.67"))
        assert step.position.amount == Decimal("1.23456")
        assert from_fills([fill(1, Side.BUY, "10", "1", profit_loss="0.12345678")], currency=ETH).net == Decimal(
            "0.12345678"
        )


@pytest.mark.parametrize(("amount", "price"), [("0", "1"), ("-1", "1"), ("1", "0")])
def test_a_fill_without_amount_or_price_is_not_one(amount: str, price: str) -> None:
    with pytest.raises(BadInput):
        apply_fill(Position(kind=Kind.LINEAR), Side.BUY, Decimal(amount), Decimal(price))
