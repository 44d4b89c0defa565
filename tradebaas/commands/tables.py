"""How the commands print: tables that fit the terminal, or JSON."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click
import msgspec

WIDTH_PIPED: Final = 160  # columns where there is no terminal that has a width
_DAY_S: Final = 86_400

Column = tuple[str, str]
"""Its heading, and the key of a row (`stops.0.trigger_price` goes into lists and tables)."""


def print_json(content: object) -> None:
    """Print JSON that people can read, too."""
    click.echo(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


def print_table(rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], *, empty: str) -> None:
    """Print a row for each, or a sentence when there is none."""
    if not rows:
        click.echo(empty)
        return
    from rich.table import Table

    columns = list(columns)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, key in columns:
        table.add_column(heading, overflow="fold", justify="right" if _is_number(rows[0], key) else "left")
    for row in rows:
        table.add_row(*(_cell(_value(row, key), key) for _, key in columns))
    _console().print(table)


def print_pairs(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, _safe(str(value)))
    _console().print(table)


def moment(at_ms: int | None) -> str:
    """Write a time as people here read it: the hour today, the date before."""
    if at_ms is None:
        return "-"
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    is_today = abs((datetime.now(UTC) - at).total_seconds()) < _DAY_S
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M")


def _console() -> Any:
    from rich.console import Console

    out = sys.stdout
    return Console(file=out, width=None if out.isatty() else WIDTH_PIPED, highlight=False, emoji=False)


def _value(row: Any, key: str) -> Any:
    for part in key.split("."):
        if row is None:
            return None
        row = _item(row, int(part)) if isinstance(row, list) else row.get(part)
    return row


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _cell(value: Any, key: str) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (key == "at" or key.endswith(("_at", "since"))):
        return moment(value)
    return _safe(str(value))


def _safe(text: str) -> str:
    """Keep rich from reading markup, and the terminal from reading commands, in a text from outside."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text))


def _is_number(row: Mapping[str, Any], key: str) -> bool:
    value = _value(row, key)
    if isinstance(value, str):
        return value.replace(".", "", 1).removeprefix("-").isdigit()
    return isinstance(value, int) and not isinstance(value, bool)
