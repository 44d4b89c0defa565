"""What strangers do to a port: say nothing, say nonsense, say too much, never listen. The others must not notice."""

import json
import os
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
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
def test_connections_that_never_ask_for_anything_hurt_nobody(
    exchange: Exchange, count: int, first_words: bytes
) -> None:
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


# --- nonsense


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
        with suppress(ConnectionClosed):  # it may be closed before the last byte has left
            client.socket.send("x" * (1024 * 1024 + 1))
        assert closed_with(client)[0] == 1009


def test_a_frame_that_is_announced_with_an_absurd_length_closes_the_socket(exchange: Exchange) -> None:
    with shaken(exchange) as peer:
        peer.sendall(struct.pack("!BBQ", 0x81, 0xFF, 2**62) + bytes(4))
        assert peer.recv(4096)[:4] == b"\x88\x02\x03\xf1"


def test_pings_are_answered(exchange: Exchange) -> None:
    with exchange.connect() as client:
        assert client.socket.ping().wait(DEADLINE_S)


def nonsense(rng: random.Random) -> bytes:
    """What no client would send: frames of every opcode, fragments, broken requests, plain noise."""
    request = b'{"id":1,"method":"public/test","params":{}}'
    match rng.randrange(6):
        case 0:
            return rng.randbytes(rng.randrange(1, 300))
        case 1:
            return frame(rng.randrange(16), rng.randbytes(rng.randrange(130)))
        case 2:
            return b"\x01" + frame(1, request[:9])[1:] + frame(0, request[9:])
        case 3:
            return b"\x81\x05hello"  # not masked
        case 4:
            return frame(9, b"x" * rng.randrange(130)) + frame(8, rng.randbytes(rng.randrange(4)))
        case _:
            values: tuple[object, ...] = (
                None,
                5,
                "",
                [],
                {},
                {"channels": [None]},
                2**70,
                "public/test",
                "private/buy",
            )
            wish = {"id": rng.choice(values), "method": rng.choice(values), "params": rng.choice(values)}
            return frame(rng.choice((1, 2)), json.dumps(wish).encode())


@pytest.mark.parametrize("seed", range(4), ids="seed_{}".format)
def test_nonsense_in_any_order_leaves_no_error_behind(exchange: Exchange, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        with (shaken if rng.random() < 0.7 else plain)(exchange) as peer, suppress(OSError):
            peer.settimeout(0.01)
            for _ in range(rng.randrange(1, 6)):
                peer.sendall(nonsense(rng))
                peer.recv(4096)

    assert exchange.get("/api/v2/public/test").status_code == 200
    assert exchange.state()["server"]["internal_errors"] == 0
    assert "Traceback" not in exchange.output()


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
        peer.sendall(frame(8, struct.pack("!H", 4321)))
        assert peer.recv(4096) == b"\x88\x02" + struct.pack("!H", 4321)
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
