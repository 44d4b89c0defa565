"""A transport that says what passes through it: each request before and after it leaves, each reply before it is heard.

For tests that end the process at every one of these points. In front of a transport nobody watches there is none of
it. Points are named after what is sent, alike for every bracket: `send:private/buy:entry:before`.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from brokers.transport import Listener, Message, Transport
from trading.labels import parse

Passed = Callable[[str], None]

_WAITING_MAX: Final = 1_000  # replies that never come must not be waited for for ever


class WatchedTransport:
    """Another transport, and somebody who is told what passes."""

    def __init__(self, inner: Transport, passed: Passed) -> None:
        self._inner, self._passed = inner, passed
        self._waiting: OrderedDict[Any, str] = OrderedDict()  # by the number of the request

    def open(self, listener: Listener) -> None:
        """Begin to connect."""
        self._inner.open(_Ears(listener, self._received))

    def send(self, message: Message) -> None:
        """Hand a message to the network. The reply can be here before this returns."""
        name = _name_of(message)
        self._passed(f"send:{name}:before")
        self._waiting[message.get("id")] = name
        if len(self._waiting) > _WAITING_MAX:
            self._waiting.popitem(last=False)
        self._inner.send(message)
        self._passed(f"send:{name}:after")

    def close(self, reason: str = "closed by us") -> None:
        """Close for good."""
        self._inner.close(reason)

    def _received(self, message: Message) -> None:
        if "id" in message:
            name = self._waiting.pop(message["id"], None)
            if name is not None:
                self._passed(f"reply:{name}")
            return
        channel = str((message.get("params") or {}).get("channel", ""))
        if channel.startswith("user."):  # of the market's news there are thousands, and none moves an order
            self._passed(f"push:{'.'.join(channel.split('.')[:2])}")


class _Ears:
    """Listens for another, and says what came before handing it on."""

    def __init__(self, listener: Listener, received: Callable[[Message], None]) -> None:
        self.opened, self.garbled, self.closed = listener.opened, listener.garbled, listener.closed
        self._listener, self._received = listener, received

    def received(self, message: Message) -> None:
        """A message came."""
        self._received(message)
        self._listener.received(message)


def _name_of(message: Message) -> str:
    """Name a request after its method and, where it has a label of ours, the leg."""
    params = message.get("params") or {}
    label = parse(str(params.get("label", "")))
    method = str(message.get("method", "?"))
    return method if label is None else f"{method}:{label.leg}"
