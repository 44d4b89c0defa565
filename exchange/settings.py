"""Everything that can be set about an exchange, as one frozen Struct, read from one TOML file.

Wrong files are refused with all their problems together. `docs/exchange-faults.md` explains the part about faults.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from exchange import checked
from exchange.faults import FaultSettings
from exchange.instruments import CURRENCIES, LISTED, Spec
from exchange.switches import Switches

READ_WRITE: Final = "account:read_write trade:read_write wallet:read block_trade:none"
READ_ONLY: Final = "account:read trade:read wallet:read"

_SCOPES: Final = frozenset(
    f"{what}:{how}"
    for what in ("account", "trade", "wallet", "block_trade", "block_rfq")
    for how in ("none", "read", "read_write")
)

_Count = Annotated[int, msgspec.Meta(ge=0)]
_Positive = Annotated[int, msgspec.Meta(ge=1)]


class SettingsError(checked.TableError):
    """A settings or accounts file that cannot be used; `problems` has all of it."""


class AccountSetup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account, and what lies in its wallets when it is opened."""

    name: str
    deposits: dict[str, Decimal] = {}


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One API key. `scope` is the most that a login with it can be granted."""

    client_id: str
    client_secret: str
    account: str
    scope: str = READ_WRITE


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one client may use up."""

    credits: bool = True  # False: nobody ever runs out of credits
    tier: Literal[1, 2, 3, 4] = 4  # of the matching engine's rate, 4 is the slowest
    connections_per_address: _Positive = 32


class Latency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things take inside the exchange. A range is drawn from the seed each time."""

    request_ms: _Count = 0
    hydration_ms: tuple[_Count, _Count] = (20, 400)  # until the children of a filled primary are live

    def __post_init__(self) -> None:
        if self.hydration_ms[0] > self.hydration_ms[1]:
            raise ValueError(f"hydration_ms runs backwards: {self.hydration_ms[0]} to {self.hydration_ms[1]}")


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, and how many at the most."""

    closed_order_ms: _Positive = 30 * 60_000  # in the recent store, by id and by label
    trade_ms: _Positive = 24 * 3_600_000  # the same for trades
    old_order_ms: _Positive = 2 * 24 * 3_600_000  # beyond it, order history wants include_old
    rows_max: _Positive = 5_000  # of each kind and account; the oldest go first


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where prices come from. `source`: `synthetic`, or the path of a candle file or a record of messages."""

    source: str = "synthetic"
    profile: Literal["calm", "lively", "wild"] = "lively"
    step_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 250
    start_prices: dict[str, Decimal] = {}  # by instrument; else the listing's
    files: dict[str, str] = {}  # by instrument: a candle file for each
    from_ms: _Count | None = None  # where in the files to begin; else at their beginning
    points: Annotated[int, msgspec.Meta(ge=4, le=1000)] = 4  # steps inside a candle
    loop: bool = False  # begin again at the end
    pulse_ms: Annotated[int, msgspec.Meta(ge=100)] = 5_000  # a ticker speaks at least this often, moved or not


MAIN: Final = AccountSetup(name="main", deposits={"BTC": Decimal(10), "ETH": Decimal(100), "USDC": Decimal(100_000)})
PAPER: Final = Key(client_id="paper", client_secret="paper", account="main")  # noqa: S106 - play money, documented
PERSON: Final = Key(client_id="person", client_secret="person", account="main")  # noqa: S106 - the same
OBSERVER: Final = Key(client_id="observer", client_secret="observer", account="main", scope=READ_ONLY)  # noqa: S106


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One exchange. Two with the same settings, feed and requests do the same."""

    seed: int = 1
    instruments: tuple[Spec, ...] = LISTED
    accounts: tuple[AccountSetup, ...] = (MAIN,)
    keys: tuple[Key, ...] = (PAPER, PERSON, OBSERVER)
    switches: Switches = Switches()
    faults: FaultSettings = FaultSettings()
    limits: Limits = Limits()
    latency: Latency = Latency()
    retention: Retention = Retention()
    feed: FeedSettings = FeedSettings()
    token_lifetime_s: _Positive = 900

    def __post_init__(self) -> None:
        problems = [*_wrong_names(self), *_wrong_keys(self), *_wrong_feed(self)]
        if problems:
            raise ValueError("\n".join(problems))


def load(path: Path) -> Settings:
    """The settings of a TOML file; raises `SettingsError` with everything that is wrong in it."""
    return _checked(path, Settings, _toml(path))


class _AccountKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key as an accounts file has it, below its account."""

    client_id: str
    client_secret: str
    scope: str = READ_WRITE


class _AccountTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[account]]` of an accounts file."""

    name: str
    deposits: dict[str, Decimal] = {}
    keys: tuple[_AccountKey, ...] = ()


class _AccountsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An accounts file."""

    account: tuple[_AccountTable, ...]


def with_accounts(settings: Settings, path: Path) -> Settings:
    """The settings with the accounts of a file added; the file wins where a name or client id is there already."""
    tables = _checked(path, _AccountsFile, _toml(path)).account
    repeated = [
        *_repeated("account.name", [table.name for table in tables]),
        *_repeated("account.keys.client_id", [key.client_id for table in tables for key in table.keys]),
    ]
    if repeated:
        raise SettingsError(f"{path}: {problem}" for problem in repeated)
    accounts = {account.name: account for account in settings.accounts}
    accounts |= {table.name: AccountSetup(name=table.name, deposits=table.deposits) for table in tables}
    keys = {key.client_id: key for key in settings.keys}
    for table in tables:
        for key in table.keys:
            keys[key.client_id] = Key(
                client_id=key.client_id, client_secret=key.client_secret, account=table.name, scope=key.scope
            )
    try:
        return msgspec.structs.replace(settings, accounts=tuple(accounts.values()), keys=tuple(keys.values()))
    except ValueError as error:
        raise SettingsError(f"{path}: {line}" for line in str(error).splitlines()) from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError([f"{path}: cannot be read: {reason}"]) from error


def _checked(path: Path, struct: type[checked.T], table: dict[str, Any]) -> checked.T:
    try:
        return checked.read(table, struct)
    except checked.TableError as error:
        raise SettingsError(f"{path}: {problem}" for problem in error.problems) from None


def _repeated(place: str, names: Iterable[str]) -> Iterator[str]:
    counted = Counter(names)
    yield from (f'{place}: "{name}" is there {times} times' for name, times in counted.items() if times > 1)


def _wrong_names(settings: Settings) -> Iterator[str]:
    yield from _repeated("instruments", [spec.instrument_name for spec in settings.instruments])
    yield from _repeated("accounts.name", [account.name for account in settings.accounts])
    for account in settings.accounts:
        for currency, amount in account.deposits.items():
            if currency not in CURRENCIES:
                hint = checked.did_you_mean(currency, CURRENCIES)
                yield f'accounts: "{account.name}" has a deposit of "{currency}", which is no currency here{hint}'
            if not (amount.is_finite() and amount >= 0):
                yield f'accounts: "{account.name}" has a deposit of {amount} {currency}, which is no amount'


def _wrong_keys(settings: Settings) -> Iterator[str]:
    names = [account.name for account in settings.accounts]
    yield from _repeated("keys.client_id", [key.client_id for key in settings.keys])
    for key in settings.keys:
        if key.account not in names:
            hint = checked.did_you_mean(key.account, names)
            yield f'keys: "{key.client_id}" opens account "{key.account}", which is not among the accounts{hint}'
        for word in key.scope.split():
            if word not in _SCOPES:
                hint = checked.did_you_mean(word, _SCOPES)
                yield f'keys: "{key.client_id}" has scope "{word}", which does not exist{hint}'


def _wrong_feed(settings: Settings) -> Iterator[str]:
    known = [spec.instrument_name for spec in settings.instruments]
    for table in ("start_prices", "files"):
        for name in getattr(settings.feed, table):
            if name not in known:
                yield f'feed.{table}: "{name}" is not an instrument here{checked.did_you_mean(name, known)}'
    for name, price in settings.feed.start_prices.items():
        if not (price.is_finite() and price > 0):
            yield f"feed.start_prices: {price} is no price for {name}"
