"""What an instrument is: its units, steps and fees, and the arithmetic that follows from them.

The figures are read from the exchange at run time and given here; none is written down in this module.
Amounts are in the exchange's own unit: USD for an inverse contract, base coin for a linear one.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum, unique

from trading.errors import BadInput, Refused
from trading.values import (
    ZERO,
    Currency,
    InstrumentName,
    InstrumentState,
    Kind,
    Liquidity,
    Side,
    money_math,
)


@unique
class Rounding(StrEnum):
    """Which neighbour on the grid to take."""

    NEAREST = ROUND_HALF_EVEN
    DOWN = ROUND_FLOOR
    UP = ROUND_CEILING


@unique
class OrderFault(StrEnum):
    """Why the exchange would refuse an order for its numbers alone."""

    NOT_TRADABLE = "instrument_not_tradable"
    NOT_FINITE = "not_finite"
    PRICE_NOT_POSITIVE = "price_not_positive"
    PRICE_OFF_TICK = "price_off_tick"
    AMOUNT_OFF_LOT = "amount_off_lot"
    AMOUNT_BELOW_MINIMUM = "amount_below_minimum"


@dataclass(frozen=True, slots=True, kw_only=True)
class TickStep:
    """From ``above_price`` upwards the tick is ``tick_size``."""

    above_price: Decimal
    tick_size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One perpetual as the exchange describes it at this moment. Raises BadInput if its figures make no sense."""

    name: InstrumentName
    kind: Kind
    base: Currency
    quote: Currency
    settlement: Currency
    price_index: str
    tick_size: Decimal
    tick_steps: tuple[TickStep, ...] = ()
    contract_size: Decimal
    min_trade_amount: Decimal
    maker_commission: Decimal
    taker_commission: Decimal
    max_leverage: Decimal
    state: InstrumentState
    is_active: bool

    def __post_init__(self) -> None:
        """Check the figures once here, so that no formula has to."""
        positive = {
            "tick_size": self.tick_size,
            "contract_size": self.contract_size,
            "min_trade_amount": self.min_trade_amount,
            "max_leverage": self.max_leverage,
        } | {f"tick_size above {step.above_price}": step.tick_size for step in self.tick_steps}
        for what, figure in positive.items():
            if not (figure.is_finite() and figure > 0):
                msg = f"{self.name}: {what} must be above zero"
                raise BadInput(msg, figure)
        for rate in (self.maker_commission, self.taker_commission):
            # A commission may be a rebate, but a fee of the whole notional or more is a misread unit.
            if not (rate.is_finite() and -1 < rate < 1):
                msg = f"{self.name}: a commission must lie between -1 and 1"
                raise BadInput(msg, rate)
        bounds = [step.above_price for step in self.tick_steps]
        if bounds != sorted(set(bounds)):
            msg = f"{self.name}: tick steps must rise"
            raise BadInput(msg, bounds)
        expected = self.base if self.kind is Kind.INVERSE else self.quote
        if self.settlement != expected:
            msg = f"{self.name}: a contract of kind {self.kind} settles in {expected}"
            raise BadInput(msg, self.settlement)

    @property
    def is_tradable(self) -> bool:
        """Whether the exchange takes orders for it now."""
        return self.is_active and self.state is InstrumentState.OPEN

    @property
    def lot(self) -> Decimal:
        """The step of every amount: one contract."""
        return self.contract_size

    @property
    def min_amount(self) -> Decimal:
        """The smallest amount an order can have: the minimum, brought up to whole lots."""
        return _to_step(self.min_trade_amount, self.lot, Rounding.UP)

    def tick_at(self, price: Decimal) -> Decimal:
        """Give the tick that holds at this price."""
        tick = self.tick_size
        for step in self.tick_steps:
            if price >= step.above_price:
                tick = step.tick_size
        return tick

    def round_price(self, price: Decimal, rounding: Rounding = Rounding.NEAREST) -> Decimal:
        """Bring a price onto the tick. Rounding down a price below one tick gives 0, which no order may carry."""
        return _to_step(price, self.tick_at(price), rounding)

    def round_price_safe(self, price: Decimal, side: Side) -> Decimal:
        """Bring an order's price onto the tick so that rounding never costs money.

        A buy rounds down and a sell rounds up: a limit never pays worse than asked, and a stop triggers
        no later than asked, so the loss at the stop does not grow.
        """
        return self.round_price(price, Rounding.DOWN if side is Side.BUY else Rounding.UP)

    def round_amount(self, amount: Decimal, rounding: Rounding = Rounding.DOWN) -> Decimal:
        """Bring an amount onto whole lots; down unless told otherwise, because more than wanted is more risk."""
        return _to_step(amount, self.lot, rounding)

    def is_on_tick(self, price: Decimal) -> bool:
        """Whether an order may carry this price."""
        return self.round_price(price) == price

    def is_on_lot(self, amount: Decimal) -> bool:
        """Whether the amount is whole lots."""
        return self.round_amount(amount) == amount

    def contracts(self, amount: Decimal) -> Decimal:
        """Give the number of contracts in an amount."""
        with money_math():
            return amount / self.contract_size

    def amount_of(self, contracts: Decimal) -> Decimal:
        """Give the amount in a number of contracts."""
        with money_math():
            return contracts * self.contract_size

    def notional(self, amount: Decimal, price: Decimal) -> Decimal:
        """Give what the amount is worth in the settlement currency: margin and fees are rates on this."""
        with money_math():
            return amount / price if self.kind is Kind.INVERSE else amount * price

    def quote_value(self, amount: Decimal, price: Decimal) -> Decimal:
        """Give what the amount is worth in the quote currency (USD or USDC)."""
        with money_math():
            return amount if self.kind is Kind.INVERSE else amount * price

    def fee_rate(self, liquidity: Liquidity) -> Decimal:
        """Give the commission as a share of the notional; negative is a rebate."""
        return self.maker_commission if liquidity is Liquidity.MAKER else self.taker_commission

    def fee(self, amount: Decimal, price: Decimal, liquidity: Liquidity) -> Decimal:
        """Give the fee in the settlement currency; positive is a cost."""
        with money_math():
            return self.notional(amount, price) * self.fee_rate(liquidity)

    def faults(self, *, amount: Decimal, prices: tuple[Decimal, ...] = ()) -> tuple[Refused, ...]:
        """Say everything that is wrong with an order's numbers; empty means the exchange should take them."""
        found: list[Refused] = []
        if not self.is_tradable:
            found.append(_fault(OrderFault.NOT_TRADABLE, f"{self.name} is not open for trading (state {self.state})"))
        for price in prices:
            if not price.is_finite():
                found.append(_fault(OrderFault.NOT_FINITE, f"price {price} is not a number one can trade at"))
            elif price <= 0:
                found.append(_fault(OrderFault.PRICE_NOT_POSITIVE, f"price {price} is not above zero"))
            elif not self.is_on_tick(price):
                tick = self.tick_at(price)
                found.append(_fault(OrderFault.PRICE_OFF_TICK, f"price {price} is not a multiple of {tick}"))
        if not amount.is_finite():
            found.append(_fault(OrderFault.NOT_FINITE, f"amount {amount} is not a number one can trade"))
            return tuple(found)
        if not self.is_on_lot(amount):
            found.append(_fault(OrderFault.AMOUNT_OFF_LOT, f"amount {amount} is not a multiple of {self.lot}"))
        if amount < self.min_amount:
            found.append(
                _fault(OrderFault.AMOUNT_BELOW_MINIMUM, f"amount {amount} is below the minimum of {self.min_amount}")
            )
        return tuple(found)


def _fault(code: OrderFault, sentence: str) -> Refused:
    return Refused(code=code, sentence=sentence)


def _to_step(number: Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Round to a multiple of the step. Negative numbers keep the sense of down and up on the number line."""
    with money_math():
        return (number / step).to_integral_value(rounding) * step + ZERO
