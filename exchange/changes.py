"""What has happened since the last flush: the one list that notifications and the journal are both made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exchange.records import LedgerRow, Order, Position, PublicTrade, Trade, TriggerRow, Wallet

if TYPE_CHECKING:
    from exchange.market import Market


class Changes:
    """Collected by the engine, read by whoever tells the world, then cleared."""

    __slots__ = (
        "ledger",
        "liquidations",
        "locks",
        "moved",
        "orders",
        "positions",
        "prints",
        "states",
        "trades",
        "trigger_rows",
        "wallets",
    )

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}  # by id, in the order of their first change
        self.trades: list[Trade] = []
        self.positions: dict[tuple[str, str], Position] = {}  # by (account, instrument)
        self.wallets: dict[tuple[str, str], Wallet] = {}  # by (account, currency)
        self.ledger: list[LedgerRow] = []
        self.trigger_rows: list[TriggerRow] = []
        self.prints: list[PublicTrade] = []
        self.moved: dict[str, Market] = {}  # prices or book changed
        self.states: list[Market] = []  # instrument state changed
        self.locks: list[tuple[str, str, bool]] = []  # (account, currency or ALL, locked)
        self.liquidations: list[dict[str, object]] = []

    @property
    def empty(self) -> bool:
        return not (self.moved or self.orders or self.trades or self.wallets or self.positions or self.rare)

    @property
    def rare(self) -> bool:
        """Anything besides moved markets, orders, trades, positions and wallets."""
        return bool(self.ledger or self.trigger_rows or self.prints or self.states or self.locks or self.liquidations)

    def clear(self) -> None:
        if self.moved:
            self.moved.clear()
        if self.orders or self.trades or self.wallets or self.positions or self.rare:
            self.__init__()  # type: ignore[misc]
