"""The data directory: private, and used by one process at a time. Backups of it, and the way back."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from persistence import backup
from persistence.data_dir import DataDir, Lock, holder
from persistence.errors import AlreadyRunning, Damaged, FromTheFuture
from persistence.store import Store
from tests.unit.persistence.conftest import Open
from tests.unit.persistence.made import NOW, WORKER, Life
from trading.errors import BadInput, ConfigError
from trading.values import Milliseconds


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def data_dir(store: Store) -> DataDir:
    return store.data_dir


def _later(ms: int) -> Milliseconds:
    return Milliseconds(NOW + ms)


# --- private


def test_everything_is_private_whatever_the_umask(folder: Path, opens: Open) -> None:
    before = os.umask(0)
    try:
        store = opens()
        Life(store).begins()
        store.backup(at=NOW)
        with Lock(store.data_dir, worker="w1", pid=1, at=NOW):
            modes = {path.name: _mode(path) for path in folder.rglob("*")}
    finally:
        os.umask(before)

    assert len(modes) >= 5
    assert {mode for name, mode in modes.items() if name != "backups"} == {0o600}
    assert (modes["backups"], _mode(folder)) == (0o700, 0o700)


def test_a_folder_that_was_open_is_closed(opens: Open, folder: Path) -> None:
    store = opens()
    store.close_thread()
    folder.chmod(0o755)
    store.data_dir.database.chmod(0o644)

    opens()

    assert (_mode(folder), _mode(store.data_dir.database)) == (0o700, 0o600)


def test_a_folder_that_cannot_be_made_is_a_problem_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be used"):
        DataDir(tmp_path / "file" / "data").prepare()


# --- one at a time


def test_a_second_instance_is_told_who_is_there(data_dir: DataDir) -> None:
    with (
        Lock(data_dir, worker="w1", pid=4711, at=NOW),
        pytest.raises(AlreadyRunning, match=r"process 4711 \(worker w1\)"),
    ):
        Lock(data_dir, worker="w2", pid=2, at=NOW)


def test_the_lock_is_free_again_after_its_release(data_dir: DataDir) -> None:
    lock = Lock(data_dir, worker="w1", pid=1, at=NOW)
    held = holder(data_dir)
    lock.release()
    lock.release()

    with Lock(data_dir, worker="w2", pid=2, at=NOW):
        now = holder(data_dir)
    assert held is not None
    assert now is not None
    assert (held.pid, held.since, now.worker) == (1, NOW, "w2")
    assert holder(data_dir) is None


# --- backups


def test_a_backup_holds_what_was_recorded_and_is_one_file(store: Store) -> None:
    life = Life(store)
    life.begins()

    made = store.backup(at=NOW)

    life.fills(1)
    assert [path.name for path in store.data_dir.backups.iterdir()] == ["20231114T221320000Z-asked.sqlite3"]
    with closing(sqlite3.connect(made.path)) as copy:
        assert copy.execute("SELECT version FROM brackets").fetchone() == (1,)


def test_only_the_newest_backups_are_kept(data_dir: DataDir) -> None:
    for number in range(5):
        backup.make(data_dir, at=_later(number), keep=3)

    assert [one.path.name[15:18] for one in backup.backups(data_dir)] == ["004", "003", "002"]


def test_restoring_brings_back_what_was_and_keeps_what_is(opens: Open) -> None:
    store = opens()
    life = Life(store)
    life.begins()
    old = store.backup(at=NOW)
    then = life.bracket
    life.fills(1)
    store.close_thread()

    kept = backup.restore(store.data_dir, old.path, at=_later(1))

    assert opens().open_brackets() == [then]
    assert kept is not None
    backup.restore(store.data_dir, kept.path, at=_later(2))
    assert opens().open_brackets() == [life.bracket]


def test_a_backup_of_an_older_version_is_brought_up_to_date_by_the_next_start(opens: Open, tmp_path: Path) -> None:
    store = opens()
    store.close_thread()
    old = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(old)) as made:
        made.executescript((Path(__file__).parent / "schemas" / "v1.sql").read_text())

    backup.restore(store.data_dir, old, at=NOW)

    assert Life(opens()).begins().version == 1


def test_restoring_over_a_damaged_database_keeps_the_damaged_file(opens: Open) -> None:
    store = opens()
    old = store.backup(at=NOW)
    store.close_thread()
    store.data_dir.database.write_bytes(b"noise" * 1000)
    leftover = store.data_dir.folder / f"{store.data_dir.database.name}-wal"
    leftover.write_bytes(b"of the damaged one")

    assert backup.restore(store.data_dir, old.path, at=_later(1)) is None

    assert not leftover.exists(), "it must not be read as the restored file's"
    assert opens().check() == ()
    assert any(path.name.startswith("damaged-") for path in store.data_dir.backups.iterdir())


@pytest.mark.parametrize("spoil", ["missing", "noise", "cut", "future", "foreign"])
def test_a_file_that_is_no_sound_backup_of_ours_changes_nothing(opens: Open, tmp_path: Path, spoil: str) -> None:
    store = opens()
    life = Life(store)
    life.begins()
    file = tmp_path / "file"
    if spoil != "missing":
        shutil.copyfile(store.backup(at=NOW).path, file)
    if spoil == "noise":
        file.write_bytes(b"noise" * 1000)
    elif spoil == "cut":
        file.write_bytes(file.read_bytes()[: 4096 * 20])
    elif spoil in {"future", "foreign"}:
        with closing(sqlite3.connect(file)) as copy:
            copy.execute("PRAGMA user_version = 99" if spoil == "future" else "PRAGMA application_id = 1")

    with pytest.raises((BadInput, Damaged, FromTheFuture)):
        backup.restore(store.data_dir, file, at=_later(1))

    assert store.open_brackets() == [life.bracket]
    assert not list(store.data_dir.folder.glob("*.incoming"))


def test_two_workers_have_two_memories_in_one_file(opens: Open) -> None:
    Life(opens()).begins()

    assert opens(worker="w2").open_brackets() == []
    assert len(opens(worker=WORKER).open_brackets()) == 1
