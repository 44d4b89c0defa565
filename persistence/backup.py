"""Copies of the database while it is in use, and the way back.

The copy is made in one go: in pages it would start over with every write. Restoring wants the service stopped (it
takes the lock), keeps what was there as a backup of its own, and puts the new file in place in one move.
"""

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from persistence.data_dir import DataDir, keep_private
from persistence.errors import Damaged, DiskTrouble, told_in_our_words
from persistence.migrate import APPLICATION_ID, refuse_the_future
from trading.errors import BadInput
from trading.values import Milliseconds

KEPT: Final = 14
_WAIT_S_MAX: Final = 10.0
_NAME: Final = re.compile(r"\d{8}T\d{9}Z-(?P<why>[a-z]+)\.sqlite3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """One copy. ``why`` it was made: by hand, before an upgrade, before a restore."""

    path: Path
    why: str
    size: int

    @property
    def made_at(self) -> Milliseconds:
        """When it was made, as its name says."""
        stamp = self.path.name.partition("Z")[0]
        moment = datetime.strptime(stamp[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return Milliseconds(int(moment.timestamp()) * 1000 + int(stamp[15:]))


def make(data_dir: DataDir, *, at: Milliseconds, why: str = "asked", keep: int = KEPT) -> Backup:
    """Copy the database, look the copy through, and drop the oldest copies. StoreUnavailable leaves none behind."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    path = data_dir.backups / f"{moment:%Y%m%dT%H%M%S}{at % 1000:03d}Z-{why}.sqlite3"
    if not _NAME.fullmatch(path.name):
        raise BadInput("why a backup was made is one lower-case word", why)
    unfinished = path.with_suffix(".unfinished")
    try:
        _copy(data_dir.database, unfinished)
        look_through(unfinished)
        unfinished.replace(path)
        _sync_folder(data_dir.backups)
    except OSError as error:
        raise DiskTrouble(f"no backup was made: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    prune(data_dir, keep)
    return _backup(path, why)


def backups(data_dir: DataDir) -> tuple[Backup, ...]:
    """Give the copies there are, the newest first."""
    if not data_dir.backups.is_dir():
        return ()
    found = ((path, _NAME.fullmatch(path.name)) for path in sorted(data_dir.backups.iterdir(), reverse=True))
    return tuple(_backup(path, match["why"]) for path, match in found if match)


def prune(data_dir: DataDir, keep: int = KEPT) -> int:
    """Drop all but the newest copies; give how many went."""
    old = backups(data_dir)[max(1, keep) :]
    for one in old:
        one.path.unlink(missing_ok=True)
    return len(old)


def restore(data_dir: DataDir, file: Path, *, at: Milliseconds) -> Backup | None:
    """Put a copy in the database's place; give the backup of what was there. The caller holds the lock.

    An older copy is brought up to date by the next start. The key of the credentials is not part of a copy.
    """
    look_through(file)
    data_dir.prepare()
    incoming = data_dir.database.with_suffix(".incoming")
    try:
        shutil.copyfile(file, incoming)
        keep_private(incoming)
        _sync(incoming)
        kept = _set_aside(data_dir, at)
        for leftover in data_dir.folder.glob(f"{data_dir.database.name}-*"):
            leftover.unlink()
        incoming.replace(data_dir.database)
        _sync_folder(data_dir.folder)
    except OSError as error:
        raise DiskTrouble(f"nothing was restored: {error.strerror}") from error
    finally:
        incoming.unlink(missing_ok=True)
    return kept


def look_through(file: Path) -> int:
    """Make sure that this is a sound database of ours; give its schema's number."""
    if not file.is_file():
        raise BadInput("there is no such file", str(file))
    with told_in_our_words(), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        found = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
        if found != ["ok"]:
            raise Damaged(f"{file} is damaged: {found[0]}")
        if copy.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise Damaged(f"{file} is a database, but not one of ours")
        version = int(copy.execute("PRAGMA user_version").fetchone()[0])
    refuse_the_future(version)
    return version


def _copy(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    with (
        told_in_our_words(),
        closing(sqlite3.connect(source, timeout=_WAIT_S_MAX)) as origin,
        closing(sqlite3.connect(target)) as copy,
    ):
        origin.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")
    _sync(target)


def _set_aside(data_dir: DataDir, at: Milliseconds) -> Backup | None:
    """Keep what is there now: as a backup, or as the file it is when it cannot be read."""
    if not data_dir.database.stat().st_size:
        return None
    try:
        return make(data_dir, at=at, why="replaced")
    except Damaged:
        moment = f"{at}"
        for part in (data_dir.database, *data_dir.folder.glob(f"{data_dir.database.name}-*")):
            shutil.copyfile(part, data_dir.backups / f"damaged-{moment}-{part.name}")
        return None


def _backup(path: Path, why: str) -> Backup:
    return Backup(path=path, why=why, size=path.stat().st_size)


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
