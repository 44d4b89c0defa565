"""Who listens to the journal hears everything once and in order, and is woken seldom."""

import pytest

from actors.journal import TAIL_MAX
from actors.subscribers import Told
from tests.actors.journal_desk import DOWN, UP, Desk, heard, order, ticker
from tests.unit.persistence.made import NOW, plan_of
from trading.bracket import Bracket
from trading.messages import journal


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_listeners_hear_the_log_in_its_order_whoever_wrote_it(desk: Desk) -> None:
    desk.log.add("before", "x", "x", at=NOW)
    listener = desk.listener()
    desk.log.add("trade_opened", "b", "by the order manager", at=NOW)

    desk.told(journal.BracketMoved(bracket=Bracket(plan=plan_of()), cause="x"), UP)

    logged = [told for told in heard(listener) if told.id is not None]
    assert [(told.id, told.kind) for told in logged] == [(2, "trade_opened"), (3, "connection_changed")]
    assert logged[0].content["text"] == "by the order manager"


def test_a_log_that_fails_is_counted_and_listeners_still_hear(desk: Desk) -> None:
    listener = desk.listener()
    desk.log.is_full = True
    assert desk.told(UP, DOWN).unsaved == 2
    assert [told.kind for told in heard(listener)] == ["connection_changed", "connection_changed"]

    desk.log.is_full = False
    assert desk.told(UP).unsaved == 0


def test_prices_are_shown_to_listeners_now_and_then_and_the_newest_only(desk: Desk) -> None:
    listener = desk.listener()
    for mark in ("1", "2", "3"):
        desk.told(journal.TickerChanged(ticker=ticker(mark)))
    assert heard(listener) == []

    desk.journal.on_receive(desk.timers.running.pop("show"))
    desk.gathers()

    assert [told.content["mark"] for told in heard(listener)] == ["3"]
    desk.told(journal.TickerChanged(ticker=ticker("4")))
    assert "show" in desk.timers.running


def test_without_listeners_no_timer_runs_and_nothing_is_gathered(desk: Desk) -> None:
    """A simulated year must not be woken four times a second for a page nobody looks at."""
    desk.told(journal.TickerChanged(ticker=ticker("1")), UP)

    assert desk.timers.running == {}


def ids(told: list[Told]) -> list[int]:
    return [each.id for each in told if each.id is not None]


def test_what_a_journal_that_dies_had_gathered_is_told_by_the_next_one(desk: Desk) -> None:
    """An id that is never told would be hidden for ever by the next one: a page asks from the last id it saw."""
    listener = desk.listener()
    for message in (UP, DOWN, journal.OrderSeen(order=order())):
        desk.journal.on_receive(message)

    desk.begins()
    desk.gathers()

    again = heard(listener)
    assert ids(again) == [1, 2]
    assert [told.kind for told in again if told.id is None] == ["reload"], "passing states were lost with it"
    desk.told(UP)
    assert ids(heard(listener)) == [3]


def test_a_journal_that_begins_with_nobody_listening_tells_nothing(desk: Desk) -> None:
    assert desk.timers.running == {}
    listener = desk.listener()

    desk.told(UP)

    assert [told.kind for told in heard(listener)] == ["connection_changed"]


def test_who_joins_while_something_is_gathered_for_one_who_left_misses_nothing(desk: Desk) -> None:
    """He read in the log how far it went before the first of it was written."""
    desk.log.add("before", "x", "x", at=NOW)
    first = desk.listener()
    desk.journal.on_receive(UP)
    desk.subscribers.leave(first)
    second = desk.subscribers.join(1)
    desk.journal.on_receive(DOWN)

    desk.gathers()

    assert ids(heard(second)) == [2, 3]


def test_who_joins_after_it_was_told_to_nobody_misses_nothing(desk: Desk) -> None:
    first = desk.listener()
    desk.journal.on_receive(UP)
    desk.subscribers.leave(first)
    desk.gathers()
    second = desk.subscribers.join(0)

    desk.told(DOWN)

    assert ids(heard(second)) == [1, 2]


def test_a_log_that_cannot_be_read_for_a_moment_is_told_whole_afterwards(desk: Desk) -> None:
    listener = desk.listener()
    desk.log.is_shut = True
    desk.told(UP, journal.OrderSeen(order=order()))
    assert [told.kind for told in heard(listener)] == ["order_changed"]

    desk.log.is_shut = False
    desk.told(DOWN)

    assert ids(heard(listener)) == [1, 2]


def test_more_than_is_told_at_once_is_told_in_turns(desk: Desk) -> None:
    listener = desk.listener()
    for _ in range(TAIL_MAX + 1):
        desk.log.add("alert", "x", "x", at=NOW)

    desk.told(UP)
    desk.gathers()

    assert ids(heard(listener)) == list(range(1, TAIL_MAX + 3))


def test_what_happens_in_a_moment_wakes_a_listener_once_and_in_its_order(desk: Desk) -> None:
    """Each wakes a thread for every open page: dozens in a row stood in the way of the next order."""
    listener = desk.listener()

    desk.told(*(journal.OrderSeen(order=order(number=str(number))) for number in range(20)))

    handful = listener.next(0.001)
    assert handful is not None
    assert [told.content["order_id"] for told in handful.told] == [str(number) for number in range(20)]
    assert listener.next(0.001) is None


def test_a_slow_listener_is_dropped_and_the_others_are_not(desk: Desk) -> None:
    slow = desk.listener()
    for number in range(300):
        desk.told(journal.OrderSeen(order=order(number=str(number))))
    quick = desk.listener()
    desk.told(journal.OrderSeen(order=order(number="last")))

    assert slow.is_dropped
    assert [told.content["order_id"] for told in heard(quick)] == ["last"]
    assert (len(desk.subscribers), desk.subscribers.dropped) == (1, 1)
