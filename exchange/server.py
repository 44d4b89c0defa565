"""The sockets: WebSocket and HTTP on one port, one loop, one thread, the core called directly.

    /ws/api/v2                      JSON-RPC over WebSocket
    /api/v2, /api/v2/scope/method   the same over HTTP, GET or POST
    /admin/...                      only when asked for

What it defends against: peers that connect and say nothing, that send slowly, that never read, that send too much,
that send nonsense, and too many of them. Whatever a request means is the core's affair.
"""

import asyncio
import resource
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, hdrs, web
from aiohttp.web_protocol import RequestHandler

from exchange import encoding
from exchange.ports import Parcel
from exchange.pump import Pump
from exchange.rpc import API_PATH
from exchange.sessions import TooManyConnections

WS_PATH: Final = "/ws/api/v2"
ADMIN_PATH: Final = "/admin/"

FRAME_BYTES_MAX: Final = 1024 * 1024  # larger ones close the socket (1009); over 32 kB the core refuses
OUTGOING_BYTES_MAX: Final = 4 * 1024 * 1024  # waiting for one reader; more and it is too slow
SILENT_S: Final = 15.0  # for a first request, and between two requests on a kept HTTP connection
BODY_S: Final = 3.0
REPLY_S: Final = 60.0  # how long an HTTP request whose reply was lost hangs
CLOSE_S: Final = 2.0  # for the peer to answer a close frame
FRAMES_IN_A_ROW: Final = 20  # of one socket, before the others get their turn

SOCKETS_MAX: Final = 4096
FILES_WANTED: Final = 8192
FILES_RESERVED: Final = 96  # for the journal, the logs, and sockets accepted but not yet counted
ACCEPTED_AT_ONCE: Final = 16
BACKLOG: Final = 1024

_RESET = struct.pack("ii", 1, 0)  # linger for zero seconds: closing sends RST


class _Connection(RequestHandler):
    """One TCP connection before it is a WebSocket; says its errors in JSON."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if status >= 500:  # noqa: PLR2004 - ours, not theirs
            self.log_exception("failed to answer %s %s", request.method, request.path, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer has left already")
        answer = _error(status, (message or "internal error").splitlines()[0])
        answer.force_close()
        return answer


class _Listener(web.Server):
    """Makes connections, and keeps their number bounded: the oldest that has asked for nothing goes first."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], sockets_max: int) -> None:
        self.options: dict[str, Any] = {
            "keepalive_timeout": SILENT_S,
            "lingering_time": CLOSE_S,
            "access_log": None,
            "auto_decompress": False,
        }
        super().__init__(handler, handler_cancellation=True)
        self.sockets_max = sockets_max
        self.busy: set[RequestHandler] = set()
        self._silent: dict[RequestHandler, asyncio.Transport] = {}  # oldest first

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self.options)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._silent[handler] = transport
        if len(self._silent) + len(self.busy) > self.sockets_max:
            oldest = next(iter(self._silent))
            self._silent.pop(oldest).abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._silent.pop(handler, None)
        self.busy.discard(handler)

    def asks(self, handler: RequestHandler) -> None:
        """It has sent a request and is being served."""
        if self._silent.pop(handler, None) is not None:
            self.busy.add(handler)

    def is_served(self, handler: RequestHandler) -> None:
        """It has its answer and may be silent again."""
        if handler in self.busy and handler.transport is not None:
            self.busy.discard(handler)
            self._silent[handler] = handler.transport

    @property
    def count(self) -> int:
        return len(self._silent) + len(self.busy)


class _Socket:
    """The outlet of a WebSocket session. Frames are written at once: no task, no waiting."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport, on_slow: Callable[[], None]) -> None:
        self.closing: asyncio.Task[None] | None = None
        self._on_slow = on_slow
        self._ws = ws
        self._transport = transport

    def is_open(self) -> bool:
        return self.closing is None and not self._transport.is_closing()

    def send(self, parcels: list[Parcel]) -> None:
        if not self.is_open():
            return
        if len(parcels) == 1:
            payload = parcels[0][1]
            self._transport.write(_header(len(payload)) + payload)
        else:
            self._transport.write(b"".join(part for _, load in parcels for part in (_header(len(load)), load)))
        if self._transport.get_write_buffer_size() > OUTGOING_BYTES_MAX:
            self._on_slow()
            self.close(WSCloseCode.POLICY_VIOLATION, "connection_too_slow", abrupt=False)

    def close(self, code: int, reason: str, *, abrupt: bool) -> None:
        if self.closing is not None:
            return
        if abrupt:
            reset(self._transport)
        self.closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        """Say so, wait a little for the peer to say it too, and leave whatever it does."""
        with suppress(ConnectionError):
            await self._ws.close(code=code, message=reason.encode()[:123], drain=False)
        self._transport.abort()


class _Reply:
    """The outlet of an HTTP session: one message."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.parcel: asyncio.Future[Parcel | None] = loop.create_future()

    def send(self, parcels: list[Parcel]) -> None:
        if not self.parcel.done():
            self.parcel.set_result(parcels[0])

    def close(self, code: int, reason: str, *, abrupt: bool) -> None:  # noqa: ARG002 - HTTP has no closing words
        if not self.parcel.done():
            self.parcel.set_result(None)


class Server:
    """Serves one exchange."""

    def __init__(
        self, pump: Pump, admin: Callable[[str, str, bytes], Awaitable[tuple[int, object]]] | None = None
    ) -> None:
        self.too_slow = 0  # readers cut off
        self._pump = pump
        self._admin = admin
        self._server: asyncio.Server | None = None
        self._listener = _Listener(self._handle, _sockets_max())

    @property
    def connections(self) -> int:
        """Sockets open, of whatever kind."""
        return self._listener.count

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port. Raises OSError."""
        family, *_, address = (await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
        listening.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        loop = asyncio.get_running_loop()
        # The backlog is also how many are accepted before anybody else gets a turn; the kernel may queue more.
        self._server = await loop.create_server(self._listener, sock=listening, backlog=ACCEPTED_AT_ONCE)
        listening.listen(BACKLOG)
        return int(listening.getsockname()[1])

    async def stop(self) -> None:
        """No new connections; those there are get a close frame and little time to answer it."""
        if self._server is not None:
            self._server.close()
        outlets = dict(self._pump.outlets)
        for session_id, outlet in outlets.items():
            outlet.close(WSCloseCode.GOING_AWAY, "shutting down", abrupt=False)
            self._pump.gone(session_id)
        closing = [outlet.closing for outlet in outlets.values() if isinstance(outlet, _Socket) and outlet.closing]
        if closing:
            await asyncio.wait(closing, timeout=1.0)
        for connection in self._listener.connections:
            connection.force_close()

    # --- one request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        self._listener.asks(connection)
        try:
            return await self._route(request)
        except web.HTTPException as refused:
            return _error(refused.status, refused.reason)
        except UnicodeError:
            return _error(400, "the request is not UTF-8")
        finally:
            self._listener.is_served(connection)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path == WS_PATH:
            return await self._websocket(request)
        if path == API_PATH or path.startswith(f"{API_PATH}/"):
            named = path.removeprefix(API_PATH).strip("/")
            if named.count("/") not in ((1,) if request.method == "GET" else (0, 1)) and named:
                return _error(404, "no such path")
            return await self._api(request)
        if self._admin is not None and path.startswith(ADMIN_PATH):
            return await self._operate(request, self._admin)
        return _error(404, "no such path")

    async def _api(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in {"GET", "POST"}:
            return _not_allowed(request, "GET, POST")
        try:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
        except TimeoutError:
            return _error(408, "the body took too long", close=True)
        outlet = _Reply(asyncio.get_running_loop())
        try:
            session_id = self._pump.connect(outlet, transport="http", address=request.remote or "")
        except TooManyConnections:
            return _error(429, "too many connections")
        try:
            self._pump.http(session_id, request.method, request.path, dict(request.query), dict(request.headers), body)
            try:
                async with asyncio.timeout(REPLY_S):
                    parcel = await outlet.parcel
            except TimeoutError:
                parcel = None
        finally:
            self._pump.gone(session_id)
        if parcel is None:
            reset(request.transport)
            raise ConnectionResetError("the reply was lost")
        message, payload = parcel
        status = 400 if "error" in message else 200
        return web.Response(body=payload, status=status, content_type="application/json")

    async def _operate(
        self, request: web.BaseRequest, admin: Callable[[str, str, bytes], Awaitable[tuple[int, object]]]
    ) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and origin.partition("://")[2] != request.host:
            return _error(403, "not from another site's page")
        try:
            async with asyncio.timeout(BODY_S):
                body = await request.read()
        except TimeoutError:
            return _error(408, "the body took too long", close=True)
        status, answer = await admin(request.method, request.path.removeprefix(ADMIN_PATH).rstrip("/"), body)
        return web.Response(body=encoding.encode(answer), status=status, content_type="application/json")

    async def _websocket(self, request: web.BaseRequest) -> web.StreamResponse:
        ws = web.WebSocketResponse(timeout=CLOSE_S, autoclose=False, compress=False, max_msg_size=FRAME_BYTES_MAX)
        if request.method != "GET":
            return _not_allowed(request, "GET")
        if not ws.can_prepare(request) or request.transport is None:
            return _error(400, "a WebSocket handshake is expected here")
        outlet = _Socket(ws, request.transport, self._count_slow)
        try:
            session_id = self._pump.connect(outlet, transport="ws", address=request.remote or "")
        except TooManyConnections:
            return _error(429, "too many connections")
        try:
            with suppress(ConnectionError):  # it went away while it was being answered
                await ws.prepare(request)
                await self._listen(ws, outlet, session_id)
        finally:
            self._pump.gone(session_id)
            if outlet.closing is not None:
                await asyncio.wait([outlet.closing], timeout=2 * CLOSE_S)
        return ws

    def _count_slow(self) -> None:
        self.too_slow += 1

    async def _listen(self, ws: web.WebSocketResponse, outlet: _Socket, session_id: int) -> None:
        """Every frame of one socket, until one side closes it."""
        in_a_row = 0
        while True:
            message = await ws.receive()
            if not outlet.is_open():
                return
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                if message.type is WSMsgType.CLOSE:
                    await ws.close(code=message.data or WSCloseCode.OK)
                return
            self._pump.frame(session_id, message.data)
            in_a_row += 1
            if in_a_row >= FRAMES_IN_A_ROW:
                in_a_row = 0
                await asyncio.sleep(0)


def reset(transport: asyncio.Transport | None) -> None:
    """End a connection at once and without a word: the peer sees a reset (1006)."""
    if transport is None:
        return
    peer = transport.get_extra_info("socket")
    with suppress(OSError):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def _header(length: int) -> bytes:
    """Of an unmasked text frame."""
    if length < 126:  # noqa: PLR2004 - RFC 6455, 5.2
        return bytes((0x81, length))
    if length < 1 << 16:
        return struct.pack("!BBH", 0x81, 126, length)
    return struct.pack("!BBQ", 0x81, 127, length)


def _error(status: int, reason: str, *, close: bool = False) -> web.Response:
    """What is not the core's to answer."""
    body = encoding.encode({"error": {"code": status, "message": reason}})
    answer = web.Response(body=body, status=status, content_type="application/json")
    if close:
        answer.force_close()
    return answer


def _not_allowed(request: web.BaseRequest, allowed: str) -> web.Response:
    answer = web.Response(status=204) if request.method == "OPTIONS" else _error(405, "use " + allowed)
    answer.headers[hdrs.ALLOW] = f"{allowed}, OPTIONS"
    return answer


def _sockets_max() -> int:
    """As many as the process may open, less what it needs itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    limit = FILES_WANTED if soft == resource.RLIM_INFINITY else soft
    return max(8, min(SOCKETS_MAX, limit - FILES_RESERVED))
