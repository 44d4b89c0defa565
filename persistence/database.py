"""One SQLite file: a connection per thread, one writer at a time, nothing half written.

Every write is `BEGIN IMMEDIATE ... COMMIT`: it waits for its turn at the beginning or not at all. What the promises
need is forced to the disk before the block ends (`durable=True`); the rest survives the death of the process, and a
power cut may take its last moments.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum, unique
from pathlib import Path
from typing import Any, Final

import peewee

from persistence.errors import StoreUnavailable, told_in_our_words, translated

IN_MEMORY: Final = ":memory:"
WAIT_S_MAX: Final = 2.0
_WAL_BYTES_KEPT: Final = 16 * 1024 * 1024


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


class Database:
    """The file and who may write to it now. Safe to share between threads; each gets a connection of its own."""

    def __init__(self, path: Path | str, *, wait_s_max: float = WAIT_S_MAX, sync: Sync = Sync.FULL) -> None:
        self.path = str(path)
        self._sync = sync
        self._thread = _Thread()
        self._peewee = peewee.SqliteDatabase(
            self.path,
            timeout=wait_s_max,
            pragmas={
                "journal_mode": "memory" if self.path == IN_MEMORY else "wal",
                "foreign_keys": 1,
                "temp_store": "memory",
                "journal_size_limit": _WAL_BYTES_KEPT,
            },
        )

    # --- reading

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement on this thread's connection."""
        try:
            cursor: sqlite3.Cursor = self._peewee.execute_sql(statement, parameters)  # type: ignore[no-untyped-call]
        except peewee.DatabaseError as error:
            raise translated(error) from error
        return cursor

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

    # --- writing

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[None]:
        """One transaction. Inside another one it joins that; an exception leaves nothing of the whole behind."""
        thread = self._thread
        if thread.depth:
            assert thread.durable or not durable, "a durable write inside one that is not"
            thread.depth += 1
            try:
                yield
            finally:
                thread.depth -= 1
            return
        assert not thread.reading, "a write inside picture()"
        try:
            self._begin(durable=durable)
            yield
            self.sql("COMMIT")
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

    def _begin(self, *, durable: bool) -> None:
        thread = self._thread
        wanted = "OFF" if self._sync is Sync.OFF else "FULL" if durable else "NORMAL"
        if self._peewee.is_closed():
            thread.synchronous = ""
        if thread.synchronous != wanted:
            self.sql(f"PRAGMA synchronous = {wanted}")
            thread.synchronous = wanted
        self.sql("BEGIN IMMEDIATE")
        thread.depth, thread.durable = 1, durable

    def _leave(self, how: str) -> None:
        """End a transaction if there still is one: SQLite ends it by itself when the disk is full."""
        if self._peewee.is_closed():
            return
        with told_in_our_words():
            connection: sqlite3.Connection = self._peewee.connection()  # type: ignore[no-untyped-call]
            if connection.in_transaction:
                connection.execute(how)

    # --- the file

    @property
    def in_memory(self) -> bool:
        return self.path == IN_MEMORY

    def close_thread(self) -> None:
        """Close this thread's connection; its next use opens one again. Told twice it changes nothing."""
        if not self._peewee.is_closed():
            self._peewee.close()
        self._thread.synchronous = ""

    def check(self) -> tuple[str, ...]:
        """Look through the whole file; empty when it is sound. Seconds for a large one."""
        found = [str(row[0]) for row in self.sql("PRAGMA integrity_check(20)")]
        broken = [f"{row[0]} row {row[1]} points at a missing {row[2]}" for row in self.sql("PRAGMA foreign_key_check")]
        return tuple(line for line in (*found, *broken) if line != "ok")
