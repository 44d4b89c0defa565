"""What the reconciler can be told: to run, and the picture it asked for."""

from dataclasses import dataclass

from trading.reconcile import ExchangePicture


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Compare database and exchange now. Told again while a run is under way, it changes nothing."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureTaken:
    """The exchange, whole, as it was read. A picture that was not asked for last is ignored."""

    picture_id: int
    picture: ExchangePicture


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFailed:
    """It could not be read whole; nothing is concluded from it, and repeating it changes nothing."""

    picture_id: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection came up or went down. Up means: compare before anything trades. May be repeated."""

    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBegan:
    """A trade has begun: look soon what becomes of it, should the exchange tell nothing. It may be repeated."""


Message = TradeBegan | Run | PictureTaken | PictureFailed | ConnectionChanged
