"""What a bracket can be told. Any of it may come twice, late, or in another order than it happened."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.facts import Fill, Order
from trading.values import IntentId, LabelText


@unique
class Verdict(StrEnum):
    """What asking for a label has shown."""

    FOUND = "found"
    NEVER = "never"  # past its last moment and nowhere to be found: it never existed
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time has passed. Repeating it changes nothing that has not fallen due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The exchange did it. Repeating it changes nothing."""

    intent_id: IntentId
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The exchange, or a rule before it, said no: nothing of it took effect. Repeating it changes nothing."""

    intent_id: IntentId
    code: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Sent and not answered. Repeating it changes nothing."""

    intent_id: IntentId


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """The exchange showed an order. An older picture than the one known changes nothing."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class FillSeen:
    """The exchange executed a part of an order. A fill id already known changes nothing."""

    fill: Fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of a label. Repeating it changes nothing."""

    label: LabelText
    verdict: Verdict
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    is_whole: bool = True  # else some place did not answer, and what is not among these may be there all the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictured:
    """All that rests on the exchange with our labels, all fills found, and the position, at one moment.

    An order of ours that is thought alive and is not in the picture is asked for by its label.
    """

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    position: Decimal  # of the instrument, signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """The exchange holds only this much, and no fill says why. Repeating it changes nothing.

    The difference was closed out of our sight, at about this price: its result is an estimate and marked as one.
    """

    held: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Get out, for this reason. While closing, or once over, repeating it changes nothing."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """A person takes a bracket that was given up into care again. Of any other bracket it changes nothing."""


Message = Tick | Done | Refused | Unknown | OrderSeen | FillSeen | Asked | Pictured | Reduced | Close | Adopt
