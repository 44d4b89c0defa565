"""The transport over a real WebSocket: websocket-client shakes hands and sends, a thread of our own reads.

No hidden reconnect and no callbacks of the library's: one socket, one reader, and one ``closed`` at the end of it.
The clock read here times pings only; nothing that trades sees it.
"""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

import websocket

from brokers import wire
from brokers.frames import FrameReader, Opcode
from brokers.transport import Listener, Message
from trading.errors import BadInput, Unavailable

# What the library and the operating system raise when a network fails. ValueError is a URL or a certificate name
# that cannot be used; the library raises it bare.
_NETWORK_FAILURES = (websocket.WebSocketException, OSError, ValueError)

_CHUNK = 65_536  # bytes asked of the socket at once: a burst of eighty tickers in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSettings:
    """Time limits of one socket. A ping interval of None sends no pings: the exchange has heartbeats of its own."""

    connect_timeout_s: float = 10.0
    send_timeout_s: float = 2.0
    ping_interval_s: float | None = None
    ping_timeout_s: float = 10.0
    frame_max: int = 32_000
    """Bytes of one outgoing message; the exchange refuses more."""


class WebSocketTransport:
    """A pipe to one URL. ``open`` may be called again after ``close`` or after the pipe closed by itself."""

    def __init__(self, url: str, settings: SocketSettings | None = None) -> None:
        self._url = url
        self._settings = settings or SocketSettings()
        self._pipe: _Pipe | None = None

    def open(self, listener: Listener) -> None:
        """Begin to connect in a thread of its own."""
        self.close("replaced by a new connection")
        self._pipe = _Pipe(self._url, self._settings, listener)
        self._pipe.start()

    def send(self, message: Message) -> None:
        """Write the message to the socket; raises Unavailable only if not a byte of it left."""
        if self._pipe is None:
            raise Unavailable("not connected")
        self._pipe.send(message)

    def close(self, reason: str = "closed by us") -> None:
        """Close the socket if there is one; its listener hears the reason from the reader thread."""
        if self._pipe is not None:
            self._pipe.end(reason, say_goodbye=True)
            self._pipe = None


class _Pipe:
    """One socket from its handshake to its end."""

    def __init__(self, url: str, settings: SocketSettings, listener: Listener) -> None:
        self._url = url
        self._settings = settings
        self._listener = listener
        self._lock = threading.Lock()
        self._socket: websocket.WebSocket | None = None
        self._end_reason: str | None = None
        self._heard_at = 0.0
        self._pinged_at = 0.0

    def start(self) -> None:
        threading.Thread(target=self._live, name="broker-socket", daemon=True).start()

    def send(self, message: Message) -> None:
        payload = wire.encode(message)
        if len(payload) > self._settings.frame_max:
            raise Unavailable(f"a message of {len(payload)} bytes is more than the exchange takes")
        with self._lock:
            live = None if self._end_reason is not None else self._socket
        if live is None:
            raise Unavailable(self._end_reason or "still connecting")
        try:
            live.send(payload)
        except _NETWORK_FAILURES as failure:
            # Bytes may have left before it failed, so this is no proof: the pipe ends, and the fate is unknown.
            self.end(f"sending failed: {_in_words(failure)}", say_goodbye=False)

    def end(self, reason: str, *, say_goodbye: bool) -> None:
        """Make the reader stop; the first reason given is the one that is told."""
        with self._lock:
            if self._end_reason is not None:
                return
            self._end_reason = reason
            live = self._socket
        if live is None:
            return
        if say_goodbye:
            # It is being closed because it is useless, or it just died: either way it is gone.
            with contextlib.suppress(*_NETWORK_FAILURES):
                live.send_close()
        if live.sock is not None:
            # Closing would not wake a thread that sits in recv; shutting down does.
            with contextlib.suppress(OSError):
                live.sock.shutdown(socket.SHUT_RDWR)

    def _live(self) -> None:
        try:
            reason = self._connect_and_read()
        except _NETWORK_FAILURES as failure:
            reason = _in_words(failure)
        except BadInput as broken:
            reason = f"the stream is broken: {broken}"
        finally:
            with self._lock:
                live, self._socket = self._socket, None
            if live is not None and live.sock is not None:
                live.sock.close()
        with self._lock:
            self._end_reason = self._end_reason or reason
        self._listener.closed(self._end_reason)

    def _connect_and_read(self) -> str:
        live = websocket.create_connection(
            self._url,
            timeout=self._settings.connect_timeout_s,
            skip_utf8_validation=True,
            enable_multithread=True,
            suppress_origin=True,
        )
        live.settimeout(self._settings.send_timeout_s)
        with self._lock:
            self._socket = live
            if self._end_reason is not None:
                return self._end_reason
        self._heard_at = self._pinged_at = time.monotonic()
        self._listener.opened()
        return self._read(live)

    def _read(self, live: websocket.WebSocket) -> str:
        reader = FrameReader()
        received = self._listener.received
        decode = wire.decode
        raw = live.sock
        if raw is None:
            return "closed before the first byte"
        watches = self._settings.ping_interval_s is not None
        while True:
            try:
                chunk = raw.recv(_CHUNK)
            except TimeoutError:
                chunk = None
            if chunk == b"":
                return "the connection ended without a close frame"
            if watches:
                late = self._watch(live, heard=chunk is not None)
                if late is not None:
                    return late
            if chunk is None:
                continue
            for opcode, payload in reader.feed(chunk):
                if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
                    try:
                        message = decode(payload)
                    except BadInput as bad:
                        self._listener.garbled(str(bad.raw), bad.reason)
                        continue
                    received(message)
                elif opcode is Opcode.PING:
                    live.pong(payload)
                elif opcode is Opcode.CLOSE:
                    return self._answer_close(live, payload)

    def _watch(self, live: websocket.WebSocket, *, heard: bool) -> str | None:
        """Ping when due; give a reason to end when nothing at all came for too long after a ping."""
        interval = self._settings.ping_interval_s
        assert interval is not None
        now = time.monotonic()
        if heard:
            self._heard_at = now
        if self._pinged_at > self._heard_at and now - self._pinged_at > self._settings.ping_timeout_s:
            return f"no answer to a ping for {self._settings.ping_timeout_s:g} s"
        waits = self._pinged_at > self._heard_at
        if not waits and now - self._pinged_at >= interval:
            self._pinged_at = now
            live.ping()
        return None

    @staticmethod
    def _answer_close(live: websocket.WebSocket, payload: bytes) -> str:
        # The other side may not have waited for our half of the goodbye.
        with contextlib.suppress(*_NETWORK_FAILURES):
            live.send_close()
        if len(payload) < 2:  # noqa: PLR2004 - a close code is two bytes
            return "closed by the exchange"
        code = struct.unpack("!H", payload[:2])[0]
        return f"closed by the exchange: {code} {payload[2:].decode('utf-8', 'replace')}".rstrip()


def _in_words(failure: BaseException) -> str:
    return f"{type(failure).__name__}: {failure}"[: wire.RAW_MAX]
