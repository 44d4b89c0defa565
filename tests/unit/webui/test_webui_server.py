"""The API on a real socket: streams do not starve it, and it stops at once."""

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator

import msgspec
import pytest
import requests

from actors.subscribers import Told
from persistence.store import Store
from tests.unit.webui.house import OBSERVE, OPERATE, House
from webui import channel
from webui import server as web
from webui.answers import BODY_MAX
from webui.server import WebServer

KEY = {"Authorization": f"Bearer {OBSERVE}"}


@pytest.fixture
def on_disk(kept: Store) -> House:
    house = House(kept)
    house.is_well()
    return house


def served(house: House, server: WebServer, ask: requests.Session) -> None:
    """What is to be seen while it runs."""
    streams = [ask.get(f"{server.url}/api/v2/stream", headers=KEY, stream=True, timeout=5) for _ in range(3)]
    lines = [stream.iter_lines() for stream in streams]
    for each in lines:
        while not next(each).startswith(b"event: hello"):
            pass
    assert ask.get(f"{server.url}/health", timeout=5).status_code == 200
    assert ask.get(f"{server.url}/api/v2/status", headers=KEY, timeout=5).json()["streams"] == 3
    house.subscribers.tell(Told(kind="ticker", content={"mark": "7"}))
    for each in lines:
        while next(each) != b'data: {"mark":"7"}':
            pass
    ended = threading.Thread(target=server.stop)
    ended.start()
    for each in lines:
        assert list(each)[-3:-1] == [b"event: bye", b"data: {}"]
    ended.join(5)
    assert not ended.is_alive()
    for stream in streams:
        stream.close()


def test_with_all_streams_open_it_still_answers_and_a_stop_ends_them_in_order(on_disk: House) -> None:
    server = WebServer(on_disk.parts, host="127.0.0.1", port=0)
    server.start()
    with requests.Session() as ask:
        ask.trust_env = False
        served(on_disk, server, ask)

        assert server.port != 0
        with pytest.raises(requests.ConnectionError):
            ask.get(f"{server.url}/health", timeout=1)


def test_a_port_that_is_taken_is_said_at_once(on_disk: House) -> None:
    first = WebServer(on_disk.parts, host="127.0.0.1", port=0)

    with pytest.raises(OSError, match="in use"):
        WebServer(on_disk.parts, host="127.0.0.1", port=first.port)
    first.stop()


@contextlib.contextmanager
def running(house: House) -> Iterator[WebServer]:
    server = WebServer(house.parts, host="127.0.0.1", port=0)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def connected(server: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def answered(server: WebServer) -> int:
    with requests.Session() as ask:
        ask.trust_env = False
        return ask.get(f"{server.url}/health", timeout=5).status_code


def everything(client: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65_536):
            found += piece
    return bytes(found)


@contextlib.contextmanager
def listening(server: WebServer, count: int) -> Iterator[list[Iterator[bytes]]]:
    """So many streams that have said hello, line by line."""
    with contextlib.ExitStack() as leaving:
        ask = leaving.enter_context(requests.Session())
        ask.trust_env = False
        streams = [ask.get(f"{server.url}/api/v2/stream", headers=KEY, stream=True, timeout=5) for _ in range(count)]
        lines = [leaving.enter_context(stream).iter_lines(chunk_size=65_536) for stream in streams]
        for each in lines:
            while not next(each).startswith(b"event: hello"):
                pass
        yield lines


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a fact."""
    pause, end = threading.Event(), time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it never came"
        pause.wait(0.01)


def heard(client: socket.socket, what: bytes) -> bytes:
    """What comes, until this has come."""
    found = b""
    while what not in found:
        new = client.recv(65_536)
        assert new, f"it ended with {found[-500:]!r}"
        found += new
    return found


def test_slow_clients_hold_no_thread(on_disk: House) -> None:
    """More of them than there are threads; each has sent half a request."""
    with running(on_disk) as server, contextlib.ExitStack() as open_sockets:
        for _ in range(60):
            client = open_sockets.enter_context(connected(server))
            client.sendall(b"POST /api/v2/halt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nx")

        assert answered(server) == 200


def reading_nothing(server: WebServer, asked: bytes) -> socket.socket:
    """A client that asks and leaves the answers where they are."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(10)
    client.connect(("127.0.0.1", server.port))
    client.sendall(asked)
    return client


def test_clients_that_ask_for_much_and_read_nothing_hold_no_thread(on_disk: House) -> None:
    """More of them than there are threads, none logged in; each asks for eight megabytes in one breath."""
    with running(on_disk) as server, contextlib.ExitStack() as open_sockets:
        for _ in range(40):
            asked = b"GET /static/tradebaas.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 400
            open_sockets.enter_context(reading_nothing(server, asked))

        for _ in range(200):  # by then, whoever could hold a thread would
            assert answered(server) == 200


class Written:
    """A figure that notes who wrote it down."""

    def __init__(self) -> None:
        self.by: list[str] = []

    def __str__(self) -> str:
        self.by.append(threading.current_thread().name)
        return "7"


def test_one_thread_writes_to_all_streams_and_writes_each_event_down_once(on_disk: House) -> None:
    """A thread for each open page, woken for each event, stood in the way of orders."""
    written = Written()
    with running(on_disk) as server, listening(server, 3) as streams:
        for told, line in (("before", b'data: {"mark":"before"}'), (written, b'data: {"mark":"7"}')):
            on_disk.subscribers.tell(Told(kind="ticker", content={"mark": told}))
            for lines in streams:
                while next(lines) != line:
                    pass

    assert written.by == ["streams"]


def test_a_listener_that_reads_nothing_is_let_go_and_the_others_hear_everything(
    on_disk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "SLOW_S_MAX", 1)
    monkeypatch.setattr(web, "SLOW_LOOK_S", 0.1)
    asked = f"GET /api/v2/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {OBSERVE}\r\n\r\n".encode()
    with running(on_disk) as server, listening(server, 1) as (quick,), reading_nothing(server, asked):
        until(lambda: len(on_disk.subscribers) == 2)
        for number in range(600):
            on_disk.subscribers.tell(Told(kind="ticker", content={"text": "x" * 20_000, "number": number}))
            while not next(quick).endswith(b'"number":%d}' % number):
                pass

        assert on_disk.subscribers.dropped == 1
        until(lambda: len(server._server.active_channels) == 1)
        assert answered(server) == 200


def test_a_listener_that_is_gone_gives_its_room_back(on_disk: House) -> None:
    with running(on_disk) as server:
        with listening(server, 2):
            assert len(on_disk.subscribers) == 2
        on_disk.subscribers.tell(Told(kind="ticker", content={}))

        until(lambda: len(on_disk.subscribers) == 0)
        with listening(server, 3):
            assert len(on_disk.subscribers) == 3


def test_a_proxy_that_speaks_the_old_http_hears_the_stream_as_it_is(on_disk: House) -> None:
    with running(on_disk) as server, connected(server) as client:
        head = f"GET /api/v2/stream HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {OBSERVE}\r\n\r\n"
        client.sendall(head.encode())
        found = heard(client, b"event: hello")
        until(lambda: len(on_disk.subscribers) == 1)
        on_disk.subscribers.tell(Told(kind="ticker", content={"mark": "7"}))
        found += heard(client, b'event: ticker\ndata: {"mark":"7"}\n\n')
        assert b"chunked" not in found
        server.stop()

        assert everything(client) == b"event: bye\ndata: {}\n\n"


def test_what_a_stream_has_sent_is_not_kept(on_disk: House) -> None:
    """A page may stay open for weeks."""
    large = [Told(kind="ticker", content={"text": "x" * 20_000, "number": number}) for number in range(300)]
    with running(on_disk) as server, requests.Session() as ask:
        ask.trust_env = False
        stream = ask.get(f"{server.url}/api/v2/stream", headers=KEY, stream=True, timeout=5)
        lines = stream.iter_lines(chunk_size=65_536)
        while not next(lines).startswith(b"event: hello"):
            pass
        tracemalloc.start()
        try:
            for told in large:
                on_disk.subscribers.tell(told)
                while not next(lines).endswith(b'"number":%d}' % told.content["number"]):
                    pass
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        stream.close()

    assert kept < 2_000_000, "of 6 million bytes"


def test_a_slow_client_that_drips_is_let_go(on_disk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "REQUEST_S_MAX", 0.2)
    with running(on_disk) as server, connected(server) as client:
        pause = threading.Event()
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                client.sendall(b"G")
                pause.wait(0.05)
            pytest.fail("it was listened to for ever")

        assert answered(server) == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"POST /api/v2/halt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000000\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65_536,
        b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["announced", "chunked", "header"],
)
def test_an_oversized_request_is_cut_off_before_it_is_read(on_disk: House, raw: bytes) -> None:
    with running(on_disk) as server, connected(server) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(raw + b"\r\n0\r\n\r\n")
        status = everything(client).split(b" ", 2)[1:2]

        assert status in ([b"413"], [b"431"], [])
        assert answered(server) == 200
    assert on_disk.desk.heard == []


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\rSet-Cookie: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"\x00\xff\x00\r\n\r\n",
    ],
    ids=["carriage return", "two lengths", "unknown coding", "noise"],
)
def test_a_request_that_is_none_is_refused_and_nothing_of_it_comes_back(on_disk: House, raw: bytes) -> None:
    with running(on_disk) as server, connected(server) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        answer = everything(client)

        assert answer.split(b" ", 2)[1:2] in ([b"400"], [b"501"], [])
        assert b"Set-Cookie" not in answer.partition(b"\r\n\r\n")[0]
        assert answered(server) == 200


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"POST /api/v2/halt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65537\r\n\r\n", 413, "too_large"),
        (b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: x\r\n\r\n", 501, "coding"),
        (b"GET /api/v2/status HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", 400, "malformed"),
        (b"GET /health HTTP/1.1\r\nX: " + b"x" * 262_132, 431, "header_too_large"),
    ],
    ids=["body", "coding", "header", "headers"],
)
def test_what_never_reaches_the_application_is_refused_in_the_one_shape(
    on_disk: House, raw: bytes, status: int, code: str
) -> None:
    with running(on_disk) as server, connected(server) as client:
        client.sendall(raw)
        head, _, body = everything(client).partition(b"\r\n\r\n")

    assert head.split(b" ", 2)[1] == str(status).encode()
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    error = msgspec.json.decode(body)["error"]
    assert error.keys() == {"code", "sentence", "field", "reason", "state"}
    assert error["code"] == code


def test_a_body_of_the_largest_size_reaches_the_application(on_disk: House) -> None:
    body = b'{"reason": "' + b"x" * (BODY_MAX - 14) + b'"}'
    assert len(body) == BODY_MAX
    with running(on_disk) as server, requests.Session() as ask:
        ask.trust_env = False
        key = {"Authorization": f"Bearer {OPERATE}"}
        reply = ask.post(f"{server.url}/api/v2/halt", data=body, headers=key, timeout=5)

    assert (reply.status_code, reply.json()["error"]["field"]) == (400, "reason")


def test_who_asks_is_known_behind_a_trusted_proxy_and_nobody_else_is_believed(on_disk: House) -> None:
    seen: list[tuple[str, str]] = []

    def look(house: House, proxy: str) -> None:
        object.__setattr__(house.parts.about, "trusted_proxy", proxy)
        with running(house) as server, requests.Session() as ask:
            ask.trust_env = False
            headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
            reply = ask.post(
                f"{server.url}/login", data={"token": OBSERVE}, headers=headers, timeout=5, allow_redirects=False
            )
            seen.append((str(reply.status_code), "secure" if "secure" in reply.headers["Set-Cookie"].lower() else ""))

    look(on_disk, "")
    look(on_disk, "127.0.0.1")

    assert seen == [("303", ""), ("303", "secure")]
