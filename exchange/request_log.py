"""One line for each request, for people: when, who, what, and what came of it.

    12:00:01.250    3 paper      private/buy BTC-PERPETUAL limit amount=10 price=64000.5 -> ok 81900000001 0.4 ms

Only parameters on a list are shown, so a secret cannot be. Lines are gathered and written a few times a second; a
reader of the output who stops reading loses lines and does not stop the exchange.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

FILE: Final = "requests.log"
FILE_BYTES_MAX: Final = 8 * 1024 * 1024
_OWNERS: Final = 0o600
FILES_KEPT: Final = 3  # besides the current one
WAITING_MAX: Final = 1000  # requests of one session without a reply that are remembered
VALUE_CHARS: Final = 64
ITEMS_SHOWN: Final = 4
LINES_MAX: Final = 20_000  # gathered between two writes; more are counted, not kept

BARE: Final = ("instrument_name", "currency", "order_id", "type", "grant_type")  # said without their names
NAMED: Final = (
    "amount",
    "contracts",
    "price",
    "trigger",
    "trigger_price",
    "trigger_offset",
    "time_in_force",
    "post_only",
    "reduce_only",
    "linked_order_type",
    "trigger_fill_condition",
    "valid_until",
    "label",
    "channels",
    "interval",
    "scope",
    "client_id",
    "count",
    "historical",
    "start_timestamp",
    "end_timestamp",
)


class Sink(Protocol):
    """Where finished lines go."""

    def write(self, text: str) -> None: ...


class _Heard(msgspec.Struct):
    """What the log wants to know of a request."""

    method: Any = None
    params: Any = None
    id: Any = None


class _Waiting(NamedTuple):
    began: float
    method: str
    shown: str
    client_id: str


class RequestLog:
    """Reads along at the pump: `heard` what came, `said` what left."""

    def __init__(self, sinks: Sequence[Sink], *, now_ms: Callable[[], int], monotonic: Callable[[], float]) -> None:
        self.lost = 0
        self._sinks = sinks
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._lines: list[str] = []
        self._waiting: dict[int, OrderedDict[object, _Waiting]] = {}
        self._clients: dict[int, str] = {}
        self._decoder = msgspec.json.Decoder(_Heard)

    def heard(self, session_id: int, frame: bytes | str, method: str = "") -> None:
        """A request has come; its line is written when the reply leaves. `method`: named by the path, not the frame."""
        if not self._sinks:
            return
        try:
            request = self._decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self._add(session_id, "", f"not a request ({len(frame)} bytes)")
            return
        params = request.params if isinstance(request.params, dict) else {}
        client_id = params.get("client_id") if request.method == "public/auth" else None
        waiting = self._waiting.setdefault(session_id, OrderedDict())
        entry = _Waiting(self._monotonic(), _text(request.method or method), _shown(params), _text(client_id or ""))
        waiting[_key(request.id)] = entry
        if len(waiting) > WAITING_MAX:
            _, forgotten = waiting.popitem(last=False)
            self._add(session_id, forgotten.client_id, f"{forgotten.method}{forgotten.shown} -> no reply")

    def said(self, session_id: int, message: dict[str, Any]) -> None:
        """A message leaves; only replies make lines."""
        if "method" in message or not self._sinks:
            return
        waiting = self._waiting.get(session_id)
        entry = waiting.pop(_key(message.get("id")), None) if waiting else None
        if entry is None:
            return
        error = message.get("error")
        if error:
            outcome = f"{error.get('code')} {error.get('message')}"
        else:
            outcome = f"ok{_order_id(message.get('result'))}"
            if entry.client_id:
                self._clients[session_id] = entry.client_id
        took_ms = (self._monotonic() - entry.began) * 1000.0
        self._add(session_id, "", f"{entry.method}{entry.shown} -> {outcome} {took_ms:.1f} ms")

    def gone(self, session_id: int) -> None:
        """The session is over: what was not answered never will be."""
        for entry in self._waiting.pop(session_id, {}).values():
            self._add(session_id, entry.client_id, f"{entry.method}{entry.shown} -> no reply")
        self._clients.pop(session_id, None)

    def note(self, text: str) -> None:
        """A line about the exchange itself."""
        self._lines.append(f"{_time_of_day(self._now_ms())} {text}\n")

    def flush(self) -> None:
        """Write what has gathered."""
        if self.lost:
            self.note(f"{self.lost} lines were not written: too many at once")
            self.lost = 0
        if self._lines:
            text = "".join(self._lines)
            self._lines.clear()
            for sink in self._sinks:
                sink.write(text)

    def _add(self, session_id: int, client_id: str, text: str) -> None:
        if len(self._lines) >= LINES_MAX:
            self.lost += 1
            return
        who = self._clients.get(session_id) or client_id or "-"
        self._lines.append(f"{_time_of_day(self._now_ms())} {session_id:>4} {who:<10} {text}\n")


class Output:
    """Standard output. Never waits: what its reader does not take is dropped and counted."""

    def __init__(self, descriptor: int, can_write: Callable[[int], bool]) -> None:
        self._descriptor = descriptor
        self._can_write = can_write
        self._dropped = 0

    def write(self, text: str) -> None:
        if self._dropped:
            text = f"... {self._dropped} bytes of this log were dropped: its reader was too slow\n{text}"
        left = memoryview(text.encode())
        with suppress(OSError):
            # A pipe that says it can be written to takes this much without waiting.
            while left and self._can_write(self._descriptor):
                left = left[os.write(self._descriptor, left[:4096]) :]
        self._dropped = self._dropped + len(left) if left else 0


class RotatingFile:
    """`requests.log`, and a few older ones, for their owner alone. A full disk loses lines and nothing else."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        for left in directory.glob(f"{FILE}*"):  # by a version that let others read them
            with suppress(OSError):
                left.chmod(_OWNERS)
        self._size = self._path.stat().st_size if self._path.exists() else 0

    def write(self, text: str) -> None:
        with suppress(OSError):
            if self._size > FILE_BYTES_MAX:
                for number in range(FILES_KEPT - 1, 0, -1):
                    older = self._path.with_name(f"{FILE}.{number}")
                    if older.exists():
                        older.rename(self._path.with_name(f"{FILE}.{number + 1}"))
                self._path.rename(self._path.with_name(f"{FILE}.1"))
                self._size = 0
            opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNERS)
            with os.fdopen(opened, "a", encoding="utf-8") as file:
                self._size += file.write(text)


def _key(request_id: object) -> object:
    return request_id if isinstance(request_id, int | str) else str(request_id)


def _text(value: object) -> str:
    """On one line, of bounded length, without control characters."""
    if isinstance(value, list):
        more = f",+{len(value) - ITEMS_SHOWN}" if len(value) > ITEMS_SHOWN else ""
        text = ",".join(map(str, value[:ITEMS_SHOWN])) + more
    else:
        text = str(value)
    text = text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}..."
    return text if text.isprintable() else ascii(text)


def _shown(params: dict[str, Any]) -> str:
    words = [f" {_text(params[name])}" for name in BARE if name in params]
    words += [f" {name}={_text(params[name])}" for name in NAMED if name in params]
    if legs := params.get("otoco_config"):
        words.append(f" legs={len(legs) if isinstance(legs, list) else '?'}")
    return "".join(words)


def _order_id(result: object) -> str:
    order = result.get("order") if isinstance(result, dict) else None
    return f" {order.get('order_id')}" if isinstance(order, dict) else ""


def _time_of_day(now_ms: int) -> str:
    seconds, ms = divmod(now_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{ms:03d}"
