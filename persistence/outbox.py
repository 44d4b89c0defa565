"""Notices on their way to a person: on disk before anybody tries to deliver them, and until they are delivered.

A notice that repeats goes out again and again until somebody acknowledges it. Delivery is at least once: a crash
between sending and noting it sends it again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from persistence.database import Database
from persistence.tables_service import OutboxRow
from trading.bracket.effects import Severity
from trading.values import Milliseconds

BATCH_MAX: Final = 500
ERROR_MAX: Final = 500  # characters kept of why a delivery failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What to tell the person. A key that was used before makes it the same notice; ``repeat_ms`` makes it insist."""

    severity: Severity
    type: str
    text: str
    dedupe_key: str | None = None
    repeat_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice in the outbox."""

    id: int
    at: Milliseconds
    notice: Notice
    attempts: int
    next_at: Milliseconds | None  # None: nothing more to do
    delivered_at: Milliseconds | None
    acknowledged_at: Milliseconds | None
    acknowledged_by: str
    error: str


class Outbox:
    """The notices and how far each one is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, notice: Notice, *, at: Milliseconds) -> bool:
        """Put a notice in; False when its key is known already and nothing was done."""
        with self._database.write():
            return self.write(notice, notice.dedupe_key, at)

    def write(self, notice: Notice, key: str | None, at: int) -> bool:
        """Put a notice in inside a transaction."""
        cursor = self._database.sql(
            "INSERT INTO outbox (at, severity, type, text, dedupe_key, repeat_ms, next_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING",
            (at, notice.severity.value, notice.type, notice.text, key, notice.repeat_ms, at),
        )
        return cursor.rowcount == 1

    def due(self, now: Milliseconds, *, limit: int = 50) -> tuple[Letter, ...]:
        """Give what should be delivered now, the oldest first."""
        query = (
            OutboxRow.select()
            .where(OutboxRow.next_at <= now)
            .order_by(OutboxRow.next_at, OutboxRow.id)
            .limit(min(limit, BATCH_MAX))
        )
        return tuple(_letter(row) for row in self._database.rows(query))

    def next_due(self) -> Milliseconds | None:
        """Give when the next delivery falls due, if any."""
        at = self._database.sql("SELECT min(next_at) FROM outbox WHERE next_at IS NOT NULL").fetchone()[0]
        return None if at is None else Milliseconds(at)

    def delivered(self, ids: Iterable[int], *, at: Milliseconds) -> None:
        """Note deliveries. A notice that repeats falls due again; repeating this is harmless."""
        with self._database.write(durable=False):
            for number in ids:
                self._database.sql(
                    "UPDATE outbox SET attempts = attempts + 1, delivered_at = ?, error = '', next_at ="
                    " CASE WHEN repeat_ms IS NULL OR acknowledged_at IS NOT NULL THEN NULL ELSE ? + repeat_ms END"
                    " WHERE id = ?",
                    (at, at, number),
                )

    def failed(self, ids: Iterable[int], *, error: str, next_at: Milliseconds | None) -> None:
        """Note a failed attempt and when to try again; ``next_at=None`` gives up."""
        with self._database.write(durable=False):
            for number in ids:
                self._database.sql(
                    "UPDATE outbox SET attempts = attempts + 1, error = ?, next_at = ?"
                    " WHERE id = ? AND next_at IS NOT NULL",
                    (error[:ERROR_MAX], next_at, number),
                )

    def acknowledge(self, *, by: str, at: Milliseconds, ids: Iterable[int] | None = None) -> int:
        """Stop repeating these notices, or all of them; give how many there were."""
        chosen = ~OutboxRow.repeat_ms.is_null() & OutboxRow.acknowledged_at.is_null()
        if ids is not None:
            chosen &= OutboxRow.id.in_(list(ids))
        with self._database.write():
            # One that never got through is still delivered, once.
            self._database.run(OutboxRow.update(next_at=None).where(chosen & ~OutboxRow.delivered_at.is_null()))
            return self._database.run(OutboxRow.update(acknowledged_at=at, acknowledged_by=by).where(chosen))

    def newest(self, *, limit: int = 100, before: int | None = None) -> tuple[Letter, ...]:
        """Give the newest notices, the newest first."""
        query = OutboxRow.select().order_by(OutboxRow.id.desc()).limit(min(limit, BATCH_MAX))
        if before is not None:
            query = query.where(OutboxRow.id < before)
        return tuple(_letter(row) for row in self._database.rows(query))

    def waiting(self) -> int:
        """Count what is not delivered yet."""
        query = "SELECT count(*) FROM outbox WHERE next_at IS NOT NULL AND delivered_at IS NULL"
        return int(self._database.sql(query).fetchone()[0])


def _letter(row: dict[str, Any]) -> Letter:
    notice = Notice(
        severity=Severity(row.pop("severity")),
        type=row.pop("type"),
        text=row.pop("text"),
        dedupe_key=row.pop("dedupe_key"),
        repeat_ms=row.pop("repeat_ms"),
    )
    return Letter(notice=notice, **row)
