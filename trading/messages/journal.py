"""What the journal can be told: facts worth showing. All past tense, none can be refused, and nothing waits for it.

Any fact may come twice. Telling it again shows the same, and those the journal writes into the log are logged again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading.bracket import Bracket
from trading.bracket.effects import Severity
from trading.errors import Refused
from trading.facts import Candle, Fill, Holding, Order, Ticker
from trading.lifecycle import PauseCause, State
from trading.messages import supervision
from trading.reconcile import ExchangePicture, Report
from trading.signal import Signal
from trading.values import Currency, InstrumentName, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection came up or went down. ``is_wanted``: a person or the start wants it up."""

    is_up: bool
    reason: str
    is_wanted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerChanged:
    """The newest prices; a subscriber is shown the newest of a quarter of a second, never all."""

    ticker: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleClosed:
    """A candle is complete."""

    candle: Candle


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesKnown:
    """The candles before now, the oldest first."""

    candles: tuple[Candle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """The exchange reported an order, ours or not."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSeen:
    """The exchange executed a part of an order."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionChanged:
    """The exchange reported a position."""

    holding: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsChanged:
    """What the account is worth in one currency, and what of it is free."""

    currency: Currency
    equity: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTaken:
    """All that rests and is held, read whole: it replaces every order and position shown before."""

    picture: ExchangePicture


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketMoved:
    """A bracket took a step, which is on disk. ``cause`` is what it was told."""

    bracket: Bracket
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRefused:
    """A signal was not taken."""

    signal: Signal
    why: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyKnown:
    """There is such a strategy in the configuration. ``parameters`` are plain values, money as text."""

    name: StrategyName
    kind: str
    instrument: InstrumentName
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMoved:
    """A strategy is in another state."""

    name: StrategyName
    generation: int
    state: State
    reason: str
    cause: PauseCause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFailed:
    """A strategy raised, hung or flooded; it stays in ERROR until a person resumes it."""

    name: StrategyName
    generation: int
    reason: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One condition of a decision: met or not, and the figures behind it."""

    name: str
    is_met: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A strategy has looked at the market. Only the last one is kept."""

    name: StrategyName
    generation: int
    decision: str
    checkpoints: tuple[Checkpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersChanged:
    """A strategy has other parameters, from its next life on. Plain values, money as text."""

    name: StrategyName
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltChanged:
    """Nothing opens anywhere, for this reason; None lifts it."""

    reason: str | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueOpened:
    """Something needs a person; nothing opens on the instrument until they chose."""

    instrument: InstrumentName
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueResolved:
    """A person chose."""

    instrument: InstrumentName
    choice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Figures of the promises as they are now; those not named stay as they were. All should be 0."""

    scores: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """Database and exchange were compared."""

    report: Report
    why: str
    took_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """A person was told something."""

    severity: Severity
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """A person's command was answered. ``code`` is the answer's."""

    command: str
    subject: str
    by: str
    code: str
    sentence: str


Message = (
    ConnectionChanged
    | TickerChanged
    | CandleClosed
    | CandlesKnown
    | OrderSeen
    | FillSeen
    | PositionChanged
    | FundsChanged
    | PictureTaken
    | BracketMoved
    | SignalRefused
    | StrategyKnown
    | StrategyMoved
    | StrategyFailed
    | Decided
    | ParametersChanged
    | HaltChanged
    | IssueOpened
    | IssueResolved
    | Scored
    | Reconciled
    | Alerted
    | Commanded
    | supervision.Notice
)
