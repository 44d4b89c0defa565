"""A database whose disk can be in trouble, and a process that can die at any commit or on any word over the line."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from persistence.data_dir import DataDir
from persistence.database import Database, Sync
from persistence.errors import DiskFull, DiskTrouble, Locked, StoreUnavailable
from persistence.migrate import migrate
from persistence.store import Store
from trading.values import WorkerId

TROUBLES: Final[dict[str, type[StoreUnavailable]]] = {
    "disk_full": DiskFull,
    "database_locked": Locked,
    "disk_trouble": DiskTrouble,
}
"""While one of them lasts nothing is written."""
UNMADE, UNSAID, UNREAD = "commit_unmade", "commit_unsaid", "unread"
STUMBLES: Final = (UNMADE, UNSAID, UNREAD)
"""The next commit fails; the next one is made, and whoever made it is told that it failed; nothing can be read."""
FILE: Final = "world.db"
UNSEEN: Final = ("commit:Reports.add:", "commit:Scoreboard.note:")
"""These change nothing that a promise is about: nobody need look after them. A process can die at them all the same."""


class Disk:
    """What outlives every process that has the file open: the trouble it is in, and how often it was written to."""

    def __init__(self) -> None:
        self.trouble = self.stumbles = ""
        self.commits = 0
        self.unsaid = 0
        """Commits that were made, and told as failed."""
        self.unread = 0
        """Readings that failed."""
        self.may_stumble: Callable[[], bool] = lambda: True
        """Whether it is the service that reads now, and not somebody who looks at it from outside."""
        self.has_stumbled: Callable[[], None] = lambda: None
        """Told of each time."""

    def mended(self) -> None:
        """It is well again."""
        self.trouble = self.stumbles = ""


class _OnDisk(Database):
    """A file on such a disk."""

    disk: Disk

    @property
    def trouble(self) -> str:
        """What keeps it from being written to."""
        return self.disk.trouble

    @trouble.setter
    def trouble(self, trouble: str) -> None:
        self.disk.trouble = trouble


class ShakyDatabase(_OnDisk):
    """A file that takes no writes while ``trouble`` is set, and stumbles now and then."""

    def __init__(self, path: Path | str, *, disk: Disk | None = None, **made: Any) -> None:
        self.disk = disk or Disk()
        super().__init__(path, **made)

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement, unless the disk stumbles over it."""
        disk = self.disk
        if not disk.stumbles or not disk.may_stumble():
            return super().sql(statement, parameters)
        if disk.stumbles == UNREAD and statement.lstrip().startswith("SELECT"):
            disk.unread += 1
            self._fails()
        if disk.stumbles != UNREAD and statement == "COMMIT" and self.is_writing:
            if disk.stumbles == UNSAID:
                super().sql(statement, parameters)
                disk.unsaid += 1
            disk.stumbles = ""
            self._fails()
        return super().sql(statement, parameters)

    def rows(self, query: Any) -> list[dict[str, Any]]:
        """Read, unless nothing can be read."""
        if self.disk.stumbles == UNREAD and self.disk.may_stumble():
            self.disk.unread += 1
            self._fails()
        return super().rows(query)

    def _begin(self, *, durable: bool) -> None:
        if self.trouble:
            raise TROUBLES[self.trouble]("drawn from the seed")
        super()._begin(durable=durable)

    def _commit(self) -> None:
        self.disk.commits += 1
        super()._commit()

    def _fails(self) -> None:
        self.disk.has_stumbled()
        raise DiskTrouble("drawn from the seed")


class Onlooker(_OnDisk):
    """The same file, opened by somebody who looks at it from outside: whatever the disk does, they can read."""

    def __init__(self, path: Path | str, *, disk: Disk, **made: Any) -> None:
        self.disk, self._own_commits = disk, 0
        super().__init__(path, **made)

    @property
    def commits(self) -> int:
        """How many writes were made by anybody: what was read is as it was while this stands."""
        return self._own_commits + self.disk.commits

    @commits.setter
    def commits(self, own: int) -> None:
        self._own_commits = own - self.disk.commits


class Died(BaseException):
    """The process is dead from here on: nobody in it may catch this and live."""


class Death:
    """Told every commit and every word over the line; lets the process die at one of them."""

    def __init__(self) -> None:
        self.is_dead = False
        self.commits = 0
        self._left: int | None = None

    def after(self, points: int) -> None:
        """Die at the so-manieth point from now."""
        self._left = points

    def reborn(self) -> None:
        """A new process."""
        self.is_dead, self._left = False, None

    def __call__(self, name: str) -> None:
        """A point is passed. The dead neither write nor send."""
        if self.is_dead:
            if name.startswith(("commit:", "send:")):
                raise Died(name)
            return
        if name.startswith("commit:") and not name.startswith(UNSEEN):
            self.commits += 1
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.is_dead = True
                raise Died(name)


class DataFile:
    """One file, opened anew by every process, and by one onlooker for good."""

    def __init__(self, folder: Path, death: Death, *, worker: str, account: str) -> None:
        self._folder, self._death, self._worker, self._account = folder, death, worker, account
        self.disk = Disk()
        self._open: ShakyDatabase | None = None

    def opens(self) -> Store:
        """A process begins: connection and caches are its own, and those of the last one are gone."""
        self.close()
        self._open = ShakyDatabase(self._folder / FILE, disk=self.disk, sync=Sync.OFF, passed=self._death)
        return self._store(self._open)

    def onlooker(self) -> tuple[Onlooker, Store]:
        """Somebody looks at it."""
        database = Onlooker(self._folder / FILE, disk=self.disk, sync=Sync.OFF, passed=self._death)
        return database, self._store(database)

    def close(self) -> None:
        """The process is gone."""
        if self._open is not None:
            self._open.close_thread()
            self._open = None

    def _store(self, database: Database) -> Store:
        migrate(database, lambda: None)
        return Store(database, DataDir(self._folder), worker=WorkerId(self._worker), account=self._account)


def open_store(folder: Path, death: Death, *, worker: str, account: str) -> tuple[ShakyDatabase, Store]:
    """A store in a file, because a connection that failed is closed, and one in memory would forget everything."""
    database = ShakyDatabase(folder / FILE, sync=Sync.OFF, passed=death)
    migrate(database, lambda: None)
    return database, Store(database, DataDir(folder), worker=WorkerId(worker), account=account)
