"""Hosts on real sockets that behave and misbehave as a test tells them, and an ear that hears a transport."""

import base64
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from brokers.transport import Message

WAIT_S = 10.0

Talk = Callable[[ServerConnection], None]


class Ear:
    """A listener that keeps what it hears, in order, and hands it out within a deadline."""

    def __init__(self) -> None:
        self._heard: SimpleQueue[tuple[str, Any]] = SimpleQueue()

    def opened(self) -> None:
        self._heard.put(("opened", None))

    def received(self, message: Message) -> None:
        self._heard.put(("received", message))

    def garbled(self, raw: str, why: str) -> None:
        self._heard.put(("garbled", (raw, why)))

    def closed(self, reason: str) -> None:
        self._heard.put(("closed", reason))

    def next(self, what: str) -> Any:
        """Wait for the next thing heard; it must be this."""
        kind, content = self._heard.get(timeout=WAIT_S)
        assert kind == what, (kind, content)
        return content

    def hears_no_more(self, for_s: float = 0.2) -> bool:
        with contextlib.suppress(Empty):
            self._heard.get(timeout=for_s)
            return False
        return True


class Host:
    """Servers on free ports; each connection is handled by the talk a test gives."""

    def __init__(self) -> None:
        self._servers: list[Server] = []
        self._sockets: list[socket.socket] = []

    def serves(self, talk: Talk) -> str:
        def guarded(connection: ServerConnection) -> None:
            with contextlib.suppress(ConnectionClosed, OSError):
                talk(connection)

        server = serve(guarded, "127.0.0.1", 0, compression=None, close_timeout=1)
        self._servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws/api/v2"

    def listens_without_answering(self) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        self._sockets.append(listener)
        return f"ws://127.0.0.1:{listener.getsockname()[1]}/"

    def close(self) -> None:
        for listener in self._sockets:
            listener.close()
        for server in self._servers:
            server.shutdown()


def resets(connection: ServerConnection) -> None:
    """Send a RST: lingering for nothing, and nobody sitting in recv when it closes."""
    raw = connection.socket
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()


class Deaf:
    """Shakes hands, then neither reads nor writes nor closes: what is left of a host whose cable was pulled."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WAIT_S)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._connection: socket.socket | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._shake_hands, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        if self._connection is not None:
            self._connection.close()

    def _shake_hands(self) -> None:
        self._connection, _ = self._listener.accept()
        request = b""
        while b"\r\n\r\n" not in request:
            request += self._connection.recv(4096)
        (key,) = [line[19:] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: ")]
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324 - the protocol's
        self._connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
