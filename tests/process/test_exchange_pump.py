"""The pump between sockets and core: what it does when the core fails, when memory fails, and when time is skipped.

The core is a small stand-in here: the real one must not fail on demand.
"""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from exchange.clock import Clock
from exchange.outbox import Close, Send
from exchange.ports import Parcel
from exchange.pump import Pump


class Loop:
    """Time by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.planned: list[tuple[float, Callable[[], object]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> Any:
        entry = (when, callback)
        self.planned.append(entry)
        return SimpleNamespace(cancel=lambda: self.planned.remove(entry), when=lambda: when)

    def run_next(self) -> None:
        entry = min(self.planned, key=lambda planned: planned[0])
        self.planned.remove(entry)
        self.now = max(self.now, entry[0])
        entry[1]()


class Core:
    """Has the methods of an exchange; does what the frame says."""

    def __init__(self) -> None:
        self.engine = SimpleNamespace(switches=SimpleNamespace(numbers="plain"))
        self.sessions: list[Any] = []
        self.out: list[Send | Close] = []
        self.due: list[int] = []
        self.advanced: list[int] = []
        self.maintenance: list[bool] = []
        self.number = 0

    def connect(self, _now_ms: int, *, transport: str, address: str) -> int:  # noqa: ARG002
        self.number += 1
        return self.number

    def receive_frame(self, session_id: int, frame: bytes | str, _now_ms: int) -> None:
        if "crash" in str(frame):
            raise ZeroDivisionError(str(frame))
        if "strange" in str(frame):
            self.out.append(Send(session_id, {"result": object()}))
        self.out.append(Send(session_id, {"result": "ok"}))

    def disconnected(self, session_id: int, now_ms: int) -> None:
        pass

    def set_maintenance(self, *, on: bool, now_ms: int) -> None:  # noqa: ARG002
        self.maintenance.append(on)

    def next_due_ms(self) -> int:
        return self.due[0] if self.due else 2**62

    def advance(self, now_ms: int) -> None:
        self.advanced.append(now_ms)
        while self.due and self.due[0] <= now_ms and self.due[0] != 13:
            self.due.pop(0)

    def drain(self) -> list[Send | Close]:
        out, self.out = self.out, []
        return out


class Memory:
    """Breaks on demand."""

    broken = False
    heals = False

    def mark(self) -> None:
        pass

    def mend(self) -> bool:
        self.broken = not self.heals
        return self.heals


class Outlet:
    """Keeps what left."""

    def __init__(self) -> None:
        self.sent: list[Parcel] = []
        self.closed: tuple[int, bool] | None = None

    def send(self, parcels: list[Parcel]) -> None:
        self.sent += parcels

    def close(self, code: int, _reason: str, *, abrupt: bool) -> None:
        self.closed = code, abrupt


class NoLog:
    """Nobody reads along."""

    def heard(self, *_: object) -> None:
        pass

    def said(self, *_: object) -> None:
        pass

    def gone(self, *_: object) -> None:
        pass


class World:
    """A pump with everything around it."""

    def __init__(self, speed: float = 1.0) -> None:
        self.loop, self.core, self.memory = Loop(), Core(), Memory()
        self.clock = Clock(1000, speed=speed, monotonic=self.loop.time)
        self.pump = Pump(self.core, self.clock, self.loop, self.memory, NoLog())  # type: ignore[arg-type]

    def connect(self) -> tuple[int, Outlet]:
        outlet = Outlet()
        return self.pump.connect(outlet, transport="ws", address="here"), outlet


def test_a_failure_of_the_core_is_counted_logged_and_answered_and_the_next_request_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    session_id, outlet = world.connect()
    with caplog.at_level(logging.ERROR):
        world.pump.frame(session_id, '{"id":77,"method":"crash"}')
    world.pump.frame(session_id, '{"id":78,"method":"fine"}')

    assert world.pump.internal_errors == 1
    assert [message for message, _ in outlet.sent] == [
        {"jsonrpc": "2.0", "id": 77, "error": {"code": 11094, "message": "internal_server_error"}},
        {"result": "ok"},
    ]
    assert "ZeroDivisionError" in caplog.text
    assert '{"id":77,"method":"crash"}' in caplog.text


def test_the_same_failure_is_written_out_once_and_counted_every_time(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    session_id, _ = world.connect()
    for _ in range(50):
        world.pump.frame(session_id, "crash")

    assert world.pump.internal_errors == 50
    assert len(caplog.records) == 1


@pytest.mark.filterwarnings("ignore")
def test_a_message_that_cannot_be_encoded_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    session_id, outlet = world.connect()
    world.pump.frame(session_id, "strange")

    assert outlet.sent[0][1] == b'{"result":"ok"}'
    assert world.pump.internal_errors == 1
    assert caplog.records


def test_a_message_for_many_is_encoded_once() -> None:
    world = World()
    outlets = [world.connect() for _ in range(3)]
    message = {"method": "subscription"}
    world.core.out = [Send(session_id, message) for session_id, _ in outlets]
    world.pump.flush()

    payloads = [outlet.sent[0][1] for _, outlet in outlets]
    assert payloads[0] is payloads[1] is payloads[2]


def test_what_was_said_before_a_close_leaves_before_it_and_nothing_after() -> None:
    world = World()
    session_id, outlet = world.connect()
    world.core.out = [Send(session_id, {"n": 1}), Close(session_id, 4000, "bye"), Send(session_id, {"n": 2})]
    world.pump.flush()

    assert [message for message, _ in outlet.sent] == [{"n": 1}]
    assert outlet.closed == (4000, False)


def test_when_memory_breaks_nothing_leaves_time_stands_still_and_it_goes_on_when_mended() -> None:
    world = World()
    session_id, outlet = world.connect()
    world.memory.broken = True
    world.pump.frame(session_id, "{}")
    reached_ms = world.pump.reached_ms

    assert (outlet.sent, outlet.closed) == ([], (1011, True))
    assert world.core.maintenance == [True]
    world.core.due = [reached_ms + 500]
    for _ in range(3):
        world.loop.run_next()
    assert (world.core.advanced, world.pump.reached_ms) == ([], reached_ms)

    world.memory.heals = True
    world.loop.run_next()
    assert world.core.maintenance == [True, False]
    assert world.core.advanced == [reached_ms + 500]


def test_an_event_that_never_gets_done_cannot_stop_the_world() -> None:
    world = World()
    world.core.due = [13]
    world.loop.now += 0.05
    world.pump.tick()

    assert world.pump.reached_ms == 1050
    assert len(world.core.advanced) <= 51


def test_the_pump_sleeps_until_the_next_event_and_wakes_for_it() -> None:
    world = World(speed=10.0)
    world.core.due = [1000 + 3000]
    world.pump.tick()
    assert world.loop.planned[0][0] == pytest.approx(0.3)
    world.loop.run_next()

    assert world.core.advanced == [4000]


def test_a_skip_is_run_in_slices_and_waits_for_signs_of_life_but_not_for_ever() -> None:
    world = World()
    asked = SimpleNamespace(test_sent_ms=2000)
    world.core.sessions = [asked]
    world.core.due = list(range(2000, 60_000, 1000))
    world.clock.skip(60_000)
    world.pump.tick()
    assert world.core.advanced == []

    asked.test_sent_ms = None
    world.loop.run_next()
    assert world.core.due == []

    asked.test_sent_ms = 61_000
    world.core.due = [70_000]
    world.clock.skip(60_000)
    began = world.loop.now
    world.pump.tick()
    while world.core.due:
        world.loop.run_next()
    assert 1.0 <= world.loop.now - began < 1.1


def test_time_never_goes_back_and_stands_still_at_speed_zero() -> None:
    loop = Loop()
    clock = Clock(5000, speed=0.0, monotonic=loop.time)
    loop.now += 1000

    assert clock.now_ms == 5000
    clock.skip(10)
    assert clock.now_ms == 5010
    assert clock.real_s_until(6000) == 1.0
    with pytest.raises(AssertionError, match="does not go back"):
        clock.skip(-1)
