"""What can be sent: the body of each command and the query of each list. The document of the API is made of these."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from persistence.brackets import Which
from trading.notice_kinds import Loudness
from trading.sizing import RiskMode

PANIC: Final = "panic"
REASON_MAX: Final = 500
LIST_MAX: Final = 500
PAGE_SIZE: Final = 50
CANDLES_MAX: Final = 1_000
ID_MAX: Final = 10**17
TEXT_MAX: Final = 200
LANGUAGES: Final = ("en", "nl")

Limit = Annotated[int, Meta(ge=1, le=LIST_MAX, description="How many at most.")]
Before = Annotated[int, Meta(ge=1, le=ID_MAX, description="`next` of the page before.")]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,15})?$", description="A number above 0, as text.")]
Word = Annotated[str, Meta(max_length=TEXT_MAX)]


class Body(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON object; a field that is not known is wrong, and not passed over."""


class Nothing(Body, frozen=True):
    """A command that needs no more words."""


class HaltBody(Body, frozen=True):
    """Why nothing may open."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_MAX)] = "by hand"


class ReconnectBody(Body, frozen=True):
    """Whether the strategies that the lost connection paused go on."""

    resume: bool = False


class PanicBody(Body, frozen=True):
    """The second confirmation: the word `panic`."""

    confirm: str = ""


class ResolveBody(Body, frozen=True):
    """What a person chose: one of the issue's `choices`."""

    choice: str


class ParametersBody(Body, frozen=True):
    """Parameters to change; null goes back to the configured value."""

    parameters: dict[str, str | int | bool | None]


class RiskBody(Body, frozen=True):
    """What the next trades may lose: percent of the equity (never above 100), or an amount in the account's coin.

    A cap that is left out stays as it is; null is no cap.
    """

    mode: RiskMode
    value: Amount
    leverage: Amount | UnsetType | None = UNSET
    notional: Amount | UnsetType | None = UNSET


class SettingsBody(Body, frozen=True):
    """What is to change; what is left out stays as it is."""

    auto_reconnect: bool | None = None
    language: Literal["en", "nl"] | None = None
    notifications: Annotated[
        dict[str, Loudness | None],
        Meta(description="How loud each kind of notice is; null goes back to the configured loudness."),
    ] = {}


class SwitchBody(Body, frozen=True):
    """Where to trade from now on, confirmed by saying it twice; for real money by `trade my real money`."""

    id: str
    confirm: str = ""


class KeyBody(Body, frozen=True):
    """A key of a broker. It is kept sealed and never shown again. `confirm` is the broker's id."""

    client_id: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
    client_secret: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
    confirm: str = ""


class ConfirmBody(Body, frozen=True):
    """The second confirmation."""

    confirm: str = ""


class TrialBody(Body, frozen=True):
    """Whose key to try: the kept one of a broker (the active one if none is named), or one given here."""

    id: str | None = None
    client_id: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)] | None = None
    client_secret: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)] | None = None


# --- queries


class NoQuery(Body, frozen=True):
    """No parameters."""


class PageQuery(Body, frozen=True):
    """One page of a list, the newest first."""

    limit: Limit = PAGE_SIZE
    before: Before | None = None


class TradesQuery(PageQuery, frozen=True):
    """Which trades."""

    status: Which | None = None
    strategy: Word | None = None


class EventsQuery(PageQuery, frozen=True):
    """Which events."""

    kind: Word | None = None
    subject: Word | None = None
    q: Annotated[str, Meta(max_length=TEXT_MAX, description="Words to look for in the text, in any order.")] | None = (
        None
    )


class IssuesQuery(PageQuery, frozen=True):
    """Only what is open, or resolved ones, too."""

    status: Literal["open", "all"] = "open"


class CandlesQuery(Body, frozen=True):
    """Of which instrument; that of the only one there is, if none is named."""

    instrument: Word | None = None
    limit: Annotated[int, Meta(ge=1, le=CANDLES_MAX)] = 200


class StreamQuery(Body, frozen=True):
    """Where to go on."""

    last_event_id: Annotated[int, Meta(ge=0, le=ID_MAX)] | None = None
