"""The two documents made of the settings: the table in docs/configuration.md, and the file `tradebaas init` writes.

``python -m tradebaas.settings.reference`` prints the table.
"""

import sys
import textwrap
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from tradebaas.settings.sections import SECTIONS, Strategy
from trading.values import plain

_WIDTH = 100

EXAMPLE = """
# One table for each strategy, named as you like; the name is how the commands know it. Any other key is a parameter.
[strategies.fasttest]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
"""


def table() -> str:
    """Write the reference: a table for each section, a row for each key."""
    lines: list[str] = []
    for name, section in (*SECTIONS.items(), ("strategies.NAME", Strategy)):
        lines += [f"## `[{name}]`", "", _said(section), "", "| key | default | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{key}` | {_cell(default)} | {meaning} |" for key, default, meaning in _fields(section)]
        lines += [""]
    return "\n".join(lines)


def template() -> str:
    """Write a file with every key, its meaning and its default; only what must be said is said."""
    lines = ["# Settings of Tradebaas. A line that begins with # shows a default; take the # away to change it.", ""]
    for name, section in SECTIONS.items():
        lines += [f"# {_said(section)}", f"[{name}]"]
        for key, default, meaning in _fields(section):
            lines += [f"# {line}" for line in textwrap.wrap(meaning.replace("`", ""), _WIDTH)]
            lines += [f"{'' if (name, key) == ('service', 'mode') else '#'}{key} = {_toml(default)}"]
        lines += [""]
    return "\n".join(lines) + EXAMPLE


def _fields(section: Any) -> list[tuple[str, Any, str]]:
    """Give key, default and meaning of each field that has one."""
    hints = get_type_hints(section, include_extras=True)
    return [
        (field.name, field.default, str(meta.description))
        for field in msgspec.structs.fields(section)
        for meta in getattr(hints[field.name], "__metadata__", ())
    ]


def _said(section: Any) -> str:
    return " ".join(str(section.__doc__).split())


def _toml(default: Any) -> str:
    """Write a default as a line of the file would have it."""
    if default is None:
        return '""'
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int):
        return str(default)
    if isinstance(default, tuple):
        return "[]"
    if isinstance(default, Mapping):
        return "{}"
    try:
        return plain(default)
    except (ValueError, TypeError):
        return f'"{default}"'


def _cell(default: Any) -> str:
    if default is msgspec.NODEFAULT:
        return "must be given"
    return "none" if default is None else f"`{_toml(default)}`"


if __name__ == "__main__":
    sys.stdout.write(table())
