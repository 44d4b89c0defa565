"""How messages travel: a pipe for JSON objects that tells when it opened, what came, and that it closed.

A transport knows nothing of Deribit, never reconnects, and keeps nothing for later.
"""

from typing import Any, Protocol

Message = dict[str, Any]
"""A JSON object. Whole numbers are int, others Decimal with every digit, never float. Nobody changes one."""


class Listener(Protocol):
    """Told by the transport, possibly from its own thread. ``closed`` comes exactly once and is the last call."""

    def opened(self) -> None:
        """The pipe stands; from now on ``send`` is possible."""
        ...

    def received(self, message: Message) -> None:
        """A message came."""
        ...

    def garbled(self, raw: str, why: str) -> None:
        """Something came that is no JSON object; the pipe stays open."""
        ...

    def closed(self, reason: str) -> None:
        """The pipe is gone, or never came to be."""
        ...


class Transport(Protocol):
    """One pipe at a time. Closing it and opening it again makes a new one with its own listener."""

    def open(self, listener: Listener) -> None:
        """Begin to connect and return at once; the listener hears how it went."""
        ...

    def send(self, message: Message) -> None:
        """Hand a message to the network.

        Raises Unavailable only when it is certain that nothing left. A failure half-way raises nothing: the pipe
        closes, and whoever waits for an answer learns it from ``closed``.
        """
        ...

    def close(self, reason: str = "closed by us") -> None:
        """Close for good; the listener is told with this reason unless it was told already."""
        ...
