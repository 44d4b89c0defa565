"""What the broker can be told. It answers with messages to the order manager and the strategies, never by return.

Every request carries an intent id: its outcome comes back under it, and one intent is sent at most once.
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.requests import BracketRequest, OrderRequest
from trading.values import Currency, InstrumentName, IntentId, LabelText, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Open the connection. Connected already, it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """Close the connection and keep it closed. Closed already, it changes nothing. Resting orders stay."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Deliver prices, orders and fills of an instrument from now on. Watched already, it changes nothing."""

    instrument: InstrumentName


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOrder:
    """Send one order. Told again under the same intent it is not sent again."""

    intent_id: IntentId
    order: OrderRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitBracket:
    """Send entry, stop and target as one request. Told again under the same intent it is not sent again."""

    intent_id: IntentId
    bracket: BracketRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOrder:
    """Change a resting order in place. It sets absolute figures, so repeating it has no further effect."""

    intent_id: IntentId
    order_id: OrderId
    amount: Decimal
    price: Decimal | None = None
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Cancel an order. Repeating it is harmless; "not found" is an answer, and may mean that it filled."""

    intent_id: IntentId
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLabel:
    """Ask what became of a label: open orders, state, history, fills. Only reads, so it may be repeated."""

    intent_id: IntentId
    currency: Currency
    label: LabelText


Message = Connect | Disconnect | Watch | SubmitOrder | SubmitBracket | EditOrder | CancelOrder | QueryLabel
