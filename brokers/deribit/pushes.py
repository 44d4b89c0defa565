"""What the exchange pushes, turned into facts: one bad item never takes its neighbours with it.

Remembers only what is needed to stay quiet: which locks were told, and the candle that is still running.
"""

from collections.abc import Callable
from typing import Any

from brokers import wire
from brokers.deribit import account, market, orders
from brokers.deribit.channels import candle_of
from brokers.deribit.read import flag, mapping, text, text_or_empty
from brokers.facts import (
    Fact,
    FillSeen,
    Locked,
    LockScope,
    Maintenance,
    OrderSeen,
    PortfolioSeen,
    PositionSeen,
    Unreadable,
)
from trading.errors import BadInput
from trading.facts import Candle
from trading.marks import mark

_REMEMBERED_MAX = 1_000  # locks and candles: far more than there are indices and instruments one watches

Tell = Callable[[Fact], None]


class Pushes:
    """Reads the frames of subscribed channels."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._locks: dict[tuple[LockScope, str], bool] = {}
        self._running: dict[str, Candle] = {}
        self._is_maintenance = False

    def start_over(self) -> None:
        """Begin a new connection: a candle half seen before it is not finished by the first one seen after."""
        self._running.clear()

    def read(self, params: object) -> None:
        """Tell what a frame says."""
        if not isinstance(params, dict):
            self._unreadable("a push without parameters", params)
            return
        channel = params.get("channel")
        content = params.get("data")
        if not isinstance(channel, str):
            self._unreadable("a push without a channel", params)
            return
        try:
            if channel.startswith("ticker."):
                self._tell(market.ticker(mapping(content, channel)))
            elif channel.startswith("user."):
                self._user(channel, content)
            elif channel.startswith("chart.trades."):
                self._candle(channel, content)
            elif channel == "platform_state":
                self._platform(mapping(content, channel))
            elif not channel.startswith("platform_state."):
                self._unreadable(f"nobody reads the channel {channel[:100]}", content)
        except BadInput as bad:
            self._unreadable(bad.reason, params)

    def maintenance(self, *, is_on: bool) -> None:
        """Take note of maintenance however it was learned."""
        if is_on != self._is_maintenance:
            mark("maintenance-told")
            self._is_maintenance = is_on
            self._tell(Maintenance(is_on=is_on))

    def _user(self, channel: str, content: object) -> None:
        match channel.split(".", 2)[1]:
            case "changes":
                found = mapping(content, channel)
                self._each(found.get("orders"), self._order)
                self._each(found.get("trades"), self._fill)
                # The manual calls the last one "position"; the wire does not, but either will do.
                self._each(found.get("positions", found.get("position")), self._position)
            case "orders":
                self._each(content, self._order)
            case "trades":
                self._each(content, self._fill)
            case "portfolio":
                self._tell(PortfolioSeen(portfolio=account.portfolio(mapping(content, channel))))
            case "lock":
                found = mapping(content, channel)
                self._lock(LockScope.ACCOUNT, text(found, "currency"), is_locked=flag(found, "locked"))
            case _:
                self._unreadable(f"nobody reads the channel {channel[:100]}", content)

    def _each(self, content: object, read: Callable[[dict[str, Any]], None]) -> None:
        """Read each item of a list, or one alone: raw channels send an object where others send an array."""
        if content is None:
            return
        for item in content if isinstance(content, list) else [content]:
            try:
                read(mapping(item, "an item of a push"))
            except BadInput as bad:
                self._unreadable(bad.reason, item)

    def _order(self, raw: dict[str, Any]) -> None:
        self._tell(OrderSeen(order=orders.order(raw)))

    def _fill(self, raw: dict[str, Any]) -> None:
        self._tell(FillSeen(fill=orders.fill(raw)))

    def _position(self, raw: dict[str, Any]) -> None:
        self._tell(PositionSeen(holding=orders.holding(raw)))

    def _candle(self, channel: str, content: object) -> None:
        """Tell a candle when a later one begins: the channel has no word for "closed"."""
        known = candle_of(channel)
        if known is None:
            raise BadInput("a candle channel of unknown length", channel)
        fresh = market.bar(content, *known)
        running = self._running.get(channel)
        if running is not None and fresh.opened_at < running.opened_at:
            return
        if running is not None and fresh.opened_at > running.opened_at:
            self._tell(running)
        if running is not None or len(self._running) < _REMEMBERED_MAX:
            self._running[channel] = fresh

    def _platform(self, raw: dict[str, Any]) -> None:
        if "maintenance" in raw:
            self.maintenance(is_on=flag(raw, "maintenance"))
        index = text_or_empty(raw, "price_index")
        if index:
            self._lock(LockScope.INDEX, index, is_locked=flag(raw, "locked"))

    def _lock(self, scope: LockScope, name: str, *, is_locked: bool) -> None:
        """Tell a lock when it changes: the exchange repeats them more than twice a second."""
        if self._locks.get((scope, name), False) == is_locked:
            return
        if len(self._locks) >= _REMEMBERED_MAX:
            self._locks.clear()
        self._locks[scope, name] = is_locked
        self._tell(Locked(scope=scope, name=name, is_locked=is_locked))

    def _unreadable(self, why: str, raw: object) -> None:
        self._tell(Unreadable(why=why, raw=wire.shorten(raw)))
