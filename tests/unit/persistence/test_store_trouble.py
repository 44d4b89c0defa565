"""Disk and database in trouble: nothing half written, one family of exceptions, and it goes on afterwards."""

import sqlite3
import threading
from contextlib import closing

import pytest

from persistence.errors import Damaged, DiskFull, DiskTrouble, Locked, StoreUnavailable
from persistence.outbox import Notice
from persistence.steps import Outcome
from persistence.store import Store
from tests.unit.persistence.conftest import Open
from tests.unit.persistence.made import NOW, Life
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.values import InstrumentName

THREADS, STEPS = 8, 12
PAGE = 4_096


@pytest.fixture
def life(opens: Open) -> Life:
    life = Life(opens(wait_s_max=0.05))
    life.begins()
    return life


def test_a_locked_database_is_said_in_time_and_works_again_when_it_is_free(life: Life) -> None:
    with closing(sqlite3.connect(life.store.data_dir.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked) as trouble:
            life.fills(1)
        assert life.store.trades().items[0].version == 1, "reading goes on"
        other.execute("ROLLBACK")

    assert isinstance(trouble.value, Unavailable)
    assert life.again().outcome is Outcome.WRITTEN
    assert life.remembered == life.bracket


def test_a_full_disk_leaves_nothing_half_and_works_again_when_there_is_room(life: Life) -> None:
    sql = life.store._database.sql
    pages = sql("PRAGMA page_count").fetchone()[0]
    sql(f"PRAGMA max_page_count = {pages}")

    for number in range(1, 200):
        before, last = life.bracket, life.store.events.last_id()
        try:
            life.fills(number)
        except DiskFull:
            break
    else:
        pytest.fail("the disk was never full")

    # The connection was given back, and with it the limit that stood for the full disk.
    assert life.remembered == before
    assert life.store.events.last_id() == last
    assert life.again().outcome is Outcome.WRITTEN
    assert life.store.check() == ()


def test_a_read_only_file_is_said(life: Life) -> None:
    life.store._database.sql("PRAGMA query_only = 1")

    with pytest.raises(DiskTrouble):
        life.fills(1)

    assert life.again().outcome is Outcome.WRITTEN


def test_every_trouble_of_the_disk_is_unavailable() -> None:
    assert all(issubclass(one, StoreUnavailable) for one in (Locked, DiskFull, DiskTrouble))
    assert issubclass(StoreUnavailable, Unavailable)


def test_eight_threads_write_at_once_and_nothing_is_lost(opens: Open) -> None:
    store = opens(wait_s_max=20)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            life = Life(store, str(number), instrument=InstrumentName(f"COIN{number}-PERPETUAL"))
            life.begins()
            for step in range(STEPS):
                life.fills(step)
                store.settings.put(f"{number}", step, by="me", at=NOW)
            assert life.remembered == life.bracket
        except BaseException as error:  # noqa: BLE001 - a thread's failure is shown below
            failures.append(error)
        finally:
            store.close_thread()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    assert [trade.version for trade in store.trades().items] == [STEPS + 1] * THREADS
    assert store.check() == ()


def test_of_eight_threads_that_want_one_instrument_one_gets_it(opens: Open) -> None:
    store = opens(wait_s_max=20)
    got: list[Store] = []
    refused: list[Exception] = []
    together = threading.Barrier(THREADS)

    def work(number: int) -> None:
        life = Life(store, str(number))
        together.wait(10)
        try:
            life.begins()
            got.append(store)
        except Exception as error:  # noqa: BLE001 - looked at below
            refused.append(error)
        finally:
            store.close_thread()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(got) == 1
    assert {type(error).__name__ for error in refused} == {"NotOpened"}


def test_a_picture_does_not_move_while_others_write(opens: Open) -> None:
    store, other = opens(), opens()
    life = Life(other)
    life.begins()

    with store.picture():
        before = store.trade(life.plan.bracket_id)
        thread = threading.Thread(target=life.fills, args=(1,))
        thread.start()
        thread.join(10)
        during = store.trade(life.plan.bracket_id)

    after = store.trade(life.plan.bracket_id)
    assert before == during != after


def test_a_write_inside_a_picture_is_a_mistake(store: Store) -> None:
    with pytest.raises(AssertionError, match="picture"), store.picture():
        store.settings.put("a", 1, by="me", at=NOW)


def test_a_file_that_fails_in_the_middle_of_its_rows_is_told_in_our_words(opens: Open) -> None:
    """Who looks for alerts to deliver must know it from a mistake of their own: of that they would die."""
    store = opens()
    for number in range(300):
        store.outbox.put(Notice(severity=Severity.WARNING, type="test", text=f"{number} " + "word " * 300), at=NOW)
    path = store.data_dir.database
    store.close_thread()  # the last one: its log is moved into the file
    content = bytearray(path.read_bytes())
    at = content.index(b"150 word word")
    content[at - at % PAGE : at - at % PAGE + 8] = b"\xff" * 8
    path.write_bytes(content)

    with pytest.raises(Damaged):
        opens().outbox.after(0)
