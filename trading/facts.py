"""What the exchange says, in our words: orders, fills, positions and prices as it reported them.

These are pictures, true at their moment. Nothing here is computed, and nothing here is believed beyond it.
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.values import (
    ZERO,
    Currency,
    FillId,
    InstrumentName,
    LabelText,
    Liquidity,
    Milliseconds,
    OrderId,
    OrderState,
    OrderType,
    Side,
    TriggerSource,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of an order of ours. ``side`` is our side; ``fee`` above zero is a cost.

    ``profit_loss`` is what the exchange booked for it, before the fee; 0 when it opened something.
    """

    fill_id: FillId
    order_id: OrderId
    label: LabelText
    instrument: InstrumentName
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: Currency
    profit_loss: Decimal
    liquidity: Liquidity
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order as last reported. ``price`` is None where it has none yet (an untriggered market stop)."""

    order_id: OrderId
    label: LabelText
    instrument: InstrumentName
    side: Side
    type: OrderType
    state: OrderState
    amount: Decimal
    filled_amount: Decimal = ZERO
    average_price: Decimal = ZERO
    price: Decimal | None = None
    trigger: TriggerSource | None = None
    trigger_price: Decimal | None = None
    reduce_only: bool = False
    post_only: bool = False
    oco_ref: str = ""
    """Shared by two orders of which one cancels the other; empty when it stands alone."""
    trigger_order_id: OrderId | None = None
    """The id it had before it triggered; both ids carry the same label."""
    is_dormant: bool = False
    """A child that waits for its primary: its id is good for nothing, match it by label."""
    cancel_reason: str = ""
    reject_reason: str = ""
    updated_at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position as the exchange reports it. ``amount`` is signed and in order units; 0 is flat."""

    instrument: InstrumentName
    amount: Decimal
    average_price: Decimal
    mark_price: Decimal
    realized_funding: Decimal = ZERO
    floating_profit_loss: Decimal | None = None
    """What the exchange says it would make now, since the last settlement; None where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the account's own book. A position's funding is booked when it changes, and at settlement."""

    entry_id: str
    type: str
    currency: Currency
    instrument: InstrumentName | None
    change: Decimal
    """Of the cash: the fee of a trade, the session's results at a settlement."""
    balance: Decimal | None
    order_id: OrderId | None
    fill_id: FillId | None
    at: Milliseconds
    funding: Decimal = ZERO
    """Booked with this line, for the whole position held before it; above zero was received."""
    settled: Decimal = ZERO
    """At a settlement: the result since the last one, of the whole position, that it turned into cash."""
    position: Decimal | None = None
    """Held after it, signed; None where the line does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """The prices of one instrument at one moment. A side of the book that is empty is None."""

    instrument: InstrumentName
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    mark: Decimal
    index: Decimal
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One closed candle; ``opened_at`` is its first millisecond."""

    instrument: InstrumentName
    minutes: int
    opened_at: Milliseconds
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
