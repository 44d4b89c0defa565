"""How a request ends: done, refused, or fate unknown. There is no fourth way, and each request ends exactly once.

``LateOutcome`` is the one addition: an answer that came after its request was told as fate unknown. It is evidence,
not a second ending.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum, unique

from brokers.facts import Portfolio, StrangeOrder
from brokers.requests import Request
from trading.facts import Candle, Fill, Holding, LedgerEntry, Order, Ticker
from trading.instruments import Instrument
from trading.values import InstrumentName, LabelText, Milliseconds, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order was taken (placed, edited or closed with), with the fills it had at once."""

    order: Order | StrangeOrder
    fills: tuple[Fill, ...]
    child_ids: tuple[OrderId, ...] = ()
    """Ids of dormant children; good for nothing but counting them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What was taken away: the order itself, or only how many there were."""

    count: int
    order: Order | StrangeOrder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Orders as the exchange listed them."""

    orders: tuple[Order, ...]
    strange: tuple[StrangeOrder, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggering:
    """One line of the trigger history. ``state`` may be ``rejected:<reason>``: a stop that did not become an order."""

    trigger_order_id: OrderId
    order_id: OrderId | None
    label: LabelText
    instrument: InstrumentName
    state: str
    request: str
    amount: Decimal
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggerings:
    """A page of the trigger history."""

    entries: tuple[Triggering, ...]
    continuation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fills:
    """Fills, and whether there are more than fitted."""

    fills: tuple[Fill, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Positions; flat ones may be among them."""

    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Requests per second and the burst on top, for the matching engine and for everything else."""

    matching_rate: Decimal
    matching_burst: Decimal
    other_rate: Decimal
    other_burst: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary:
    """The account in one currency; ``limits`` is None where the exchange does not say."""

    portfolio: Portfolio
    account_id: str
    limits: RateLimits | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """The instruments we can trade, and the names of those we left out."""

    instruments: tuple[Instrument, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerDetail:
    """A ticker with what an order check needs beside the prices."""

    ticker: Ticker
    state: str
    bid_amount: Decimal | None
    ask_amount: Decimal | None
    min_price: Decimal | None
    max_price: Decimal | None
    funding_8h: Decimal | None
    current_funding: Decimal | None
    settlement_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """Candles, oldest first; the one still running, if it was among them, stands apart."""

    closed: tuple[Candle, ...]
    running: Candle | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A page of the account's book."""

    entries: tuple[LedgerEntry, ...]
    continuation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """Whether cancel-on-disconnect is armed in a scope."""

    scope: str
    is_armed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Which channels are told now, and which of the wanted ones are not."""

    channels: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """It was done, and there is nothing more to say."""


Result = (
    Placed
    | Cancelled
    | Orders
    | Triggerings
    | Fills
    | Holdings
    | AccountSummary
    | Instruments
    | TickerDetail
    | Candles
    | Ledger
    | Armed
    | Watching
    | Acknowledged
)


@unique
class LocalCode(IntEnum):
    """Codes of our own in ``Refused``, far below any the exchange uses: refused before anything was sent."""

    OVER_BUDGET = 1
    EXPIRED = 2
    MALFORMED = 3
    TOO_LARGE = 4


@unique
class Doubt(StrEnum):
    """Why nobody knows what became of a request."""

    NO_ANSWER = "no_answer"
    CONNECTION_LOST = "connection_lost"
    SERVER_IN_DOUBT = "server_in_doubt"
    UNREADABLE_ANSWER = "unreadable_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The exchange did it."""

    ref: int
    request: Request
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Proven: it did not happen and will not. ``code`` is the exchange's, or a ``LocalCode`` of ours."""

    ref: int
    request: Request
    code: int
    message: str
    data: object = None
    retry_after_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FateUnknown:
    """Sent, and nobody knows. Not a refusal: ask by label, never send it again."""

    ref: int
    request: Request
    doubt: Doubt
    why: str


Outcome = Done | Refused | FateUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class LateOutcome:
    """The answer to a request that was already told as fate unknown."""

    outcome: Done | Refused
