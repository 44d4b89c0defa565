"""P1 by the books of the service: what it knows to be bare it covers or leaves in time, whatever hides facts.

A fault of the exchange may hide that a position is bare. It excuses nobody who knows.
"""

from collections.abc import Iterable
from typing import Final

from trading.bracket import Bracket, Phase
from trading.promises import NAKED_MS_MAX, Violation
from trading.values import BracketId, Milliseconds

STAYS: Final = frozenset({Phase.ENTERING, Phase.OPEN})
MARGIN_MS: Final = 500
UPSET_MS: Final = 120_000
"""So long after an actor hung, or the process stood still, died or could not write."""


class Knowing:
    """Since when the database says of which trade that it is bare."""

    def __init__(self) -> None:
        self._since: dict[BracketId, tuple[Milliseconds, int]] = {}
        self.upset_at = -(10**9)
        """When something befell the process itself."""

    def look(self, brackets: Iterable[Bracket], now: int, *, is_able: bool) -> list[Violation]:
        """Those that are known to be bare for too long and are not on their way out."""
        if not is_able or now - self.upset_at < UPSET_MS:
            self._since.clear()
            return []
        since: dict[BracketId, tuple[Milliseconds, int]] = {}
        found = []
        for one in brackets:
            if one.naked_since is None or one.phase not in STAYS:
                continue
            bracket_id = one.plan.bracket_id
            known = self._since.get(bracket_id)
            since[bracket_id] = known if known and known[0] == one.naked_since else (one.naked_since, now)
            for_ms = now - since[bracket_id][1]
            if for_ms > NAKED_MS_MAX + MARGIN_MS:
                text = f"by the database {bracket_id} is bare for {for_ms} ms, and it is not on its way out"
                found.append(Violation(promise="P1", about=bracket_id, sentence=text))
        self._since = since
        return found
