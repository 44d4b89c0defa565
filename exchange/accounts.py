"""Accounts: wallets, positions and live orders, and the arithmetic of a fill.

Fees leave the balance at once. Realised results and funding gather in the session and reach the balance at
settlement, as on Deribit; a position's average price is not touched by settlement.
"""

from decimal import Decimal
from typing import Final

from exchange.archive import KEPT, Archive, Kept
from exchange.instruments import CURRENCIES, Spec
from exchange.market import Market
from exchange.records import ZERO, Order, Position, Wallet

_STEP: Final = Decimal("0.00000001")  # the finest amount of money that is booked


def booked(amount: Decimal) -> Decimal:
    """Money as it is booked: eight decimals."""
    return amount.quantize(_STEP)


class Account:
    """One (sub)account, segregated standard margin: every currency stands for itself."""

    def __init__(self, name: str, user_id: int, kept: Kept = KEPT) -> None:
        self.name = name
        self.user_id = user_id
        self.wallets = {currency: Wallet(account=name, currency=currency) for currency in CURRENCIES}
        self.positions: dict[str, Position] = {}
        self.live: dict[str, Order] = {}  # open and untriggered, dormant children included
        self.archive = Archive(kept)
        self.locked: set[str] = set()  # currencies, or ALL
        self.cod_account = False
        self.self_trading_reject_mode = "reject_taker"
        self.reserved: dict[tuple[str, str], Decimal] = {}  # (instrument, direction): value of resting orders
        self.safe: dict[str, tuple[float, float]] = {}  # mark prices between which no liquidation is possible

    def position(self, instrument_name: str) -> Position:
        """The position, flat if there has never been one."""
        found = self.positions.get(instrument_name)
        if found is None:
            found = self.positions[instrument_name] = Position(account=self.name, instrument_name=instrument_name)
        return found

    def amount(self, instrument_name: str) -> Decimal:
        found = self.positions.get(instrument_name)
        return ZERO if found is None else found.amount

    def reserve(self, order: Order, value: Decimal) -> None:
        """Resting orders of this kind are worth that much more (or less)."""
        key = order.instrument_name, order.direction
        self.reserved[key] = self.reserved.get(key, ZERO) + value

    def is_locked(self, currency: str) -> bool:
        return bool(self.locked) and ("ALL" in self.locked or currency in self.locked)


def value_of(spec: Spec, amount: Decimal, price: Decimal) -> Decimal:
    """What an amount is worth at a price, in the settlement coin."""
    return amount / price if spec.is_inverse else amount * price


def fee_of(spec: Spec, amount: Decimal, price: Decimal, rate: Decimal) -> Decimal:
    """What a fill costs, in the settlement coin."""
    return booked(rate * value_of(spec, amount, price))


def result_of(spec: Spec, amount: Decimal, cost: Decimal, price: Decimal) -> Decimal:
    """What a signed amount that cost `cost` brings when it ends at `price`, in the settlement coin."""
    worth = value_of(spec, amount, price)
    return cost - worth if spec.is_inverse else worth - cost


def average_of(spec: Spec, amount: Decimal, value: Decimal) -> Decimal:
    """The price at which an amount was traded for a value, as shown: up to eight decimals, no idle zeros."""
    price = (amount / value if spec.is_inverse else value / amount).quantize(_STEP)
    whole = price.to_integral_value()
    return whole if price == whole else price.normalize()


def fill_position(position: Position, spec: Spec, signed: Decimal, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Book a fill. Returns what it realised: against the average price, in this session, and what was paid before.

    They differ only for a position that was carried over a settlement, which paid part of it already.
    """
    held = position.amount
    realised = session = paid = ZERO
    if held and (held > 0) != (signed > 0):
        closed = -held if abs(signed) >= abs(held) else signed  # signed as the fill is
        part = -closed / held
        cost, session_cost = position.cost * part, position.session_cost * part
        realised = booked(result_of(spec, -closed, cost, price))
        session = booked(result_of(spec, -closed, session_cost, price))
        paid = position.settled if closed == -held else booked(position.settled * part)
        position.settled -= paid
        position.amount += closed
        position.cost -= cost
        position.session_cost -= session_cost
        signed -= closed
        if not position.amount:
            position.cost = position.session_cost = position.average_price = ZERO
    if signed:
        worth = value_of(spec, signed, price)
        position.amount += signed
        position.cost += worth
        position.session_cost += worth
        position.average_price = average_of(spec, position.amount, position.cost)
    position.realized_profit_loss += realised
    return realised, session, paid


def accrue_funding(position: Position, market: Market) -> Decimal:
    """What this position has earned (or paid, negative) since it last settled with the funding counter.

    Too little to be booked stays open, so that looking often loses nothing.
    """
    owed = market.funding_index - position.funding_index
    if not position.amount:
        position.funding_index = market.funding_index
        return ZERO
    paid = booked(position.amount * Decimal(owed))
    if not paid:
        return ZERO
    position.funding_index = market.funding_index
    position.realized_funding -= paid
    return -paid
