"""The transport inside one process: messages are handed to a peer as they are, nothing is encoded or copied.

It keeps the real one's promises: nothing can be sent before ``opened`` or after the end, and ``closed`` is told
once. When the peer's answers arrive is up to whoever pumps: they call ``deliver``, and ``cut`` to break the pipe.
"""

from typing import Protocol

from brokers.transport import Listener, Message
from trading.errors import Unavailable


class Peer(Protocol):
    """The other end: an exchange in the same process."""

    def connect(self) -> int:
        """Open a connection and give its number; raises Unavailable while it takes none."""
        ...

    def receive(self, connection: int, message: Message) -> None:
        """Take a message. The answer comes by ``deliver``, never from inside this call."""
        ...

    def disconnect(self, connection: int) -> None:
        """Hear that the connection is gone."""
        ...


class InProcessTransport:
    """A pipe to a peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._listener: Listener | None = None
        self._connection: int | None = None

    @property
    def connection(self) -> int | None:
        """The peer's number for the open connection; None while there is none."""
        return self._connection

    def open(self, listener: Listener) -> None:
        """Connect; the listener is told before this returns."""
        self.close("replaced by a new connection")
        try:
            self._connection = self._peer.connect()
        except Unavailable as refusal:
            listener.closed(str(refusal))
            return
        self._listener = listener
        listener.opened()

    def send(self, message: Message) -> None:
        """Hand the message to the peer."""
        if self._connection is None:
            raise Unavailable("not connected")
        self._peer.receive(self._connection, message)

    def close(self, reason: str = "closed by us") -> None:
        """Close, and tell the peer."""
        connection = self._connection
        self.cut(reason)
        if connection is not None:
            self._peer.disconnect(connection)

    def deliver(self, message: Message) -> None:
        """Let a message of the peer arrive; after the end it is lost, as on a network."""
        if self._listener is not None:
            self._listener.received(message)

    def cut(self, reason: str) -> None:
        """Break the pipe from the peer's side or the network's."""
        listener, self._listener, self._connection = self._listener, None, None
        if listener is not None:
            listener.closed(reason)
