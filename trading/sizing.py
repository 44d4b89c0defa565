"""How much to trade: the largest whole-lot amount whose loss at the stop, fees included, is not above the risk set.

Linear in the amount for both kinds, so one division finds it; whole numbers over whole numbers throughout, so rounding
never adds risk. (Not `fractions.Fraction`: it takes three times as long, and an order waits for it.)
A gap through the stop, funding while it is open and slippage of the entry are not in it: nobody knows them before.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum, unique
from typing import Final, NamedTuple

from trading.errors import Refused
from trading.instruments import Instrument
from trading.values import MONEY, Kind, Liquidity, Side, plain

# The finest step of reported money. Exchanges book 8 decimals at most; four more keep sums honest and readable.
MONEY_STEP = Decimal("1E-12")
_STEPS: Final = 10**12  # of them in one coin
EXPONENT_MAX = 18

Ratio = tuple[int, int]
"""An exact number: numerator, and a denominator above zero."""


@unique
class RiskMode(StrEnum):
    """How the risk of one trade is set."""

    PERCENT = "percent"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What one trade may lose: percent of equity, or an amount in the settlement currency."""

    mode: RiskMode
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits besides the risk. None is no limit of ours; the exchange's own leverage limit always holds."""

    leverage: Decimal | None = None
    """Notional at entry over equity."""
    available: Decimal | None = None
    """Funds free for margin and the entry fee, in the settlement currency."""
    notional: Decimal | None = None
    """Value at entry in the quote currency (USD or USDC)."""
    margin_rate: Decimal | None = None
    """Initial margin as a share of the notional, as the exchange says; else 1 / its highest leverage."""
    maintenance_rate: Decimal | None = None
    """Maintenance margin as a share of the notional; else half of the initial one."""


NO_CAPS = Caps()


@unique
class Bound(StrEnum):
    """What decided the size."""

    RISK = "risk"
    LEVERAGE = "leverage"
    MARGIN = "margin"
    NOTIONAL = "notional"
    LIQUIDATION = "liquidation"


@unique
class SizingFault(StrEnum):
    """Why there is no size."""

    NOT_FINITE = "not_finite"
    NOT_TRADABLE = "instrument_not_tradable"
    PRICE_NOT_POSITIVE = "price_not_positive"
    EQUITY_NOT_POSITIVE = "equity_not_positive"
    RISK_NOT_POSITIVE = "risk_not_positive"
    RISK_ABOVE_EQUITY = "risk_above_equity"
    BAD_CAP = "bad_cap"
    STOP_AT_ENTRY = "stop_at_entry"
    STOP_WRONG_SIDE = "stop_wrong_side"
    STOP_OFF_TICK = "stop_off_tick"
    NO_LOSS_AT_STOP = "no_loss_at_stop"
    LOT_TOO_MUCH = "lot_too_much"
    BELOW_MINIMUM = "below_minimum"
    CAPPED_BELOW_MINIMUM = "capped_below_minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A size and the truth about it. Money is in the settlement currency, rounded up to MONEY_STEP where it is a loss.

    ``price_loss + entry_fee + stop_fee`` is ``risk`` but for that rounding.
    """

    side: Side
    amount: Decimal
    contracts: int
    entry: Decimal
    stop: Decimal
    risk_set: Decimal
    risk: Decimal
    price_loss: Decimal
    entry_fee: Decimal
    stop_fee: Decimal
    lot_share: Decimal
    """One lot as a share of the amount: how coarse the size is."""
    bound_by: Bound

    @property
    def used(self) -> Decimal:
        """The risk taken as a share of the risk set; never above 1."""
        (taken, taken_of), (set_, set_of) = self.risk.as_integer_ratio(), self.risk_set.as_integer_ratio()
        return _money(taken * set_of, taken_of * set_, ROUND_FLOOR)


def size(
    instrument: Instrument,
    *,
    side: Side,
    entry: Decimal,
    stop: Decimal,
    equity: Decimal,
    risk: Risk,
    caps: Caps = NO_CAPS,
    entry_liquidity: Liquidity = Liquidity.TAKER,
) -> Sized | Refused:
    """Size a position, or say why there is none. Equity is in the settlement currency.

    Say MAKER for the entry only when it is post-only; a limit that may cross pays the taker's fee.
    """
    fault = _check_numbers(equity, entry, stop, risk, caps) or _check_prices(instrument, side, entry, stop)
    if fault is not None:
        return fault
    risk_set = _risk_set(equity, risk)
    if risk_set <= 0:
        return _no(SizingFault.RISK_NOT_POSITIVE, f"the risk set is {risk.value} {risk.mode}, it must be above zero")
    if risk_set > equity:
        return _no(SizingFault.RISK_ABOVE_EQUITY, f"the risk set is {plain(risk_set)}, the equity only {equity}")

    unit = _unit(instrument, entry, stop, entry_liquidity)
    if unit.loss <= 0:
        return _no(SizingFault.NO_LOSS_AT_STOP, "rebates would pay for the loss at the stop; no size follows from that")
    bound_by, (most, of) = _least_limit(instrument, caps, equity, entry, risk_set, unit)
    lot, lot_of = instrument.lot.as_integer_ratio()
    lots = max(0, most * lot_of // (of * lot))
    minimum, minimum_of = instrument.min_amount.as_integer_ratio()
    if lots < minimum * lot_of // (minimum_of * lot):
        return _too_small(instrument, bound_by, lots, unit, risk_set)
    amount, over = lots * lot, lot_of * unit.over
    return Sized(
        side=side,
        amount=instrument.amount_of(Decimal(lots)),
        contracts=lots,
        entry=entry,
        stop=stop,
        risk_set=risk_set,
        risk=_money(amount * unit.loss, over, ROUND_CEILING),
        price_loss=_money(amount * unit.price_loss, over, ROUND_CEILING),
        entry_fee=_money(amount * unit.entry_fee, over, ROUND_CEILING),
        stop_fee=_money(amount * unit.stop_fee, over, ROUND_CEILING),
        lot_share=_money(1, lots, ROUND_CEILING),
        bound_by=bound_by,
    )


def _check_numbers(equity: Decimal, entry: Decimal, stop: Decimal, risk: Risk, caps: Caps) -> Refused | None:
    """Refuse what is no number, and figures no account or setting can have."""
    limits = {
        "leverage cap": caps.leverage,
        "available margin": caps.available,
        "notional cap": caps.notional,
        "margin rate": caps.margin_rate,
        "maintenance rate": caps.maintenance_rate,
    }
    given = {"equity": equity, "entry": entry, "stop": stop, "risk": risk.value} | limits
    for what, number in given.items():
        # The bound on the exponent keeps the whole numbers below small whatever a setting says.
        if number is not None and not (number.is_finite() and abs(number.adjusted()) <= EXPONENT_MAX):
            return _no(SizingFault.NOT_FINITE, f"the {what} is {number}, not a figure one can trade with")
    for what, price in (("entry", entry), ("stop", stop)):
        if price <= 0:
            return _no(SizingFault.PRICE_NOT_POSITIVE, f"the {what} price is {price}, it must be above zero")
    if equity <= 0:
        return _no(SizingFault.EQUITY_NOT_POSITIVE, f"the equity is {equity}, there is nothing to risk")
    for what, limit in limits.items():
        # An account may well have no funds left; any other limit below zero is a mistake in a setting.
        if limit is not None and limit < 0 and what != "available margin":
            return _no(SizingFault.BAD_CAP, f"the {what} is {limit}, it must not be negative")
    return None


def _check_prices(instrument: Instrument, side: Side, entry: Decimal, stop: Decimal) -> Refused | None:
    """Refuse a stop that would not be one. The entry may lie between ticks: it is an expectation for a market order."""
    if not instrument.is_tradable:
        return _no(SizingFault.NOT_TRADABLE, f"{instrument.name} is not open for trading (state {instrument.state})")
    if stop == entry:
        return _no(SizingFault.STOP_AT_ENTRY, f"the stop is at the entry ({entry})")
    if (stop > entry) is (side is Side.BUY):
        where = "below" if side is Side.BUY else "above"
        return _no(SizingFault.STOP_WRONG_SIDE, f"the stop of a {side} must be {where} {entry}, it is {stop}")
    if not instrument.is_on_tick(stop):
        # Rounding it later would change the loss this size is made for.
        return _no(SizingFault.STOP_OFF_TICK, f"the stop {stop} is not a multiple of {instrument.tick_at(stop)}")
    return None


def _risk_set(equity: Decimal, risk: Risk) -> Decimal:
    """Give the risk in money, cut down to MONEY_STEP."""
    value, of = risk.value.as_integer_ratio()
    if risk.mode is not RiskMode.PERCENT:
        return _money(value, of, ROUND_FLOOR)
    held, held_of = equity.as_integer_ratio()
    return _money(value * held, of * held_of * 100, ROUND_FLOOR)


class _Unit(NamedTuple):
    """What one unit of amount is worth and costs in the settlement currency, all of it over one denominator."""

    entry: int  # its value at the entry
    stop: int  # its value at the stop
    price_loss: int
    entry_fee: int
    stop_fee: int
    over: int

    @property
    def loss(self) -> int:
        """All that is lost at the stop."""
        return self.price_loss + self.entry_fee + self.stop_fee


def _unit(instrument: Instrument, entry: Decimal, stop: Decimal, entry_liquidity: Liquidity) -> _Unit:
    """Reckon with one unit; the loss of the price is the difference of its two values."""
    (at_entry, entry_of), (at_stop, stop_of) = entry.as_integer_ratio(), stop.as_integer_ratio()
    if instrument.kind is Kind.INVERSE:  # a unit is worth one divided by the price
        at_entry, entry_of, at_stop, stop_of = entry_of, at_entry, stop_of, at_stop
    worth, left, over = at_entry * stop_of, at_stop * entry_of, entry_of * stop_of
    rate, rate_of = instrument.fee_rate(entry_liquidity).as_integer_ratio()
    # The stop takes liquidity when it triggers.
    taker, taker_of = instrument.fee_rate(Liquidity.TAKER).as_integer_ratio()
    both_of = rate_of * taker_of
    return _Unit(
        entry=worth * both_of,
        stop=left * both_of,
        price_loss=abs(worth - left) * both_of,
        entry_fee=worth * rate * taker_of,
        stop_fee=left * taker * rate_of,
        over=over * both_of,
    )


def _least_limit(
    instrument: Instrument, caps: Caps, equity: Decimal, entry: Decimal, risk_set: Decimal, unit: _Unit
) -> tuple[Bound, Ratio]:
    """Give the smallest of the largest amounts, and what set it. On a tie the risk: then no cap changed anything."""
    risk, risk_of = risk_set.as_integer_ratio()
    bound_by, (least, of) = Bound.RISK, (risk * unit.over, risk_of * unit.loss)
    for bound, (limit, limit_of) in _cap_limits(instrument, caps, equity, entry, unit).items():
        if limit * of < least * limit_of:
            bound_by, least, of = bound, limit, limit_of
    return bound_by, (least, of)


def _cap_limits(instrument: Instrument, caps: Caps, equity: Decimal, entry: Decimal, unit: _Unit) -> dict[Bound, Ratio]:
    """Give the largest amount under each cap."""
    held, held_of = equity.as_integer_ratio()
    highest = instrument.max_leverage
    leverage, leverage_of = (highest if caps.leverage is None else min(highest, caps.leverage)).as_integer_ratio()
    initial_of, initial = highest.as_integer_ratio()  # one divided by the highest leverage
    if caps.margin_rate is not None:
        initial, initial_of = caps.margin_rate.as_integer_ratio()
    maintenance, maintenance_of = initial, initial_of * 2
    if caps.maintenance_rate is not None:
        maintenance, maintenance_of = caps.maintenance_rate.as_integer_ratio()
    limits = {
        Bound.LEVERAGE: (leverage * held * unit.over, leverage_of * held_of * unit.entry),
        # At the stop the account must still hold the maintenance margin, or liquidation comes before the stop.
        Bound.LIQUIDATION: (
            held * unit.over * maintenance_of,
            held_of * (unit.loss * maintenance_of + maintenance * unit.stop),
        ),
    }
    margin = initial * unit.entry + max(unit.entry_fee, 0) * initial_of
    if caps.available is not None and margin > 0:
        free, free_of = caps.available.as_integer_ratio()
        limits[Bound.MARGIN] = (free * unit.over * initial_of, free_of * margin)
    if caps.notional is not None:
        notional, notional_of = caps.notional.as_integer_ratio()
        value, value_of = (1, 1) if instrument.kind is Kind.INVERSE else entry.as_integer_ratio()
        limits[Bound.NOTIONAL] = (notional * value_of, notional_of * value)
    return limits


def _too_small(instrument: Instrument, bound_by: Bound, lots: int, unit: _Unit, risk_set: Decimal) -> Refused:
    """Say why not even the smallest order fits."""
    coin = instrument.settlement
    least = instrument.min_amount if lots or bound_by is not Bound.RISK else instrument.lot
    if bound_by is not Bound.RISK:
        sentence = f"the {bound_by} cap leaves less than the smallest order of {least}"
        return _no(SizingFault.CAPPED_BELOW_MINIMUM, sentence)
    amount, amount_of = least.as_integer_ratio()
    loss = plain(_money(amount * unit.loss, amount_of * unit.over, ROUND_CEILING))
    code = SizingFault.BELOW_MINIMUM if lots else SizingFault.LOT_TOO_MUCH
    what = f"the smallest order of {least}" if lots else f"one lot of {least}"
    return _no(code, f"{what} would lose {loss} {coin} at the stop, the risk set is {plain(risk_set)} {coin}")


def _money(number: int, of: int, rounding: str) -> Decimal:
    """Bring an exact ratio onto MONEY_STEP."""
    steps = number * _STEPS // of if rounding == ROUND_FLOOR else -(-number * _STEPS // of)
    return MONEY.multiply(Decimal(steps), MONEY_STEP)


def _no(code: SizingFault, sentence: str) -> Refused:
    return Refused(code=code, sentence=sentence)
