"""What the desk asks of the database: what is wanted, and what has failed."""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Protocol

from trading.lifecycle import Event, PauseCause
from trading.values import Milliseconds, StrategyName


@unique
class Wanted(StrEnum):
    """What a person wants of a strategy. It outlives the process."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class DeskMemory(Protocol):
    """Everything set here is on disk when the call returns, or it raises and nothing of it is."""

    def wanted(self, name: StrategyName) -> Wanted:
        """What is wanted of a strategy; of a new one, what the configuration says."""
        ...

    def set_wanted(self, name: StrategyName, wanted: Wanted, *, by: str, at: Milliseconds) -> None:
        """A person decided."""
        ...

    def note_move(
        self, name: StrategyName, event: Event, generation: int, cause: PauseCause | None, *, at: Milliseconds
    ) -> None:
        """A strategy took a move of its table."""
        ...

    def clear_error(self, name: StrategyName, *, at: Milliseconds) -> None:
        """A person resumed it."""
        ...

    def errors(self) -> Mapping[StrategyName, str]:
        """Strategies in ERROR, and why."""
        ...

    def in_trade(self, name: StrategyName) -> bool:
        """Is a bracket of this strategy open?"""
        ...

    def wants_connection(self) -> bool:
        """Should there be a connection? Yes, until a person disconnected."""
        ...

    def set_wants_connection(self, *, wanted: bool, by: str, at: Milliseconds) -> None:
        """A person decided."""
        ...

    def acknowledge(self, *, by: str, at: Milliseconds) -> int:
        """A person has read the alerts; how many that were."""
        ...

    def set_halt(self, reason: str | None, *, by: str, at: Milliseconds) -> None:
        """Halt, or lift it."""
        ...
