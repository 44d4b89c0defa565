"""What a comparison of database and exchange looks at, and what it can find and ask for. Values only."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.bracket import Bracket, Pictured
from trading.bracket.effects import Severity
from trading.facts import Fill, Holding, Order
from trading.labels import Label
from trading.values import ZERO, BracketId, InstrumentName, Milliseconds, OrderId


@unique
class FindingKind(StrEnum):
    """What was found."""

    MATCHED = "matched"
    GHOST_TRADE = "ghost_trade"
    PARTIAL_CLOSE = "partial_close"
    WRONG_SIZE = "wrong_size"
    SIDE_FLIPPED = "side_flipped"
    MISSING_STOP = "missing_stop"
    MISSING_TARGET = "missing_target"
    ENTRY_NOT_FILLED = "entry_not_filled"
    ORPHAN_PROTECTION = "orphan_protection"
    ORPHAN_POSITION = "orphan_position"
    UNKNOWN_ORDER = "unknown_order"
    OTHER_WORKER = "other_worker"
    OTHER_INSTANCE = "other_instance"
    FOREIGN_ORDER = "foreign_order"
    FOREIGN_POSITION = "foreign_position"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of a report."""

    kind: FindingKind
    severity: Severity
    instrument: InstrumentName
    sentence: str
    order_ids: tuple[OrderId, ...] = ()
    bracket_id: BracketId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Tell a bracket what the exchange shows of it; it repairs itself."""

    bracket_id: BracketId
    picture: Pictured


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """The exchange holds less than the bracket's fills explain, and it lasts: the rest was closed out of our sight."""

    bracket_id: BracketId
    held: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrphan:
    """An order of ours without a bracket: take it away."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A position that exactly one trade of ours explains, which the database does not know: take it into care.

    ``label`` is one of its orders' or fills'; ``fills`` are its own, and those of a person since it began.
    """

    holding: Holding
    label: Label
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    is_whole: bool = False
    """The whole position is taken, also what its fills do not explain: a person said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Open nothing on this instrument until a person chose. Something of ours may be in it: it must not be bare."""

    instrument: InstrumentName
    kind: FindingKind
    why: str
    order_ids: tuple[OrderId, ...] = ()
    position: Decimal = ZERO
    bracket_ids: tuple[BracketId, ...] = ()
    """Trades that may be behind it."""
    choices: tuple[str, ...] = ("ignore",)
    """What a person may choose. What is offered is done."""
    adoption: Adopt | None = None
    """What a person would take into care; None where there is nothing to take."""
    claimed: Decimal = ZERO
    """So much of it is ours, by the fills of several forgotten trades."""


Action = CancelOrphan | Adopt | Refresh | Reduced | Quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePicture:
    """Everything that rests, is held, and was filled since ``since``, read at one time."""

    orders: tuple[Order, ...]
    holdings: tuple[Holding, ...]
    fills: tuple[Fill, ...]
    since: Milliseconds
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePicture:
    """What we believe: the open brackets, and the ids of those that are over."""

    owner: str
    worker: str
    """Both as they stand in labels."""
    open: tuple[Bracket, ...]
    over: frozenset[BracketId]
    given_up: tuple[Bracket, ...] = ()
    """Those that wait for a person."""
    released: frozenset[BracketId] = frozenset()
    """Trades a person has taken over: what is left of them is not ours any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A difference of size that may still be a matter of moments."""

    instrument: InstrumentName
    position: Decimal
    held: Decimal
    since: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a comparison found. ``suspicions`` go into the next one."""

    at: Milliseconds
    findings: tuple[Finding, ...]
    actions: tuple[Action, ...]
    suspicions: tuple[Suspicion, ...]
    holdings: tuple[Holding, ...] = ()
    """The account's positions as they were read."""
    orders: tuple[Order, ...] = ()
    """Everything that rests, as it was read."""

    @property
    def is_clean(self) -> bool:
        """Nothing to do and nothing to worry about."""
        quiet = {FindingKind.MATCHED, FindingKind.FOREIGN_ORDER, FindingKind.FOREIGN_POSITION, FindingKind.OTHER_WORKER}
        return all(finding.kind in quiet for finding in self.findings) and not self.suspicions
