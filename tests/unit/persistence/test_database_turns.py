"""Our own threads take turns at writing; nobody sleeps and looks again, and nobody waits for ever."""

import threading
import time
from pathlib import Path

import pytest

from persistence.database import Database
from persistence.errors import Locked
from persistence.store import Store
from persistence.strategies import Wanted
from trading.lifecycle import Event
from trading.values import Milliseconds, WorkerId

AT = Milliseconds(1)


HELD_S, LATE_S_MAX = 0.060, 0.010


def test_who_waits_writes_as_soon_as_the_other_is_done(tmp_path: Path) -> None:
    """SQLite itself sleeps ever longer between its looks: held for 60 ms, it would be seen at 78 ms."""
    database = Database(tmp_path / "t.sqlite3")
    with database.write():
        database.sql("CREATE TABLE t (a)")
    late: list[float] = []

    def write(free_at: list[float]) -> None:
        with database.write(durable=False):
            late.append(time.monotonic() - free_at[0])
        database.close_thread()

    for _ in range(5):
        free_at: list[float] = []
        other = threading.Thread(target=write, args=(free_at,))
        with database.write():
            other.start()
            time.sleep(HELD_S)
            free_at.append(time.monotonic())
        other.join()

    database.close_thread()
    assert min(late) < LATE_S_MAX, late


def test_who_waits_too_long_is_told_and_has_written_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "t.sqlite3", wait_s_max=0.05)
    found: list[BaseException] = []

    def write() -> None:
        try:
            with database.write():
                database.sql("CREATE TABLE t (a)")
        except Locked as locked:
            found.append(locked)
        finally:
            database.close_thread()

    with database.write():
        other = threading.Thread(target=write)
        other.start()
        other.join(5)

    assert len(found) == 1
    with pytest.raises(AssertionError, match="no such table"):
        database.sql("SELECT * FROM t")
    with database.write():
        database.sql("CREATE TABLE t (a)")
    database.close_thread()


def test_moves_of_trading_wait_for_no_disk_and_those_of_people_do(tmp_path: Path) -> None:
    store = Store.open(tmp_path, worker=WorkerId("w1"), account="a", at=AT)
    store.strategies.define("s", kind="k", instrument="i", parameters={}, wanted=Wanted.RUNNING, at=AT)

    def forced() -> str:
        return store._database._thread.synchronous

    store.strategies.move("s", Event.START, generation=0, at=AT)
    assert forced() == "FULL"
    for event in (Event.SIGNAL_FOUND, Event.ENTRY_SENT, Event.TRADE_OPENED, Event.TRADE_CLOSED):
        store.strategies.move("s", event, generation=0, at=AT)
        assert forced() == "NORMAL", event
    for event in (Event.PAUSE, Event.FAILED):
        store.strategies.move("s", event, generation=0, at=AT)
        assert forced() == "FULL", event
    store.close_thread()
