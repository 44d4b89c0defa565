"""What need not be kept for ever goes, a little at a time, so that nobody waits for it. Trades stay."""

from typing import Final

from persistence.database import Database
from trading.values import Milliseconds

DAY_MS: Final = 86_400_000
CHUNK: Final = 500  # rows deleted under one write lock

# Table, what must be true of a row, the column that tells its age, days it is kept.
_RULES: Final = (
    ("events", "kind = 'time_passed'", "at", 7),
    ("events", "kind NOT LIKE 'trade_%'", "at", 400),
    ("transitions", "1", "at", 400),
    ("outbox", "next_at IS NULL", "at", 90),
    ("reports", "1", "at", 30),
    ("receipts", "1", "at", 7),
    ("scores", "1", "hour", 800),
    ("starts", "1", "at", 400),
    ("connection_wishes", "id NOT IN (SELECT max(id) FROM connection_wishes GROUP BY broker)", "since", 400),
    ("issues", "resolved_at IS NOT NULL", "opened_at", 400),
)
_KEYS: Final = {"receipts": "key", "scores": "account, score, hour"}


def prune(database: Database, *, now: Milliseconds, chunks_max: int = 20) -> int:
    """Delete what is old, at most so many chunks in one call; give how many rows went. Call it again tomorrow."""
    gone = 0
    for table, condition, age, days in _RULES:
        keys = _KEYS.get(table, "id")
        statement = (
            f"DELETE FROM {table} WHERE ({keys}) IN"  # noqa: S608 - words of our own
            f" (SELECT {keys} FROM {table} WHERE {age} < ? AND {condition} LIMIT {CHUNK})"
        )
        while chunks_max > 0:
            chunks_max -= 1
            with database.write(durable=False):
                deleted = database.sql(statement, (now - days * DAY_MS,)).rowcount
            gone += deleted
            if deleted < CHUNK:
                break
    return gone
