"""How many tickers per second arrive over a loopback socket and become ``Ticker`` values.

The sender is a process of its own; the receiver is the product's transport and adapter, nothing left out: frames,
JSON with exact digits, the session's dispatch, the ticker's checks.
"""

import contextlib
import multiprocessing
import struct
import threading
import time
from decimal import Decimal
from multiprocessing.connection import Connection

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from bench.figure import Effort, Figure, Result
from brokers.deribit.session import DeribitSession, Phase
from brokers.deribit.settings import Settings
from brokers.transport import Message
from brokers.websocket_transport import WebSocketTransport
from trading.facts import Ticker
from trading.values import Milliseconds

TICKERS = 200_000
TIMEOUT_S = 60.0

_TICKER = (
    '{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"ticker.BTC-PERPETUAL.100ms","data":'
    '{{"timestamp":17954321{0:05d},"stats":{{"volume_usd":284061480.0,"volume":7871.02139035,"price_change":0.7229,'
    '"low":35213.5,"high":36824.5}},"state":"open","settlement_price":36169.49,"open_interest":502097590.0,'
    '"min_price":35898.0,"max_price":36992.0,"mark_price":36446.51,"last_price":36457.5,'
    '"interest_value":1.7362511643080387,"instrument_name":"BTC-PERPETUAL","index_price":36441.64,'
    '"funding_8h":2.11e-05,"estimated_delivery_price":36441.64,"current_funding":0.0,"best_bid_price":36442.5,'
    '"best_bid_amount":5000.0,"best_ask_price":36443.0,"best_ask_amount":100.0}}}}}}'
)


def _frames(count: int) -> bytes:
    """Give some tickers as raw frames, so that the sender costs next to nothing."""
    frames = []
    for number in range(count):
        payload = _TICKER.format(number).encode()
        frames.append(struct.pack("!BBH", 0x81, 126, len(payload)) + payload)
    return b"".join(frames)


def _send(pipe: Connection, total: int) -> None:
    """Run the sender: one client, the whole load, then a goodbye."""
    block_size = 100
    block = _frames(block_size)

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        # Past the library on purpose: its framing in Python would be the slower side.
        for _ in range(total // block_size):
            connection.socket.sendall(block)
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with serve(talk, "127.0.0.1", 0, compression=None) as server:
        pipe.send(server.socket.getsockname()[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pipe.recv()


class _Counter:
    """The broker's end: every message goes through the session, as in the service."""

    def __init__(self, total: int) -> None:
        self._session = DeribitSession(Settings())
        self._session.phase = Phase.READY
        self._total = total
        self.tickers = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.end_reason = ""
        self.last: Ticker | None = None
        self.is_open = threading.Event()
        self.is_done = threading.Event()

    def opened(self) -> None:
        self.is_open.set()

    def received(self, message: Message) -> None:
        if not self.first_at:
            self.first_at = time.perf_counter()
        self._session.received(message, Milliseconds(0))
        for news in self._session.line.take_news():
            if type(news) is Ticker:
                self.tickers += 1
                self.last = news
        if self.tickers >= self._total:
            self.last_at = time.perf_counter()
            self.is_done.set()

    def garbled(self, raw: str, why: str) -> None:
        raise AssertionError(f"{why}: {raw}")

    def closed(self, reason: str) -> None:
        self.end_reason = reason
        self.is_done.set()


def tickers_per_second(total: int = TICKERS) -> float:
    """Measure one run."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    sender = context.Process(target=_send, args=(theirs, total), daemon=True)
    sender.start()
    transport: WebSocketTransport | None = None
    try:
        if not ours.poll(TIMEOUT_S):
            raise TimeoutError("the sender did not start")
        counter = _Counter(total)
        transport = WebSocketTransport(f"ws://127.0.0.1:{ours.recv()}/")
        transport.open(counter)
        counter.is_open.wait(TIMEOUT_S)
        transport.send({"method": "go"})
        if not counter.is_done.wait(TIMEOUT_S) or counter.tickers < total:
            raise TimeoutError(f"only {counter.tickers} of {total} tickers arrived {counter.end_reason}")
        assert counter.last is not None
        assert counter.last.mark == Decimal("36446.51"), "the digits changed on the way"
        return total / (counter.last_at - counter.first_at)
    finally:
        if transport is not None:
            transport.close()
        ours.send("end")
        sender.join(5)
        sender.kill()


def run(effort: Effort) -> list[Result]:
    """Measure as often and as long as wanted."""
    total = max(effort.count(TICKERS), 10_000)
    rates = tuple(tickers_per_second(total) for _ in range(effort.runs))
    note = f"{total} tickers of {len(_TICKER.format(0))} bytes in each run, sender in a process of its own"
    return [
        Figure(name="tickers received and parsed", unit="per s", runs=rates, better="more", goal=100_000.0, note=note)
    ]
