"""The stream tells what was missed and what happens, each event once and in order, and holds nobody up."""

import threading

import pytest

from actors.subscribers import Told
from persistence.store import Store
from tests.unit.webui.house import NOW, House, Reply, events_of
from trading.values import Milliseconds
from webui import stream
from webui.stream import REPLAY_MAX

AT = Milliseconds(NOW)


@pytest.fixture
def store(kept: Store) -> Store:
    """A stream closes its connection when it has read; a store in memory would be gone with it."""
    return kept


def happens(house: House, text: str) -> int:
    """Write an event, and tell it to those who listen as the journal does."""
    event = house.store.events.add("alert", "x", text, at=AT)
    house.subscribers.tell(Told(kind="alert", content={"text": text}, id=event.id))
    return event.id


def opened(house: House, last: int | None = None) -> Reply:
    reply = house.get("stream", **({} if last is None else {"last_event_id": str(last)}))
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/event-stream")
    return reply


def texts(found: list[tuple[str, str | None, dict[str, str]]]) -> list[tuple[str | None, str]]:
    return [(number, content.get("text", "")) for kind, number, content in found if kind == "alert"]


def test_a_new_listener_hears_what_happens_from_now_on(house: House) -> None:
    happens(house, "before")
    reply = opened(house)
    pieces = iter(reply.pieces)
    assert events_of(pieces, 1)[0][0] == "hello"

    number = happens(house, "after")

    assert texts(events_of(pieces, 1)) == [(str(number), "after")]
    reply.close()


def test_a_listener_that_was_away_hears_what_it_missed_and_nothing_twice(house: House) -> None:
    first = happens(house, "1")
    missed = [happens(house, "2"), happens(house, "3")]
    reply = opened(house, first)
    pieces = iter(reply.pieces)
    replayed = events_of(pieces, 3)
    house.subscribers.tell(Told(kind="alert", content={"text": "3"}, id=missed[-1]))
    later = happens(house, "4")

    assert texts(replayed) == [(str(missed[0]), "2"), (str(missed[1]), "3")]
    assert texts(events_of(pieces, 1)) == [(str(later), "4")]
    reply.close()


def test_nothing_falls_between_reading_the_log_and_listening(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = happens(house, "1")
    events = house.store.events
    read = events.after

    def late(event_id: int, *, limit: int = 100) -> object:
        found = read(event_id, limit=limit)
        happens(house, "while reading")
        monkeypatch.setattr(events, "after", read)
        return found

    monkeypatch.setattr(events, "after", late)
    reply = opened(house, first)

    assert [text for _, text in texts(events_of(iter(reply.pieces), 2))] == ["while reading"]
    reply.close()


def test_passing_states_carry_no_id_so_that_a_reconnect_asks_from_the_last_event(house: House) -> None:
    reply = opened(house)
    pieces = iter(reply.pieces)
    events_of(pieces, 1)
    house.subscribers.tell(Told(kind="ticker", content={"mark": "1"}))

    assert events_of(pieces, 1) == [("ticker", None, {"mark": "1"})]
    reply.close()


def test_who_missed_too_much_is_told_to_read_anew(house: House) -> None:
    for _ in range(REPLAY_MAX):
        house.store.events.add("alert", "x", "y", at=AT)

    reply = opened(house, 0)

    assert [kind for kind, _, _ in events_of(iter(reply.pieces), 2)] == ["reload", "hello"]
    reply.close()


def test_an_id_from_another_database_is_told_to_read_anew(house: House) -> None:
    reply = opened(house, 5)

    assert events_of(iter(reply.pieces), 1)[0][0] == "reload"
    reply.close()


@pytest.mark.parametrize("last", ["x", "-1", "9" * 40])
def test_an_id_that_is_none_is_refused(house: House, last: str) -> None:
    assert house.get("stream", last_event_id=last).error["field"] == "last_event_id"
    assert house.streams.open_now == 0


def test_so_many_streams_and_no_more_and_room_is_given_back(house: House) -> None:
    replies = [opened(house) for _ in range(house.streams_max)]
    refused = house.get("stream")
    assert (refused.status, refused.error["code"]) == (503, "too_many_streams")
    assert "Retry-After" in refused.headers

    replies[0].close()  # never begun: its room must come back all the same
    again = opened(house)

    assert house.streams.open_now == house.streams_max
    for reply in (*replies, again):
        reply.close()
    assert (house.streams.open_now, len(house.subscribers)) == (0, 0)


def test_a_listener_that_does_not_keep_up_is_let_go_and_told_to_read_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_S", 0.01)
    reply = opened(house)
    pieces = iter(reply.pieces)
    events_of(pieces, 1)
    for _ in range(300):
        house.subscribers.tell(Told(kind="ticker", content={}))

    kinds = [kind for kind, _, _ in events_of(pieces, 257)]

    assert kinds[-1] == "reload"
    assert (len(house.subscribers), house.subscribers.dropped) == (0, 1)
    reply.close()


def test_a_quiet_stream_says_that_it_is_still_there(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_S", 0.001)
    reply = opened(house)
    pieces = iter(reply.pieces)
    events_of(pieces, 1)

    assert next(pieces) == b": still here\n\n"
    reply.close()


def test_streams_end_with_the_service_and_none_begins(house: House) -> None:
    reply = opened(house)
    pieces = iter(reply.pieces)
    events_of(pieces, 1)
    house.streams.stop()

    assert list(pieces) == [b"event: bye\ndata: {}\n\n"]
    assert house.get("stream").error["code"] == "stopping"
    reply.close()


def test_two_who_join_at_once_both_listen(house: House) -> None:
    joined = []
    threads = [threading.Thread(target=lambda: joined.append(house.subscribers.join(0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    house.subscribers.tell(Told(kind="x", content={}))

    assert all(each.next(0.1) for each in joined)
    assert len(joined) == 8


def test_a_line_break_in_an_event_does_not_break_the_stream(house: House, store: Store) -> None:
    number = store.events.add("alert", "x", "one\n\nevent: panic\ndata: {}", at=AT).id
    reply = opened(house, number - 1)

    assert events_of(iter(reply.pieces), 2)[0][2]["text"] == "one\n\nevent: panic\ndata: {}"
    reply.close()
