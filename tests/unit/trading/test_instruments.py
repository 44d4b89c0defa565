"""Steps, units and fees of an instrument."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.errors import BadInput
from trading.instruments import Instrument, OrderFault, Rounding, TickStep
from trading.values import Currency, InstrumentName, InstrumentState, Kind, Liquidity, Side

PRICES = st.decimals(min_value="0.01", max_value="500000", places=6)
TICKS = st.sampled_from([Decimal(tick) for tick in ("0.0001", "0.01", "0.05", "0.5", "1", "2.5")])


def perpetual(tick: Decimal = Decimal("0.05"), lot: str = "0.001", least: str = "0.001") -> Instrument:
    return Instrument(
        name=InstrumentName("ETH_USDC-PERPETUAL"),
        kind=Kind.LINEAR,
        base=Currency("ETH"),
        quote=Currency("USDC"),
        settlement=Currency("USDC"),
        price_index="eth_usdc",
        tick_size=tick,
        contract_size=Decimal(lot),
        min_trade_amount=Decimal(least),
        maker_commission=Decimal("0.00015"),
        taker_commission=Decimal("0.00035"),
        max_leverage=Decimal(50),
        state=InstrumentState.OPEN,
        is_active=True,
    )


@settings(max_examples=300, deadline=None)
@given(price=PRICES, tick=TICKS, side=st.sampled_from(Side))
def test_rounding_lands_on_the_tick_less_than_one_tick_away_and_on_the_side_asked_for(
    price: Decimal, tick: Decimal, side: Side
) -> None:
    instrument = perpetual(tick)
    nearest, down, up = (instrument.round_price(price, rounding) for rounding in Rounding)
    for rounded in (nearest, down, up):
        assert instrument.is_on_tick(rounded)
    assert down <= price <= up
    assert up - down in {Decimal(0), tick}
    assert abs(nearest - price) * 2 <= tick
    safe = instrument.round_price_safe(price, side)
    assert safe == (down if side is Side.BUY else up)


@settings(max_examples=200, deadline=None)
@given(amount=st.decimals(min_value=0, max_value=10_000, places=8), lot=st.sampled_from(["0.0001", "0.1", "10"]))
def test_an_amount_is_never_rounded_up_unasked(amount: Decimal, lot: str) -> None:
    instrument = perpetual(lot=lot)
    rounded = instrument.round_amount(amount)
    assert amount - instrument.lot < rounded <= amount
    assert instrument.amount_of(instrument.contracts(rounded)) == rounded


STEPS = {
    "below the first step": ("119.9995", "119.9990"),
    "at the first step": ("120", "120"),
    "above the first step": ("120.0014", "120.001"),
    "above the second step": ("200.005", "200.004"),
}


@pytest.mark.parametrize(("price", "expected"), STEPS.values(), ids=STEPS.keys())
def test_a_price_takes_the_tick_of_its_step(price: str, expected: str) -> None:
    steps = (
        TickStep(above_price=Decimal(120), tick_size=Decimal("0.001")),
        TickStep(above_price=Decimal(200), tick_size=Decimal("0.004")),
    )
    instrument = replace(perpetual(Decimal("0.0005")), tick_steps=steps)
    down = instrument.round_price(Decimal(price) - Decimal("0.0001"), Rounding.DOWN)
    assert instrument.round_price(Decimal(price), Rounding.DOWN) in {Decimal(expected), Decimal(price)}
    assert down <= Decimal(price)
    assert instrument.tick_at(Decimal(price)) == {"119": Decimal("0.0005"), "120": Decimal("0.001")}.get(
        price[:3], Decimal("0.004")
    )


def test_notional_value_and_fee_of_an_inverse_contract_are_in_coin(btc_inverse: Instrument) -> None:
    amount, price = Decimal(10_000), Decimal(50_000)
    assert btc_inverse.notional(amount, price) == Decimal("0.2")
    assert btc_inverse.quote_value(amount, price) == 10_000
    assert btc_inverse.fee(amount, price, Liquidity.TAKER) == Decimal("0.00007")
    assert btc_inverse.fee(amount, price, Liquidity.MAKER) == Decimal("0.00003")
    assert btc_inverse.contracts(amount) == 1_000


def test_notional_value_and_fee_of_a_linear_contract_are_in_quote(eth_linear: Instrument) -> None:
    amount, price = Decimal("1.5"), Decimal(2_000)
    assert eth_linear.notional(amount, price) == 3_000
    assert eth_linear.quote_value(amount, price) == 3_000
    assert eth_linear.fee(amount, price, Liquidity.TAKER) == Decimal("1.05")
    assert eth_linear.contracts(amount) == 1_500


FAULTS: dict[str, tuple[str, tuple[str, ...], set[OrderFault]]] = {
    "good": ("0.5", ("2000", "2000.05"), set()),
    "off lot": ("0.5001", (), {OrderFault.AMOUNT_OFF_LOT}),
    "nothing": ("0", (), {OrderFault.AMOUNT_BELOW_MINIMUM}),
    "below the minimum and off lot": (
        "0.0005",
        (),
        {OrderFault.AMOUNT_OFF_LOT, OrderFault.AMOUNT_BELOW_MINIMUM},
    ),
    "negative": ("-1", (), {OrderFault.AMOUNT_BELOW_MINIMUM}),
    "amount not a number": ("NaN", (), {OrderFault.NOT_FINITE}),
    "price off tick": ("1", ("2000.01",), {OrderFault.PRICE_OFF_TICK}),
    "price zero": ("1", ("0",), {OrderFault.PRICE_NOT_POSITIVE}),
    "price infinite": ("1", ("Infinity",), {OrderFault.NOT_FINITE}),
    "everything at once": (
        "0.0001",
        ("1.01", "-1"),
        set(OrderFault) - {OrderFault.NOT_FINITE, OrderFault.NOT_TRADABLE},
    ),
}


@pytest.mark.parametrize(("amount", "prices", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_an_order_is_told_everything_that_is_wrong_with_it(
    amount: str, prices: tuple[str, ...], expected: set[OrderFault], eth_linear: Instrument
) -> None:
    faults = eth_linear.faults(amount=Decimal(amount), prices=tuple(Decimal(price) for price in prices))
    assert {fault.code for fault in faults} == expected
    assert all(fault.sentence for fault in faults)


@pytest.mark.parametrize("state", [state for state in InstrumentState if state is not InstrumentState.OPEN])
def test_nothing_is_ordered_in_an_instrument_that_is_not_open(state: InstrumentState, eth_linear: Instrument) -> None:
    closed = replace(eth_linear, state=state)
    assert [fault.code for fault in closed.faults(amount=Decimal(1))] == [OrderFault.NOT_TRADABLE]
    inactive = replace(eth_linear, is_active=False)
    assert not inactive.is_tradable


def test_a_minimum_between_lots_is_brought_up_to_whole_lots() -> None:
    assert perpetual(lot="0.1", least="0.25").min_amount == Decimal("0.3")


NONSENSE: dict[str, dict[str, object]] = {
    "no tick": {"tick_size": Decimal(0)},
    "tick not a number": {"tick_size": Decimal("NaN")},
    "negative contract": {"contract_size": Decimal(-1)},
    "no leverage": {"max_leverage": Decimal(0)},
    "a fee in percent": {"taker_commission": Decimal(35)},
    "wrong settlement": {"settlement": Currency("BTC")},
    "steps that fall": {
        "tick_steps": (
            TickStep(above_price=Decimal(9), tick_size=Decimal(1)),
            TickStep(above_price=Decimal(5), tick_size=Decimal(1)),
        )
    },
}


@pytest.mark.parametrize("change", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_instrument_that_makes_no_sense_is_not_taken(change: dict[str, object], eth_linear: Instrument) -> None:
    with pytest.raises(BadInput, match="ETH_USDC-PERPETUAL"):
        replace(eth_linear, **change)  # type: ignore[arg-type]
