"""What can be asked of the engine without changing anything: orders, trades, histories, the ledger."""

from collections.abc import Callable

from exchange.accounts import Account
from exchange.errors import Refusal
from exchange.market import Market
from exchange.records import LedgerRow, Order, Trade, TriggerRow
from exchange.switches import Switches


class Questions:
    """The reading half of the engine."""

    markets: dict[str, Market]
    accounts: dict[str, Account]
    switches: Switches

    def open_orders(self, account: Account) -> list[Order]:
        return list(account.live.values())

    def order_state(self, account: Account, order_id: str, now_ms: int) -> Order:
        order = account.live.get(order_id) or account.archive.recent_order(order_id, now_ms)
        if order is None:
            raise Refusal(10004)
        if order.is_dormant and self.switches.slot_ids_answer == "no":
            raise Refusal(10004)
        if order.order_state == "triggered" and self.switches.triggered_id_answers == "no":
            raise Refusal(10004)
        return order

    def orders_by_label(self, account: Account, label: str, currency: str, now_ms: int) -> list[Order]:
        live = [order for order in account.live.values() if order.label == label]
        found = account.archive.recent_by_label(label, now_ms) + live
        return [order for order in found if self.markets[order.instrument_name].spec.settlement_currency == currency]

    def order_history(
        self,
        account: Account,
        *,
        want: Callable[[Order], bool],
        now_ms: int,
        include_old: bool = False,
        include_unfilled: bool = False,
        historical: bool = False,
    ) -> list[Order]:
        return account.archive.history(
            want, now_ms, include_old=include_old, include_unfilled=include_unfilled, historical=historical
        )

    def trades(
        self,
        account: Account,
        *,
        want: Callable[[Trade], bool],
        now_ms: int,
        historical: bool = False,
        from_ms: int = 0,
    ) -> list[Trade]:
        return account.archive.find_trades(want, now_ms, historical=historical, from_ms=from_ms)

    def trigger_history(self, account: Account) -> list[TriggerRow]:
        return list(reversed(account.archive.trigger_rows))

    def ledger(self, account: Account, currency: str, start_ms: int, end_ms: int) -> list[LedgerRow]:
        rows = account.archive.ledger
        return [row for row in rows if row.currency == currency and start_ms <= row.timestamp <= end_ms]
