"""Whether somebody was called since something is so: only letters written since then count."""

from itertools import takewhile
from typing import Final

from persistence.store import Store
from simulation.world import World
from trading.bracket.effects import Severity
from trading.messages.notices import Notice

Seen = tuple[int, tuple[Severity, str] | None, frozenset[tuple[int, int]]]
WRITTEN: Final = "SELECT id, times FROM outbox WHERE severity = ? AND instr(text, ?) > 0"


class Letters:
    """The critical notices of a world. An alert that waits for its acknowledgement is counted up, not written anew."""

    def __init__(self, world: World, store: Store) -> None:
        self._world, self._store = world, store
        self._before: dict[str, Seen] = {}

    def begin(self, about: str) -> None:
        """From here on they count."""
        said = self._world.said[-1] if self._world.said else None
        self._before[about] = len(self._world.notices), said, self._written(about)

    def has_told(self, about: str) -> bool:
        """Whether a critical one that names it was written, or told once more, since then."""
        heard, last, written = self._before[about]
        if not self._written(about) <= written:
            return True
        new = [(one.severity, one.text) for one in self._world.notices[heard:] if isinstance(one, Notice)]
        new += takewhile(lambda one: one is not last, reversed(self._world.said))
        return any(severity is Severity.CRITICAL and about in text for severity, text in new)

    def _written(self, about: str) -> frozenset[tuple[int, int]]:
        database = self._store._database  # noqa: SLF001 - looks past the store's own words
        return frozenset(database.sql(WRITTEN, (Severity.CRITICAL.value, about)).fetchall())
