"""What was read from the database, kept until something is written: comparisons ask the same things again and again."""

from collections.abc import Callable
from typing import Any, TypeVar

from persistence.database import Database

Answer = TypeVar("Answer")


class Kept:
    """Answers by their name. Right because one process alone writes, and every write of it is counted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: dict[str, tuple[int, Any]] = {}  # read after so many commits; replaced whole: threads share it

    def read(self, name: str, look: Callable[[], Answer]) -> Answer:
        """Give what ``look`` found, looking only when something was written since; inside a write always."""
        if self._database.is_writing:
            return look()
        commits = self._database.commits  # counted before the read: what is written meanwhile is read next time
        known = self._answers.get(name)
        if known is None or known[0] != commits:
            known = self._answers[name] = (commits, look())
        answer: Answer = known[1]
        return answer
