"""Reads a file of candles (csv or csv.gz) and says in one sentence what is wrong with it, if anything is.

Columns are found by their names, in any order: timestamp (of the bar's opening; seconds, ms or us), open, high, low,
close, and volume in coins or turnover in dollars if there is one.
"""

import csv
import gzip
import zlib
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Final, NamedTuple, TextIO

SIZE_ROWS: Final = 20  # the size of the bars is taken from this many rows: later ones must not change earlier steps
_TIME: Final = ("timestamp", "time", "ts", "open_time", "date")
_COINS: Final = ("volume_btc", "volume_eth", "volume_base", "base_volume", "volume")
_DOLLARS: Final = ("cost_usd", "volume_usd", "cost", "quote_volume", "turnover")
_SECONDS_MAX: Final = 10**11  # a stamp below is in seconds: as ms it would lie in 1973
_MILLIS_MAX: Final = 10**14  # a stamp from here on is in microseconds


class CandleFileError(ValueError):
    """A candle file cannot be used: which file, which line, why."""


class Row(NamedTuple):
    """One bar. `volume` in coins; None: the file has none."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None


class Candles:
    """The bars of one file, ascending. Held in arrays: a year of minutes takes 25 MB."""

    def __init__(self, rows: Iterator[Row] | Sequence[Row], *, bar_ms: int | None = None) -> None:
        self.opens_ms = array("q")
        self._prices = tuple(array("d") for _ in range(4))
        self._volumes = array("d")
        for row in rows:
            self.opens_ms.append(row.open_ms)
            for column, price in zip(self._prices, row[1:5], strict=True):
                column.append(price)
            self._volumes.append(nan if row.volume is None else row.volume)
        self.bar_ms = _bar_size(self.opens_ms) if bar_ms is None else bar_ms

    def __len__(self) -> int:
        return len(self.opens_ms)

    def row(self, number: int) -> Row:
        opened, high, low, close = self._prices
        volume = self._volumes[number]
        known = None if isnan(volume) else volume
        return Row(self.opens_ms[number], opened[number], high[number], low[number], close[number], known)


def _bar_size(opens_ms: Sequence[int]) -> int:
    """The smallest distance among the first rows; a lone bar counts as a minute."""
    first = opens_ms[:SIZE_ROWS]
    return min((later - earlier for earlier, later in pairwise(first)), default=60_000)


def read(path: Path, *, bar_ms: int | None = None) -> Candles:
    """The bars of a file; raises `CandleFileError` with the first thing that is wrong."""
    try:
        with _opened(path) as file:
            candles = Candles(_rows(path, file), bar_ms=bar_ms)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CandleFileError(f"{path}: cannot be read: {reason}") from error
    if not len(candles):
        raise CandleFileError(f"{path}: has no bars")
    for number, (earlier, later) in enumerate(pairwise(candles.opens_ms), 3):
        if later - earlier < candles.bar_ms:
            raise CandleFileError(
                f"{path}, line {number}: opens {later - earlier} ms after the bar before it,"
                f" and the bars of this file last {candles.bar_ms} ms"
            )
    return candles


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _rows(path: Path, file: TextIO) -> Iterator[Row]:
    lines = csv.reader(file)
    header = [name.strip().lower() for name in next(lines, [])]
    at = [_column(path, header, names) for names in (_TIME, ("open",), ("high",), ("low",), ("close",))]
    coins = next((header.index(name) for name in _COINS if name in header), None)
    dollars = next((header.index(name) for name in _DOLLARS if name in header), None)
    last_ms = -1
    for cells in lines:
        if not cells or not any(cells):
            continue  # an empty line
        where = f"{path}, line {lines.line_num}"
        if len(cells) < len(header):
            raise CandleFileError(f"{where}: has {len(cells)} cells where the header has {len(header)}")
        stamp, opened, high, low, close = (_number(where, header[column], cells[column]) for column in at)
        volume = _volume(where, header, cells, coins, dollars, opened)
        row = Row(_millis(stamp), opened, high, low, close, volume)
        problem = _wrong(row)
        if row.open_ms <= last_ms:
            problem = f"opens at {row.open_ms}, which is not after the bar before it ({last_ms})"
        last_ms = row.open_ms
        if problem:
            raise CandleFileError(f"{where}: {problem}")
        yield row


def _column(path: Path, header: list[str], names: tuple[str, ...]) -> int:
    found = next((header.index(name) for name in names if name in header), None)
    if found is None:
        raise CandleFileError(f"{path}, line 1: has no column {names[0]}; its columns are {', '.join(header)}")
    return found


def _number(where: str, name: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise CandleFileError(f"{where}: {name} is {cell!r}, which is not a number") from None
    if not isfinite(number):
        raise CandleFileError(f"{where}: {name} is {cell!r}, which is not a number")
    return number


def _volume(
    where: str, header: list[str], cells: list[str], coins: int | None, dollars: int | None, price: float
) -> float | None:
    """In coins, from either column; None when the file has neither or the cell is empty."""
    if coins is not None and cells[coins]:
        return _number(where, header[coins], cells[coins])
    if dollars is not None and cells[dollars] and price > 0:
        return _number(where, header[dollars], cells[dollars]) / price
    return None


def _millis(stamp: float) -> int:
    if stamp < _SECONDS_MAX:
        return round(stamp * 1000)
    return int(stamp) if stamp < _MILLIS_MAX else int(stamp) // 1000


def _wrong(row: Row) -> str:
    """What no bar can be."""
    if row.low <= 0:
        return f"low is {row.low:g}, and a price is above 0"
    if row.high < max(row.open, row.close):
        return f"high {row.high:.10g} is below open {row.open:.10g} or close {row.close:.10g}"
    if row.low > min(row.open, row.close):
        return f"low {row.low:.10g} is above open {row.open:.10g} or close {row.close:.10g}"
    if row.volume is not None and row.volume < 0:
        return f"volume is {row.volume:g}, and nobody trades less than nothing"
    return ""
