"""How the commands print: tables that fit the terminal, or JSON. Colours only for a person who sees them.

A table too wide wraps its sentences first, then leaves out what matters least and says so; nothing is cut in silence.
"""

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import click
import msgspec

WIDTH_PIPED: Final = 160  # columns where there is no terminal that has a width
WIDTH_MIN: Final = 20
_WRAPPED_MIN: Final = 24  # a sentence narrower than this is not read any more
_FOLDED_MIN: Final = 6
NOTHING: Final = "-"
_GAP: Final = "  "
_DAY_S: Final = 86_400
_COLOURS: Final = {
    **dict.fromkeys(("ok", "connected", "ANALYZING", "POSITION_OPEN"), "green"),
    **dict.fromkeys(("degraded", "starting", "warn", "PAUSED", "COOLDOWN", "CLOSING"), "yellow"),
    **dict.fromkeys(("failing", "fail", "ERROR", "HALT", "quarantined"), "red"),
}


class Column(NamedTuple):
    """One column. A `wraps` is a sentence; of the others the one with the highest `drop` goes first, 0 never goes."""

    heading: str
    key: str  # of a row; `stops.0.trigger_price` goes into lists and tables
    drop: int = 0
    wraps: bool = False


class Painted(NamedTuple):
    """A text in the colour of a word that stands for good, doubtful or bad."""

    word: str
    text: str


def print_json(content: object) -> None:
    """Print JSON that people can read, too."""
    click.echo(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def print_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], *, empty: str) -> None:
    """Print a row for each, or a sentence when there is none."""
    if not rows:
        click.echo("\n".join(_wrap(empty, width())))
        return
    chosen = list(columns)
    texts = [[_cell(_value(row, column.key), column.key) for column in chosen] for row in rows]
    numbers = [all(_is_number(_value(row, column.key)) for row in rows) for column in chosen]
    shown, widths = fit(chosen, texts, width())
    headings = [chosen[at].heading for at in shown]
    for line in _lines(headings, widths, [numbers[at] for at in shown]):
        click.echo(click.style(line, bold=True) if has_colours() else line)
    for text in texts:
        for line in _lines([text[at] for at in shown], widths, [numbers[at] for at in shown]):
            click.echo(line)
    # What nobody has is not missed.
    left_out = [
        column.heading or column.key
        for at, column in enumerate(chosen)
        if at not in shown and any(text[at] != NOTHING for text in texts)
    ]
    if left_out:
        for line in _wrap(f"(too narrow for {', '.join(left_out)}; --json has all)", width()):
            click.echo(line)


def print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other."""
    known = list(pairs)
    room = max((_wide(name) for name, _ in known), default=0)
    beside = max(width() - room - len(_GAP), WIDTH_MIN)
    for name, value in known:
        word, text = value if isinstance(value, Painted) else ("", str(value))
        for at, line in enumerate(_wrap(safe(text), beside)):
            head = (name if at == 0 else "").ljust(room)
            bold = click.style(head, bold=True) if has_colours() and at == 0 else head
            click.echo(f"{bold}{_GAP}{coloured(word, line)}".rstrip())


def fit(columns: Sequence[Column], texts: Sequence[Sequence[str]], room: int) -> tuple[list[int], list[int]]:
    """Choose which columns are shown, and how wide each is."""
    natural = [max(_wide(column.heading), *(_widest(text[at]) for text in texts)) for at, column in enumerate(columns)]
    least = [
        min(natural[at], max(_WRAPPED_MIN, _wide(column.heading))) if column.wraps else natural[at]
        for at, column in enumerate(columns)
    ]
    shown = list(range(len(columns)))

    def too_wide() -> int:
        return sum(least[at] for at in shown) + len(_GAP) * (len(shown) - 1) - room

    for at in reversed(range(len(columns))):
        if too_wide() > 0 and columns[at].drop and all(text[at] == NOTHING for text in texts):
            shown.remove(at)
    while too_wide() > 0 and any(columns[at].drop for at in shown):
        shown.remove(max(shown, key=lambda at: (columns[at].drop, at)))
    while too_wide() > 0:  # what never goes is folded, the widest first
        widest = max(shown, key=lambda at: least[at])
        if least[widest] <= _FOLDED_MIN:
            break
        least[widest] = natural[widest] = max(_FOLDED_MIN, least[widest] - too_wide())
    spare = max(0, -too_wide())
    widths = []
    for at in shown:
        more = min(natural[at] - least[at], spare)
        spare -= more
        widths.append(least[at] + more)
    return shown, widths


def moment(at_ms: int | None) -> str:
    """Write a time as people here read it: the hour today, the date before."""
    if at_ms is None:
        return NOTHING
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    is_today = abs((datetime.now(UTC) - at).total_seconds()) < _DAY_S
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M")


def width() -> int:
    """How many characters fit beside each other."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return WIDTH_PIPED
    return max(WIDTH_MIN, shutil.get_terminal_size((80, 24)).columns)


def has_colours() -> bool:
    """Whether a person looks who wants colours (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def coloured(word: str, text: str) -> str:
    """Give the text in the colour of a word."""
    colour = _COLOURS.get(word)
    return click.style(text, fg=colour) if colour is not None and has_colours() else text


def safe(text: str) -> str:
    """Keep the terminal from reading commands in a text from outside."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _lines(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> list[str]:
    """One row, as many lines high as its highest cell."""
    wrapped = [_wrap(cell, room) for cell, room in zip(cells, widths, strict=True)]
    height = max(len(cell) for cell in wrapped)
    return [_line([cell[at] if at < len(cell) else "" for cell in wrapped], widths, numbers) for at in range(height)]


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    parts = []
    for cell, room, is_number in zip(cells, widths, numbers, strict=True):
        blank = " " * (room - _wide(cell))
        text = coloured(cell, cell)
        parts.append(blank + text if is_number else text + blank)
    return _GAP.join(parts).rstrip()


def _wrap(text: str, room: int) -> list[str]:
    found: list[str] = []
    for line in text.split("\n"):
        if _wide(line) <= room:
            found.append(line)
        else:
            found += textwrap.wrap(line, room, break_on_hyphens=False) or [""]
    return found


def _widest(text: str) -> int:
    return max(_wide(line) for line in text.split("\n"))


def _wide(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _value(row: Any, key: str) -> Any:
    for part in key.split("."):
        if row is None:
            return None
        row = _item(row, int(part)) if isinstance(row, list) else row.get(part)
    return row


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _cell(value: Any, key: str) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(safe(str(each)) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{safe(str(name))} {safe(str(each))}" for name, each in value.items())
    if isinstance(value, int) and (key == "at" or key.endswith(("_at", "since"))):
        return moment(value)
    return safe(str(value))


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return value.replace(".", "", 1).removeprefix("-").isdigit()
    return isinstance(value, int) and not isinstance(value, bool)
