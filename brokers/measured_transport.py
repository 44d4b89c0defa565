"""A transport that has measured when prices came, when orders left, and when their answers came.

As near to the socket as our code gets, so that what is measured is what the exchange sees of us. It costs a glance at
each message; only prices and orders are told.
"""

from typing import Final, Protocol

from brokers.transport import Listener, Message, Transport

_TICKER: Final = "ticker."
_ORDERS: Final = frozenset({"private/buy", "private/sell", "private/edit", "private/cancel"})


class Meter(Protocol):
    """Who is told; it has the clock."""

    def tick_came(self, instrument: str, at: int) -> None:
        """A price came, with the exchange's own time on it."""
        ...

    def order_left(self, ref: int, label: str | None) -> None:
        """A request about an order has left; an edit or a cancel has no label."""
        ...

    def order_answered(self, ref: int) -> None:
        """An answer came, to an order or to anything else."""
        ...


class MeasuredTransport:
    """Another transport, and somebody who measures."""

    def __init__(self, inner: Transport, meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    def open(self, listener: Listener) -> None:
        """Begin to connect."""
        self._inner.open(_Ears(listener, self._meter))

    def send(self, message: Message) -> None:
        """Hand a message to the network."""
        is_order = message["method"] in _ORDERS
        self._inner.send(message)
        if is_order:
            # The answer may be here before this is noted; then it counts for nothing.
            self._meter.order_left(message["id"], message["params"].get("label"))

    def close(self, reason: str = "closed by us") -> None:
        """Close."""
        self._inner.close(reason)


class _Ears:
    """Listens for another, and has measured what came before handing it on."""

    def __init__(self, listener: Listener, meter: Meter) -> None:
        self.opened, self.garbled, self.closed = listener.opened, listener.garbled, listener.closed
        self._received, self._meter = listener.received, meter

    def received(self, message: Message) -> None:
        """A message came. Nothing is taken for granted about it: what is strange is for the session to find."""
        ref = message.get("id")
        if type(ref) is int:
            self._meter.order_answered(ref)
        elif ref is None:
            self._price(message.get("params"))
        self._received(message)

    def _price(self, params: object) -> None:
        if type(params) is not dict:
            return
        channel, told = params.get("channel"), params.get("data")
        if type(channel) is str and channel.startswith(_TICKER) and type(told) is dict:
            instrument, at = told.get("instrument_name"), told.get("timestamp")
            if type(instrument) is str and type(at) is int:
                self._meter.tick_came(instrument, at)
