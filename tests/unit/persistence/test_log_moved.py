"""What was written is moved from SQLite's log into its file by commits nobody waits for; by others only in need."""

from pathlib import Path

from persistence.store import Store
from tests.unit.persistence.made import NOW, WORKER

PAGE = 4_096
TEXT = "x" * 25 * PAGE


def _write(store: Store, pages: int, *, durable: bool) -> None:
    for _ in range(pages // 25):
        store.events.add("kind", "subject", TEXT, at=NOW, durable=durable)


def test_an_order_does_not_wait_while_the_log_is_moved(tmp_path: Path) -> None:
    store = Store.open(tmp_path, worker=WORKER, account="embedded", at=NOW)
    file = store.data_dir.database
    _write(store, 1_500, durable=True)
    assert file.stat().st_size < 1_000 * PAGE, "it is still in the log"

    _write(store, 25, durable=False)
    assert file.stat().st_size > 1_500 * PAGE
    store.close_thread()


def test_the_log_is_moved_when_all_that_is_written_is_waited_for(tmp_path: Path) -> None:
    store = Store.open(tmp_path, worker=WORKER, account="embedded", at=NOW)
    _write(store, 3_500, durable=True)
    assert store.data_dir.database.stat().st_size > 2_000 * PAGE
    store.close_thread()
