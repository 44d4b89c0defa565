"""The risk set is the risk taken: promise P7."""

import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from trading.errors import Refused
from trading.instruments import Instrument
from trading.pnl import profit
from trading.sizing import EXPONENT_MAX, MONEY_STEP, Bound, Caps, Risk, RiskMode, Sized, SizingFault, size
from trading.values import Currency, InstrumentName, InstrumentState, Kind, Liquidity, Side

CASES = 10_000
SEED = 20260921
ONE_PERCENT = Risk(mode=RiskMode.PERCENT, value=Decimal(1))
# Far below the last digit of any coin, above the error of the 28 digits these tests compute with.
NOTHING = Decimal("1E-18")


def loss_at_stop(
    instrument: Instrument, side: Side, amount: Decimal, entry: Decimal, stop: Decimal, entry_rate: Decimal
) -> Fraction:
    """Compute the loss again, from DERIBIT.md section 15 alone: nothing here is shared with the sizer."""
    size_, at, out = Fraction(amount), Fraction(entry), Fraction(stop)
    sign = 1 if side is Side.BUY else -1
    if instrument.kind is Kind.INVERSE:
        pnl = size_ * (1 / at - 1 / out) * sign
        fees = size_ / at * Fraction(entry_rate) + size_ / out * Fraction(instrument.taker_commission)
    else:
        pnl = size_ * (out - at) * sign
        fees = size_ * at * Fraction(entry_rate) + size_ * out * Fraction(instrument.taker_commission)
    return fees - pnl


def draw_instrument(rng: random.Random, kind: Kind) -> Instrument:
    """Draw steps and fees wider than any the exchange has had."""
    lot = rng.choice(["1", "10"] if kind is Kind.INVERSE else ["0.0001", "0.001", "0.01", "0.1", "1"])
    base, quote = Currency("COIN"), Currency("USD")
    return Instrument(
        name=InstrumentName("COIN-PERPETUAL"),
        kind=kind,
        base=base,
        quote=quote,
        settlement=base if kind is Kind.INVERSE else quote,
        price_index="coin_usd",
        tick_size=Decimal(rng.choice(["0.0001", "0.001", "0.05", "0.5", "1"])),
        contract_size=Decimal(lot),
        min_trade_amount=Decimal(lot) * rng.choice([1, 1, 1, 5]),
        maker_commission=Decimal(rng.choice(["0.00015", "0", "-0.00004"])),
        taker_commission=Decimal(rng.choice(["0.00035", "0.0005", "0.00017", "0"])),
        max_leverage=Decimal(rng.choice([5, 25, 50])),
        state=InstrumentState.OPEN,
        is_active=True,
    )


def draw_decimal(rng: random.Random, low: float, high: float, digits: int) -> Decimal:
    """Draw evenly over the orders of magnitude."""
    return Decimal(f"{low * (high / low) ** rng.random():.{digits}f}")


def draw_caps(rng: random.Random, equity: Decimal) -> Caps:
    if rng.random() < 0.5:
        return Caps()
    return Caps(
        leverage=rng.choice([None, draw_decimal(rng, 0.2, 50, 2)]),
        available=rng.choice([None, equity * draw_decimal(rng, 0.01, 1, 3)]),
        notional=rng.choice([None, draw_decimal(rng, 10, 1e6, 0)]),
        margin_rate=rng.choice([None, Decimal("0.04")]),
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_the_loss_at_the_stop_is_never_above_the_risk_set_and_close_to_it_where_lots_are_fine(kind: Kind) -> None:
    rng = random.Random(f"{SEED}-{kind}")
    sized_cases = close_cases = capped_cases = number = 0
    while close_cases < CASES:
        number += 1
        # About one draw in four is a case of fine lots; a sizer that refuses too much must not make this endless.
        assert number < 6 * CASES, f"seed {SEED}-{kind}: only {close_cases} cases of fine lots in {number}"
        instrument = draw_instrument(rng, kind)
        side = rng.choice(list(Side))
        entry = instrument.round_price(draw_decimal(rng, 5, 200_000, 4)) + instrument.tick_size
        distance = entry * draw_decimal(rng, 0.0005, 0.3, 6) + instrument.tick_size
        stop = instrument.round_price(entry - side.sign * distance)
        if stop <= 0:
            continue
        equity = draw_decimal(rng, 0.01, 1e7, 8)
        percent = rng.random() < 0.5
        rate = draw_decimal(rng, 0.01, 10, 3)
        value = rate if percent else (equity * rate / 100).quantize(Decimal("1E-8"))
        risk = Risk(mode=RiskMode.PERCENT if percent else RiskMode.FIXED, value=value)
        liquidity = rng.choice(list(Liquidity))
        caps = draw_caps(rng, equity)
        case = (
            f"seed {SEED}-{kind} case {number}: {instrument} {side} {entry} {stop} {equity} {risk} {caps} {liquidity}"
        )

        answer = size(
            instrument,
            side=side,
            entry=entry,
            stop=stop,
            equity=equity,
            risk=risk,
            caps=caps,
            entry_liquidity=liquidity,
        )

        entry_rate = instrument.maker_commission if liquidity is Liquidity.MAKER else instrument.taker_commission
        configured = Fraction(equity) * Fraction(value) / 100 if percent else Fraction(value)
        if isinstance(answer, Refused):
            if answer.code is SizingFault.LOT_TOO_MUCH:
                one_lot = loss_at_stop(instrument, side, instrument.lot, entry, stop, entry_rate)
                assert one_lot > configured - Fraction(MONEY_STEP), f"one lot would have fitted; {case}"
            continue
        loss = loss_at_stop(instrument, side, answer.amount, entry, stop, entry_rate)
        assert loss <= configured, case
        assert loss <= Fraction(answer.risk) <= Fraction(answer.risk_set) <= configured, case
        assert Fraction(answer.risk) - loss < Fraction(MONEY_STEP), case
        assert instrument.is_on_lot(answer.amount), case
        assert answer.amount >= instrument.min_amount, case
        sized_cases += 1
        if answer.bound_by is not Bound.RISK:
            capped_cases += 1
            continue
        one_more = loss_at_stop(instrument, side, answer.amount + instrument.lot, entry, stop, entry_rate)
        assert one_more > Fraction(answer.risk_set), f"a larger size would fit; {case}"
        if Fraction(instrument.lot) < Fraction("0.0025") * Fraction(answer.amount):
            close_cases += 1
            assert loss >= configured * Fraction("0.995") - Fraction(MONEY_STEP), case
    assert sized_cases > CASES * 3 // 2, "the cases where lots are coarse or a cap binds went missing"
    assert capped_cases > CASES // 4, "the cases where a cap binds went missing"


@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_binds_the_size_holds_and_one_lot_more_would_break_it(kind: Kind) -> None:
    rng = random.Random(f"{SEED}-caps-{kind}")
    seen: set[Bound] = set()
    for number in range(1_500):
        instrument = draw_instrument(rng, kind)
        side = rng.choice(list(Side))
        entry = instrument.round_price(draw_decimal(rng, 50, 100_000, 2)) + instrument.tick_size
        stop = instrument.round_price(entry - side.sign * (entry * draw_decimal(rng, 0.001, 0.2, 5) + 1))
        equity = draw_decimal(rng, 1, 1e6, 4)
        risk = Risk(mode=RiskMode.PERCENT, value=draw_decimal(rng, 0.5, 99, 1))
        caps = replace(draw_caps(rng, equity), maintenance_rate=Decimal("0.02"))
        answer = size(instrument, side=side, entry=entry, stop=stop, equity=equity, risk=risk, caps=caps)
        if isinstance(answer, Refused):
            continue
        seen.add(answer.bound_by)

        def breaks(
            bound: Bound,
            amount: Decimal,
            *,
            instrument: Instrument = instrument,
            answer: Sized = answer,
            caps: Caps = caps,
            equity: Decimal = equity,
        ) -> bool:
            notional = instrument.notional(amount, answer.entry)
            taker = instrument.taker_commission
            loss = loss_at_stop(instrument, answer.side, amount, answer.entry, answer.stop, taker)
            match bound:
                case Bound.RISK:
                    return loss > Fraction(answer.risk_set)
                case Bound.LEVERAGE:
                    most = min(instrument.max_leverage, caps.leverage or instrument.max_leverage)
                    return notional > most * equity + NOTHING
                case Bound.MARGIN:
                    assert caps.available is not None
                    rate = caps.margin_rate or 1 / instrument.max_leverage
                    return notional * (rate + taker) > caps.available + NOTHING
                case Bound.NOTIONAL:
                    assert caps.notional is not None
                    return instrument.quote_value(amount, answer.entry) > caps.notional
                case Bound.LIQUIDATION:
                    held = Fraction(instrument.notional(amount, answer.stop)) * Fraction("0.02")
                    return Fraction(equity) - loss < held - Fraction(NOTHING)

        case = f"seed {SEED}-caps-{kind} case {number}: {answer} {caps}"
        for bound in Bound:
            unset = (bound is Bound.MARGIN and caps.available is None) or (
                bound is Bound.NOTIONAL and caps.notional is None
            )
            assert unset or not breaks(bound, answer.amount), f"{bound} broken; {case}"
        assert breaks(answer.bound_by, answer.amount + instrument.lot), f"one more lot fits; {case}"
    assert seen == set(Bound)


def test_the_parts_of_a_loss_agree_with_the_formulas_for_profit_and_fees(btc_inverse: Instrument) -> None:
    entry, stop = Decimal(60_000), Decimal(59_000)
    answer = size(btc_inverse, side=Side.BUY, entry=entry, stop=stop, equity=Decimal("0.5"), risk=ONE_PERCENT)
    assert isinstance(answer, Sized)
    assert answer.amount == 16_990
    assert answer.contracts == 1_699
    assert abs(answer.price_loss + profit(Kind.INVERSE, Side.BUY, answer.amount, entry, stop)) < MONEY_STEP
    assert abs(answer.entry_fee - btc_inverse.fee(answer.amount, entry, Liquidity.TAKER)) < MONEY_STEP
    assert abs(answer.stop_fee - btc_inverse.fee(answer.amount, stop, Liquidity.TAKER)) < MONEY_STEP
    assert abs(answer.risk - (answer.price_loss + answer.entry_fee + answer.stop_fee)) < 3 * MONEY_STEP


def test_a_maker_entry_is_larger_because_its_fee_is_smaller(eth_linear: Instrument) -> None:
    amounts = []
    for liquidity in (Liquidity.TAKER, Liquidity.MAKER):
        answer = size(
            eth_linear,
            side=Side.SELL,
            entry=Decimal(2_500),
            stop=Decimal(2_510),
            equity=Decimal(10_000),
            risk=ONE_PERCENT,
            entry_liquidity=liquidity,
        )
        assert isinstance(answer, Sized)
        amounts.append(answer.amount)
    assert amounts[0] < amounts[1]


def test_a_loss_exactly_at_the_risk_is_allowed(eth_linear: Instrument) -> None:
    free = replace(eth_linear, maker_commission=Decimal(0), taker_commission=Decimal(0))
    risk = Risk(mode=RiskMode.FIXED, value=Decimal(50))
    answer = size(free, side=Side.BUY, entry=Decimal(2_500), stop=Decimal(2_450), equity=Decimal(10_000), risk=risk)
    assert isinstance(answer, Sized)
    assert answer.amount == 1
    assert answer.risk == 50
    assert answer.used == 1


REFUSALS = {
    "stop at entry": ({"stop": "2500"}, SizingFault.STOP_AT_ENTRY),
    "stop of a long above it": ({"stop": "2550"}, SizingFault.STOP_WRONG_SIDE),
    "stop of a short below it": ({"side": Side.SELL}, SizingFault.STOP_WRONG_SIDE),
    "stop between ticks": ({"stop": "2450.01"}, SizingFault.STOP_OFF_TICK),
    "equity zero": ({"equity": "0"}, SizingFault.EQUITY_NOT_POSITIVE),
    "equity negative": ({"equity": "-5"}, SizingFault.EQUITY_NOT_POSITIVE),
    "equity not a number": ({"equity": "NaN"}, SizingFault.NOT_FINITE),
    "equity a signalling not-a-number": ({"equity": "sNaN"}, SizingFault.NOT_FINITE),
    "entry infinite": ({"entry": "Infinity"}, SizingFault.NOT_FINITE),
    "stop not a number": ({"stop": "NaN"}, SizingFault.NOT_FINITE),
    "risk infinite": ({"risk": "Infinity"}, SizingFault.NOT_FINITE),
    "risk absurdly large": ({"risk": f"1E+{EXPONENT_MAX + 1}"}, SizingFault.NOT_FINITE),
    "risk absurdly long": ({"risk": "1E+999999"}, SizingFault.NOT_FINITE),
    "entry zero": ({"entry": "0"}, SizingFault.PRICE_NOT_POSITIVE),
    "stop negative": ({"stop": "-1"}, SizingFault.PRICE_NOT_POSITIVE),
    "risk zero": ({"risk": "0"}, SizingFault.RISK_NOT_POSITIVE),
    "risk negative": ({"risk": "-1"}, SizingFault.RISK_NOT_POSITIVE),
    "risk above equity": ({"risk": "101"}, SizingFault.RISK_ABOVE_EQUITY),
    "one lot too much": ({"equity": "5"}, SizingFault.LOT_TOO_MUCH),
    "smallest order too much": ({"equity": "40", "least": "0.01"}, SizingFault.BELOW_MINIMUM),
    "no margin left": ({"caps": Caps(available=Decimal(0))}, SizingFault.CAPPED_BELOW_MINIMUM),
    "margin below zero": ({"caps": Caps(available=Decimal(-3))}, SizingFault.CAPPED_BELOW_MINIMUM),
    "notional cap below one order": ({"caps": Caps(notional=Decimal(2))}, SizingFault.CAPPED_BELOW_MINIMUM),
    "leverage cap negative": ({"caps": Caps(leverage=Decimal(-1))}, SizingFault.BAD_CAP),
    "leverage cap not a number": ({"caps": Caps(leverage=Decimal("NaN"))}, SizingFault.NOT_FINITE),
    "instrument locked": ({"state": InstrumentState.LOCKED}, SizingFault.NOT_TRADABLE),
    "rebates pay for the loss": (
        {"stop": "2499.95", "maker": "-0.01", "liquidity": Liquidity.MAKER},
        SizingFault.NO_LOSS_AT_STOP,
    ),
}


@pytest.mark.parametrize(("change", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_no_size_is_given_for(change: dict[str, object], code: SizingFault, eth_linear: Instrument) -> None:
    case = {"side": Side.BUY, "entry": "2500", "stop": "2450", "equity": "10000", "risk": "1"} | change
    instrument = replace(
        eth_linear,
        state=InstrumentState(str(case.get("state", "open"))),
        min_trade_amount=Decimal(str(case.get("least", "0.001"))),
        maker_commission=Decimal(str(case.get("maker", "0.00015"))),
    )
    caps = case.get("caps", Caps())
    assert isinstance(caps, Caps)
    answer = size(
        instrument,
        side=Side(str(case["side"])),
        entry=Decimal(str(case["entry"])),
        stop=Decimal(str(case["stop"])),
        equity=Decimal(str(case["equity"])),
        risk=Risk(mode=RiskMode.PERCENT, value=Decimal(str(case["risk"]))),
        caps=caps,
        entry_liquidity=Liquidity(str(case.get("liquidity", "T"))),
    )
    assert isinstance(answer, Refused)
    assert answer.code is code
    assert answer.sentence


def test_a_refused_lot_says_what_it_would_lose(eth_linear: Instrument) -> None:
    answer = size(
        eth_linear, side=Side.BUY, entry=Decimal(2_500), stop=Decimal(2_450), equity=Decimal(5), risk=ONE_PERCENT
    )
    assert isinstance(answer, Refused)
    assert answer.sentence == "one lot of 0.001 would lose 0.0517325 USDC at the stop, the risk set is 0.05 USDC"
