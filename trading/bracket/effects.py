"""What a bracket can want done. Each request goes to disk before it leaves, and leaves once."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.values import IntentId, LabelText, Leg, Milliseconds, OrderId, OrderType, Side, TriggerSource


@unique
class Severity(StrEnum):
    """How loud to say it."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Place one order."""

    intent_id: IntentId
    leg: Leg
    label: LabelText
    side: Side
    amount: Decimal
    type: OrderType
    price: Decimal | None = None
    trigger: TriggerSource | None = None
    trigger_price: Decimal | None = None
    reduce_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBracket:
    """Place entry, stop and target as one request, under the entry's intent."""

    intent_id: IntentId
    entry: Place
    stop: Place
    target: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Give a resting order this whole amount."""

    intent_id: IntentId
    order_id: OrderId
    amount: Decimal
    price: Decimal | None
    trigger_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Take an order away."""

    intent_id: IntentId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Find out what became of a label. Only reads; `sent_at` tells when its order left."""

    label: LabelText
    sent_at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Tell a Tick at this time."""

    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The entry has filled, in part at least, for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """It is over: flat after a trade, or ended without one."""

    traded: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """It cannot be explained; nothing may open on this instrument until a person chose."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Tell the person."""

    severity: Severity
    text: str


Effect = Place | PlaceBracket | Edit | Cancel | Ask | Wake | Opened | Closed | Quarantined | Alert
Request = Place | PlaceBracket | Edit | Cancel
