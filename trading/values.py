"""The words of the trade: sides, legs, order types and states, ids, exact money.

The text of each enum is the exchange's own word where it has one, so parsing is ``Side("buy")``.
This module decides nothing, and it parses nothing but numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from enum import StrEnum, unique
from typing import NewType

from trading.errors import BadInput

OrderId = NewType("OrderId", str)
"""The exchange's id of an order. Changes when a trigger order triggers or a dormant child comes alive."""
FillId = NewType("FillId", str)
"""The exchange's ``trade_id``; unique per currency, and the same fill may be told twice."""
BracketId = NewType("BracketId", str)
"""Ours: a function of the signal's content, so that a restart makes the same one."""
StrategyName = NewType("StrategyName", str)
"""The strategy's name in the configuration."""
WorkerId = NewType("WorkerId", str)
"""The running instance; two of them on one account have two."""
InstrumentName = NewType("InstrumentName", str)
Currency = NewType("Currency", str)
LabelText = NewType("LabelText", str)
"""A whole order label as it travels; ``trading.labels`` makes and reads it."""
IntentId = NewType("IntentId", str)
"""Names one request to the exchange before it leaves; a function of what it is about."""
Milliseconds = NewType("Milliseconds", int)
"""A point in time: integer milliseconds UTC since 1970."""


@unique
class Side(StrEnum):
    """The direction of an order, a fill or a position (a long position is BUY)."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The side that closes this one."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @property
    def sign(self) -> int:
        """Give +1 for BUY and -1 for SELL."""
        return 1 if self is Side.BUY else -1


@unique
class Leg(StrEnum):
    """What an order is for within its bracket."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    CLOSE = "close"


@unique
class Kind(StrEnum):
    """How a contract pays: LINEAR in the quote coin, its amounts in base coin; INVERSE in the base coin, in USD."""

    LINEAR = "linear"
    INVERSE = "inverse"


@unique
class OrderType(StrEnum):
    """The exchange's order types. MARKET_LIMIT is a market order whose rest stays as a limit."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_MARKET = "take_market"
    TAKE_LIMIT = "take_limit"
    TRAILING_STOP = "trailing_stop"
    MARKET_LIMIT = "market_limit"

    @property
    def is_trigger(self) -> bool:
        """Whether it waits for a trigger price before it is a real order."""
        return self in _TRIGGER_TYPES

    @property
    def has_price(self) -> bool:
        """Whether it must carry a limit price; the other types must not."""
        return self in _PRICED_TYPES


_TRIGGER_TYPES = frozenset(
    {
        OrderType.STOP_MARKET,
        OrderType.STOP_LIMIT,
        OrderType.TAKE_MARKET,
        OrderType.TAKE_LIMIT,
        OrderType.TRAILING_STOP,
    }
)
_PRICED_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TAKE_LIMIT})


@unique
class OrderState(StrEnum):
    """The exchange's order states. Partly filled is OPEN, or CANCELLED, with a filled amount above zero."""

    OPEN = "open"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNTRIGGERED = "untriggered"
    TRIGGERED = "triggered"

    @property
    def is_working(self) -> bool:
        """Whether the order of this id may still do something. TRIGGERED may not: it goes on under a new id."""
        return self in {OrderState.OPEN, OrderState.UNTRIGGERED}


@unique
class TimeInForce(StrEnum):
    """How long a limit order lives."""

    GOOD_TIL_CANCELLED = "good_til_cancelled"
    GOOD_TIL_DAY = "good_til_day"
    FILL_OR_KILL = "fill_or_kill"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"


@unique
class TriggerSource(StrEnum):
    """Which price a trigger order watches."""

    LAST_PRICE = "last_price"
    MARK_PRICE = "mark_price"
    INDEX_PRICE = "index_price"


@unique
class FillCondition(StrEnum):
    """When a filled primary brings its children to life, and how a filled child ends its sibling."""

    FIRST_HIT = "first_hit"
    COMPLETE_FILL = "complete_fill"
    INCREMENTAL = "incremental"


@unique
class LinkedOrderType(StrEnum):
    """How orders of one request hang together (OTO, OCO, OTOCO)."""

    ONE_TRIGGERS_OTHER = "one_triggers_other"
    ONE_CANCELS_OTHER = "one_cancels_other"
    ONE_TRIGGERS_ONE_CANCELS_OTHER = "one_triggers_one_cancels_other"


@unique
class Liquidity(StrEnum):
    """Whether a fill gave liquidity or took it; decides the fee."""

    MAKER = "M"
    TAKER = "T"


@unique
class InstrumentState(StrEnum):
    """The exchange's instrument states; only OPEN trades. A word not known here is UNKNOWN, which does not trade."""

    OPEN = "open"
    SETTLEMENT = "settlement"
    DELIVERED = "delivered"
    INACTIVE = "inactive"
    LOCKED = "locked"
    HALTED = "halted"
    ARCHIVIZED = "archivized"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, _value: object) -> "InstrumentState":
        """Take a new word for UNKNOWN: the exchange renamed these states once already."""
        return cls.UNKNOWN


ZERO = Decimal(0)

# Sixty digits: products of two 28-digit numbers stay exact and quotients err far below any coin's last digit.
# The thread's own context is never used for money, so no library can change a result from outside.
MONEY = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


@contextmanager
def money_math() -> Iterator[None]:
    """Compute with the money context inside the ``with`` block, whatever the thread's own context is."""
    with localcontext(MONEY):
        yield


def exact(raw: object) -> Decimal:
    """Turn a number from outside into a finite Decimal, or raise BadInput; a float is refused, its digits are gone."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        msg = f"not an exact number ({type(raw).__name__})"
        raise BadInput(msg, raw)
    try:
        number = Decimal(raw)
    except InvalidOperation:
        msg = "not a number"
        raise BadInput(msg, raw) from None
    if not number.is_finite():
        msg = "not a finite number"
        raise BadInput(msg, raw)
    return number


def plain(number: Decimal) -> str:
    """Write a number for people: no exponent, no zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
