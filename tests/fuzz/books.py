"""A second set of books, kept from nothing but the fills and the settlement rows, and compared with the exchange's own.

Everything is counted anew here: a mistake in the exchange's arithmetic must not be able to hide in the check.
"""

from collections import Counter
from decimal import Decimal
from typing import Final

from exchange.accounts import Account
from exchange.changes import Changes
from exchange.engine import Engine
from exchange.instruments import CURRENCIES
from exchange.margin import account_summary

ZERO: Final = Decimal(0)
ROUNDING: Final = Decimal("0.00000001")  # one booking may be off by half of this
LIVE: Final = {"open", "untriggered"}


class Books:
    """What every account must hold, by its own fills."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[tuple[str, str], Decimal] = {}  # signed amount
        self._flow: dict[tuple[str, str], Decimal] = {}  # coins that came in for it, signed
        self._fees: dict[tuple[str, str], Decimal] = {}
        self._funding: dict[tuple[str, str], Decimal] = {}  # of sessions that are settled
        self._bookings: Counter[tuple[str, str]] = Counter()
        self._trade_ids: set[tuple[str, str, str]] = set()
        self.fills = 0
        self.order_states: Counter[str] = Counter()
        self.complaints: list[str] = []

    def record(self, changes: Changes) -> None:
        """To be called at each flush, before anything leaves the exchange."""
        for trade in changes.trades:
            self._trade(trade)
        for row in changes.ledger:
            if row.type == "settlement":
                key = row.account, row.currency
                self._funding[key] = self._funding.get(key, ZERO) + (row.total_interest_pl or ZERO)
                self._bookings[key] += 2
        for order in changes.orders.values():
            self.order_states[order.order_state] += 1
            if order.filled_amount < 0 or order.filled_amount > order.amount or order.amount <= 0:
                self.complaints.append(f"{order.order_id}: filled {order.filled_amount} of {order.amount}")
            if order.order_state == "filled" and order.filled_amount != order.amount:
                self.complaints.append(f"{order.order_id}: filled, but {order.filled_amount} of {order.amount}")

    def _trade(self, trade: object) -> None:
        account, name = trade.account, trade.instrument_name  # type: ignore[attr-defined]
        amount, price, fee = trade.amount, trade.price, trade.fee  # type: ignore[attr-defined]
        spec = self._engine.markets[name].spec
        if amount <= 0 or price <= 0:
            self.complaints.append(f"a trade of {amount} at {price}")
            return
        identity = (account, trade.trade_id, trade.order_id)  # type: ignore[attr-defined]
        if identity in self._trade_ids:
            self.complaints.append(f"trade {identity} twice")
        self._trade_ids.add(identity)
        signed = amount if trade.direction == "buy" else -amount  # type: ignore[attr-defined]
        key = account, name
        self._held[key] = self._held.get(key, ZERO) + signed
        self._flow[key] = self._flow.get(key, ZERO) + (signed / price if spec.is_inverse else -signed * price)
        cash = account, spec.settlement_currency
        self._fees[cash] = self._fees.get(cash, ZERO) + fee
        self._bookings[cash] += 2
        self.fills += 1

    def check(self) -> list[str]:
        """What does not agree, in sentences. Empties the list of what was noticed on the way."""
        found, self.complaints = self.complaints, []
        for name, account in self._engine.accounts.items():
            for order in account.live.values():
                spec = self._engine.markets[order.instrument_name].spec
                if order.order_state not in LIVE or order.remaining <= 0:
                    found.append(f"{order.order_id} is open: {order.order_state}, {order.remaining} left")
                if order.amount % spec.min_trade_amount:
                    found.append(f"{order.order_id}: amount {order.amount} is not a number of lots")
            found += _lonely_legs(account)
            for instrument, position in account.positions.items():
                held = self._held.get((name, instrument), ZERO)
                if position.amount != held:
                    found.append(f"{name} holds {position.amount} of {instrument}, its fills say {held}")
                if not position.amount and (position.cost or position.average_price):
                    found.append(f"{name} is flat in {instrument} and has a cost of {position.cost}")
            for currency in CURRENCIES:
                found += self._equity(name, currency)
        return found

    def _equity(self, name: str, currency: str) -> list[str]:
        account = self._engine.accounts[name]
        wallet = account.wallets[currency]
        expected = wallet.deposited - self._fees.get((name, currency), ZERO) + self._funding.get((name, currency), ZERO)
        upl = ZERO
        for market in self._engine.by_currency.get(currency, ()):
            spec = market.spec
            position = account.positions.get(spec.instrument_name)
            held = self._held.get((name, spec.instrument_name), ZERO)
            worth = held * market.mark_price if not spec.is_inverse else -held / market.mark_price
            expected += self._flow.get((name, spec.instrument_name), ZERO) + worth
            if position is not None:
                expected += position.realized_funding
                own = (
                    position.amount * market.mark_price if not spec.is_inverse else -position.amount / market.mark_price
                )
                upl += own + (position.session_cost if spec.is_inverse else -position.session_cost)
        actual = wallet.balance + wallet.session_rpl + upl
        slack = ROUNDING * (self._bookings[name, currency] + 2)
        found = []
        if abs(actual - expected) > slack:
            found.append(f"{name} {currency}: equity {actual}, its fills say {expected} (allowed {slack})")
        shown = account_summary(self._engine, account, currency)
        if shown.available_funds < 0 or shown.initial_margin < 0 or shown.maintenance_margin < 0:
            found.append(f"{name} {currency}: a negative margin or fund in {shown}")
        if abs(shown.equity - shown.balance - shown.session_rpl - shown.session_upl) > Decimal("0.000003"):
            found.append(f"{name} {currency}: equity is not balance and session results in {shown}")
        if not account.live and shown.open_orders_margin:
            found.append(f"{name} {currency}: no order is open and {shown.open_orders_margin} is tied up")
        return found


def _lonely_legs(account: Account) -> list[str]:
    """Live legs of an OCO pair whose other leg has filled: a fill of one closes the other.

    Not so when legs grow with their primary (incremental): there a new pair may follow a filled one.
    """
    live = {order.oco_ref: order for order in account.live.values() if order.oco_ref is not None}
    return [
        f"{live[order.oco_ref].order_id} lives on after its other leg {order.order_id} has filled"
        for order in account.archive.orders.values()
        if order.order_state == "filled" and order.oco_ref in live and order.trigger_fill_condition != "incremental"
    ]
