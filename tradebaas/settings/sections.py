"""What can be set: one Struct for each section, each field with what it means and its default.

The reference in docs/configuration.md and the file that `tradebaas init` writes are made of these descriptions.
"""

import ipaddress
from collections.abc import Mapping
from datetime import UTC, time, tzinfo
from decimal import Decimal
from enum import StrEnum, unique
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from persistence.secret import Secret
from trading.bracket import Mode as BracketMode
from trading.notice_kinds import KINDS, Loudness
from trading.sizing import RiskMode
from trading.values import FillCondition, InstrumentName

_SHORT: Final = 16  # characters; a key that others on a network can try must be longer


def _above_zero(figure: Decimal | None) -> bool:
    return figure is None or (figure.is_finite() and figure > 0)


@unique
class Mode(StrEnum):
    """Whose money it is: nobody's, the test net's, or yours."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"

    @property
    def broker_id(self) -> str:
        """The broker of this mode."""
        return {Mode.PAPER: "embedded", Mode.TESTNET: "deribit-testnet", Mode.LIVE: "deribit"}[self]


@unique
class LogFormat(StrEnum):
    """How a line of the log looks. AUTO is text in a terminal and JSON anywhere else."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


@unique
class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Service(Struct, frozen=True, kw_only=True):
    """The service as a whole."""

    mode: Annotated[
        Mode, Meta(description="`paper` needs no account, `testnet` has test money, `live` is your money.")
    ] = Mode.PAPER
    data_dir: Annotated[
        Path,
        Meta(description="Where the database and the keys are kept. A relative path starts at the file's own folder."),
    ] = Path("var")
    worker_id: Annotated[
        str, Meta(min_length=1, max_length=40, description="Names this instance; two on one account have two names.")
    ] = "w1"
    owner: Annotated[
        str, Meta(min_length=1, max_length=40, description="Whose orders these are; part of every order's label.")
    ] = "me"


class Broker(Struct, frozen=True, kw_only=True):
    """The exchange and the way to it."""

    id: Annotated[
        str, Meta(description="`embedded`, `deribit-testnet` or `deribit`; empty is the one that fits the mode.")
    ] = ""
    url: Annotated[
        str,
        Meta(
            description="Another address (`ws://` or `wss://`). In paper mode without one, the service starts an"
            " embedded exchange of its own."
        ),
    ] = ""
    client_id: Annotated[
        str, Meta(description="The key's id. Empty: the key stored by `tradebaas credentials set`.")
    ] = ""
    client_secret: Annotated[Secret | None, Meta(description="The key's secret; better in a file of its own.")] = None
    client_secret_file: Annotated[
        Path | None, Meta(description="A file with the secret that only its owner may read.")
    ] = None
    auto_reconnect: Annotated[
        bool, Meta(description="Reconnect by itself after a lost connection. Off: a person reconnects.")
    ] = False
    bracket_mode: Annotated[
        BracketMode,
        Meta(description="`native`: entry, stop and target as one request. `sequential`: one after the other."),
    ] = BracketMode.NATIVE
    fill_condition: Annotated[
        FillCondition,
        Meta(description="When the children of a native bracket come alive, in the exchange's own words."),
    ] = FillCondition.INCREMENTAL


class Web(Struct, frozen=True, kw_only=True):
    """The API, and who may use it."""

    host: Annotated[
        str, Meta(min_length=1, description="The address to listen on. Others than loopback need TLS before them.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="The port to listen on; 0 takes a free one.")] = 8080
    operate_token: Annotated[
        Secret | None,
        Meta(description="The key to operate with. Without one it is made at the first start and printed once."),
    ] = None
    observe_token: Annotated[Secret | None, Meta(description="The key to look with; made in the same way.")] = None
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names under which a proxy reaches it; addresses and localhost always may."),
    ] = ()
    trusted_proxy: Annotated[
        str, Meta(description="The address of a proxy before it, whose word counts on who asks, and whether by TLS.")
    ] = ""
    secure_cookies: Annotated[
        bool, Meta(description="Let browsers send the login over TLS only, also where no proxy says that it is TLS.")
    ] = False
    cors_origins: Annotated[
        tuple[str, ...],
        Meta(description="Other sites whose pages may use the API, with a key: `https://desk.example.org`."),
    ] = ()
    streams_max: Annotated[int, Meta(ge=1, le=60, description="Open event streams at once; each holds a thread.")] = 20
    open_metrics: Annotated[bool, Meta(description="Show `/metrics` without a key.")] = False

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __post_init__(self) -> None:
        """Hold the keys to what makes sense."""
        wrong = []
        given = {"operate_token": self.operate_token, "observe_token": self.observe_token}
        for name, token in given.items():
            text = None if token is None else token.reveal()
            if text is not None and (not text or text.split() != [text]):
                wrong.append(f"{name} is empty or has blanks in it")
            elif text is not None and len(text) < _SHORT and not self.is_loopback:
                wrong.append(f"{name} is shorter than {_SHORT} characters, and {self.host} can be reached by others")
        if self.operate_token is not None and self.operate_token == self.observe_token:
            wrong.append("operate_token and observe_token are the same")
        if wrong:
            raise ValueError("\n".join(wrong))


class Risk(Struct, frozen=True, kw_only=True):
    """What one trade may lose, and how large it may be."""

    mode: Annotated[
        RiskMode, Meta(description="`percent` of the equity, or a `fixed` amount in the account's coin.")
    ] = RiskMode.PERCENT
    value: Annotated[Decimal, Meta(description="How much a trade may lose at its stop, fees included.")] = Decimal(
        "0.1"
    )
    leverage: Annotated[
        Decimal | None, Meta(description="The most a position may be worth, as a multiple of the equity.")
    ] = Decimal(5)
    notional: Annotated[
        Decimal | None, Meta(description="The most a position may be worth, in USD or USDC; empty is no limit.")
    ] = None

    def __post_init__(self) -> None:
        """Hold the figures to what makes sense."""
        figures = {"value": self.value, "leverage": self.leverage, "notional": self.notional}
        wrong = [f"{name} must be a number above 0" for name, figure in figures.items() if not _above_zero(figure)]
        if not wrong and self.mode is RiskMode.PERCENT and self.value > 100:  # noqa: PLR2004 - all there is
            wrong.append("value is more than 100 percent")
        if wrong:
            raise ValueError("\n".join(wrong))


class Reconcile(Struct, frozen=True, kw_only=True):
    """The comparison of database and exchange."""

    interval_s: Annotated[
        int, Meta(ge=1, le=3600, description="How often it runs; it also runs after every connect.")
    ] = 60


class Limits(Struct, frozen=True, kw_only=True):
    """How long the service waits for things that must not take long."""

    naked_ms_max: Annotated[
        int,
        Meta(
            ge=100,
            le=60_000,
            description="The longest a position may be without its stop before it is closed at market.",
        ),
    ] = 2_000
    hydrate_ms_max: Annotated[
        int,
        Meta(
            ge=100, le=60_000, description="How long the exchange may take to bring a native bracket's children alive."
        ),
    ] = 1_200
    crashes_max: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="After more starts than this within ten minutes that did not end in order, nothing trades"
            " until a person resumes it.",
        ),
    ] = 5
    tick_age_s_max: Annotated[
        int, Meta(ge=1, le=3600, description="Prices older than this count as stale; `/health` then fails.")
    ] = 30


class Telegram(Struct, frozen=True, kw_only=True):
    """Messages to a phone, and commands from it. Off without a token."""

    token: Annotated[Secret | None, Meta(description="The bot's token.")] = None
    token_file: Annotated[Path | None, Meta(description="A file with the token that only its owner may read.")] = None
    chat_id: Annotated[str, Meta(description="The one chat that is written to and obeyed; its number, or a text.")] = ""
    commands: Annotated[bool, Meta(description="Obey commands from that chat.")] = True
    base_url: Annotated[str, Meta(description="Where the Bot API is.")] = "https://api.telegram.org"


class Notifications(Struct, frozen=True, kw_only=True):
    """What a person is told, when, and how loudly; by Telegram if it is set up, in the log in any case."""

    daily_at: Annotated[
        str,
        Meta(
            pattern=r"^$|^([01][0-9]|2[0-3]):[0-5][0-9]$",
            description="When the daily summary goes out (`08:00`), on quiet days too: if it does not come, something"
            " is wrong. Empty: never.",
        ),
    ] = "08:00"
    time_zone: Annotated[
        str, Meta(min_length=1, description="Whose clock that is: `UTC`, or a name such as `Europe/Amsterdam`.")
    ] = "UTC"
    kinds: Annotated[
        Mapping[str, Loudness],
        Meta(
            description="How loud each kind is: a table with `on`, `silent` (no sound) or `off` (log and page only);"
            " what is not named is on. Critical ones cannot be off. docs/notifications.md names the kinds."
        ),
    ] = MappingProxyType({})

    def __post_init__(self) -> None:
        """Hold the zone and the kinds to what there is."""
        wrong = [f"kinds.{kind}: there is no such kind; docs/notifications.md names them" for kind in self.unknown]
        try:
            self.zone()
        except (ZoneInfoNotFoundError, ValueError, OSError):
            wrong.append(f"time_zone: {self.time_zone!r} is not a zone of this machine; `UTC` always is")
        if wrong:
            raise ValueError("\n".join(wrong))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Kinds that do not exist."""
        return tuple(kind for kind in self.kinds if kind not in KINDS)

    def zone(self) -> tzinfo:
        """Whose clock it is."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)

    def daily_time(self) -> time | None:
        """When the daily summary goes out."""
        return time.fromisoformat(self.daily_at) if self.daily_at else None


class Log(Struct, frozen=True, kw_only=True):
    """What the process writes about itself, to standard error."""

    level: Annotated[LogLevel, Meta(description="The least that is written.")] = LogLevel.INFO
    format: Annotated[LogFormat, Meta(description="`auto` is text in a terminal and JSON anywhere else.")] = (
        LogFormat.AUTO
    )


class Strategy(Struct, frozen=True, kw_only=True):
    """One strategy; any other key in its table is a parameter of it."""

    strategy: Annotated[str, Meta(min_length=1, description="Which strategy it is.")]
    instrument: Annotated[InstrumentName, Meta(min_length=1, description="What it trades.")]
    autostart: Annotated[bool, Meta(description="Start it with the service, if nobody decided otherwise since.")] = (
        False
    )
    parameters: Mapping[str, object] = MappingProxyType({})


DEFAULT_STRATEGIES: Final[Mapping[str, Strategy]] = MappingProxyType(
    {"fasttest": Strategy(strategy="fasttest", instrument=InstrumentName("BTC-PERPETUAL"), autostart=True)}
)
"""What trades when there is no file: something on paper, so that `make run` shows a trade within a minute."""


class Settings(Struct, frozen=True, kw_only=True):
    """The whole tree. ``source`` is the file it came from, if there was one."""

    service: Service = Service()
    broker: Broker = Broker()
    web: Web = Web()
    risk: Risk = Risk()
    reconcile: Reconcile = Reconcile()
    limits: Limits = Limits()
    telegram: Telegram = Telegram()
    notifications: Notifications = Notifications()
    log: Log = Log()
    strategies: Mapping[str, Strategy] = DEFAULT_STRATEGIES
    source: Path | None = None

    def secrets(self) -> tuple[Secret, ...]:
        """Give every secret there is, for the log to hide."""
        held = (
            self.broker.client_secret,
            self.web.operate_token,
            self.web.observe_token,
            self.telegram.token,
        )
        return tuple(secret for secret in held if secret is not None)


SECTIONS: Final = MappingProxyType(
    {
        "service": Service,
        "broker": Broker,
        "web": Web,
        "risk": Risk,
        "reconcile": Reconcile,
        "limits": Limits,
        "telegram": Telegram,
        "notifications": Notifications,
        "log": Log,
    }
)


def shown(settings: Settings) -> dict[str, Any]:
    """Give the tree as plain values without a secret: of one, only whether it is set."""
    tree: dict[str, Any] = {
        name: {field: _plain(getattr(getattr(settings, name), field)) for field in section.__struct_fields__}
        for name, section in SECTIONS.items()
    }
    tree["strategies"] = {
        name: {
            "strategy": one.strategy,
            "instrument": one.instrument,
            "autostart": one.autostart,
            **{key: _plain(value) for key, value in one.parameters.items()},
        }
        for name, one in settings.strategies.items()
    }
    return tree


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return "***"
    return (
        str(value)
        if isinstance(value, Path)
        else msgspec.to_builtins(dict(value) if isinstance(value, Mapping) else value)
    )
