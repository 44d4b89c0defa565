"""What the order manager can be told.

Commands are imperative and may be refused; facts are past tense and may not. Any fact may come twice, late,
or before the answer to the request that caused it.
"""

from dataclasses import dataclass

from trading.errors import Refused
from trading.facts import Fill, Holding, Order
from trading.requests import BracketPlan
from trading.values import BracketId, IntentId, LabelText


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBracket:
    """Enter with a stop and a target, or not at all. The same bracket id again opens nothing more."""

    plan: BracketPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseTrade:
    """Flatten the trade of a bracket. While it is closing, or once closed, repeating it changes nothing."""

    bracket_id: BracketId
    reason: str


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
class RequestDone:
    """The exchange did it; the orders are as its answer showed them. Repeating it changes nothing."""

    intent_id: IntentId
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused:
    """The exchange said no: nothing of this request took effect. Final; repeating it changes nothing."""

    intent_id: IntentId
    why: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class FateUnknown:
    """Sent, and never answered. Not a refusal: ask by label, never send again. Repeating it changes nothing."""

    intent_id: IntentId
    label: LabelText


Message = (
    OpenBracket | CloseTrade | OrderChanged | OrderFilled | PositionChanged | RequestDone | RequestRefused | FateUnknown
)
