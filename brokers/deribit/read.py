"""Reading one JSON object leniently but exactly: what may be missing may be missing, no digit changes, no guessing.

Each accessor gives a value of the wanted type or raises BadInput with the object it met. Numbers beyond any price or
amount on earth are refused: a few bytes such as 1e999999999 would otherwise stop the process for minutes.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from trading.errors import BadInput
from trading.values import ZERO, exact

Word = TypeVar("Word", bound=StrEnum)

_EXPONENT_MAX = 30  # 1e30 of the smallest coin is more than all money
_DIGITS_MAX = 100


def mapping(raw: object, what: str) -> dict[str, Any]:
    """Give the object itself."""
    if not isinstance(raw, dict):
        raise BadInput(f"{what} is not an object", raw)
    return raw


def objects(raw: object, what: str) -> Iterator[dict[str, Any]]:
    """Give the objects in a list; a missing list is an empty one."""
    if raw is None:
        return
    if not isinstance(raw, list):
        raise BadInput(f"{what} is not a list", raw)
    for item in raw:
        yield mapping(item, what)


def plausible(number: Decimal, raw: object) -> Decimal:
    """Let a number through unless its size is absurd."""
    if number and not -_EXPONENT_MAX <= number.adjusted() <= _EXPONENT_MAX:
        raise BadInput("a number of absurd size", raw)
    if len(str(number)) > _DIGITS_MAX and len(number.as_tuple().digits) > _DIGITS_MAX:  # the text is found sooner
        raise BadInput("a number of absurd length", raw)
    return number


def to_number(value: object, raw: object) -> Decimal:
    """Turn a JSON number, or digits in a string, into an exact Decimal."""
    if isinstance(value, int) and value.bit_length() > 400:  # noqa: PLR2004 - longer than _DIGITS_MAX allows
        raise BadInput("a number of absurd size", raw)
    if isinstance(value, str) and len(value) > _DIGITS_MAX:
        raise BadInput("a number of absurd length", raw)
    return plausible(exact(value), raw)


def number(raw: dict[str, Any], key: str) -> Decimal:
    """Give a number that must be there."""
    if key not in raw:
        raise BadInput(f"{key} is missing", raw)
    return to_number(raw[key], raw)


def number_or_none(raw: dict[str, Any], key: str) -> Decimal | None:
    """Give a number that may be missing or null."""
    value = raw.get(key)
    return None if value is None else to_number(value, raw)


def number_or_zero(raw: dict[str, Any], key: str) -> Decimal:
    """Give a number whose absence means 0."""
    value = raw.get(key)
    return ZERO if value is None else to_number(value, raw)


def to_whole(value: object, raw: object) -> int:
    """Turn a whole number, whether written 10 or 10.0, into an int."""
    as_number = to_number(value, raw)
    if as_number != as_number.to_integral_value():
        raise BadInput("not a whole number", raw)
    return int(as_number)


def whole(raw: dict[str, Any], key: str) -> int:
    """Give a whole number that must be there."""
    if key not in raw:
        raise BadInput(f"{key} is missing", raw)
    return to_whole(raw[key], raw)


def text(raw: dict[str, Any], key: str) -> str:
    """Give a text that must be there and not be empty."""
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise BadInput(f"{key} is no text", raw)
    return value


def text_or_empty(raw: dict[str, Any], key: str) -> str:
    """Give a text; anything else counts as none."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def flag(raw: dict[str, Any], key: str) -> bool:
    """Give a boolean that may be missing; the exchange writes some as the strings "true" and "false"."""
    value = raw.get(key)
    return value is True or value == "true"


def word(raw: dict[str, Any], key: str, kind: type[Word]) -> Word:
    """Give a word of a closed list, or raise BadInput."""
    value = raw.get(key)
    if not isinstance(value, str):
        raise BadInput(f"{key} is no text", raw)
    try:
        return kind(value)
    except ValueError:
        raise BadInput(f"{key} is a new word: {value}", raw) from None
