"""What an account can still read of its past: closed orders, trades, trigger rows, the ledger. All bounded.

Deribit keeps closed orders at hand for 30 minutes and trades for a day; older ones must be asked for as
historical, which in turn leaves out the recent ones.
"""

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final, NamedTuple

from exchange.records import LedgerRow, Order, Trade, TriggerRow


class Kept(NamedTuple):
    """How long things stay in the recent store, and how many rows of a kind an account keeps at the most."""

    orders_recent_ms: int = 30 * 60_000
    trades_recent_ms: int = 24 * 3_600_000
    old_ms: int = 2 * 24 * 3_600_000  # older orders must be asked for by include_old
    rows_max: int = 5_000


KEPT: Final = Kept()


class Archive:
    """The past of one account."""

    __slots__ = ("_by_label", "_kept", "ledger", "orders", "trades", "trigger_rows")

    def __init__(self, kept: Kept = KEPT) -> None:
        self._kept = kept
        self.orders: dict[str, Order] = {}  # closed ones, by id, oldest first
        self._by_label: dict[str, list[Order]] = {}
        self.trades: deque[Trade] = deque(maxlen=kept.rows_max)
        self.trigger_rows: deque[TriggerRow] = deque(maxlen=kept.rows_max)
        self.ledger: deque[LedgerRow] = deque(maxlen=kept.rows_max)

    def close(self, order: Order) -> None:
        """An order has ended; the oldest is forgotten when there are too many."""
        self.orders[order.order_id] = order
        if order.label:
            self._by_label.setdefault(order.label, []).append(order)
        if len(self.orders) > self._kept.rows_max:
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
        return order if order is not None and now_ms - order.updated_ms <= self._kept.orders_recent_ms else None

    def recent_by_label(self, label: str, now_ms: int) -> list[Order]:
        oldest_ms = now_ms - self._kept.orders_recent_ms
        return [order for order in self._by_label.get(label, ()) if order.updated_ms >= oldest_ms]

    def history(
        self, want: Callable[[Order], bool], now_ms: int, *, include_old: bool, include_unfilled: bool, historical: bool
    ) -> list[Order]:
        """Closed orders, newest first."""
        oldest_ms = 0 if include_old else now_ms - self._kept.old_ms
        return [
            order
            for order in reversed(self.orders.values())
            if order.updated_ms >= oldest_ms
            and (now_ms - order.updated_ms > self._kept.orders_recent_ms) == historical
            and (include_unfilled or order.filled_amount > 0)
            and want(order)
        ]

    def find_trades(
        self, want: Callable[[Trade], bool], now_ms: int, *, historical: bool, from_ms: int = 0
    ) -> list[Trade]:
        """Trades, oldest first. They lie in the order of time: nobody looks at those before the first one asked for."""
        recent_from_ms = now_ms - self._kept.trades_recent_ms
        oldest_ms = from_ms if historical else max(from_ms, recent_from_ms)
        found = []
        for trade in reversed(self.trades):
            if trade.timestamp < oldest_ms:
                break
            if (trade.timestamp < recent_from_ms) == historical and want(trade):
                found.append(trade)
        found.reverse()
        return found

    def rows(self) -> Iterator[Order | Trade | TriggerRow | LedgerRow]:
        return chain(self.orders.values(), self.trades, self.trigger_rows, self.ledger)
