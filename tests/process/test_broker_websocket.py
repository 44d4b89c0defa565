"""The transport on real sockets that die in every way sockets die."""

import json
import socket
import struct
import time
from collections.abc import Iterator
from decimal import Decimal
from queue import SimpleQueue
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from brokers.transport import Message
from brokers.websocket_transport import SocketSettings, WebSocketTransport
from tests.process.broker_host import WAIT_S, Deaf, Ear, Host, Talk, resets
from trading.errors import Unavailable

pytestmark = pytest.mark.process


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def opened(url: str, **settings: Any) -> tuple[WebSocketTransport, Ear]:
    transport, ear = WebSocketTransport(url, SocketSettings(**settings)), Ear()
    transport.open(ear)
    ear.next("opened")
    return transport, ear


def sends(transport: WebSocketTransport, message: Message) -> bool:
    """Send, and say whether the transport took it."""
    try:
        transport.send(message)
    except Unavailable:
        return False
    return True


def stays(connection: ServerConnection) -> None:
    """Keep the connection until the client goes."""
    for _ in connection:
        pass


# --- the ordinary day ----------------------------------------------------------------------------------------


def test_messages_go_out_and_come_in_with_every_digit(host: Host) -> None:
    sent: SimpleQueue[str | bytes] = SimpleQueue()

    def echo(connection: ServerConnection) -> None:
        for frame in connection:
            sent.put(frame)
            connection.send(b'{"price": 64000.10, "amount": 10, "fee": 5.4e-7}'.decode())

    transport, ear = opened(host.serves(echo))
    transport.send({"id": 1, "params": {"amount": Decimal("0.00010"), "price": Decimal("64000.50")}})

    assert json.loads(sent.get(timeout=WAIT_S), parse_float=str) == {
        "id": 1,
        "params": {"amount": "0.00010", "price": "64000.50"},
    }
    message = ear.next("received")
    assert (str(message["price"]), message["amount"], message["fee"]) == ("64000.10", 10, Decimal("5.4e-7"))
    transport.close()


def test_closing_is_told_once_with_our_reason_and_nothing_can_be_sent_after(host: Host) -> None:
    transport, ear = opened(host.serves(stays))

    transport.close("asked to")

    assert ear.next("closed") == "asked to"
    with pytest.raises(Unavailable):
        transport.send({})
    transport.close("again")
    assert ear.hears_no_more()


def test_what_is_no_json_object_is_told_and_the_pipe_stays_open(host: Host) -> None:
    def talk(connection: ServerConnection) -> None:
        for frame in ("[1]", "{", '{"a": 1e99999999999999999999}', '{"fine": 1}'):
            connection.send(frame)
        connection.send(b"\xff\xfe")
        connection.send('{"still": 1}')
        stays(connection)

    transport, ear = opened(host.serves(talk))

    for _ in range(3):
        ear.next("garbled")
    assert ear.next("received") == {"fine": 1}
    ear.next("garbled")
    assert ear.next("received") == {"still": 1}
    transport.close()


def test_a_message_in_parts_with_a_ping_between_arrives_whole(host: Host) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.send(iter(['{"a":', '"' + "x" * 70_000, '"}']))
        pong = connection.ping()
        connection.send('{"ponged": true}' if pong.wait(WAIT_S) else '{"ponged": false}')
        stays(connection)

    transport, ear = opened(host.serves(talk))

    assert len(ear.next("received")["a"]) == 70_000
    assert ear.next("received") == {"ponged": True}
    transport.close()


def test_more_than_the_exchange_takes_is_not_sent(host: Host) -> None:
    transport, _ = opened(host.serves(stays))

    with pytest.raises(Unavailable, match="more than the exchange takes"):
        transport.send({"text": "x" * 32_001})
    transport.close()


# --- ways to die ---------------------------------------------------------------------------------------------


def half_a_frame(connection: ServerConnection) -> None:
    connection.socket.sendall(struct.pack("!BBH", 0x81, 126, 1_000) + b'{"half": "')
    connection.socket.shutdown(socket.SHUT_RDWR)


def breaks_the_protocol(connection: ServerConnection) -> None:
    connection.socket.sendall(struct.pack("!BB", 0xF3, 2) + b"ab")
    stays(connection)


DEATHS: dict[str, tuple[Talk, str]] = {
    "reset": (resets, "ConnectionResetError"),
    "cut in mid-frame": (half_a_frame, "without a close frame"),
    "gone without a word": (lambda one: one.socket.shutdown(socket.SHUT_RDWR), "without a close frame"),
    "closed in order": (lambda one: one.close(), "1000"),
    "heartbeat not answered": (lambda one: one.close(4000, "heartbeat close"), "4000 heartbeat close"),
    "maintenance": (lambda one: one.close(1012, "service restart"), "1012 service restart"),
    "broken stream": (breaks_the_protocol, "the stream is broken"),
}


@pytest.mark.parametrize(("death", "reason"), DEATHS.values(), ids=DEATHS)
def test_however_a_socket_dies_it_is_told_once_and_why(host: Host, death: Talk, reason: str) -> None:
    def talk(connection: ServerConnection) -> None:
        connection.recv()
        death(connection)

    transport, ear = opened(host.serves(talk))
    transport.send({"die": True})

    assert reason in ear.next("closed")
    assert ear.hears_no_more()
    with pytest.raises(Unavailable):
        transport.send({})


def test_sending_on_a_socket_that_just_died_is_no_proof_that_nothing_left(host: Host) -> None:
    """The kernel takes the bytes of a message for a while after the other side is gone: only ``closed`` is certain."""

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        resets(connection)

    transport, ear = opened(host.serves(talk))
    transport.send({"die": True})

    deadline = time.monotonic() + WAIT_S
    while sends(transport, {"again": 1}) and time.monotonic() < deadline:
        pass
    ear.next("closed")
    assert not sends(transport, {"again": 1})


def test_a_host_that_refuses_is_a_pipe_that_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}/"
    transport, ear = WebSocketTransport(url), Ear()

    transport.open(ear)

    assert "refused" in ear.next("closed").lower()
    with pytest.raises(Unavailable):
        transport.send({})


def test_a_host_that_takes_the_connection_and_says_nothing_ends_at_the_time_limit(host: Host) -> None:
    transport = WebSocketTransport(host.listens_without_answering(), SocketSettings(connect_timeout_s=0.3))
    ear = Ear()
    began = time.monotonic()

    transport.open(ear)
    with pytest.raises(Unavailable, match="still connecting"):
        transport.send({})

    assert "timed out" in ear.next("closed").lower()
    assert time.monotonic() - began < 5


def test_connecting_can_be_called_off(host: Host) -> None:
    transport = WebSocketTransport(host.listens_without_answering(), SocketSettings(connect_timeout_s=0.3))
    ear = Ear()
    transport.open(ear)

    transport.close("changed our mind")

    assert ear.next("closed") == "changed our mind"


def test_a_half_open_connection_is_found_by_a_ping_nobody_answers() -> None:
    with Deaf() as server:
        _, ear = opened(server.url, send_timeout_s=0.1, ping_interval_s=0.1, ping_timeout_s=0.3)

        assert "no answer to a ping" in ear.next("closed")
        assert ear.hears_no_more()


def test_a_host_that_stops_reading_never_blocks_the_sender_for_long() -> None:
    """Its buffers fill up; the send that finds no room ends the pipe instead of waiting for ever."""
    with Deaf() as server:
        transport, ear = opened(server.url, send_timeout_s=0.3)
        longest = 0.0
        for _ in range(2_000):
            began = time.monotonic()
            if not sends(transport, {"text": "x" * 30_000}):
                break
            longest = max(longest, time.monotonic() - began)
        assert "sending failed" in ear.next("closed")
    assert longest < 3


def test_a_slow_host_that_sends_byte_by_byte_is_understood(host: Host) -> None:
    frame = b'\x81\x0a{"a":1.50}'

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        for at in range(len(frame)):
            connection.socket.sendall(frame[at : at + 1])
            time.sleep(0.02)  # longer than the client's own time limit for one look
        stays(connection)

    transport, ear = opened(host.serves(talk), send_timeout_s=0.01)
    transport.send({})

    assert str(ear.next("received")["a"]) == "1.50"
    transport.close()


def test_an_old_listener_does_not_speak_for_a_new_connection(host: Host) -> None:
    url = host.serves(stays)
    transport, first = opened(url)
    second = Ear()

    transport.open(second)

    second.next("opened")
    assert first.next("closed") == "replaced by a new connection"
    assert first.hears_no_more()
    transport.send({"still": "works"})
    assert second.hears_no_more()
    transport.close()
