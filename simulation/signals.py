"""P3 by what strategies wish: one wish makes one trade at most, however often they are born again and wish it anew.

The service names a trade after the wish; whether it does so rightly is judged by the wish itself: its period and side.
"""

from collections.abc import Iterable

from trading.bracket import Bracket
from trading.promises import Violation
from trading.values import BracketId


class Signals:
    """The trades by their wishes."""

    def __init__(self) -> None:
        self._by_wish: dict[tuple[str, str, str], BracketId] = {}
        self._known: set[BracketId] = set()

    def look(self, brackets: Iterable[Bracket]) -> list[Violation]:
        """Two of one wish. What was adopted is named by nobody's wish."""
        found = []
        for plan in (one.plan for one in brackets if one.plan.bracket_id not in self._known):
            self._known.add(plan.bracket_id)
            first = self._by_wish.setdefault((plan.strategy, plan.reason, plan.side), plan.bracket_id)
            if first != plan.bracket_id and not plan.reason.startswith("adopted"):
                text = f"{plan.strategy} wished for {plan.side} in {plan.reason} once, and it is traded twice"
                found.append(Violation(promise="P3", about=plan.bracket_id, sentence=f"{text}: {first} was first"))
        return found
