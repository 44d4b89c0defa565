"""Notices on their way to a person: on disk before anybody tries to deliver them, and until they are delivered.

An alert goes out again and again, after growing waits, until somebody acknowledges it; while it is not, the same
trouble adds to its count. Delivery is at least once: a crash between sending and noting it sends it again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from persistence.database import Database
from persistence.kept import Kept
from persistence.tables_service import OutboxRow
from trading.bracket.effects import Severity
from trading.values import Milliseconds

BATCH_MAX: Final = 500
ERROR_MAX: Final = 500  # characters kept of why a delivery failed
REPEAT_MS: Final = 60_000  # from the first delivery of an alert to the second
REPEAT_MS_MAX: Final = 1_800_000  # the longest wait between two deliveries of an alert; each is twice the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What to tell the person. A key that was used before makes it the same notice; ``repeat_ms`` makes it insist.

    ``alert`` says what the trouble is: as long as an alert of it is not acknowledged there is no second one.
    """

    severity: Severity
    type: str
    text: str
    dedupe_key: str | None = None
    repeat_ms: int | None = None
    alert: str | None = None


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
    times: int = 1  # how often the trouble was told
    last_at: Milliseconds | None = None  # when it was told again


class Outbox:
    """The notices and how far each one is."""

    def __init__(self, database: Database) -> None:
        self._database, self._kept = database, Kept(database)

    def put(self, notice: Notice, *, at: Milliseconds) -> bool:
        """Put a notice in; False when it is known already: its key, or the alert it is about."""
        with self._database.write():
            return self.write(notice, notice.dedupe_key, at)

    def write(self, notice: Notice, key: str | None, at: int) -> bool:
        """Put a notice in inside a transaction."""
        if notice.alert is not None:
            query = "SELECT 1 FROM outbox WHERE dedupe_key = ?"
            if key is not None and self._database.sql(query, (key,)).fetchone() is not None:
                return False
            if self._count(notice.alert, notice.text, 1, at):
                return False
        cursor = self._database.sql(
            "INSERT INTO outbox (at, severity, type, text, dedupe_key, repeat_ms, next_at, alert)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (dedupe_key) DO NOTHING",
            (at, notice.severity.value, notice.type, notice.text, key, notice.repeat_ms, at, notice.alert),
        )
        return cursor.rowcount == 1

    def again(self, alert: str, *, text: str, times: int, at: Milliseconds) -> bool:
        """Count the trouble so many times more; False when no alert of it waits for an acknowledgement."""
        with self._database.write(durable=False):
            return self._count(alert, text, times, at)

    def _count(self, alert: str, text: str, times: int, at: int) -> bool:
        query = "UPDATE outbox SET times = times + ?, text = ?, last_at = ? WHERE alert = ? AND acknowledged_at IS NULL"
        return self._database.sql(query, (times, text, at, alert)).rowcount == 1

    def due(self, now: Milliseconds, *, limit: int = 50) -> tuple[Letter, ...]:
        """Give what should be delivered now, the oldest first."""
        nearest = self.next_due()
        if nearest is None or nearest > now:  # nearly always, and much cheaper than to ask for the rows
            return ()
        return self._letters("next_at <= ? ORDER BY next_at, id LIMIT ?", now, min(limit, BATCH_MAX))

    def next_due(self) -> Milliseconds | None:
        """Give when the next delivery falls due, if any."""
        query = "SELECT min(next_at) FROM outbox WHERE next_at IS NOT NULL"
        at = self._kept.read("next due", lambda: self._database.sql(query).fetchone()[0])
        return None if at is None else Milliseconds(at)

    def delivered(self, ids: Iterable[int], *, at: Milliseconds) -> None:
        """Note deliveries. An alert falls due again, each time after twice the wait; repeating this is harmless."""
        with self._database.write(durable=False):
            for number in ids:
                self._database.sql(
                    "UPDATE outbox SET attempts = attempts + 1, delivered_at = ?, error = '', next_at ="
                    " CASE WHEN repeat_ms IS NULL OR acknowledged_at IS NOT NULL THEN NULL ELSE ? + repeat_ms END,"
                    " repeat_ms = max(repeat_ms, min(repeat_ms * 2, ?)) WHERE id = ?",
                    (at, at, REPEAT_MS_MAX, number),
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

    def insisting(self, *, limit: int = 50) -> tuple[Letter, ...]:
        """Give the alerts that nobody has acknowledged, the oldest first."""
        query = OutboxRow.select().where(~OutboxRow.repeat_ms.is_null() & OutboxRow.acknowledged_at.is_null())
        rows = self._database.rows(query.order_by(OutboxRow.id).limit(min(limit, BATCH_MAX)))
        return tuple(_letter(row) for row in rows)

    def after(self, letter_id: int, *, limit: int = BATCH_MAX) -> tuple[Letter, ...]:
        """Give what was put in after a notice, the oldest first."""
        query = "SELECT coalesce(max(id), 0) FROM outbox"
        if letter_id >= self._kept.read("newest", lambda: self._database.sql(query).fetchone()[0]):
            return ()
        return self._letters("id > ? ORDER BY id LIMIT ?", letter_id, min(limit, BATCH_MAX))

    def _letters(self, which: str, *values: int) -> tuple[Letter, ...]:
        """Those of a condition. Past peewee: building the query takes longer than reading the rows."""
        rows = self._database.all(f"SELECT * FROM outbox WHERE {which}", values)  # noqa: S608 - the words are ours
        return tuple(_letter(row) for row in rows)

    def last_touched(self) -> int:
        """Give the id before the first notice that nobody tried to deliver yet; else that of the newest."""
        first = "SELECT min(id) - 1 FROM outbox WHERE next_at IS NOT NULL AND attempts = 0"
        query = f"SELECT coalesce(({first}), (SELECT max(id) FROM outbox), 0)"  # noqa: S608 - both are ours
        return int(self._database.sql(query).fetchone()[0])

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
        alert=row.pop("alert"),
    )
    return Letter(notice=notice, **row)
