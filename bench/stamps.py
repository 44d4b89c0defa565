"""When ticks came and orders left, noted inside the service process with next to no cost: two appends to lists.

A tick is stamped when the reading thread hands over the decoded message, an order when the socket has taken all of
its bytes; so the JSON of the order is in the time between, and that of the tick (about 7 us) is not.
"""

from time import perf_counter
from typing import Any, Final

from brokers.transport import Listener, Message
from brokers.websocket_transport import WebSocketTransport

TICKS: Final[dict[tuple[str, int], float]] = {}  # (instrument, the exchange's time stamp): when it came
SIGNALS: Final[list[tuple[str, str, str, float, float]]] = []  # strategy, instrument, key, when its tick came, when
ORDERS: Final[dict[str, float]] = {}  # label of an entry: when it had left
ROUND_TRIPS: Final[list[float]] = []
COMMITS: Final[list[float]] = []

_TICKER: Final = "ticker."
_ENTRIES: Final = frozenset({"private/buy", "private/sell"})


class StampingTransport:
    """The product's transport, with a stamp on what goes in and out. Times as many ticks as are wanted."""

    def __init__(self, url: str, times: int = 1) -> None:
        self._inner = WebSocketTransport(url)
        self._times = times
        self._sent: dict[int, float] = {}

    def open(self, listener: Listener) -> None:
        """Begin to connect."""
        self._inner.open(_Stamping(listener, self._sent, self._times))

    def send(self, message: Message) -> None:
        """Send, and note when the last byte was taken."""
        self._inner.send(message)
        if message["method"] in _ENTRIES:
            now = perf_counter()
            ORDERS[message["params"]["label"]] = now
            self._sent[message["id"]] = now

    def close(self, reason: str = "closed by us") -> None:
        """Close."""
        self._inner.close(reason)


class _Stamping:
    """Stands between the reading thread and whoever listens."""

    def __init__(self, inner: Listener, sent: dict[int, float], times: int) -> None:
        self._inner, self._sent, self._times = inner, sent, times
        self.opened, self.garbled, self.closed = inner.opened, inner.garbled, inner.closed

    def received(self, message: dict[str, Any]) -> None:
        """Stamp it and pass it on."""
        now = perf_counter()
        ref = message.get("id")
        if ref is None:
            params = message.get("params", {})
            if params.get("channel", "").startswith(_TICKER):
                told = params["data"]
                TICKS[told["instrument_name"], told["timestamp"]] = now
                for _ in range(self._times - 1):
                    self._inner.received(message)
        else:
            sent = self._sent.pop(ref, None)
            if sent is not None:
                ROUND_TRIPS.append(now - sent)
        self._inner.received(message)
