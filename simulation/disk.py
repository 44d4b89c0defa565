"""A database whose disk can be in trouble, and a process that can die at any commit or on any word over the line."""

from pathlib import Path
from typing import Final

from persistence.data_dir import DataDir
from persistence.database import Database, Sync
from persistence.errors import DiskFull, Locked, StoreUnavailable
from persistence.migrate import migrate
from persistence.store import Store
from trading.values import WorkerId

TROUBLES: Final[dict[str, type[StoreUnavailable]]] = {"disk_full": DiskFull, "database_locked": Locked}
UNSEEN: Final = ("commit:Reports.add:", "commit:Scoreboard.note:")
"""These change nothing that a promise is about: nobody need look after them. A process can die at them all the same."""


class ShakyDatabase(Database):
    """A file that takes no writes while ``trouble`` is set."""

    trouble: str = ""

    def _begin(self, *, durable: bool) -> None:
        if self.trouble:
            raise TROUBLES[self.trouble]("drawn from the seed")
        super()._begin(durable=durable)


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


def open_store(folder: Path, death: Death, *, worker: str, account: str) -> tuple[ShakyDatabase, Store]:
    """A store in a file, because a connection that failed is closed, and one in memory would forget everything."""
    database = ShakyDatabase(folder / "world.db", sync=Sync.OFF, passed=death)
    migrate(database, lambda: None)
    return database, Store(database, DataDir(folder), worker=WorkerId(worker), account=account)
