"""A scripted exchange and a line to it: it answers as a healthy one would, except where a test tells it otherwise."""

from collections import defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings
from brokers.inprocess_transport import InProcessTransport
from brokers.port import News
from brokers.requests import PlaceOrder, Request
from brokers.transport import Message
from trading.errors import Unavailable
from trading.values import InstrumentName, LabelText, Milliseconds, OrderType, Side

T = TypeVar("T")

BTC = InstrumentName("BTC-PERPETUAL")
KEY = Credentials(client_id="paper", client_secret="paper")
SCOPES = "connection mainaccount trade:read_write account:read wallet:none"
START = 1_000_000

BUY = PlaceOrder(
    instrument=BTC,
    side=Side.BUY,
    amount=Decimal(100),
    type=OrderType.LIMIT,
    label=LabelText("tb:w:s:b1:entry"),
    price=Decimal("64000.5"),
)


def order(**changes: Any) -> dict[str, Any]:
    """Give an order as the exchange writes it."""
    return {
        "order_id": "81944428472",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "buy",
        "order_type": "limit",
        "order_state": "open",
        "price": Decimal("64000.5"),
        "amount": Decimal("100.0"),
        "filled_amount": Decimal("0.0"),
        "average_price": Decimal("0.0"),
        "label": BUY.label,
        "reduce_only": False,
        "post_only": False,
        "creation_timestamp": 1_790_000_000_000,
        "last_update_timestamp": 1_790_000_000_000,
    } | changes


def trade(**changes: Any) -> dict[str, Any]:
    """Give a fill as the exchange writes it."""
    return {
        "trade_id": "445682210",
        "order_id": "81944428472",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "buy",
        "amount": Decimal("100.0"),
        "price": Decimal("64000.5"),
        "fee": Decimal("5.4e-7"),
        "fee_currency": "BTC",
        "profit_loss": Decimal("0.0"),
        "liquidity": "T",
        "label": BUY.label,
        "timestamp": 1_790_000_000_001,
    } | changes


def summary(**changes: Any) -> dict[str, Any]:
    """Give an account summary as the exchange writes it."""
    return {
        "currency": "BTC",
        "balance": Decimal("1.5"),
        "equity": Decimal("1.5"),
        "limits": {
            "non_matching_engine": {"rate": 20, "burst": 100},
            "limits_per_currency": False,
            "matching_engine": {"trading": {"total": {"rate": 5, "burst": 20}}, "spot": {"rate": 5, "burst": 20}},
        },
    } | changes


class Venue:
    """The other end of an in-process transport."""

    def __init__(self) -> None:
        self.now = START
        self.ahead_ms = 1_790_000_000_000
        """How far its clock is ahead of ours."""
        self.requests: list[Message] = []
        self.outbox: deque[Message] = deque()
        self.held: list[Message] = []
        self.is_reachable = True
        self._connections = 0
        self._scripts: dict[str, deque[Any]] = defaultdict(deque)
        self._always: dict[str, Any] = {}
        self._silent: set[str] = set()
        self._holding: set[str] = set()
        self.has_heartbeat = True
        self.next_beat_at = START + 10_000
        self.takes_channel: Callable[[str], bool] = bool

    # --- what a test tells it

    def answers(self, method: str, result: Any) -> None:
        """Answer the next request of this method so."""
        self._scripts[method].append({"result": result})

    def refuses(self, method: str, code: int, message: str = "no", data: Any = None, *, always: bool = False) -> None:
        """Refuse the next request of this method, or every one."""
        error = {"error": {"code": code, "message": message, "data": data}}
        if always:
            self._always[method] = error
        else:
            self._scripts[method].append(error)

    def keeps_silent_on(self, *methods: str) -> None:
        """Never answer these."""
        self._silent.update(methods)

    def speaks_again(self) -> None:
        """End every silence and refusal."""
        self._silent.clear()
        self._always.clear()

    def holds_back(self, *methods: str) -> None:
        """Work on these, but keep the answers until they are released."""
        self._holding.update(methods)

    def release(self) -> None:
        """Let the held answers out, the last one first."""
        self.outbox.extend(reversed(self.held))
        self.held.clear()

    def pushes(self, channel: str, content: Any) -> None:
        """Send a frame of a channel."""
        self.outbox.append(
            {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": content}}
        )

    def says(self, message: Message) -> None:
        """Send any message."""
        self.outbox.append(message)

    def beats(self) -> None:
        """Ask for a sign of life when it is time."""
        if self.now >= self.next_beat_at:
            self.next_beat_at = self.now + 10_000
            if self.has_heartbeat:
                self.says({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}})

    # --- what a test asks of it

    def asked(self, method: str) -> list[dict[str, Any]]:
        """The parameters of every request of this method."""
        return [message["params"] for message in self.requests if message["method"] == method]

    @property
    def methods(self) -> list[str]:
        return [message["method"] for message in self.requests]

    # --- the peer

    def connect(self) -> int:
        if not self.is_reachable:
            raise Unavailable("connection refused")
        self._connections += 1
        return self._connections

    def disconnect(self, connection: int) -> None:
        assert connection == self._connections, "the goodbye of a connection that is gone"
        self.outbox.clear()

    def receive(self, connection: int, message: Message) -> None:
        assert connection == self._connections, "a message on a connection that is gone"
        self.requests.append(message)
        method = message["method"]
        if method in self._silent:
            return
        body = self._scripts[method].popleft() if self._scripts[method] else self._always.get(method)
        if body is None:
            body = {"result": self._healthy(method, message["params"])}
        stamp = (self.now + self.ahead_ms) * 1000
        reply = {"jsonrpc": "2.0", "id": message["id"], **body, "usIn": stamp, "usOut": stamp + 50, "testnet": True}
        (self.held if method in self._holding else self.outbox).append(reply)

    def _healthy(self, method: str, params: dict[str, Any]) -> Any:
        match method:
            case "public/get_time":
                return self.now + self.ahead_ms
            case "public/auth":
                return {
                    "access_token": "a",
                    "refresh_token": f"r{len(self.requests)}",
                    "expires_in": 900,
                    "scope": SCOPES,
                    "token_type": "bearer",
                }
            case "private/get_cancel_on_disconnect":
                return {"scope": params["scope"], "enabled": False}
            case "private/get_account_summary":
                return summary(currency=params["currency"])
            case "private/subscribe" | "public/subscribe":
                return sorted(filter(self.takes_channel, params["channels"]))
            case "private/buy" | "private/sell":
                side = method.removeprefix("private/")
                label, amount = params["label"], params["amount"]
                return {"order": order(label=label, amount=amount, direction=side), "trades": []}
            case "private/cancel":
                return order(order_id=params["order_id"], order_state="cancelled", cancel_reason="user_request")
            case "private/cancel_by_label":
                return 1
            case method if method.startswith("private/get_open_orders"):
                return []
            case "private/get_order_state_by_label" | "private/get_order_history_by_currency":
                return []
            case "private/get_user_trades_by_currency_and_time":
                return {"trades": [], "has_more": False}
            case "private/get_trigger_order_history":
                return {"entries": [], "continuation": None}
            case "private/get_positions":
                return []
            case _:
                return "ok"


class Line:
    """A broker on an in-process transport to the venue, with its clock; collects all news."""

    def __init__(self, settings: Settings | None = None, venue: Venue | None = None) -> None:
        self.venue = venue or Venue()
        self.transport = InProcessTransport(self.venue)
        self.broker = DeribitBroker(settings or Settings(credentials=KEY), self.transport)
        self.news: list[News] = []

    @property
    def now(self) -> Milliseconds:
        return Milliseconds(self.venue.now)

    # --- the listener

    def opened(self) -> None:
        self.broker.opened(self.now)

    def received(self, message: Message) -> None:
        self.broker.received(message, self.now)

    def garbled(self, raw: str, why: str) -> None:
        self.broker.garbled(raw, why, self.now)

    def closed(self, reason: str) -> None:
        self.broker.closed(reason)

    # --- what a test does

    def connects(self) -> "Line":
        self.broker.connect(self)
        self.pumps()
        return self

    def pumps(self) -> None:
        """Deliver what the venue has to say until it has no more."""
        while self.venue.outbox:
            self.transport.deliver(self.venue.outbox.popleft())
        self.news.extend(self.broker.take())

    def submits(self, request: Request) -> int:
        ref = self.broker.submit(request, self.now)
        self.pumps()
        return ref

    def hears(self, message: Message) -> None:
        self.venue.says(message)
        self.pumps()

    def waits(self, ms: int) -> None:
        """Let time pass: the venue's heart beats every ten seconds, the broker is woken exactly when it asked to be."""
        end = self.venue.now + ms
        for _ in range(10_000):
            wake_at = self.broker.wake_at()
            moment = min(end, self.venue.next_beat_at, end if wake_at is None else wake_at)
            self.venue.now = max(self.venue.now, moment)
            self.venue.beats()
            self.pumps()
            self.broker.tick(self.now)
            self.pumps()
            if self.venue.now == end and (wake_at is None or wake_at > end):
                return
        raise AssertionError("the broker keeps asking to be woken without end")

    def told(self, kind: type[T]) -> list[T]:
        """Every piece of news of this kind so far."""
        return [item for item in self.news if isinstance(item, kind)]

    def forgets(self) -> None:
        self.news.clear()
        self.venue.requests.clear()
