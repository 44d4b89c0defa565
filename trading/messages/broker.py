"""What the broker can be told. It answers with messages to others, never by return.

Every request carries an intent id: its outcome comes back under it, and one intent is sent at most once.
"""

from dataclasses import dataclass

from trading.bracket.effects import Request
from trading.values import BracketId, Currency, FillCondition, InstrumentName, IntentId, LabelText, Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Open the connection. Connected already, it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """Close the connection and keep it closed. Closed already, it changes nothing. Resting orders stay."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Deliver prices and candles from now on, after every reconnect too. Watched already, it changes nothing."""

    instruments: tuple[InstrumentName, ...]
    candle_minutes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Send one request. Told again under the same intent it is not sent again."""

    intent_id: IntentId
    instrument: InstrumentName
    wish: Request
    fill_condition: FillCondition
    """How the children of a native bracket come alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskLabel:
    """Find out what became of a label. It only reads, so it may be repeated."""

    label: LabelText
    currency: Currency
    sent_at: Milliseconds
    """When its order left, on our clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePicture:
    """Read everything that rests, is held and was filled since. It only reads, so it may be repeated."""

    picture_id: int
    since: Milliseconds
    is_deep: bool = False
    """Fills out of the archive, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLedger:
    """Read the account's book of one currency between two moments, for a trade's result. May be repeated."""

    bracket_id: BracketId
    currency: Currency
    since: Milliseconds
    until: Milliseconds
    """Both on the exchange's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchCandles:
    """Deliver the newest closed candles to the strategies of an instrument. It only reads, so it may be repeated."""

    instrument: InstrumentName
    minutes: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellInstruments:
    """Tell the specs of the instruments once more: somebody new listens. Repeating it is harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TellStanding:
    """Tell connection, instruments and funds once more: somebody was restarted. It may be repeated."""


Message = (
    Connect
    | Disconnect
    | Watch
    | Submit
    | AskLabel
    | TakePicture
    | ReadLedger
    | FetchCandles
    | TellInstruments
    | TellStanding
)
