"""What an account can still read of its past: closed orders, trades, trigger rows, the ledger. All bounded.

Deribit keeps closed orders at hand for 30 minutes and trades for a day; older ones must be asked for as
historical, which in turn leaves out the recent ones.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from exchange.records import LedgerRow, Order, Trade, TriggerRow

ORDERS_RECENT_MS: Final = 30 * 60_000
TRADES_RECENT_MS: Final = 24 * 3_600_000
OLD_MS: Final = 2 * 24 * 3_600_000
KEPT_ORDERS: Final = 4_000
KEPT_TRADES: Final = 8_000
KEPT_ROWS: Final = 4_000


class Archive:
    """The past of one account."""

    __slots__ = ("_by_label", "ledger", "orders", "trades", "trigger_rows")

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}  # closed ones, by id, oldest first
        self._by_label: dict[str, list[Order]] = {}
        self.trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self.trigger_rows: deque[TriggerRow] = deque(maxlen=KEPT_ROWS)
        self.ledger: deque[LedgerRow] = deque(maxlen=KEPT_ROWS)

    def close(self, order: Order) -> None:
        """An order has ended; the oldest is forgotten when there are too many."""
        self.orders[order.order_id] = order
        if order.label:
            self._by_label.setdefault(order.label, []).append(order)
        if len(self.orders) > KEPT_ORDERS:
            self.forget(next(iter(self.orders)))

    def forget(self, order_id: str) -> None:
        """Drop a closed order, if it is here."""
        forgotten = self.orders.pop(order_id, None)
        if forgotten is not None and forgotten.label:
            same = [order for order in self._by_label[forgotten.label] if order is not forgotten]
            if same:
                self._by_label[forgotten.label] = same
            else:
                del self._by_label[forgotten.label]

    def recent_order(self, order_id: str, now_ms: int) -> Order | None:
        order = self.orders.get(order_id)
        return order if order is not None and now_ms - order.updated_ms <= ORDERS_RECENT_MS else None

    def recent_by_label(self, label: str, now_ms: int) -> list[Order]:
        return [order for order in self._by_label.get(label, ()) if now_ms - order.updated_ms <= ORDERS_RECENT_MS]

    def history(
        self, want: Callable[[Order], bool], now_ms: int, *, include_old: bool, include_unfilled: bool, historical: bool
    ) -> list[Order]:
        """Closed orders, newest first."""
        oldest_ms = 0 if include_old else now_ms - OLD_MS
        return [
            order
            for order in reversed(self.orders.values())
            if order.updated_ms >= oldest_ms
            and (now_ms - order.updated_ms > ORDERS_RECENT_MS) == historical
            and (include_unfilled or order.filled_amount > 0)
            and want(order)
        ]

    def find_trades(self, want: Callable[[Trade], bool], now_ms: int, *, historical: bool) -> list[Trade]:
        """Trades, oldest first."""
        return [
            trade
            for trade in self.trades
            if (now_ms - trade.timestamp > TRADES_RECENT_MS) == historical and want(trade)
        ]

    def rows(self) -> Iterator[Order | Trade | TriggerRow | LedgerRow]:
        return chain(self.orders.values(), self.trades, self.trigger_rows, self.ledger)
