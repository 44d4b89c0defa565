"""What strangers do to a port: say nothing, say nonsense, say too much, never listen. The others must not notice."""

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.process.exchange_client import DEADLINE_S, Client, Exchange, Start, eventually

pytestmark = pytest.mark.process

HANDSHAKE = (
    b"GET /ws/api/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def plain(exchange: Exchange) -> socket.socket:
    peer = socket.create_connection((exchange.host, exchange.port), timeout=DEADLINE_S)
    peer.settimeout(DEADLINE_S)
    return peer


def shaken(exchange: Exchange) -> socket.socket:
    """A WebSocket by hand: the handshake is done, frames are ours to make."""
    peer = plain(exchange)
    peer.sendall(HANDSHAKE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += peer.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")
    return peer


def frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame, as clients must send them; the mask is zero."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    elif length < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, length)
    return head + bytes(4) + payload


@contextmanager
def flood(exchange: Exchange, count: int, first_words: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many connections that say this and nothing more."""
    with ExitStack() as stack:
        peers = []
        for _ in range(count):
            peer = stack.enter_context(plain(exchange))
            if first_words:
                peer.sendall(first_words)
            peers.append(peer)
        yield peers


def works(client: Client) -> None:
    before = time.monotonic()
    assert client.call("public/get_time") > 0
    assert time.monotonic() - before < 1.0


def read_to_the_end(peer: Client) -> None:
    while True:
        peer.socket.recv(timeout=DEADLINE_S)


def closed_with(peer: Client) -> tuple[int | None, str]:
    """How the other side ended it: code and reason; (None, "") when without a word."""
    with pytest.raises(ConnectionClosed) as caught:
        read_to_the_end(peer)
    received = caught.value.rcvd
    return (None, "") if received is None else (received.code, received.reason)


# --- strangers


@pytest.mark.parametrize("count", [300, 1000])
@pytest.mark.parametrize("first_words", [b"", b"GET /ws/api/v2 HTTP/1.1\r\nHost:"], ids=["silent", "half a request"])
def test_connections_that_never_ask_for_anything_hurt_nobody(start: Start, count: int, first_words: bytes) -> None:
    exchange = start("--quiet", "--admin")
    with exchange.connect() as early, flood(exchange, count, first_words):
        works(early)
        with exchange.connect() as late:
            works(late)
        assert exchange.get("/api/v2/public/get_time").status_code == 200


def test_sockets_that_shake_hands_and_say_nothing_leave_room_for_other_addresses_only(start: Start) -> None:
    """32 for one address, the 33rd gets 429, and one that leaves makes room."""
    exchange = start("--quiet", "--admin")
    with ExitStack() as stack:
        peers = [stack.enter_context(shaken(exchange)) for _ in range(32)]
        with pytest.raises(InvalidStatus) as refused, exchange.connect():
            pass
        assert refused.value.response.status_code == 429
        assert exchange.get("/api/v2/public/get_time").status_code == 429
        peers[0].close()
        eventually(lambda: exchange.get("/api/v2/public/get_time").status_code == 200, "room again")


def test_running_out_of_files_ends_the_oldest_silent_connection_and_not_the_exchange(start: Start) -> None:
    exchange = start("--quiet", "--admin", files_max=160)
    with exchange.connect() as client, flood(exchange, 400) as peers:
        works(client)
        assert exchange.get("/api/v2/public/get_time").status_code == 200
        assert peers[0].recv(1) == b""
        assert exchange.state()["server"]["connections"] <= 160


def test_a_request_that_never_ends_is_given_up(exchange: Exchange) -> None:
    with plain(exchange) as peer:
        peer.sendall(b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = peer.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408"), answer


# --- nonsense


@pytest.mark.parametrize(
    "words",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", bytes(range(256))],
    ids=["TLS", "no HTTP", "future HTTP", "all bytes"],
)
def test_what_is_not_http_is_refused_in_json(exchange: Exchange, words: bytes) -> None:
    with plain(exchange) as peer:
        peer.sendall(words)
        answer = b""
        while piece := peer.recv(4096):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), answer
    assert json.loads(body)["error"]["code"] == 400


def test_a_frame_that_is_not_json_is_answered_and_the_socket_stays(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.socket.send("this is not json")
        answer = json.loads(client.socket.recv(timeout=DEADLINE_S))
        assert answer["error"] == {"code": 11050, "message": "bad_request", "data": "invalid json"}
        assert "id" not in answer
        works(client)


def test_a_binary_frame_is_read_like_a_text_frame(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.socket.send(b'{"jsonrpc":"2.0","id":7,"method":"public/get_time"}')
        assert json.loads(client.socket.recv(timeout=DEADLINE_S))["id"] == 7


def test_broken_utf8_in_a_text_frame_closes_the_socket_with_1007(exchange: Exchange) -> None:
    with shaken(exchange) as peer:
        peer.sendall(frame(1, b'{"id":1,"method":"\xff\xfe"}'))
        assert peer.recv(4096)[:4] == b"\x88\x02\x03\xef"


def test_broken_utf8_in_a_binary_frame_is_answered(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.socket.send(b'{"id":1,"method":"\xff\xfe"}')
        assert json.loads(client.socket.recv(timeout=DEADLINE_S))["error"]["code"] == 11050
        works(client)


def test_a_frame_over_32_kilobytes_is_refused_and_the_socket_stays(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.socket.send(json.dumps({"id": 1, "method": "public/test", "params": {"a": "x" * 33_000}}))
        assert json.loads(client.socket.recv(timeout=DEADLINE_S))["error"]["code"] == -32600
        works(client)


def test_a_frame_over_a_megabyte_closes_the_socket_with_1009(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.socket.send("x" * (1024 * 1024 + 1))
        assert closed_with(client)[0] == 1009


def test_a_frame_that_is_announced_with_an_absurd_length_closes_the_socket(exchange: Exchange) -> None:
    with shaken(exchange) as peer:
        peer.sendall(struct.pack("!BBQ", 0x81, 0xFF, 2**62) + bytes(4))
        assert peer.recv(4096)[:4] == b"\x88\x02\x03\xf1"


def test_pings_are_answered(exchange: Exchange) -> None:
    with exchange.connect() as client:
        assert client.socket.ping().wait(DEADLINE_S)


# --- readers who do not read


def test_a_reader_who_never_reads_is_cut_off_and_the_memory_is_bounded(start: Start, no_credits: str) -> None:
    exchange = start("--quiet", "--admin", "--settings", no_credits)
    request = frame(1, b'{"id":1,"method":"public/get_instruments","params":{}}')
    with shaken(exchange) as deaf, exchange.connect() as other:
        deaf.settimeout(0.1)

        def cut_off() -> bool:
            with suppress(OSError):
                deaf.sendall(request * 100)
            return bool(exchange.state()["server"]["too_slow"] == 1)

        eventually(cut_off, "the deaf one is cut off")
        works(other)
    assert resident_mb(exchange) < 150


def resident_mb(exchange: Exchange) -> float:
    pages = int(Path(f"/proc/{exchange.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


# --- HTTP


def test_get_and_post_answer_alike(exchange: Exchange) -> None:
    got = exchange.get("/api/v2/public/get_instruments?currency=BTC&kind=future")
    body = {
        "jsonrpc": "2.0",
        "id": 5,
        "method": "public/get_instruments",
        "params": {"currency": "BTC", "kind": "future"},
    }
    posted = exchange.post("/api/v2", body)
    named = exchange.post("/api/v2/public/get_instruments", {"id": 6, "params": body["params"]})

    assert got.status_code == posted.status_code == named.status_code == 200
    assert got.headers["Content-Type"].startswith("application/json")
    assert "id" not in got.json()
    assert (posted.json()["id"], named.json()["id"]) == (5, 6)
    assert got.json()["result"] == posted.json()["result"] == named.json()["result"]


def test_an_error_over_http_is_status_400_with_the_json_rpc_body(exchange: Exchange) -> None:
    answer = exchange.get("/api/v2/private/get_positions")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in {13009, 10000}


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1/public/test", "/api/v2/a/b/c", "/ws", "/api/v2x", "/favicon.ico"]
)
def test_an_unknown_path_is_404_in_json(exchange: Exchange, path: str) -> None:
    answer = exchange.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == 404


@pytest.mark.parametrize("verb", ["HEAD", "PUT", "DELETE", "PATCH"])
def test_another_verb_is_405_and_says_which_are_allowed(exchange: Exchange, verb: str) -> None:
    answer = requests.request(verb, exchange.url + "/api/v2/public/test", timeout=DEADLINE_S)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST, OPTIONS"


def test_options_says_what_is_allowed(exchange: Exchange) -> None:
    answer = requests.options(exchange.url + "/api/v2", timeout=DEADLINE_S)

    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, POST, OPTIONS")


def test_the_websocket_path_without_a_handshake_is_400_in_json(exchange: Exchange) -> None:
    answer = exchange.get("/ws/api/v2")

    assert answer.status_code == 400
    assert "handshake" in answer.json()["error"]["message"]


def test_a_body_over_a_megabyte_is_413_and_one_over_32_kilobytes_is_the_cores_to_refuse(exchange: Exchange) -> None:
    large = exchange.post("/api/v2", {"method": "public/test", "params": {"a": "x" * 40_000}})
    huge = requests.post(exchange.url + "/api/v2", data=b"x" * 1_100_000, timeout=DEADLINE_S)

    assert (large.status_code, large.json()["error"]["code"]) == (400, -32600)
    assert huge.status_code == 413


def test_requests_in_one_packet_are_answered_in_their_order(exchange: Exchange) -> None:
    one = b"GET /api/v2/public/test?n=%d HTTP/1.1\r\nHost: x\r\n\r\n"
    post = b'{"id":%d,"method":"public/test"}'
    wires = [
        b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(post % number), post % number)
        for number in range(100, 120)
    ]
    with plain(exchange) as peer:
        peer.sendall(b"".join(wires) + one % 1)
        read = b""
        while read.count(b'"jsonrpc"') < 21:
            read += peer.recv(65536)
    numbers = [int(part[: part.index(b",")]) for part in read.split(b'"id":')[1:]]
    assert numbers == list(range(100, 120))


def test_a_client_that_gives_up_waiting_frees_its_place(start: Start) -> None:
    """Forty that hang up at once: none of them may count as connected for long."""
    exchange = start("--quiet", "--admin")
    for _ in range(40):
        with plain(exchange) as peer:
            peer.sendall(b"GET /api/v2/public/get_instruments HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: exchange.get("/api/v2/public/get_time").status_code == 200, "served again")


# --- how sockets end


def test_an_operator_may_cut_all_sockets_and_the_peers_see_a_reset(exchange: Exchange) -> None:
    with exchange.connect() as first, exchange.connect() as second:
        works(first)
        works(second)
        assert exchange.post("/admin/disconnect", {}).status_code == 200
        assert closed_with(first) == (None, "")
        assert closed_with(second) == (None, "")


def test_a_clients_close_frame_is_answered_with_its_code(exchange: Exchange) -> None:
    with shaken(exchange) as peer:
        peer.sendall(frame(8, struct.pack("!H", 1000)))
        assert peer.recv(4096) == b"\x88\x02\x03\xe8"
        assert peer.recv(4096) == b""


def test_orders_race_through_many_sockets_at_once(exchange: Exchange) -> None:
    answers: list[Any] = []

    def ask() -> None:
        with exchange.connect() as client:
            answers.extend(client.call("public/get_time") for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(answers) == 400


def test_compression_may_be_offered_and_is_declined(exchange: Exchange) -> None:
    with Client(connect(exchange.ws_url)) as client:
        works(client)
