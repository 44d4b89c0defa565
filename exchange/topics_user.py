"""Private topics: one account's orders, trades, positions and money. Objects or lists, as Deribit has it."""

from typing import Any, Final, NamedTuple

from exchange import margin, shapes, shapes_account
from exchange.accounts import Account
from exchange.channels import Channel
from exchange.instruments import CURRENCIES
from exchange.records import Order, Trade
from exchange.sessions import Session
from exchange.topics import Stage, Topic

PORTFOLIO_PACE_MS: Final = 1_000
DRIFT_PACE_MS: Final = 5_000  # how often prices alone make a portfolio speak


class News(NamedTuple):
    """What has happened to one account since the last flush."""

    orders: list[Order]
    trades: list[Trade]
    positions: list[str]  # instruments


class UserTopic(Topic):
    """A topic of one account."""

    def __init__(self, channel: Channel, stage: Stage, account: Account) -> None:
        super().__init__(channel, stage)
        self.account = account
        self._of = frozenset(channel.instruments)

    def hear(self, news: News, now_ms: int) -> None:
        """Take from the news what belongs here, and speak."""
        raise NotImplementedError

    def tell_all(self, said: Any, now_ms: int) -> None:
        for session in list(self.watchers.values()):
            self.tell(session, said, now_ms)

    def tell(self, session: Session, said: Any, now_ms: int) -> None:
        """What an expired login still hears is one of the open questions."""
        grant = session.grant
        silent = self.stage.engine.switches.private_channels_at_expiry == "silent"
        if grant is not None and grant.account == self.account.name and (grant.is_good(now_ms) or not silent):
            super().tell(session, said, now_ms)

    def _order(self, entry: Order) -> dict[str, Any]:
        engine = self.stage.engine
        spec = engine.markets[entry.instrument_name].spec
        return shapes.order(entry, spec, self.account.user_id, engine.switches)

    def _trade(self, entry: Trade) -> dict[str, Any]:
        engine = self.stage.engine
        return shapes.trade(entry, engine.markets[entry.instrument_name].spec, engine.switches)


class UserOrders(UserTopic):
    """user.orders.*: raw, one object at a time; else a list of what has changed."""

    def __init__(self, channel: Channel, stage: Stage, account: Account) -> None:
        super().__init__(channel, stage, account)
        self._waiting: dict[str, dict[str, Any]] = {}  # by order id, the newest state of each

    def hear(self, news: News, now_ms: int) -> None:
        for entry in news.orders:
            if entry.instrument_name in self._of:
                shown = self._order(entry)
                if self.channel.is_raw:
                    self.tell_all(shown, now_ms)
                else:
                    self._waiting[entry.order_id] = shown
        if self._waiting:
            self.touch(now_ms)

    def read(self, now_ms: int) -> Any:
        del now_ms
        waiting, self._waiting = self._waiting, {}
        return list(waiting.values()) or None


class UserTrades(UserTopic):
    """user.trades.*: a list, raw or not."""

    def __init__(self, channel: Channel, stage: Stage, account: Account) -> None:
        super().__init__(channel, stage, account)
        self._waiting: list[dict[str, Any]] = []

    def hear(self, news: News, now_ms: int) -> None:
        self._waiting += [self._trade(entry) for entry in news.trades if entry.instrument_name in self._of]
        if self._waiting:
            self.touch(now_ms)

    def read(self, now_ms: int) -> Any:
        del now_ms
        waiting, self._waiting = self._waiting, []
        return waiting or None


class _Changed:
    """One instrument's share of a user.changes message."""

    __slots__ = ("orders", "position", "trades")

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.trades: list[dict[str, Any]] = []
        self.position = False


class UserChanges(UserTopic):
    """user.changes.*: orders, trades and positions of one instrument together."""

    def __init__(self, channel: Channel, stage: Stage, account: Account) -> None:
        super().__init__(channel, stage, account)
        self._waiting: dict[str, _Changed] = {}

    def _share(self, instrument_name: str) -> _Changed | None:
        if instrument_name not in self._of:
            return None
        return self._waiting.setdefault(instrument_name, _Changed())

    def hear(self, news: News, now_ms: int) -> None:
        for entry in news.orders:
            if (share := self._share(entry.instrument_name)) is not None:
                share.orders[entry.order_id] = self._order(entry)
        for fill in news.trades:
            if (share := self._share(fill.instrument_name)) is not None:
                share.trades.append(self._trade(fill))
        for name in news.positions:
            if (share := self._share(name)) is not None:
                share.position = True
        if self._waiting:
            self.touch(now_ms)

    def speak(self, now_ms: int) -> None:
        """One message for each instrument."""
        waiting, self._waiting = self._waiting, {}
        for name, share in waiting.items():
            self._spoke_ms = now_ms
            positions = []
            if share.position:
                view = margin.position_view(self.stage.engine, self.account, name)
                positions.append(shapes_account.position(view))
            said = {
                "instrument_name": name,
                "orders": list(share.orders.values()),
                "trades": share.trades,
                "positions": positions,
            }
            self.tell_all(said, now_ms)


class Portfolio(UserTopic):
    """user.portfolio.*: one currency per message: at once, then when something has changed."""

    def __init__(self, channel: Channel, stage: Stage, account: Account) -> None:
        super().__init__(channel, stage, account)
        self._currencies = CURRENCIES if channel.detail == "ANY" else (channel.detail,)
        self._interval_ms = PORTFOLIO_PACE_MS
        self._told: dict[str, dict[str, Any]] = {}

    def join(self, session: Session, now_ms: int) -> None:
        self.watchers[session.id] = session
        for currency in self._currencies:
            self.tell(session, self._portfolio(currency), now_ms)

    def _portfolio(self, currency: str) -> dict[str, Any]:
        return shapes_account.portfolio(margin.account_summary(self.stage.engine, self.account, currency))

    def hear(self, news: News, now_ms: int) -> None:
        del news
        self.touch(now_ms)

    def drift(self, now_ms: int) -> None:
        """A market has moved."""
        if now_ms - self._spoke_ms >= DRIFT_PACE_MS and any(held.amount for held in self.account.positions.values()):
            self._spoke_ms = now_ms
            self.speak(now_ms)

    def speak(self, now_ms: int) -> None:
        for currency in self._currencies:
            fresh = self._portfolio(currency)
            if fresh != self._told.get(currency):
                self._told[currency] = fresh
                self._spoke_ms = now_ms
                self.tell_all(fresh, now_ms)


class UserAnnounced(UserTopic):
    """Channels whose messages are made where things happen: locks, liquidations; and those that stay silent."""

    def hear(self, news: News, now_ms: int) -> None:
        """Orders and trades are no matter of theirs."""

    def read(self, now_ms: int) -> Any:
        del now_ms
