"""A record of everything that went into an exchange, and the same exchange run again from it.

Since the core is a function of its settings, its seed and what it is told, the inputs with their times are enough:
`replay` makes the same fills in the same order. For bug reports, and for looking at yesterday under a debugger.
Secrets of the exchange's own keys stand in the record; they open nothing but play money.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import msgspec

from exchange.accounts import Account
from exchange.checked import TableError
from exchange.errors import Refusal
from exchange.exchange import Exchange
from exchange.feeds import open_feed
from exchange.records import Order, Row
from exchange.sessions import TooManyConnections
from exchange.settings import Settings
from exchange.switches import Switches

VERSION: Final = 1
BYTES_MAX: Final = 256 * 1024 * 1024
INPUTS: Final = frozenset({"connect", "receive", "receive_frame", "receive_http", "disconnected"})
COMMANDS: Final = frozenset(
    {
        "set_price",
        "set_maintenance",
        "close_sessions",
        "set_faults",
        "clear_faults",
        "engine.lock",
        "engine.set_state",
        "engine.set_price",
    }
)
SWITCHED: Final = "engine.switches"  # the one attribute that is set from outside

Handler = Callable[..., Any]


class RecordError(ValueError):
    """A record cannot be replayed: which file, which line, why."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: what the exchange was before anything went in."""

    record: int = VERSION
    start_ms: int
    settings: Settings
    image: list[Row] = []  # of an exchange that had a past


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call, in the order of calls."""

    do: str
    args: list[Any] = []
    with_: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    gave: int | None = None  # the session that a connect gave


class Recorder:
    """Writes the record of one exchange. Hand out `recorder.exchange` in the place of the exchange itself.

    `image` is what the exchange was restored from before it was handed over; empty for one that began anew.
    """

    def __init__(
        self,
        path: Path,
        exchange: Exchange,
        *,
        start_ms: int,
        image: Iterable[Row] = (),
        bytes_max: int = BYTES_MAX,
    ) -> None:
        self.path = path
        self.is_full = False
        self._bytes_left = bytes_max
        self._advanced_ms: int | None = None
        self._file = path.open("wb", buffering=0)
        self._write(Header(start_ms=start_ms, settings=exchange.settings, image=list(image)))
        self.exchange = cast(Exchange, _Recorded(exchange, self))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """No more is written; the exchange goes on."""
        if not self._file.closed:
            self._write_advance()
            self._file.close()
        self.is_full = True

    def advanced(self, now_ms: int) -> None:
        """Time went on. Written when the next call comes: many advances in a row do what the last one does."""
        self._advanced_ms = now_ms

    def note(self, do: str, args: tuple[Any, ...], named: Mapping[str, Any], gave: int | None = None) -> None:
        if not self.is_full:
            self._write_advance()
            self._write(Entry(do=do, args=[_packed(arg) for arg in args], with_=_packed(dict(named)), gave=gave))

    def _write_advance(self) -> None:
        if self._advanced_ms is not None and not self.is_full:
            self._write(Entry(do="advance", args=[self._advanced_ms]))
        self._advanced_ms = None

    def _write(self, line: Header | Entry) -> None:
        """One line, whole or not at all; none after the first that does not fit."""
        written = msgspec.json.encode(line) + b"\n"
        self._bytes_left -= len(written)
        self.is_full = self.is_full or self._bytes_left < 0
        if not self.is_full:
            self._file.write(written)


class _Recorded:
    """The exchange (or its engine), with everything that goes into it noted on its way in."""

    def __init__(self, original: object, recorder: Recorder, prefix: str = "") -> None:
        object.__setattr__(self, "_original", original)
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_prefix", prefix)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._original, name)
        path = self._prefix + name
        if path in INPUTS or path in COMMANDS:
            return self._noting(path, found)
        if path == "advance":
            return self._advancing(found)
        return _Recorded(found, self._recorder, "engine.") if path == "engine" else found

    def __setattr__(self, name: str, value: object) -> None:
        if self._prefix + name == SWITCHED:
            self._recorder.note(SWITCHED, (value,), {})
        setattr(self._original, name, value)

    def _advancing(self, call: Handler) -> Handler:
        def noted(now_ms: int) -> None:
            self._recorder.advanced(now_ms)
            call(now_ms)

        return noted

    def _noting(self, path: str, call: Handler) -> Handler:
        def noted(*args: Any, **named: Any) -> Any:
            if path != "connect":
                self._recorder.note(path, args, named)
                return call(*args, **named)
            gave = None
            try:
                gave = call(*args, **named)
            finally:
                self._recorder.note(path, args, named, gave)
            return gave

        return noted


def replay(path: Path, *, until_ms: int | None = None, sink: Callable[[list[Any]], None] | None = None) -> Exchange:
    """A fresh exchange that was told everything in the record, up to `until_ms`; `sink` gets what left it."""
    lines = _lines(path)
    header = _header(path, next(lines, (0, b"")))
    exchange = _built(header)
    sessions: dict[int, int] = {}  # recorded -> given now
    for number, line in lines:
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except msgspec.DecodeError as error:
            raise RecordError(f"{path}, line {number}: {error}") from error
        if entry.do not in INPUTS | COMMANDS | {"advance", SWITCHED}:
            raise RecordError(f"{path}, line {number}: nobody can {entry.do!r} an exchange")
        args = [_unpacked(arg, exchange) for arg in entry.args]
        named = {name: _unpacked(arg, exchange) for name, arg in entry.with_.items()}
        if until_ms is not None and _time_of(entry.do, args, named) > until_ms:
            exchange.advance(until_ms)
            break
        if entry.do in INPUTS and entry.do != "connect":
            args[0] = sessions.get(args[0], args[0])
        gave = _done(exchange, entry.do, args, named)
        if entry.gave is not None and gave is not None:
            sessions[entry.gave] = gave
        left = exchange.drain()
        if sink is not None:
            sink(left)
    return exchange


def _done(exchange: Exchange, do: str, args: list[Any], named: dict[str, Any]) -> Any:
    """One call again. What it refused then it refuses now: the caller was told, and nothing had happened."""
    if do == SWITCHED:
        exchange.engine.switches = msgspec.convert(args[0], Switches)
        return None
    try:
        return attrgetter(do)(exchange)(*args, **named)
    except (TooManyConnections, Refusal, TableError):
        return None


def _built(header: Header) -> Exchange:
    feed = open_feed(header.settings, start_ms=header.start_ms)
    exchange = Exchange(settings=header.settings, feed=feed, start_ms=header.start_ms)
    if header.image:
        exchange.engine.restore(iter(header.image), header.start_ms)
        sessions = [row.session_id for row in header.image if isinstance(row, Order)]
        exchange.sessions.start_counting_from(max(sessions, default=0))
    return exchange


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The whole lines, numbered. A last one without an end was cut off in the middle of writing."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield number, line


def _header(path: Path, first: tuple[int, bytes]) -> Header:
    try:
        header = msgspec.json.decode(first[1], type=Header)
    except msgspec.DecodeError as error:
        raise RecordError(f"{path}, line 1: this is no record of an exchange: {error}") from error
    if header.record != VERSION:
        raise RecordError(f"{path}, line 1: the record is of version {header.record}, this program reads {VERSION}")
    return header


def _time_of(do: str, args: list[Any], named: Mapping[str, Any]) -> int:
    """When a call was made; commands that carry no time follow what came before them."""
    if "now_ms" in named:
        return int(named["now_ms"])
    return int(args[0 if do in {"connect", "advance"} else -1]) if do in INPUTS | {"advance"} else 0


def _packed(value: Any) -> Any:
    """As JSON that says of what kind it was: Decimals, bytes and Structs have no words there."""
    match value:
        case Decimal():
            return {"$decimal": str(value)}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode("ascii")}
        case Mapping():
            return {key: _packed(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_packed(entry) for entry in value]
        case Account():
            return {"$account": value.name}
        case msgspec.Struct():
            return msgspec.to_builtins(value)
    return value


def _unpacked(value: Any, exchange: Exchange) -> Any:
    match value:
        case {"$decimal": str(digits)}:
            return Decimal(digits)
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case {"$account": str(name)}:
            return exchange.engine.accounts[name]
        case dict():
            return {key: _unpacked(entry, exchange) for key, entry in value.items()}
        case list():
            return [_unpacked(entry, exchange) for entry in value]
    return value
