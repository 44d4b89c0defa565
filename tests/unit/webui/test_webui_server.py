"""The API on a real socket: streams do not starve it, and it stops at once."""

import threading

import pytest
import requests

from actors.subscribers import Told
from persistence.store import Store
from tests.unit.webui.house import OBSERVE, House
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
