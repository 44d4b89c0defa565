"""What comparisons ask is kept until something is written, and never a moment longer."""

from threading import Thread

from persistence.kept import Kept
from persistence.store import Store
from tests.unit.persistence.made import NOW, Life


def _writes(store: Store) -> None:
    store.events.add("x", "y", "something was written", at=NOW)


def test_an_answer_is_kept_until_something_is_written(store: Store) -> None:
    kept, looks = Kept(store._database), iter(range(100))
    assert [kept.read("a", lambda: next(looks)) for _ in range(3)] == [0, 0, 0]
    assert kept.read("b", lambda: next(looks)) == 1, "each has its own"
    _writes(store)
    assert [kept.read("a", lambda: next(looks)), kept.read("b", lambda: next(looks))] == [2, 3]


def test_inside_a_write_it_is_looked_up_each_time_and_not_kept(store: Store) -> None:
    kept, looks = Kept(store._database), iter(range(100))
    with store._database.write():
        assert [kept.read("a", lambda: next(looks)) for _ in range(2)] == [0, 1]
    assert [kept.read("a", lambda: next(looks)) for _ in range(2)] == [2, 2]


def test_what_was_read_while_another_thread_wrote_is_read_again(store: Store) -> None:
    kept, looks = Kept(store._database), iter(range(100))

    def meanwhile() -> None:
        _writes(store)
        store.close_thread()

    def look() -> int:
        other = Thread(target=meanwhile)
        other.start()
        other.join(10)
        return next(looks)

    assert kept.read("a", look) == 0
    assert kept.read("a", lambda: next(looks)) == 1


def test_the_brackets_that_wait_for_a_person_are_those_of_now(store: Store) -> None:
    assert store.brackets.quarantined_brackets() == []
    assert store.brackets.newest_ids(5) == frozenset()
    life = Life(store, "1")
    life.begins()
    assert store.brackets.newest_ids(5) == {life.bracket.plan.bracket_id}
