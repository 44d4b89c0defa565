"""What we ask of the exchange: one order, or one bracket of three, as values. Nothing here sends or checks anything."""

from dataclasses import dataclass
from decimal import Decimal

from trading.values import (
    BracketId,
    FillCondition,
    InstrumentName,
    LabelText,
    Milliseconds,
    OrderType,
    Side,
    StrategyName,
    TimeInForce,
    TriggerSource,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One order to place. Fields that its type does not take are None."""

    label: LabelText
    instrument: InstrumentName
    side: Side
    amount: Decimal
    type: OrderType
    price: Decimal | None = None
    trigger: TriggerSource | None = None
    trigger_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    """Only for types with a price; None lets the exchange take its default."""
    post_only: bool = False
    reduce_only: bool = False
    valid_until: Milliseconds | None = None
    """The exchange's own time after which the order must not start; puts an end on "it may still land"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketRequest:
    """Entry, stop and target to place as one request. Stop and target reduce only, and one cancels the other."""

    entry: OrderRequest
    stop: OrderRequest
    target: OrderRequest
    fill_condition: FillCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketPlan:
    """What a strategy wants: where in, where out. The amount follows from the risk set, not from the strategy."""

    bracket_id: BracketId
    strategy: StrategyName
    instrument: InstrumentName
    side: Side
    entry: Decimal | None
    """The limit price; None enters at market."""
    stop: Decimal
    target: Decimal
    stop_trigger: TriggerSource
    valid_until: Milliseconds
    reason: str
    """For people: what the strategy saw."""
