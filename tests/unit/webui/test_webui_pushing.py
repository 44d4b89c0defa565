"""What one thread writes to many streams: each event once and in order, and it waits for none of them."""

import pytest

from actors.subscribers import Subscribers, Told
from webui.pushing import Pushed


class StandInLine:
    """A line whose listener may be slow, or gone."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.room, self.is_there = 100, True

    def has_room(self) -> bool:
        return self.room > 0

    def write(self, piece: bytes) -> bool:
        if self.is_there:
            self.written.append(piece)
            self.room -= 1
        return self.is_there


def of(told: Told) -> bytes:
    return b"%d " % told.content["n"]


def told(number: int, event_id: int | None = None) -> Told:
    return Told(kind="x", content={"n": number}, id=event_id)


@pytest.fixture
def subscribers() -> Subscribers:
    return Subscribers(waiting_max=3)


@pytest.fixture
def line() -> StandInLine:
    return StandInLine()


@pytest.fixture
def pushed(subscribers: Subscribers, line: StandInLine) -> Pushed:
    return Pushed(subscribers.join(0), line, seen=2)


def test_what_was_seen_is_not_written_again_and_what_passes_is(
    subscribers: Subscribers, line: StandInLine, pushed: Pushed
) -> None:
    subscribers.tell(told(1, 1), told(2, 2))
    subscribers.tell(told(2, 2), told(3, 3), told(0))
    subscribers.tell(told(3, 3), told(4, 4))

    pushed.push(of)

    assert line.written == [b"3 0 ", b"4 "]


def test_without_room_it_waits_in_its_order_and_holds_nobody_up(
    subscribers: Subscribers, line: StandInLine, pushed: Pushed
) -> None:
    line.room = 1
    subscribers.tell(told(3, 3))
    subscribers.tell(told(4, 4))
    pushed.push(of)
    assert line.written == [b"3 "]

    line.room = 1
    pushed.push(of)

    assert line.written == [b"3 ", b"4 "]
    assert not pushed.wait(0)


def test_who_does_not_keep_up_is_ended(subscribers: Subscribers, line: StandInLine, pushed: Pushed) -> None:
    line.room = 0
    for number in range(4):
        subscribers.tell(told(number))

    pushed.push(of)

    assert pushed.wait(0)
    assert line.written == []


def test_who_is_gone_is_ended_at_the_next_event(subscribers: Subscribers, line: StandInLine, pushed: Pushed) -> None:
    line.is_there = False
    subscribers.tell(told(1))

    pushed.push(of)

    assert pushed.wait(0)


def test_after_its_end_nothing_is_written(subscribers: Subscribers, line: StandInLine, pushed: Pushed) -> None:
    subscribers.tell(told(1))
    pushed.end()

    pushed.push(of)

    assert line.written == []


def test_a_quiet_stream_is_known_by_nothing_having_been_written(subscribers: Subscribers, pushed: Pushed) -> None:
    pushed.push(of)
    assert not pushed.has_written()
    subscribers.tell(told(1))
    pushed.push(of)

    assert (pushed.has_written(), pushed.has_written()) == (True, False)
