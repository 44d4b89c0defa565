"""The whole adapter on a real socket that dies at every step of the way."""

import contextlib
import json
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings
from brokers.facts import ConnectionDown, ConnectionUp
from brokers.outcomes import Doubt, FateUnknown
from brokers.port import News
from brokers.requests import GetPositions
from brokers.transport import Message
from brokers.websocket_transport import WebSocketTransport
from tests.process.broker_host import WAIT_S, Host, Talk, resets
from trading.errors import Unavailable
from trading.values import Milliseconds

pytestmark = pytest.mark.process


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


class Desk:
    """A broker whose listener's news come to one thread, as an actor would have them."""

    def __init__(self, url: str) -> None:
        settings = Settings(credentials=Credentials(client_id="paper", client_secret="paper"))
        self.broker = DeribitBroker(settings, WebSocketTransport(url))
        self._inbox: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self.news: list[News] = []

    def opened(self) -> None:
        self._inbox.put(("opened", ()))

    def received(self, message: Message) -> None:
        self._inbox.put(("received", (message,)))

    def garbled(self, raw: str, why: str) -> None:
        self._inbox.put(("garbled", (raw, why)))

    def closed(self, reason: str) -> None:
        self._inbox.put(("closed", (reason,)))

    @property
    def now(self) -> Milliseconds:
        return Milliseconds(time.monotonic_ns() // 1_000_000)

    def works_until(self, kind: type) -> Any:
        """Handle what comes until there is news of this kind."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            for item in self.broker.take():
                self.news.append(item)
                if isinstance(item, kind):
                    return item
            with contextlib.suppress(Empty):
                what, content = self._inbox.get(timeout=0.1)
                match what:
                    case "opened":
                        self.broker.opened(self.now)
                    case "closed":
                        self.broker.closed(*content)
                    case _:
                        getattr(self.broker, what)(*content, self.now)
            self.broker.tick(self.now)
        raise AssertionError(f"no {kind.__name__} within {WAIT_S} s: {self.news}")


def exchange_that_dies_at(method: str) -> Talk:
    def talk(connection: ServerConnection) -> None:
        for frame in connection:
            request = json.loads(frame)
            if request["method"] == method:
                resets(connection)
                return
            result: Any = "ok"
            if request["method"] == "public/get_time":
                result = time.time_ns() // 1_000_000
            elif request["method"] == "public/auth":
                result = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "scope": "trade:read_write"}
            elif "channels" in request["params"]:
                result = request["params"]["channels"]
            connection.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}))

    return talk


def test_a_request_in_flight_when_the_socket_is_reset_is_unknown_and_then_the_connection_is_down(host: Host) -> None:
    desk = Desk(host.serves(exchange_that_dies_at("private/get_positions")))
    desk.broker.connect(desk)
    desk.works_until(ConnectionUp)

    ref = desk.broker.submit(GetPositions(), desk.now)
    down = desk.works_until(ConnectionDown)

    (unknown,) = [item for item in desk.news if isinstance(item, FateUnknown)]
    assert (unknown.ref, unknown.doubt) == (ref, Doubt.CONNECTION_LOST)
    assert "Reset" in down.reason
    assert desk.news[-1] is down


@pytest.mark.parametrize("method", ["public/get_time", "public/auth", "private/subscribe"])
def test_a_socket_that_dies_on_the_way_to_ready_is_a_connection_down(host: Host, method: str) -> None:
    desk = Desk(host.serves(exchange_that_dies_at(method)))
    desk.broker.connect(desk)

    desk.works_until(ConnectionDown)

    assert [item for item in desk.news if isinstance(item, ConnectionUp)] == []
    with pytest.raises(Unavailable):
        desk.broker.submit(GetPositions(), desk.now)
