"""One SQLite file: a connection per thread, one writer at a time, nothing half written.

Every write is `BEGIN IMMEDIATE ... COMMIT`: it waits for its turn at the beginning or not at all. What the promises
need is forced to the disk before the block ends (`durable=True`); the rest survives the death of the process, and a
power cut may take its last moments.
"""

import contextlib
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum, unique
from pathlib import Path
from types import FrameType
from typing import Any, Final

import peewee

from persistence.errors import Locked, StoreUnavailable, told_in_our_words, translated

IN_MEMORY: Final = ":memory:"
WAIT_S_MAX: Final = 2.0
CACHE_KIB: Final = 256
"""Of each connection, and every thread has one: with SQLite's own 2 MiB the service grew for hours."""
_WAL_BYTES_KEPT: Final = 16 * 1024 * 1024
_TIDY_PAGES: Final = 1_000
_TIDY_PAGES_DURABLE: Final = 3_000
"""From so many pages on, the commit that reaches it moves them from the log into the file, for milliseconds: left to
those nobody waits for, unless they do not come."""


@unique
class Sync(StrEnum):
    """How far a write goes before it counts. OFF is for simulated worlds, whose disk never dies."""

    FULL = "FULL"
    OFF = "OFF"


class _Thread(threading.local):
    """What one thread is in the middle of."""

    depth = 0
    durable = False
    reading = False
    synchronous = ""
    about = ""
    connection: sqlite3.Connection | None = None


class Database:
    """The file and who may write to it now. Safe to share between threads; each gets a connection of its own."""

    def __init__(
        self,
        path: Path | str,
        *,
        wait_s_max: float = WAIT_S_MAX,
        sync: Sync = Sync.FULL,
        passed: Callable[[str], None] | None = None,
    ) -> None:
        """``passed`` is told the name of every point right before and right after a commit: a test may end there."""
        self.path = str(path)
        self._sync = sync
        self._passed = passed
        self._wait_s_max = wait_s_max
        # Our own threads take turns here: SQLite would have them sleep and look again, a millisecond and longer each.
        self._turn = threading.Lock()
        self._thread = _Thread()
        self.commits = 0
        """How many writes were made through here: what was read is as it was while this stands."""
        self._peewee = peewee.SqliteDatabase(
            self.path,
            timeout=wait_s_max,
            pragmas={
                "journal_mode": "memory" if self.path == IN_MEMORY else "wal",
                "foreign_keys": 1,
                "temp_store": "memory",
                "cache_size": -CACHE_KIB,
                "journal_size_limit": _WAL_BYTES_KEPT,
            },
        )

    # --- reading

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement on this thread's connection, past peewee: what is done most should cost least."""
        connection = self._thread.connection or self._connect()
        try:
            return connection.execute(statement, parameters)
        except sqlite3.DatabaseError as error:
            raise translated(error) from error

    def all(self, statement: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Give every row of a statement. A file that fails while they are read is told in our words, too."""
        cursor = self.sql(statement, parameters)
        names = [column[0] for column in cursor.description]
        with told_in_our_words():
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def run(self, query: Any) -> int:
        """Run a peewee insert, update or delete: the new row's id, or how many rows it changed."""
        assert self._thread.depth, "a write outside of write()"
        with told_in_our_words():
            return int(query.execute(self._peewee) or 0)

    def rows(self, query: Any) -> list[dict[str, Any]]:
        """Run a peewee select and give its rows as dictionaries."""
        with told_in_our_words():
            return list(query.dicts().execute(self._peewee))

    def row(self, query: Any) -> dict[str, Any] | None:
        """Give the first row of a peewee select, if there is one."""
        return next(iter(self.rows(query.limit(1))), None)

    @contextmanager
    def picture(self) -> Iterator[None]:
        """Read several things as they were at one moment."""
        if self._thread.depth or self._thread.reading:
            yield
            return
        self.sql("BEGIN")
        self._thread.reading = True
        try:
            yield
        finally:
            self._thread.reading = False
            self._leave("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        with told_in_our_words():
            connection: sqlite3.Connection = self._peewee.connection()  # type: ignore[no-untyped-call]
        self._thread.connection, self._thread.synchronous = connection, ""
        return connection

    # --- writing

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[None]:
        """One transaction: all of the block or, after an exception, nothing. Inside another it is a part of that."""
        thread = self._thread
        if thread.depth:
            with self._part(durable=durable):
                yield
            return
        assert not thread.reading, "a write inside picture()"
        if not self._turn.acquire(timeout=self._wait_s_max):
            raise Locked(f"another thread has been writing for {self._wait_s_max:g} s")
        try:
            self._begin(durable=durable)
            if self._passed is not None:
                thread.about = _writer(sys._getframe())  # noqa: SLF001 - the name of who writes, for tests alone
            yield
            self._commit()
        except StoreUnavailable:
            # The connection may be in any state. The next use of it opens a new one.
            self._leave("ROLLBACK")
            self.close_thread()
            raise
        except BaseException:
            self._leave("ROLLBACK")
            raise
        finally:
            thread.depth = 0
            self._turn.release()

    def _begin(self, *, durable: bool) -> None:
        thread = self._thread
        if thread.connection is None:
            self._connect()
        wanted = "OFF" if self._sync is Sync.OFF else "FULL" if durable else "NORMAL"
        if thread.synchronous != wanted:
            self.sql(f"PRAGMA synchronous = {wanted}")
            self.sql(f"PRAGMA wal_autocheckpoint = {_TIDY_PAGES_DURABLE if durable else _TIDY_PAGES}")
            thread.synchronous = wanted
        self.sql("BEGIN IMMEDIATE")
        thread.depth, thread.durable = 1, durable

    @property
    def is_watched(self) -> bool:
        """Whether anybody is told of commits."""
        return self._passed is not None

    def about(self, what: str) -> None:
        """Say what the transaction under way is about, where the name of its writer does not tell."""
        self._thread.about = what

    def _commit(self) -> None:
        what = self._thread.about
        if self._passed is not None:
            self._passed(f"commit:{what}:before")
        try:
            self.sql("COMMIT")
        finally:  # one that failed may have been made all the same
            self.commits += 1
        if self._passed is not None:
            self._passed(f"commit:{what}:after")

    @contextmanager
    def _part(self, *, durable: bool) -> Iterator[None]:
        """Undo this part alone when it fails, so that a caller who goes on commits no half of it."""
        thread = self._thread
        assert thread.durable or not durable, "a durable write inside one that is not"
        assert self._in_transaction, "the transaction around this has ended already"
        mark = f"part_{thread.depth}"
        self.sql(f"SAVEPOINT {mark}")
        thread.depth += 1
        try:
            yield
            self.sql(f"RELEASE {mark}")
        except BaseException:
            self._leave(f"ROLLBACK TO {mark}")
            raise
        finally:
            thread.depth -= 1

    @property
    def is_writing(self) -> bool:
        """Whether this thread is inside a write: it reads what nobody else does yet."""
        return self._thread.depth > 0

    @property
    def _in_transaction(self) -> bool:
        connection = self._thread.connection
        return connection is not None and connection.in_transaction

    def _leave(self, how: str) -> None:
        """End a transaction if there still is one: SQLite ends it by itself when the disk is full."""
        if self._in_transaction:
            self.sql(how)

    # --- the file

    @property
    def in_memory(self) -> bool:
        return self.path == IN_MEMORY

    def close_thread(self) -> None:
        """Close this thread's connection; its next use opens one again. Told twice it changes nothing."""
        if not self._peewee.is_closed():
            self._peewee.close()
        self._thread.connection = None

    def check(self) -> tuple[str, ...]:
        """Look through the whole file; empty when it is sound. Seconds for a large one."""
        found = [str(row[0]) for row in self.sql("PRAGMA integrity_check(20)")]
        broken = [f"{row[0]} row {row[1]} points at a missing {row[2]}" for row in self.sql("PRAGMA foreign_key_check")]
        return tuple(line for line in (*found, *broken) if line != "ok")


def _writer(frame: FrameType | None) -> str:
    """Who opened the transaction: the first caller that only passes nothing on."""
    passing = {contextlib.__file__, __file__}
    while frame is not None and frame.f_code.co_filename in passing:
        frame = frame.f_back
    return "somebody" if frame is None else frame.f_code.co_qualname
