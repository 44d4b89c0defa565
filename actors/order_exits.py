"""What a person wants closed: on disk before it is answered, and until every trade it is about is on its way out.

Whoever dies in between finds it again.
"""

from actors.memory import Memory
from actors.order_steps import Steps
from trading.bracket import Close, Phase
from trading.values import StrategyName

_STAYS = frozenset({Phase.ENTERING, Phase.OPEN})


class Exits:
    """The ways out that are still to be taken."""

    def __init__(self, *, memory: Memory, steps: Steps) -> None:
        self._memory, self._steps = memory, steps
        self._wanted: dict[StrategyName | None, str] = {}

    def load(self) -> None:
        """See what is wanted; what began before the last life ended goes on."""
        self._wanted = dict(self._memory.exits())
        self.go_on()

    def go_on(self) -> None:
        """Tell each trade. What could not be written is told again."""
        for whose, reason in tuple(self._wanted.items()):
            self.leave(whose, reason)
            staying = [one for one in self._steps.open.values() if _is_of(whose, one.plan.strategy)]
            is_leaving = self._steps.store_works and not any(one.phase in _STAYS for one in staying)
            if is_leaving and self._steps.remembers(lambda whose=whose: self._memory.exit_taken(whose)):  # type: ignore[misc]
                del self._wanted[whose]

    def leave(self, whose: StrategyName | None, reason: str) -> None:
        """Close the trades of a strategy; with None all."""
        for bracket in (*self._steps.open.values(), *self._steps.given_up):
            if _is_of(whose, bracket.plan.strategy):
                self._steps.tell(bracket.plan.bracket_id, Close(reason=reason))


def _is_of(whose: StrategyName | None, name: StrategyName) -> bool:
    return whose is None or whose == name
