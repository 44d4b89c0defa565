"""Turns plain tables (from TOML or JSON) into Structs and reports everything that is wrong with them at once.

msgspec stops at the first wrong value; a person who edits a file wants all of them, each with its place, and the
word that was probably meant. One problem is one sentence.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class TableError(ValueError):
    """A table breaks its contract; `problems` has a sentence for each way in which it does."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def read(table: object, struct: type[T], place: str = "") -> T:
    """The Struct that the table describes, or a `TableError` with every problem in it."""
    problems: list[str] = []
    read_value = _struct(table, struct, place, problems)
    if problems:
        raise TableError(problems)
    assert isinstance(read_value, struct)
    return read_value


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """`, did you mean "this"?`, or what there is to choose from."""
    known = sorted(words)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f', did you mean "{close[0]}"?'
    return f"; known are {', '.join(known)}" if known else ""


def joined(place: str, name: str) -> str:
    """The place of a key inside a table."""
    return f"{place}.{name}" if place else name


def _struct(table: object, struct: type[msgspec.Struct], place: str, problems: list[str]) -> msgspec.Struct | None:
    """The Struct, or None with the reasons added to `problems`."""
    before = len(problems)
    if not isinstance(table, Mapping):
        problems.append(f"{place or 'the file'}: expected a table, got {_kind(table)}")
        return None
    hints = get_type_hints(struct, include_extras=True)
    problems.extend(
        f"{joined(place, str(key))}: unknown key{did_you_mean(str(key), hints)}" for key in table if key not in hints
    )
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if field.name in table:
            values[field.name] = _value(table[field.name], hints[field.name], joined(place, field.name), problems)
        elif field.required:
            problems.append(f"{joined(place, field.name)}: missing")
    if len(problems) > before:
        return None
    return _made(struct, values, place, problems)


def _made(
    struct: type[msgspec.Struct], values: dict[str, Any], place: str, problems: list[str]
) -> msgspec.Struct | None:
    """The Struct itself; its own `__post_init__` may still object, one sentence to a line."""
    try:
        return struct(**values)
    except ValueError as objection:
        problems.extend(f"{place}: {line}" if place else line for line in str(objection).splitlines())
        return None


def _value(value: object, hint: Any, place: str, problems: list[str]) -> object:
    inner = _plain(hint)
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return _struct(value, inner, place, problems)
    arguments = get_args(inner)
    if get_origin(inner) is tuple and arguments[1:] == (...,) and isinstance(value, list | tuple):
        return tuple(_value(item, arguments[0], f"{place}[{number}]", problems) for number, item in enumerate(value, 1))
    try:
        return None if value is None and inner is not hint else msgspec.convert(value, inner)
    except msgspec.ValidationError as error:
        problems.append(f"{place}: {_reason(error, value, inner)}")
        return None


def _plain(hint: Any) -> Any:
    """The hint without `| None`."""
    if get_origin(hint) in {Union, UnionType}:
        rest = [argument for argument in get_args(hint) if argument is not type(None)]
        return Union[tuple(rest)] if len(rest) < len(get_args(hint)) else hint  # noqa: UP007 - made of a list
    return hint


def _reason(error: msgspec.ValidationError, value: object, hint: Any) -> str:
    words = [str(word) for word in get_args(hint)]
    if isinstance(value, str) and words and value not in words and "enum value" in str(error):
        return f'"{value}" is not one of its words{did_you_mean(value, words)}'
    reason = str(error).replace("`", "").split(" - at $")[0]
    return f"{reason[0].lower()}{reason[1:]}" + (f" ({value!r})" if isinstance(value, str | int | float) else "")


def _kind(value: object) -> str:
    return {dict: "a table", list: "a list", str: "text", bool: "true or false"}.get(type(value), "a number")
