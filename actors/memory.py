"""What the order manager asks of the database. The store fits it; so does a list in a test."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from trading.bracket import Bracket
from trading.bracket.effects import Effect
from trading.bracket.messages import Message
from trading.errors import Refused, Unavailable
from trading.facts import Order
from trading.reconcile import Quarantine, Report
from trading.signal import Signal
from trading.values import BracketId, InstrumentName, IntentId, Milliseconds

MemoryFails = Unavailable
"""Nothing was written. It may work again later."""


class Memory(Protocol):
    """Everything here is on disk when the call returns, or it raises and nothing of it is."""

    def record_step(
        self,
        before: Bracket | None,
        after: Bracket,
        cause: Message | str,
        effects: Sequence[Effect],
        *,
        at: Milliseconds,
    ) -> None:
        """One step of a bracket: its new state, what caused it, the requests that will leave."""
        ...

    def record_refusal(self, signal: Signal, why: Refused, *, at: Milliseconds) -> None:
        """A signal that was not taken."""
        ...

    def record_orphan(self, order: Order, intent_id: IntentId, *, at: Milliseconds) -> None:
        """An order of ours without a trade, about to be cancelled."""
        ...

    def open_brackets(self) -> Sequence[Bracket]:
        """Those that are not over."""
        ...

    def quarantined_brackets(self) -> Sequence[Bracket]:
        """Those that wait for a person."""
        ...

    def bracket(self, bracket_id: BracketId) -> Bracket | None:
        """The bracket of this id, over or not; None if there never was one."""
        ...

    def record_report(self, report: Report, *, why: str, at: Milliseconds) -> None:
        """What a comparison found."""
        ...

    def halt(self) -> str | None:
        """Why trading is halted; None when it is not."""
        ...

    def set_halt(self, reason: str | None, *, by: str, at: Milliseconds) -> None:
        """Halt, or lift it."""
        ...

    def quarantined(self) -> Mapping[InstrumentName, str]:
        """Instruments that wait for a person, and why."""
        ...

    def open_issue(self, action: Quarantine, *, at: Milliseconds) -> None:
        """Something a person has to decide."""
        ...

    def resolve_issue(self, instrument: InstrumentName, choice: str, *, by: str, at: Milliseconds) -> None:
        """A person decided."""
        ...
