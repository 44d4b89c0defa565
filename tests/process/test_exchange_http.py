"""The same exchange over HTTP: statuses, verbs, bodies, and what is no HTTP at all."""

import json
import socket

import pytest
import requests

from tests.process.exchange_client import DEADLINE_S, Exchange, eventually

pytestmark = pytest.mark.process


def plain(exchange: Exchange) -> socket.socket:
    peer = socket.create_connection((exchange.host, exchange.port), timeout=DEADLINE_S)
    peer.settimeout(DEADLINE_S)
    return peer


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


def test_a_client_that_gives_up_waiting_frees_its_place(exchange: Exchange) -> None:
    """Forty that hang up at once: none of them may count as connected for long."""
    for _ in range(40):
        with plain(exchange) as peer:
            peer.sendall(b"GET /api/v2/public/get_instruments HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: exchange.get("/api/v2/public/get_time").status_code == 200, "served again")


def test_a_request_that_never_ends_is_given_up(exchange: Exchange) -> None:
    with plain(exchange) as peer:
        peer.sendall(b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        answer = peer.recv(4096)
        assert answer.startswith(b"HTTP/1.1 408"), answer


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
