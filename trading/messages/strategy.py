"""What a strategy can be told: prices, a person's wishes, and what became of its trade."""

from dataclasses import dataclass

from trading.errors import Refused
from trading.facts import Candle, Ticker
from trading.instruments import Instrument
from trading.lifecycle import PauseCause
from trading.pnl import TradePnl
from trading.values import BracketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerChanged:
    """The newest prices. Older ones not yet read may have been dropped; the same again changes nothing."""

    ticker: Ticker


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleClosed:
    """A candle is complete. None is dropped; one that opened no later than the last one known is ignored."""

    candle: Candle


@dataclass(frozen=True, slots=True, kw_only=True)
class CandlesKnown:
    """The candles before now, oldest first: what a strategy warms up with. Older ones than known are ignored."""

    candles: tuple[Candle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentKnown:
    """The specs of its instrument. Repeating it changes nothing."""

    instrument: Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin, from IDLE. Running already, it is refused and changes nothing."""

    in_trade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Open nothing new. Paused already, only the stronger cause is kept."""

    cause: PauseCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Go on, by a person's word. Running already, it is refused and changes nothing."""

    in_trade: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """End, and leave the trade protected. Ended already, it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRefused:
    """The bracket was not opened, or was rolled back whole. Repeating it changes nothing."""

    bracket_id: BracketId
    why: Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEnded:
    """The entry was cancelled or expired without a fill. Repeating it changes nothing."""

    bracket_id: BracketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOpened:
    """The entry has filled, in part at least. Repeating it changes nothing."""

    bracket_id: BracketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeClosing:
    """Its trade, if there is one, is being closed. Repeating it changes nothing."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeClosed:
    """The trade is over and this is its result. Repeating it changes nothing."""

    bracket_id: BracketId
    pnl: TradePnl
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SayState:
    """Tell the desk where you are: it was restarted. Repeating it changes nothing."""


Message = (
    TickerChanged
    | CandleClosed
    | CandlesKnown
    | InstrumentKnown
    | Start
    | Pause
    | Resume
    | Stop
    | EntryRefused
    | EntryEnded
    | TradeOpened
    | TradeClosing
    | TradeClosed
    | SayState
)
