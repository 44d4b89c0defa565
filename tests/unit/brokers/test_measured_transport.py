"""What passes is measured where it passes, and strange messages are handed on untouched."""

from typing import Any

import pytest

from brokers.measured_transport import MeasuredTransport
from brokers.transport import Listener, Message


class StandInMeter:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def tick_came(self, instrument: str, at: int) -> None:
        self.told.append(("tick", instrument, at))

    def order_left(self, ref: int, label: str | None) -> None:
        self.told.append(("left", ref, label))

    def order_answered(self, ref: int) -> None:
        self.told.append(("answered", ref))


class StandInPipe:
    """A transport without a network."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self.sent: list[Message] = []

    def open(self, listener: Listener) -> None:
        self.listener = listener

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def close(self, reason: str = "closed by us") -> None:
        self.listener = None
        self.sent.append({"closed": reason})


class StandInEars:
    """Hears what the pipe says."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def opened(self) -> None:
        pass

    def received(self, message: Message) -> None:
        self.heard.append(message)

    def garbled(self, raw: str, why: str) -> None:
        pass

    def closed(self, reason: str) -> None:
        pass


@pytest.fixture
def line() -> tuple[MeasuredTransport, StandInPipe, StandInMeter, StandInEars]:
    pipe, meter, ears = StandInPipe(), StandInMeter(), StandInEars()
    made = MeasuredTransport(pipe, meter)
    made.open(ears)
    return made, pipe, meter, ears


Line = tuple[MeasuredTransport, StandInPipe, StandInMeter, StandInEars]


def test_prices_orders_and_answers_are_told(line: Line) -> None:
    made, pipe, meter, ears = line
    assert pipe.listener is not None
    ticker = {"params": {"channel": "ticker.X.raw", "data": {"instrument_name": "X", "timestamp": 5}}}
    pipe.listener.received(ticker)
    made.send({"id": 1, "method": "private/buy", "params": {"label": "l"}})
    made.send({"id": 2, "method": "private/cancel", "params": {"order_id": "o"}})
    made.send({"id": 3, "method": "public/get_time", "params": {}})
    pipe.listener.received({"id": 1, "result": {}})

    assert meter.told == [("tick", "X", 5), ("left", 1, "l"), ("left", 2, None), ("answered", 1)]
    assert len(ears.heard) == 2
    assert len(pipe.sent) == 3


STRANGE: list[Message] = [
    {},
    {"params": None},
    {"params": []},
    {"params": {"channel": 7}},
    {"params": {"channel": "ticker.X.raw"}},
    {"params": {"channel": "ticker.X.raw", "data": []}},
    {"params": {"channel": "ticker.X.raw", "data": {"instrument_name": [], "timestamp": {}}}},
    {"id": "text"},
    {"id": []},
]


@pytest.mark.parametrize("message", STRANGE, ids=str)
def test_what_is_strange_is_for_the_session_to_find(line: Line, message: Message) -> None:
    _, pipe, meter, ears = line
    assert pipe.listener is not None
    pipe.listener.received(message)

    assert (meter.told, ears.heard) == ([], [message])
