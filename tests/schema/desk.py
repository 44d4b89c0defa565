"""A client's desk at an exchange in the same process: what it sends and what it gets back, time in its own hand.

Answers are read from the encoded bytes, as a client on the wire would read them.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from exchange import encoding
from exchange.exchange import Close, Exchange, Send
from exchange.feeds.synthetic import SyntheticFeed
from exchange.settings import Limits, Settings
from exchange.switches import Switches

Json = dict[str, Any]

START_MS: Final = 1_767_258_000_000  # 2026-01-01 09:00 UTC: an hour after a settlement
BTC: Final = "BTC-PERPETUAL"
USDC: Final = "BTC_USDC-PERPETUAL"


def settings(seed: int = 7, *, numbers: str = "mixed", **more: Any) -> Settings:
    """An exchange on which nobody runs out of credits, nor of time between two logins."""
    more = {"token_lifetime_s": 86_400, **more}
    return Settings(seed=seed, limits=Limits(credits=False), switches=Switches(numbers=numbers), **more)  # type: ignore[arg-type]


def open_exchange(chosen: Settings, start_ms: int = START_MS) -> Exchange:
    """An exchange with prices made from the same seed."""
    feed = SyntheticFeed(
        seed=chosen.seed,
        start_ms=start_ms,
        instruments=chosen.instruments,
        step_ms=chosen.feed.step_ms,
        profile=chosen.feed.profile,
    )
    return Exchange(settings=chosen, feed=feed, start_ms=start_ms)


class Desk:
    """One socket (or more) at one exchange."""

    def __init__(self, chosen: Settings | None = None, start_ms: int = START_MS) -> None:
        self.settings = chosen or settings()
        self.exchange = open_exchange(self.settings, start_ms)
        self.now_ms = self.start_ms = start_ms
        self.pushes: list[Json] = []
        self.closed: list[Close] = []
        self._replies: dict[tuple[int, object], Json] = {}
        self._next_id = 1
        self.session = self.connect()
        self.wait(2_000)

    def connect(self) -> int:
        """A socket that is not closed for being idle: it listens to something quiet."""
        session = self.exchange.connect(self.now_ms)
        self.result("public/subscribe", {"channels": ["instrument.state.future.any"]}, session=session)
        return session

    def wait(self, ms: int) -> None:
        """Let time pass, and with it everything that falls due."""
        self.now_ms += ms
        self.exchange.advance(self.now_ms)
        self._collect()

    def until(self, seen: Callable[[], object], within_ms: int = 60_000, step_ms: int = 250) -> None:
        """Let time pass until something is so."""
        deadline = self.now_ms + within_ms
        while not seen():
            assert self.now_ms < deadline, "it did not happen in time"
            self.wait(step_ms)

    def call(self, method: str, params: Json | None = None, *, session: int | None = None) -> Json:
        """The whole reply to a request, error or result."""
        at = self.session if session is None else session
        number = self._next_id
        self._next_id += 1
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
        self.exchange.receive_frame(at, encoding.encode(request), self.now_ms)
        self._collect()
        for _ in range(20):
            if (at, number) in self._replies:
                break
            self.wait(50)
        return self._replies.pop((at, number))

    def result(self, method: str, params: Json | None = None, *, session: int | None = None) -> Any:
        reply = self.call(method, params, session=session)
        assert "result" in reply, (method, params, reply)
        return reply["result"]

    def refusal(self, method: str, params: Json | None = None, *, session: int | None = None) -> Json:
        reply = self.call(method, params, session=session)
        assert "error" in reply, (method, params, reply)
        found: Json = reply["error"]
        return found

    def login(self, key: str = "paper", session: int | None = None) -> Json:
        grant = {"grant_type": "client_credentials", "client_id": key, "client_secret": key}
        found: Json = self.result("public/auth", grant, session=session)
        return found

    def price(self, instrument: str, percent: str = "0") -> Decimal:
        """A price on the tick, so many percent from the mark."""
        market = self.exchange.engine.markets[instrument]
        tick = market.spec.tick_size
        return (market.mark_price * (1 + Decimal(percent) / 100) / tick).to_integral_value() * tick

    def data(self, channel: str) -> list[Any]:
        """What a channel has sent, oldest first."""
        return [push["params"]["data"] for push in self.pushes if push["params"].get("channel") == channel]

    def _collect(self) -> None:
        for item in self.exchange.drain():
            if isinstance(item, Send):
                message = json.loads(encoding.encode(item.message, self.settings.switches.numbers))
                if "method" in message:
                    self.pushes.append({**message, "session": item.session_id})
                else:
                    self._replies[item.session_id, message.get("id")] = message
            else:
                self.closed.append(item)
