"""When ticks came and orders left, noted inside the service process with next to no cost: two appends to lists.

A tick is stamped when the reading thread hands over the decoded message, an order when the socket has taken all of
its bytes; so the JSON of the order is in the time between, and that of the tick (about 7 us) is not.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from actors.broker import BrokerActor
from actors.order_manager import OrderManager
from actors.order_steps import Steps
from actors.remembering import Remembering
from actors.strategy import StrategyActor
from brokers.transport import Listener, Message
from brokers.websocket_transport import WebSocketTransport
from persistence.steps import Steps as StoredSteps

TICKS: Final[dict[tuple[str, int], float]] = {}  # (instrument, the exchange's time stamp): when it came
SIGNALS: Final[list[tuple[str, str, str, float, float]]] = []  # strategy, instrument, key, when its tick came, when
ORDERS: Final[dict[str, float]] = {}  # label of an entry: when it had left
ROUND_TRIPS: Final[list[float]] = []
COMMITS: Final[list[float]] = []

STAGES: Final = (
    "the broker hears the price",
    "the strategy looks",
    "it has decided",
    "the order manager hears of it",
    "it is sized and planned",
    "it is written",
    "it is committed",
    "the broker hears of it",
)
"""On the way of an entry, between its tick and the socket; stamped only after `watch_stages`."""
SENT: Final = "the order has left"
_STAGED: Final[dict[str, dict[Any, float]]] = {stage: {} for stage in STAGES}

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


def watch_stages() -> None:
    """Stamp every stage from now on. It costs a few microseconds an order, so it is not on when the whole is timed."""
    _stamp(
        BrokerActor,
        "_tell",
        "the broker hears the price",
        lambda news: (getattr(news, "instrument", ""), getattr(news, "at", 0)),
    )
    _stamp(StrategyActor, "_look", "the strategy looks", lambda ticker: (ticker.instrument, ticker.at))
    _stamp(StrategyActor, "_signal", "it has decided", lambda signal, *_: signal.bracket_id, after=True)
    _stamp(OrderManager, "_signal", "the order manager hears of it", lambda signal: signal.key)
    _stamp(Steps, "_commit", "it is sized and planned", lambda _, after, *__: after.plan.bracket_id)
    _stamp(StoredSteps, "_send", "it is written", lambda bracket, *_: bracket)
    _stamp(Remembering, "record_step", "it is committed", lambda _, __, after, *___: after.plan.bracket_id, after=True)
    _stamp(BrokerActor, "_submit", "the broker hears of it", lambda message: message.intent_id)


def _stamp(owner: type, name: str, stage: str, key_of: Callable[..., Any], *, after: bool = False) -> None:
    """Have a method of the service note when it began, under the key its arguments give; or when it ended.

    Then the key may follow from what it gave, too, which comes before the arguments.
    """
    method, kept = getattr(owner, name), _STAGED[stage]

    def stamping(self: Any, *given: Any, **named: Any) -> Any:
        if not after:
            kept.setdefault(key_of(*given), perf_counter())
        found = method(self, *given, **named)
        if after:
            kept.setdefault(key_of(found, *given), perf_counter())
        return found

    setattr(owner, name, stamping)


def stages(bracket: str, label: str, instrument: str, key: str) -> list[float]:
    """When each stage of one entry was, in the order of STAGES; nothing where one is missing."""
    tick = (instrument, int(key))
    found = [
        _STAGED[stage].get(named)
        for stage, named in zip(STAGES, (tick, tick, bracket, key, bracket, bracket, bracket, label), strict=True)
    ]
    return [] if None in found else [at for at in found if at is not None]
