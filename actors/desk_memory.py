"""What the desk asks of the database: what is wanted, and what has failed."""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Protocol

from trading.lifecycle import Event, PauseCause, State
from trading.messages import orders
from trading.notice_kinds import Loudness
from trading.values import InstrumentName, Milliseconds, StrategyName


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
        self,
        name: StrategyName,
        event: Event,
        state: State,
        generation: int,
        cause: PauseCause | None,
        *,
        at: Milliseconds,
    ) -> None:
        """A strategy took a move of its table, and is there now."""
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

    def may_close(self, name: StrategyName) -> bool:
        """Has it a trade that a person can have closed?"""
        ...

    def want_exit(self, name: StrategyName, *, by: str, at: Milliseconds) -> None:
        """A person wants its trades closed."""
        ...

    def panic(self, *, by: str, at: Milliseconds) -> None:
        """A person wants everything closed, and nothing opened."""
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

    def choose(self, instrument: InstrumentName, choice: str, *, by: str, at: Milliseconds) -> None:
        """A person chose what becomes of an issue."""
        ...

    def set_halt(self, reason: str | None, *, by: str, at: Milliseconds) -> None:
        """Halt, or lift it."""
        ...

    def set_parameters(
        self, name: StrategyName, parameters: Mapping[str, object], *, by: str, at: Milliseconds
    ) -> None:
        """A person chose parameters; those not named are as configured."""
        ...

    def set_risk(self, chosen: orders.SetRisk, *, by: str, at: Milliseconds) -> None:
        """A person chose what a trade may lose."""
        ...

    def auto_reconnect(self) -> bool | None:
        """Whether a lost connection may come back by itself; None when nobody chose."""
        ...

    def set_auto_reconnect(self, *, on: bool, by: str, at: Milliseconds) -> None:
        """A person chose."""
        ...

    def set_language(self, language: str, *, by: str, at: Milliseconds) -> None:
        """A person chose the page's language."""
        ...

    def set_loudness(self, kinds: Mapping[str, Loudness | None], *, by: str, at: Milliseconds) -> None:
        """A person chose how loud some kinds of notices are; None is as configured."""
        ...

    def set_broker(self, broker: str, *, by: str, at: Milliseconds) -> None:
        """A person chose the broker of the next life."""
        ...

    def unfinished(self) -> str:
        """What of ours on this account is not over, in words; empty when all is."""
        ...
