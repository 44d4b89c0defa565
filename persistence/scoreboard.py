"""The figures of the promises over time: one row per hour, so that "all 0" has a history that can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from persistence.database import Database
from persistence.tables_service import ScoreRow
from trading.values import Milliseconds

HOUR_MS: Final = 3_600_000


@unique
class Score(StrEnum):
    """What is counted. All should be 0."""

    ORPHANS = "orphans"  # P2: orders of ours that nothing explains
    NAKED_MS = "naked_ms"  # P1: time a position was without cover
    NAKED_OVER_MAX = "naked_over_max"  # P1: how often that was longer than allowed
    DUPLICATES = "duplicates"  # P3: second entries
    UNRESOLVED = "unresolved"  # requests whose fate is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """One figure in one hour: the sum, the largest and the newest of what was noted, and how often."""

    score: Score
    hour: Milliseconds
    total: int
    worst: int
    newest: int
    times: int


class Scoreboard:
    """The figures of one account."""

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._account = account

    def note(self, scores: Mapping[Score, int], *, at: Milliseconds) -> None:
        """Note figures as they are at this moment. Each call counts."""
        with self._database.write(durable=False):
            self.write(scores, at)

    def write(self, scores: Mapping[Score, int], at: int) -> None:
        """Note figures inside a transaction."""
        for score, value in scores.items():
            self._database.sql(
                "INSERT INTO scores (account, score, hour, total, worst, newest, times) VALUES (?, ?, ?, ?, ?, ?, 1)"
                " ON CONFLICT (account, score, hour) DO UPDATE SET total = total + excluded.total,"
                " worst = max(worst, excluded.worst), newest = excluded.newest, times = times + 1",
                (self._account, score.value, at - at % HOUR_MS, value, value, value),
            )

    def newest(self) -> dict[Score, int]:
        """Give the newest of each figure; 0 for what was never noted."""
        found = dict.fromkeys(Score, 0)
        query = (
            ScoreRow.select(ScoreRow.score, ScoreRow.newest)
            .where(ScoreRow.account == self._account)
            .order_by(ScoreRow.hour)
        )
        found.update({Score(row["score"]): row["newest"] for row in self._database.rows(query)})
        return found

    def totals(self, *, since: Milliseconds) -> dict[Score, int]:
        """Add up each figure from a moment on, to the hour."""
        query = "SELECT score, sum(total) AS total FROM scores WHERE account = ? AND hour >= ? GROUP BY score"
        found = dict.fromkeys(Score, 0)
        rows = self._database.all(query, (self._account, since - since % HOUR_MS))
        found.update({Score(row["score"]): row["total"] for row in rows})
        return found

    def history(self, *, since: Milliseconds) -> tuple[Hour, ...]:
        """Give the hours from a moment on, the oldest first."""
        query = (
            ScoreRow.select()
            .where((ScoreRow.account == self._account) & (ScoreRow.hour >= since - since % HOUR_MS))
            .order_by(ScoreRow.hour, ScoreRow.score)
        )
        rows = self._database.rows(query)
        for row in rows:
            del row["account"]
            row["score"] = Score(row["score"])
        return tuple(Hour(**row) for row in rows)
