"""What a broker can be asked. Values only: each says what is wanted, none says how a broker does it.

Amounts are in the exchange's order unit. ``valid_until`` is the server's time after which the request can no longer
take effect; None lets the broker choose. Repeating a placing request places twice: no exchange we know refuses that.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from trading.values import (
    Currency,
    FillCondition,
    InstrumentName,
    LabelText,
    Milliseconds,
    OrderId,
    OrderType,
    Side,
    TimeInForce,
    TriggerSource,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """One order. Types with a price must carry one, the others must not."""

    instrument: InstrumentName
    side: Side
    amount: Decimal
    type: OrderType
    label: LabelText
    price: Decimal | None = None
    trigger: TriggerSource | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False
    reject_post_only: bool = False
    reduce_only: bool = False
    valid_until: Milliseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceBracket:
    """Entry, stop and target as one request. Both exits get ``reduce_only`` whether they carry it or not."""

    entry: PlaceOrder
    stop: PlaceOrder
    target: PlaceOrder
    fill_condition: FillCondition
    valid_until: Milliseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOrder:
    """Move a resting order. ``amount`` is the new total, what is filled already included.

    The flags are stated each time: left out, they fall back to false on the exchange.
    """

    order_id: OrderId
    amount: Decimal
    reduce_only: bool
    post_only: bool = False
    reject_post_only: bool = False
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None
    valid_until: Milliseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    """Take one order away. Repeating it is harmless: the second one is refused."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelByLabel:
    """Take away every order with this label, those still queued included. Repeating it cancels nothing more."""

    label: LabelText
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close the whole position at market. It carries no label; a reduce-only market order with one is better."""

    instrument: InstrumentName


@dataclass(frozen=True, slots=True, kw_only=True)
class DisarmCancelOnDisconnect:
    """Make this connection keep its orders when it dies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Have tickers and candles told from now on, and again after every reconnect. Repeating it is harmless."""

    tickers: tuple[InstrumentName, ...] = ()
    candles: tuple[tuple[InstrumentName, int], ...] = ()
    """Instrument and minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwatch:
    """End what ``Watch`` began."""

    tickers: tuple[InstrumentName, ...] = ()
    candles: tuple[tuple[InstrumentName, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOpenOrders:
    """Every open order of the account, the untriggered and the dormant ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOpenOrdersByLabel:
    """The open orders with this label."""

    currency: Currency
    label: LabelText


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOrder:
    """One order by id, as long as the exchange remembers it."""

    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOrdersByLabel:
    """Recent orders with this label, open or closed."""

    currency: Currency
    label: LabelText


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOrderHistory:
    """Closed orders, newest first, those cancelled without a fill included."""

    currency: Currency
    count: int = 1000
    offset: int = 0
    historical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTriggerHistory:
    """What became of trigger orders, newest first; ``continuation`` asks for the next page."""

    currency: Currency
    instrument: InstrumentName | None = None
    count: int = 100
    continuation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFills:
    """Our fills in one currency from ``since`` on, oldest first."""

    currency: Currency
    since: Milliseconds
    until: Milliseconds
    count: int = 1000
    historical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetFillsOfOrder:
    """The fills of one order."""

    order_id: OrderId
    historical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetPositions:
    """Every position of the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GetAccountSummary:
    """The account in one currency, its rate limits included."""

    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInstruments:
    """The perpetuals that settle in one currency."""

    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInstrument:
    """One perpetual."""

    instrument: InstrumentName


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTicker:
    """The prices of one instrument now, with its funding and price band."""

    instrument: InstrumentName


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCandles:
    """Candles that open between two moments."""

    instrument: InstrumentName
    minutes: int
    since: Milliseconds
    until: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLedger:
    """The account's own book of changes: fees, funding, settlements."""

    currency: Currency
    since: Milliseconds
    until: Milliseconds
    count: int = 250
    continuation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCancelOnDisconnect:
    """Whether the orders of a dying connection die with it."""

    scope: str = field(default="account")


Writing = PlaceOrder | PlaceBracket | EditOrder | CancelOrder | CancelByLabel | ClosePosition | DisarmCancelOnDisconnect
"""Requests that change something: without an answer their fate is unknown."""

Reading = (
    GetOpenOrders
    | GetOpenOrdersByLabel
    | GetOrder
    | GetOrdersByLabel
    | GetOrderHistory
    | GetTriggerHistory
    | GetFills
    | GetFillsOfOrder
    | GetPositions
    | GetAccountSummary
    | GetInstruments
    | GetInstrument
    | GetTicker
    | GetCandles
    | GetLedger
    | GetCancelOnDisconnect
)
"""Requests that only ask: without an answer nothing is lost but the answer."""

Request = Writing | Reading | Watch | Unwatch


def protects(request: Request) -> bool:
    """Whether the request can only make the account safer; the rate budget keeps a reserve for these."""
    match request:
        case PlaceOrder():
            return request.reduce_only
        case EditOrder() | CancelOrder() | CancelByLabel() | ClosePosition() | DisarmCancelOnDisconnect():
            return True
        case _:
            return False
