"""Public topics made of trades: the tape, and the running bar."""

from decimal import Decimal
from typing import Any, Final

from exchange import shapes, shapes_market
from exchange.bars import DAY_MS, DAY_OPENS_MS, MINUTE_MS
from exchange.channels import RESOLUTIONS, Channel
from exchange.market import Market
from exchange.records import PublicTrade
from exchange.sessions import Session
from exchange.topics import Stage, Topic
from exchange.topics_market import MarketTopic

CHART_PACE_MS: Final = 100  # updates of a running bar come at most this often


class Tape(Topic):
    """trades.*: what has traded since it last spoke, oldest first."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self._waiting: list[dict[str, Any]] = []

    def printed(self, entry: PublicTrade, market: Market, now_ms: int) -> None:
        self._waiting.append(shapes.public_trade(entry, market.spec, now_ms))

    def read(self, now_ms: int) -> Any:
        del now_ms
        waiting, self._waiting = self._waiting, []
        return waiting or None


class Chart(MarketTopic):
    """chart.trades.*: the running bar, updated as it grows; the next bar starts flat at the last close."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self._minutes = RESOLUTIONS[channel.detail]
        self._length_ms = self._minutes * MINUTE_MS
        self._shift_ms = DAY_OPENS_MS if self._length_ms == DAY_MS else 0
        self._interval_ms = CHART_PACE_MS
        self._bar: dict[str, Any] | None = None

    def join(self, session: Session, now_ms: int) -> None:
        if not self.watchers:
            self._bar = None
            self._open(now_ms)
            self.stage.timers.at(self._next_open(now_ms), self._roll)
        super().join(session, now_ms)

    def _opened(self, now_ms: int) -> int:
        return now_ms - (now_ms - self._shift_ms) % self._length_ms

    def _next_open(self, now_ms: int) -> int:
        return self._opened(now_ms) + self._length_ms

    def _open(self, now_ms: int) -> None:
        """Take the running bar over from the market's own."""
        opened = self._opened(now_ms)
        bars = self.market.bars_between(self._minutes, opened, now_ms)
        self._bar = shapes_market.bar(bars[-1]) if bars else None

    def _roll(self, now_ms: int) -> None:
        """Time for the next bar: the old one is final when its successor has been seen."""
        if not self.watchers:
            return
        if self._bar is not None:
            self.speak(now_ms)
        self._follow(now_ms)
        self.speak(now_ms)
        self.stage.timers.at(self._next_open(now_ms), self._roll)

    def _follow(self, now_ms: int) -> None:
        """Move on to the bar of this time, flat at the last close."""
        opened = self._opened(now_ms)
        if self._bar is not None and self._bar["tick"] < opened:
            close = self._bar["close"]
            zero = Decimal(0)
            self._bar = {
                "tick": opened,
                "open": close,
                "high": close,
                "low": close,
                "close": close,
                "volume": zero,
                "cost": zero,
            }

    def printed(self, entry: PublicTrade, market: Market, now_ms: int) -> None:
        """One trade makes the bar grow."""
        if self._bar is None:
            self._open(now_ms)
            return
        self._follow(entry.timestamp)
        bar = self._bar
        volume, cost = shapes_market.base_coins(market.spec, entry.amount, entry.price)
        self._bar = {
            "tick": bar["tick"],
            "open": bar["open"],
            "high": max(bar["high"], entry.price),
            "low": min(bar["low"], entry.price),
            "close": entry.price,
            "volume": round(bar["volume"] + volume, 8),
            "cost": round(bar["cost"] + cost, 4),
        }

    def greeting(self, now_ms: int) -> Any:
        del now_ms
        return self._bar

    def read(self, now_ms: int) -> Any:
        del now_ms
        return self._bar
