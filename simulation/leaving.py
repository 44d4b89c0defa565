"""P6: a close or a panic that was answered comes to pass, whatever dies after the answer.

Until each trade it is about is on its way out, what the person wants stands on disk.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from persistence.store import Store
from trading.bracket import Bracket, Phase
from trading.messages.desk import Answer
from trading.promises import Violation
from trading.values import BracketId

STAYS: Final = frozenset({Phase.ENTERING, Phase.OPEN})
WANTED: Final = "SELECT 1 FROM settings WHERE key LIKE 'exit:%' LIMIT 1"


class Leaving:
    """The trades that were to be closed when a person was answered, and are not known to be on their way out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: set[BracketId] = set()

    def answered(self, command: str, fields: Mapping[str, Any], answer: Answer | None) -> None:
        """A person was answered: from now on it holds for what is open on disk."""
        if answer is None or not answer.ok or command not in {"Panic", "CloseStrategy"}:
            return
        self._ids.update(
            bracket.plan.bracket_id
            for bracket in self._store.open_brackets()
            if command == "Panic" or bracket.plan.strategy == fields["name"]
        )

    def look(self, brackets: Iterable[Bracket]) -> list[Violation]:
        """Those that stay although nothing on disk says any more that they are to be closed."""
        if not self._ids:
            return []
        staying = {one.plan.bracket_id for one in brackets if one.phase in STAYS}
        self._ids &= staying  # what has begun to leave was heard; a person may take it up again
        if not self._ids or self._store._database.sql(WANTED).fetchone():  # noqa: SLF001 - past the store's own words
            return []
        text = "was to be closed, a person was told so, and nothing on disk says it any more"
        return [Violation(promise="P6", about=one, sentence=f"bracket {one} {text}") for one in sorted(self._ids)]
