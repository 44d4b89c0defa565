"""What a broker tells without being asked: past tense, true at its moment, never refused.

Prices, fills and closed candles are told as ``trading.facts`` has them; here is the rest. The same fact may come
twice (a fill above all): whoever counts must count by id.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.facts import Candle, Fill, Holding, Order, Ticker
from trading.values import Currency, InstrumentName, LabelText, Milliseconds, OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class StrangeOrder:
    """An order that exists but speaks words we do not know: shown as it is, never guessed at."""

    order_id: OrderId
    label: LabelText
    instrument: InstrumentName
    side: str
    type: str
    state: str
    amount: Decimal
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The account in one currency. In a cross-margin account every row repeats the whole account's margin."""

    currency: Currency
    balance: Decimal
    equity: Decimal
    margin_balance: Decimal
    available_funds: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    session_rpl: Decimal
    session_upl: Decimal
    margin_model: str
    is_cross: bool
    total_equity_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """An order changed."""

    order: Order | StrangeOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSeen:
    """An order of the account was filled, wholly or partly."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSeen:
    """A position changed; a flat one has the amount 0."""

    holding: Holding


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioSeen:
    """The account's money changed."""

    portfolio: Portfolio


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionUp:
    """Logged in, listening and measured: from here on requests are taken. Nothing missed before is replayed."""

    can_trade: bool
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDown:
    """The connection is gone; every request without an answer has been told as fate unknown before this."""

    reason: str


@unique
class LoginProblem(StrEnum):
    """What a person must do about a failed login."""

    WRONG_KEY = "wrong_key"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRenewed:
    """The login was renewed in time and lasts until ``until`` on the local clock."""

    until: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginFailed:
    """A login or its renewal did not work. ``is_final`` means the broker has stopped trying."""

    problem: LoginProblem
    reason: str
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeTooSmall:
    """The key may not do what trading needs."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTooPowerful:
    """The key may do what trading never needs, such as withdrawing."""

    excess: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOnDisconnectArmed:
    """A trap: when the connection dies the exchange would take our stops away. ``scope`` says where it is set."""

    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckUnanswered:
    """A check at login could not be made, so what it would have found is not known."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingChannels:
    """Asked for, and silently or openly not given: nothing will be told on these."""

    channels: tuple[str, ...]
    reason: str


@unique
class LockScope(StrEnum):
    """What a lock holds."""

    ACCOUNT = "account"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """An account currency or a price index was locked or freed; told only when it changes."""

    scope: LockScope
    name: str
    is_locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """The exchange entered or left maintenance; told only when it changes."""

    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentSocket:
    """Nothing at all arrived for too long: the connection is dead without saying so, and is being closed."""

    silent_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTold:
    """The exchange sent an error that answers no request."""

    code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayReply:
    """A reply to nothing we asked, or a second one to something answered; changes nothing."""

    ref: int | None
    is_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A message broke the contract. ``raw`` is it as it came, cut to a bound; nothing was concluded from it."""

    why: str
    raw: str


Fact = (
    Ticker
    | Candle
    | OrderSeen
    | FillSeen
    | PositionSeen
    | PortfolioSeen
    | ConnectionUp
    | ConnectionDown
    | LoginRenewed
    | LoginFailed
    | ScopeTooSmall
    | KeyTooPowerful
    | CancelOnDisconnectArmed
    | CheckUnanswered
    | MissingChannels
    | Locked
    | Maintenance
    | SilentSocket
    | ErrorTold
    | StrayReply
    | Unreadable
)
