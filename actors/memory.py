"""What the order manager asks of the database. The store fits it; so does a list in a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from trading.bracket import Bracket
from trading.bracket.effects import Effect
from trading.bracket.messages import Message
from trading.errors import Refused, Unavailable
from trading.facts import LedgerEntry, Order
from trading.messages import orders
from trading.pnl import Known, TradePnl
from trading.reconcile import Quarantine, Report
from trading.signal import Signal
from trading.values import BracketId, InstrumentName, IntentId, Milliseconds, StrategyName

MemoryFails = Unavailable
"""Nothing was written. It may work again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits for a person."""

    instrument: InstrumentName
    why: str
    chosen: str | None = None
    by: str = ""
    behind: tuple[BracketId, ...] = ()
    """Trades it is about."""


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

    def risk(self) -> orders.SetRisk | None:
        """What a trade may lose, if a person chose it while the service ran."""
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

    def pending_results(self) -> Sequence[Bracket]:
        """Closed trades whose result the exchange's book has not settled yet."""
        ...

    def settle_result(
        self,
        bracket_id: BracketId,
        pnl: TradePnl,
        known: Known,
        *,
        lines: Sequence[LedgerEntry],
        why: str,
        at: Milliseconds,
    ) -> None:
        """What a closed trade made, and the lines of the book it came of."""
        ...

    def record_report(self, report: Report, *, why: str, took_ms: int, at: Milliseconds) -> None:
        """What a comparison found."""
        ...

    def halt(self) -> str | None:
        """Why trading is halted; None when it is not."""
        ...

    def set_halt(self, reason: str | None, *, by: str, at: Milliseconds) -> None:
        """Halt, or lift it."""
        ...

    def exits(self) -> Mapping[StrategyName | None, str]:
        """What a person wants closed and why: a strategy's trades or, with None, all."""
        ...

    def exit_taken(self, name: StrategyName | None) -> None:
        """Each trade it is about is on its way out, and that is on disk."""
        ...

    def waiting(self) -> Sequence[Waiting]:
        """What waits for a person, and what they have chosen that has not come to pass yet."""
        ...

    def open_issue(self, action: Quarantine, *, at: Milliseconds) -> None:
        """Something a person has to decide."""
        ...

    def is_left(self, action: Quarantine) -> bool:
        """Was this very thing left to the person already?"""
        ...

    def choose(self, instrument: InstrumentName, choice: str, *, by: str, at: Milliseconds) -> None:
        """A person chose. It is resolved when it has come to pass."""
        ...

    def resolve_issue(self, instrument: InstrumentName, outcome: str, *, by: str, at: Milliseconds) -> None:
        """What a person chose has come to pass."""
        ...

    def record_adoption(self, bracket: Bracket, why: str, *, at: Milliseconds) -> None:
        """A trade of ours that the database did not know."""
        ...

    def record_scores(self, scores: Mapping[str, int], *, at: Milliseconds) -> None:
        """Figures of the promises."""
        ...
