"""The scoreboard's figures as the order manager sees them: all should be 0, and all are kept, hour by hour."""

from collections.abc import Callable
from typing import Final

from actors.memory import Memory
from actors.order_issues import Issues
from actors.order_news import Addresses
from actors.order_steps import Steps
from trading import promises
from trading.bracket.state import Fate, leg_of
from trading.messages import journal
from trading.values import Leg, Milliseconds

UNRESOLVED_MS: Final = 2_000
"""So long a request may be without a known outcome before it counts."""
NOTED_MS: Final = 60_000
"""So often figures that stay the same are written: comparisons may come each second."""


class Scores:
    """Told and kept with every comparison."""

    def __init__(
        self, *, now: Callable[[], Milliseconds], memory: Memory, steps: Steps, issues: Issues, to: Addresses
    ) -> None:
        self._now, self._memory, self._steps, self._issues, self._to = now, memory, steps, issues, to
        self._told: dict[str, int] = {}
        self._told_at: Milliseconds | None = None

    def compared(self) -> None:
        """Count what a comparison has left."""
        now, here = self._now(), tuple(self._steps.open.values())
        intents = (intent for bracket in here for intent in bracket.intents if intent.fate is Fate.UNKNOWN)
        entries = {
            bracket.plan.bracket_id: sum(leg_of(order) is Leg.ENTRY for order in bracket.orders) for bracket in here
        }
        self._tell(
            {
                "orphans": self._issues.orphans,
                "unresolved": sum(now - intent.sent_at > UNRESOLVED_MS for intent in intents),
                "duplicates": len(promises.double_entries(entries)) + len(promises.crowded(here)),
            }
        )

    def naked(self, ms: int, *, is_new: bool) -> None:
        """The guardian saw a position without its stop for longer than it may be."""
        figures = {"naked_ms": ms, "naked_over_max": int(is_new)}
        self._steps.remembers(lambda: self._memory.record_scores(figures, at=self._now()))

    def _tell(self, figures: dict[str, int]) -> None:
        now = self._now()
        if figures == self._told and self._told_at is not None and 0 <= now - self._told_at < NOTED_MS:
            return
        self._told, self._told_at = figures, now
        self._steps.remembers(lambda: self._memory.record_scores(figures, at=now))
        self._to.journal.tell(journal.Scored(scores=figures))
