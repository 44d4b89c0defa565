"""What the order manager can be told.

Commands are imperative and may be refused; facts are past tense and may not. Any fact may come twice, late,
or before the answer to the request that caused it.
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.bracket.messages import Asked, Verdict
from trading.facts import Fill, Holding, LedgerEntry, Order, Ticker
from trading.instruments import Instrument
from trading.reconcile import Report
from trading.signal import Signal
from trading.sizing import Risk
from trading.values import BracketId, Currency, InstrumentName, IntentId, Milliseconds

__all__ = ["Asked", "Verdict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBracket:
    """Enter with a stop and a target, or not at all. The same signal again opens nothing more."""

    signal: Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitWanted:
    """A person wants some trades closed, and which is on disk: see to it. Repeating it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """Halt, cancel every entry and flatten everything of ours. Repeating it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flee:
    """A panic could not be recorded: is anything of ours still there? It may be repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHalt:
    """Open nothing anywhere, or lift that. Set already, it changes nothing."""

    on: bool
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRisk:
    """Size the next trades by this; open ones stay as they are. Set already, it changes nothing."""

    risk: Risk
    leverage_max: Decimal | None
    notional_max: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """The exchange reported an order. The same picture again changes nothing; an older one is ignored."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled:
    """The exchange executed a part of an order. A fill id already known changes nothing."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """The exchange reported a position. It replaces the picture before; repeating it changes nothing."""

    holding: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerChanged:
    """The newest prices; older ones may have been dropped. Repeating it changes nothing."""

    ticker: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsChanged:
    """What the account is worth in one currency, and what of it is free. Repeating it changes nothing."""

    currency: Currency
    equity: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentsKnown:
    """The specs of the instruments as the exchange gave them. Repeating it changes nothing."""

    instruments: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDone:
    """The exchange did it; orders and fills are as its answer showed them. Repeating it changes nothing."""

    intent_id: IntentId
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused:
    """The exchange said no, or nothing was sent: it had no effect. Final; repeating it changes nothing."""

    intent_id: IntentId
    code: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FateUnknown:
    """Sent, and never answered. Not a refusal: ask by label, never send again. Repeating it changes nothing."""

    intent_id: IntentId


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRead:
    """What the account's book says of a trade's time. Repeating it changes nothing."""

    bracket_id: BracketId
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerUnread:
    """The book could not be read whole. Repeating it changes nothing."""

    bracket_id: BracketId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDue:
    """It is time to ask once more for what a trade made. Repeating it changes nothing."""

    bracket_id: BracketId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection came up or went down. Repeating it changes nothing."""

    is_up: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Database and exchange were compared. Acting on the same report again changes nothing more."""

    report: Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIssue:
    """A person chose what to do with a quarantined finding. Resolved already, it changes nothing."""

    instrument: InstrumentName
    choice: str
    """adopt: cover it and go on. close, cancel: out, and take away what rests. ignore: it is the person's now."""
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WasNaked:
    """A position of ours was without a stop for so much longer than it may be. Repeating it counts again."""

    ms: int
    is_new: bool
    """The first of this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyIssues:
    """It is time to look whether what a person chose has come to pass. Repeating it is harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """It is time to look at a bracket again. Repeating it changes nothing that has not fallen due."""

    bracket_id: BracketId
    at: Milliseconds


Message = (
    OpenBracket
    | ExitWanted
    | Panic
    | Flee
    | SetHalt
    | SetRisk
    | OrderChanged
    | OrderFilled
    | PositionChanged
    | TickerChanged
    | FundsChanged
    | InstrumentsKnown
    | RequestDone
    | RequestRefused
    | FateUnknown
    | Asked
    | LedgerRead
    | LedgerUnread
    | ResultDue
    | ConnectionChanged
    | Reconciled
    | ResolveIssue
    | WasNaked
    | VerifyIssues
    | Wake
)
