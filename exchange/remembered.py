"""Reading what an exchange has written down of itself: the two files of a data directory, and what in them counts.

Nothing is repaired and nothing guessed: a file is whole, or it is whole but for a last line that was never answered,
or it is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from exchange.clock import Moment
from exchange.records import Counters, LedgerRow, MarketMark, Order, Position, Row, Trade, TriggerRow, Wallet

FORMAT: Final = 1
SNAPSHOT: Final = "snapshot.jsonl"
JOURNAL: Final = "journal.jsonl"


class Header(msgspec.Struct, frozen=True, kw_only=True, tag="header", tag_field="row"):
    """The first line of both files."""

    format: int = FORMAT
    generation: int


_header: Final = msgspec.json.Decoder(Header)
_row: Final = msgspec.json.Decoder(Row | Moment)
_rows: Final = msgspec.json.Decoder(list[Row | Moment])


class Unusable(Exception):
    """The data directory cannot be used; the sentence says why and what to do."""


class Remembered(NamedTuple):
    """What there was: the rows, the snapshot's generation (0 = there was none), and the last moment noted."""

    rows: list[Row]
    generation: int
    moment: Moment | None


def read(directory: Path) -> Remembered:
    """Everything that was remembered. Raises Unusable when a file is damaged."""
    snapshot, journal = directory / SNAPSHOT, directory / JOURNAL
    written: list[Row | Moment] = []
    generation = 0
    if snapshot.exists():
        generation = _generation(snapshot)
        if not generation:
            raise Unusable(f"{snapshot} is damaged in line 1; start over with --fresh (the file is kept)")
        written += _read(snapshot, lambda line: [_row.decode(line)], torn_end=False)
    if journal.exists() and _generation(journal) == generation:
        written += _read(journal, _rows.decode, torn_end=True)
    moments = [row for row in written if isinstance(row, Moment)]
    rows = latest(row for row in written if not isinstance(row, Moment))
    return Remembered(rows, generation, moments[-1] if moments else None)


def _lines(path: Path) -> list[bytes]:
    """The lines of a file, the last one torn or not. Raises Unusable."""
    try:
        return path.read_bytes().splitlines()
    except OSError as failure:
        raise Unusable(f"cannot read {path}: {failure.strerror}") from failure


def _generation(path: Path) -> int:
    """The snapshot of which generation this file is, or belongs to; 0 when not even its header is whole."""
    lines = _lines(path)
    try:
        header = _header.decode(lines[0] if lines else b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 0
    if header.format != FORMAT:
        raise Unusable(f"{path} has format {header.format}, this exchange writes {FORMAT}; start over with --fresh")
    return header.generation


def _read(path: Path, sets: Callable[[bytes], list[Row | Moment]], *, torn_end: bool) -> Iterator[Row | Moment]:
    """The rows of a file, oldest first. Raises Unusable when it is damaged."""
    lines = _lines(path)
    for number, line in enumerate(lines[1:], 2):
        try:
            yield from sets(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as failure:
            if torn_end and number == len(lines):
                return
            raise Unusable(
                f"{path} is damaged in line {number}; start over with --fresh (the file is kept)"
            ) from failure


def latest(rows: Iterable[Row]) -> list[Row]:
    """The last row about each thing, in the order of their last changes."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = _key(row)
        found.pop(key, None)
        found[key] = row
    return list(found.values())


def _key(row: Row) -> tuple[str, ...]:
    """What a row is about: a later one about the same replaces it."""
    match row:
        case Order():
            return "order", row.account, row.order_id
        case Trade():
            return "trade", row.account, row.trade_id
        case Position():
            return "position", row.account, row.instrument_name
        case Wallet():
            return "wallet", row.account, row.currency
        case LedgerRow():
            return "ledger", row.account, str(row.id)
        case TriggerRow():
            return "trigger", row.account, row.trigger_order_id, row.request, row.order_state, str(row.timestamp)
        case MarketMark():
            return "market", row.instrument_name
        case Counters():
            return ("counters",)
