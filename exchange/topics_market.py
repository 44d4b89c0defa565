"""Public topics: tickers, quotes, indexes and states."""

from typing import Any, Final

from exchange import shapes_market
from exchange.bars import MINUTE_MS
from exchange.channels import Channel
from exchange.market import Market
from exchange.sessions import Session
from exchange.topics import Stage, Topic

INDEX_PULSE_MS: Final = 1_000


class MarketTopic(Topic):
    """A topic about one instrument."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self.market: Market = stage.engine.markets[channel.instruments[0]]

    def catch_up(self, now_ms: int) -> None:
        """The earlier watchers hear what they have not heard yet, so that the newcomer joins the same chain."""
        newcomer_id, newcomer = self.watchers.popitem()
        self.speak(now_ms)
        self.watchers[newcomer_id] = newcomer


class Ticker(MarketTopic):
    """ticker.*: the whole ticker, on change and every five seconds."""

    _stats_of: tuple[int, int] = (0, 0)
    _stats: shapes_market.Stats | None = None

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self._pulse_ms = stage.settings.feed.pulse_ms

    def join(self, session: Session, now_ms: int) -> None:
        if not self.watchers:
            self.stage.timers.at(now_ms + self._pulse_ms, self._pulse)
        super().join(session, now_ms)

    def _pulse(self, now_ms: int) -> None:
        if not self.watchers:
            return
        if now_ms - self._spoke_ms >= self._pulse_ms:
            self.speak(now_ms)
        self.stage.timers.at(self._spoke_ms + self._pulse_ms, self._pulse)

    def greeting(self, now_ms: int) -> Any:
        return self.read(now_ms)

    def read(self, now_ms: int) -> Any:
        """The day's figures change with a trade, or as the day moves on: looked up again then, not each time."""
        market = self.market
        known = market.trade_seq, now_ms // MINUTE_MS
        if known != self._stats_of:
            self._stats_of, self._stats = known, market.stats()
        return shapes_market.ticker(market, self._stats)


class IncrementalTicker(MarketTopic):
    """incremental_ticker.*: the whole once, then the fields that have changed."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self._told: dict[str, Any] = {}

    def greeting(self, now_ms: int) -> Any:
        if len(self.watchers) == 1:
            self._told = shapes_market.ticker(self.market)
        else:
            self.catch_up(now_ms)
        return {"type": "snapshot"} | self._told

    def read(self, now_ms: int) -> Any:
        del now_ms
        fresh = shapes_market.ticker(self.market)
        changed = {name: value for name, value in fresh.items() if self._told.get(name) != value}
        self._told = fresh
        if not changed.keys() - {"timestamp"}:
            return None
        return {
            "type": "change",
            "timestamp": fresh["timestamp"],
            "instrument_name": fresh["instrument_name"],
        } | changed


class Quote(MarketTopic):
    """quote.*: the best of both sides, when it changes."""

    _told: tuple[Any, ...] = ()

    def greeting(self, now_ms: int) -> Any:
        del now_ms
        return shapes_market.quote(self.market)

    def read(self, now_ms: int) -> Any:
        del now_ms
        fresh = shapes_market.quote(self.market)
        best = tuple(fresh.values())[1:]
        if best == self._told:
            return None
        self._told = best
        return fresh


class Perpetual(MarketTopic):
    """perpetual.*: index and funding."""

    def greeting(self, now_ms: int) -> Any:
        return self.read(now_ms)

    def read(self, now_ms: int) -> Any:
        del now_ms
        return shapes_market.perpetual(self.market)


class Index(Topic):
    """deribit_price_index.*: once a second."""

    def join(self, session: Session, now_ms: int) -> None:
        if not self.watchers:
            self.stage.timers.at(now_ms + INDEX_PULSE_MS, self._pulse)
        super().join(session, now_ms)

    def _pulse(self, now_ms: int) -> None:
        if self.watchers:
            self.speak(now_ms)
            self.stage.timers.at(now_ms + INDEX_PULSE_MS, self._pulse)

    def read(self, now_ms: int) -> Any:
        for market in self.stage.engine.markets.values():
            if market.spec.price_index == self.channel.detail:
                return shapes_market.price_index(market) | {"timestamp": now_ms}
        return None


class Announced(Topic):
    """Channels whose messages are made where things happen: states, locks, maintenance."""

    def read(self, now_ms: int) -> Any:
        del now_ms


class PublicMethods(Announced):
    """platform_state.public_methods_state: public requests without a login are always welcome here."""

    def greeting(self, now_ms: int) -> Any:
        del now_ms
        return {"allow_unauthenticated_public_requests": True}
