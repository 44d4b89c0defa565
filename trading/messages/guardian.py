"""What the guardian can be told: facts of the exchange alone. It trusts no order manager and no database."""

from dataclasses import dataclass
from decimal import Decimal

from trading.facts import Fill, Holding, Order
from trading.reconcile import ExchangePicture
from trading.values import ZERO, InstrumentName, Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """The exchange reported an order. An older picture is ignored."""

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
class PictureTaken:
    """The exchange, whole. It replaces all that was known before its reading began; repeating it changes nothing."""

    picture: ExchangePicture
    began_ms: int
    """On the monotonic clock: a wall clock that is set says nothing of which news is newer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection came up or went down. While it is down, resting stops are the cover.

    Repeating it changes nothing.
    """

    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """This instrument is ours to watch, or no longer. Repeating it changes nothing."""

    instrument: InstrumentName
    ours: bool
    claimed: Decimal = ZERO
    """So much of what is held is ours at least, whoever's hand the fills show: several forgotten trades together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is held here is a person's from now on, until it is ours again. Repeating it changes nothing."""

    instrument: InstrumentName


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Time has passed. Repeating it does nothing that has not fallen due."""

    at: Milliseconds


Message = OrderChanged | OrderFilled | PositionChanged | PictureTaken | ConnectionChanged | Watch | Release | Look
