"""A wire for tests: the whole exchange with a feed that is silent, and clients that say what they want."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exchange.exchange import Close, Exchange, Send
from exchange.settings import AccountSetup, Key, Limits, Settings
from exchange.switches import Switches
from tests.unit.exchange.floor import START_MS, SilentFeed

INVERSE, LINEAR = "BTC-PERPETUAL", "BTC_USDC-PERPETUAL"
DEPOSITS = {"BTC": Decimal(10), "ETH": Decimal(100), "USDC": Decimal(100_000)}
KEYS = (
    Key(client_id="paper", client_secret="paper", account="main"),
    Key(client_id="observer", client_secret="observer", account="main", scope="account:read trade:read"),
    Key(client_id="other", client_secret="other", account="other"),
    Key(client_id="AMANDA", client_secret="AMANDASECRECT", account="main"),
)
Message = dict[str, Any]


class Wire:
    """One exchange, its time, and everything it has said."""

    def __init__(self, *, start_ms: int = START_MS, spends: bool = False, **settings: Any) -> None:
        limits = settings.pop("limits", Limits(credits=spends))
        switches = settings.pop("switches", Switches())
        self.settings = Settings(
            accounts=tuple(AccountSetup(name=name, deposits=DEPOSITS) for name in ("main", "other")),
            keys=KEYS,
            limits=limits,
            switches=switches,
            **settings,
        )
        self.exchange = Exchange(settings=self.settings, feed=SilentFeed(), start_ms=start_ms)
        self.now_ms = start_ms
        self.heard: list[Send | Close] = []
        self._number = 0
        for name in (INVERSE, LINEAR):
            self.moves_to("64000", name)

    def collect(self) -> list[Send | Close]:
        """What has left since the last look."""
        fresh = self.exchange.drain()
        self.heard += fresh
        return fresh

    def waits(self, ms: int) -> list[Send | Close]:
        self.now_ms += ms
        self.exchange.advance(self.now_ms)
        return self.collect()

    def moves_to(self, price: str, instrument: str = INVERSE, *, hold: bool = True) -> list[Send | Close]:
        self.exchange.set_price(instrument, Decimal(price), hold=hold, now_ms=self.now_ms)
        return self.collect()

    def client(self, key: str | None = "paper", **auth: Any) -> "Client":
        """Connected, and logged in with a key unless that is None."""
        client = Client(self, self.exchange.connect(self.now_ms))
        if key is not None:
            secret = next(one.client_secret for one in KEYS if one.client_id == key)
            client.login = client.result(
                "public/auth", grant_type="client_credentials", client_id=key, client_secret=secret, **auth
            )
        return client

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def http(self, verb: str, path: str, **parts: Any) -> Message:
        """One HTTP call and its one answer."""
        session_id = self.exchange.connect(self.now_ms, transport="http")
        self.exchange.receive_http(
            session_id,
            verb,
            path,
            parts.get("query", {}),
            parts.get("headers", {}),
            parts.get("body", b""),
            self.now_ms,
        )
        answers = [item.message for item in self.collect() if isinstance(item, Send) and item.session_id == session_id]
        self.exchange.disconnected(session_id, self.now_ms)
        assert len(answers) == 1, answers
        return answers[0]


class Client:
    """One socket."""

    def __init__(self, wire: Wire, session_id: int) -> None:
        self.wire = wire
        self.id = session_id
        self.login: Message = {}

    def sends(self, message: object) -> list[Send | Close]:
        """Whatever it is; returns what left in answer."""
        self.wire.exchange.receive(self.id, message, self.wire.now_ms)
        return self.wire.collect()

    def frame(self, frame: bytes | str) -> Message:
        """One raw frame and its one answer."""
        self.wire.exchange.receive_frame(self.id, frame, self.wire.now_ms)
        answers = [item for item in self.wire.collect() if isinstance(item, Send) and item.session_id == self.id]
        assert len(answers) == 1, answers
        return answers[0].message

    def call(self, method: str, params: Mapping[str, Any] | None = None, **more: Any) -> Message:
        """The whole reply."""
        number = self.wire.next_number()
        out = self.sends({"jsonrpc": "2.0", "id": number, "method": method, "params": {**(params or {}), **more}})
        replies = [item.message for item in out if isinstance(item, Send) and item.message.get("id") == number]
        assert len(replies) == 1, out
        return replies[0]

    def result(self, method: str, params: Mapping[str, Any] | None = None, **more: Any) -> Any:
        reply = self.call(method, params, **more)
        assert "result" in reply, reply
        return reply["result"]

    def error(self, method: str, params: Mapping[str, Any] | None = None, **more: Any) -> Message:
        reply = self.call(method, params, **more)
        assert "error" in reply, reply
        found: Message = reply["error"]
        return found

    def code(self, method: str, params: Mapping[str, Any] | None = None, **more: Any) -> int:
        return int(self.error(method, params, **more)["code"])

    def pushes(self, channel: str) -> list[Any]:
        """The data of everything this client has heard on a channel."""
        messages = [item.message for item in self.wire.heard if isinstance(item, Send) and item.session_id == self.id]
        return [
            message["params"]["data"]
            for message in messages
            if message.get("method") == "subscription" and message["params"]["channel"] == channel
        ]

    def subscribes(self, *channels: str) -> list[str]:
        joined: list[str] = self.result("private/subscribe", channels=list(channels))
        return joined

    @property
    def is_open(self) -> bool:
        return not self._ends()

    @property
    def end(self) -> Close:
        """How it was closed."""
        (end,) = self._ends()
        return end

    def _ends(self) -> list[Close]:
        return [item for item in self.wire.heard if isinstance(item, Close) and item.session_id == self.id]
