"""How much to trade: the largest whole-lot amount whose loss at the stop, fees included, is not above the risk set.

Linear in the amount for both kinds, so one division finds it; exact fractions, so rounding never adds risk.
A gap through the stop, funding while it is open and slippage of the entry are not in it: nobody knows them before.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum, unique
from fractions import Fraction
from math import ceil, floor

from trading.errors import Refused
from trading.instruments import Instrument
from trading.values import Kind, Liquidity, Side, money_math, plain

# The finest step of reported money. Exchanges book 8 decimals at most; four more keep sums honest and readable.
MONEY_STEP = Decimal("1E-12")
EXPONENT_MAX = 18


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
        return _decimal(Fraction(self.risk) / Fraction(self.risk_set), ROUND_FLOOR)


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

    # What one unit of amount costs. Everything below is exact; only the answer becomes Decimal.
    unit_entry, unit_stop = _unit_notional(instrument, entry), _unit_notional(instrument, stop)
    unit_price_loss = abs(unit_entry - unit_stop)
    unit_entry_fee = unit_entry * Fraction(instrument.fee_rate(entry_liquidity))
    # The stop takes liquidity when it triggers.
    unit_stop_fee = unit_stop * Fraction(instrument.fee_rate(Liquidity.TAKER))
    unit_loss = unit_price_loss + unit_entry_fee + unit_stop_fee
    if unit_loss <= 0:
        return _no(SizingFault.NO_LOSS_AT_STOP, "rebates would pay for the loss at the stop; no size follows from that")

    limits = {Bound.RISK: Fraction(risk_set) / unit_loss} | _cap_limits(
        instrument, caps, Fraction(equity), entry, (unit_entry, unit_stop), (unit_entry_fee, unit_loss)
    )
    # On a tie the risk comes first: then no cap changed anything.
    bound_by = min(limits, key=lambda bound: limits[bound])
    lot = Fraction(instrument.lot)
    lots = max(0, limits[bound_by] // lot)
    least = int(Fraction(instrument.min_amount) / lot)
    if lots < least:
        return _too_small(instrument, bound_by, lots, unit_loss, risk_set)
    amount = lots * lot
    return Sized(
        side=side,
        amount=instrument.amount_of(Decimal(lots)),
        contracts=lots,
        entry=entry,
        stop=stop,
        risk_set=risk_set,
        risk=_decimal(amount * unit_loss, ROUND_CEILING),
        price_loss=_decimal(amount * unit_price_loss, ROUND_CEILING),
        entry_fee=_decimal(amount * unit_entry_fee, ROUND_CEILING),
        stop_fee=_decimal(amount * unit_stop_fee, ROUND_CEILING),
        lot_share=_decimal(Fraction(1, lots), ROUND_CEILING),
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
        # The bound on the exponent keeps the exact fractions below small whatever a setting says.
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
    share = Fraction(equity) / 100 if risk.mode is RiskMode.PERCENT else Fraction(1)
    return _decimal(Fraction(risk.value) * share, ROUND_FLOOR)


def _unit_notional(instrument: Instrument, price: Decimal) -> Fraction:
    """Give what one unit of amount is worth in the settlement currency; the loss is the difference of two of these."""
    return 1 / Fraction(price) if instrument.kind is Kind.INVERSE else Fraction(price)


def _cap_limits(
    instrument: Instrument,
    caps: Caps,
    equity: Fraction,
    entry: Decimal,
    notionals: tuple[Fraction, Fraction],
    costs: tuple[Fraction, Fraction],
) -> dict[Bound, Fraction]:
    """Give the largest amount under each cap."""
    unit_entry, unit_stop = notionals
    unit_entry_fee, unit_loss = costs
    most = Fraction(instrument.max_leverage)
    leverage = most if caps.leverage is None else min(most, Fraction(caps.leverage))
    initial = 1 / most if caps.margin_rate is None else Fraction(caps.margin_rate)
    maintenance = initial / 2 if caps.maintenance_rate is None else Fraction(caps.maintenance_rate)
    limits = {
        Bound.LEVERAGE: leverage * equity / unit_entry,
        # At the stop the account must still hold the maintenance margin, or liquidation comes before the stop.
        Bound.LIQUIDATION: equity / (unit_loss + maintenance * unit_stop),
    }
    unit_margin = initial * unit_entry + max(unit_entry_fee, Fraction(0))
    if caps.available is not None and unit_margin > 0:
        limits[Bound.MARGIN] = Fraction(caps.available) / unit_margin
    if caps.notional is not None:
        unit_value = Fraction(1) if instrument.kind is Kind.INVERSE else Fraction(entry)
        limits[Bound.NOTIONAL] = Fraction(caps.notional) / unit_value
    return limits


def _too_small(instrument: Instrument, bound_by: Bound, lots: int, unit_loss: Fraction, risk_set: Decimal) -> Refused:
    """Say why not even the smallest order fits."""
    coin = instrument.settlement
    least = instrument.min_amount if lots or bound_by is not Bound.RISK else instrument.lot
    if bound_by is not Bound.RISK:
        sentence = f"the {bound_by} cap leaves less than the smallest order of {least}"
        return _no(SizingFault.CAPPED_BELOW_MINIMUM, sentence)
    loss = plain(_decimal(Fraction(least) * unit_loss, ROUND_CEILING))
    code = SizingFault.BELOW_MINIMUM if lots else SizingFault.LOT_TOO_MUCH
    what = f"the smallest order of {least}" if lots else f"one lot of {least}"
    return _no(code, f"{what} would lose {loss} {coin} at the stop, the risk set is {plain(risk_set)} {coin}")


def _decimal(number: Fraction, rounding: str) -> Decimal:
    """Bring an exact fraction onto MONEY_STEP."""
    steps = number / Fraction(MONEY_STEP)
    with money_math():
        return (floor(steps) if rounding == ROUND_FLOOR else ceil(steps)) * MONEY_STEP


def _no(code: SizingFault, sentence: str) -> Refused:
    return Refused(code=code, sentence=sentence)
