"""Bring a database to this version's schema: numbered SQL files, each one transaction, a backup before the first.

`PRAGMA user_version` counts what was applied. There is no way down: the backup is.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from persistence.database import Database
from persistence.errors import Damaged, FromTheFuture

SCHEMA: Final = Path(__file__).parent / "schema"
APPLICATION_ID: Final = 0x74626173  # "tbas": tells our files from other SQLite databases


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered file."""

    number: int
    name: str
    statements: tuple[str, ...]


def steps(folder: Path = SCHEMA) -> tuple[Step, ...]:
    """Read the numbered files, which count up from 1 without a gap."""
    found = tuple(_read(path) for path in sorted(folder.glob("[0-9]*.sql")))
    assert [step.number for step in found] == list(range(1, len(found) + 1)), "schema files count up from 1"
    return found


def version_of(database: Database) -> int:
    """Give the number of the last file applied; 0 for an empty database."""
    return int(database.sql("PRAGMA user_version").fetchone()[0])


def migrate(database: Database, backup: Callable[[], object], *, folder: Path = SCHEMA) -> tuple[str, ...]:
    """Apply what is missing and give its names. ``backup`` is called first, unless the database is new.

    Two processes at once are safe: each file is applied where its turn is, under the write lock.
    """
    known = steps(folder)
    at = version_of(database)
    refuse_the_future(at, len(known))
    _refuse_a_stranger(database, at)
    if 0 < at < len(known):
        backup()
    applied = []
    for step in known[at:]:
        with database.write():
            if version_of(database) >= step.number:
                continue
            for statement in step.statements:
                database.sql(statement)
            database.sql(f"PRAGMA application_id = {APPLICATION_ID}")
            database.sql(f"PRAGMA user_version = {step.number}")
            applied.append(step.name)
    return tuple(applied)


def refuse_the_future(at: int, newest: int | None = None) -> None:
    """Say so in one sentence when a newer version wrote the database."""
    newest = len(steps()) if newest is None else newest
    if at > newest:
        raise FromTheFuture(
            [f"a newer version wrote this database (schema {at}); this one knows schemas up to {newest}"]
        )


def _refuse_a_stranger(database: Database, at: int) -> None:
    tables = database.sql("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (at == 0 or database.sql("PRAGMA application_id").fetchone()[0] != APPLICATION_ID):
        raise Damaged(f"{database.path} is a database, but not one of ours")


def _read(path: Path) -> Step:
    statements: list[str] = []
    pending = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    assert not pending.strip(), f"{path.name} ends in the middle of a statement"
    return Step(number=int(path.name.split("_")[0]), name=path.stem, statements=tuple(statements))
