"""Columns that keep exactly what they are given: money as text, times as integer milliseconds, values as JSON."""

from decimal import Decimal
from typing import Any

import msgspec
import peewee


class ExactField(peewee.TextField):
    """A Decimal, digit by digit. peewee's own would be a float here."""

    def db_value(self, value: Decimal | None) -> str | None:
        """Write every digit; anything but a finite Decimal is a mistake of ours."""
        return exact_text(value)

    def python_value(self, value: str | None) -> Decimal | None:
        """Read every digit."""
        return None if value is None else Decimal(value)


class TimeField(peewee.BigIntegerField):
    """A point in time: integer milliseconds UTC since 1970."""


class JsonField(peewee.TextField):
    """Anything JSON can hold, nothing at all included; a Decimal in it becomes text."""

    def db_value(self, value: Any) -> str:
        """Write it."""
        return msgspec.json.encode(value).decode()

    def python_value(self, value: str | None) -> Any:
        """Read it as lists, dictionaries and plain values."""
        return None if value is None else msgspec.json.decode(value)


def exact_text(value: Decimal | None) -> str | None:
    """Write a Decimal for a column, every digit of it."""
    if value is None:
        return None
    assert isinstance(value, Decimal), f"money is Decimal, not {type(value).__name__}"
    assert value.is_finite(), "money is a finite number"
    return str(value)
