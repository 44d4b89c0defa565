"""An exchange in this process with time standing still unless it is moved, and one client at it."""

from decimal import Decimal
from typing import Any, Final

from exchange.exchange import Exchange, Send
from exchange.feeds import open_feed
from exchange.settings import Limits, Settings
from exchange.switches import Switches

BTC: Final = "BTC-PERPETUAL"
START_MS: Final = 1_767_258_000_000  # 2026-01-01 09:00 UTC


class Inside:
    """Credits are switched off: the rate limit is not what is measured."""

    def __init__(self, *, logged_in: bool = False, seed: int = 7) -> None:
        chosen = Settings(seed=seed, limits=Limits(credits=False), switches=Switches(numbers="plain"))
        feed = open_feed(chosen, start_ms=START_MS)
        self.exchange = Exchange(settings=chosen, feed=feed, start_ms=START_MS)
        self.now_ms = START_MS
        self.session = self.exchange.connect(self.now_ms)
        self._number = 0
        self.pass_time(2_000)
        if logged_in:
            self.call(
                "public/auth", {"grant_type": "client_credentials", "client_id": "paper", "client_secret": "paper"}
            )

    def pass_time(self, ms: int) -> list[Any]:
        """Everything due until then; what left the exchange meanwhile."""
        self.now_ms += ms
        self.exchange.advance(self.now_ms)
        return self.exchange.drain()

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The reply to one request."""
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params or {}}
        self.exchange.receive(self.session, request, self.now_ms)
        for item in self.exchange.drain():
            if isinstance(item, Send) and item.message.get("id") == self._number:
                found: dict[str, Any] = item.message
                return found
        raise AssertionError(f"no reply to {method}")

    def price(self, percent: str) -> Decimal:
        """A price on the tick, so many percent from the mark."""
        market = self.exchange.engine.markets[BTC]
        tick = market.spec.tick_size
        return (market.mark_price * (1 + Decimal(percent) / 100) / tick).to_integral_value() * tick
