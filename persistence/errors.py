"""What can go wrong with the memory, sorted as in `trading.errors` by what someone must now do.

Unavailable
`- StoreUnavailable       nothing was written; try again within a bound, then stop opening trades
   |- Locked              somebody else holds the database
   |- DiskFull            no room left
   |- DiskTrouble         the disk or its permissions say no
   `- Damaged             the file is not what was written; a person restores a backup
ConfigError
|- AlreadyRunning         another instance owns the data directory
`- FromTheFuture          a newer version wrote this database
TradingError
|- LostRace               the row is no longer as the caller thought; nothing was written
`- NotOpened              this bracket may not open; carries a `Refused`
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import peewee

from trading.errors import ConfigError, Refused, TradingError, Unavailable


class StoreUnavailable(Unavailable):
    """The database could not take it now. Nothing of it was written."""


class Locked(StoreUnavailable):
    """Somebody else held the database for longer than we wait."""


class DiskFull(StoreUnavailable):
    """There is no room left."""


class DiskTrouble(StoreUnavailable):
    """The disk, or the permissions on it, said no."""


class Damaged(StoreUnavailable):
    """What is in the file is not what was written there."""


class AlreadyRunning(ConfigError):
    """Another instance owns the data directory."""


class FromTheFuture(ConfigError):
    """A newer version of the program wrote this database."""


class LostRace(TradingError):
    """The row is no longer as the caller thought. Nothing was written."""


class NotOpened(TradingError):
    """A bracket may not open now. Nothing was written."""

    def __init__(self, why: Refused) -> None:
        """Carry the refusal for the strategy and the person."""
        super().__init__(why.sentence)
        self.why = why


_BY_CODE: Final[dict[int, type[StoreUnavailable]]] = {
    sqlite3.SQLITE_BUSY: Locked,
    sqlite3.SQLITE_LOCKED: Locked,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_IOERR: DiskTrouble,
    sqlite3.SQLITE_CANTOPEN: DiskTrouble,
    sqlite3.SQLITE_READONLY: DiskTrouble,
    sqlite3.SQLITE_PERM: DiskTrouble,
    sqlite3.SQLITE_CORRUPT: Damaged,
    sqlite3.SQLITE_NOTADB: Damaged,
}
_PRIMARY: Final = 0xFF  # the low byte of SQLite's extended codes


@contextmanager
def told_in_our_words() -> Iterator[None]:
    """Turn the database's exceptions into the tree above. A broken constraint is a broken rule of our own."""
    try:
        yield
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:
        raise translated(error) from error


def translated(error: Exception) -> Exception:
    """Give the exception of ours for one of the database's."""
    cause: BaseException = error
    while isinstance(original := getattr(cause, "orig", None), BaseException):
        cause = original  # peewee wraps the driver's exception, sometimes twice
    code = getattr(cause, "sqlite_errorcode", None)
    family = None if code is None else _BY_CODE.get(code & _PRIMARY)
    if family is not None:
        return family(str(cause))
    return AssertionError(f"the database refused: {cause}")
