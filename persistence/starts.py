"""The lives of the process: when each began and how it ended, for the brake on a loop of crashes."""

from dataclasses import dataclass
from typing import Any

from persistence.database import Database
from persistence.tables_service import StartRow
from trading.values import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One life. ``ended_at`` is None when it never said goodbye: it was killed, or it is the one running now."""

    id: int
    pid: int
    version: str
    at: Milliseconds
    ended_at: Milliseconds | None
    ending: str


class Starts:
    """The lives of one worker."""

    def __init__(self, database: Database, worker: str) -> None:
        self._database = database
        self._worker = worker

    def begin(self, *, pid: int, version: str, at: Milliseconds) -> Start:
        """Note that a life begins."""
        with self._database.write():
            number = self._database.run(StartRow.insert(worker=self._worker, pid=pid, version=version, at=at))
        return Start(id=number, pid=pid, version=version, at=at, ended_at=None, ending="")

    def end(self, start_id: int, ending: str, *, at: Milliseconds) -> None:
        """Note how a life ended. Told twice, the first counts."""
        with self._database.write():
            query = StartRow.update(ended_at=at, ending=ending)
            self._database.run(query.where((StartRow.id == start_id) & StartRow.ended_at.is_null()))

    def newest(self, *, limit: int = 20) -> tuple[Start, ...]:
        """Give the newest lives, the newest first."""
        query = StartRow.select().where(StartRow.worker == self._worker).order_by(StartRow.id.desc()).limit(limit)
        return tuple(_start(row) for row in self._database.rows(query))

    def unfinished(self, *, since: Milliseconds) -> int:
        """Count the lives since then that ended without a goodbye; the newest may still be running."""
        query = "SELECT count(*) FROM starts WHERE worker = ? AND at >= ? AND ended_at IS NULL"
        return int(self._database.sql(query, (self._worker, since)).fetchone()[0])


def _start(row: dict[str, Any]) -> Start:
    del row["worker"]
    return Start(**row)
