"""JSON to and from the wire. Numbers come in as Decimal or int and go out exact, never through a rounding float.

Deribit writes the same number in several ways (10, 10.0, 1.0e1, 3.5e-4). The style "mixed" does too, so that
clients meet it here first; "plain" is the fast way. Both say exactly the same numbers.
"""

from decimal import Decimal, DecimalException
from typing import Final, Literal

import msgspec

Style = Literal["plain", "mixed"]

_SAFE_LENGTH: Final = 16  # 15 digits and a point: a double says them exactly
_SHORT: Final = 2  # digits that count: 2.2e3 says them all
_TINY: Final = Decimal("0.001")

_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class BadFrameError(ValueError):
    """What arrived is not JSON."""


def decode(frame: bytes | str) -> object:
    """The JSON value in the frame. Raises BadFrameError."""
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, DecimalException, RecursionError) as error:
        raise BadFrameError(str(error)) from error


def encode(message: object, style: Style = "plain") -> bytes:
    """The message as JSON text."""
    return _encoder.encode(message if style == "plain" else _varied(message))


def _varied(value: object) -> object:
    kind = type(value)
    if kind is Decimal:
        return _number(value)  # type: ignore[arg-type]
    if kind is dict:
        return {name: _varied(entry) for name, entry in value.items()}  # type: ignore[attr-defined]
    if kind is list:
        return [_varied(entry) for entry in value]  # type: ignore[attr-defined]
    return value


def _number(value: Decimal) -> object:
    """One of the ways to write it; which one depends on the number alone, so runs repeat."""
    if len(str(value)) > _SAFE_LENGTH:
        return value
    number = float(value)
    if not number.is_integer():
        return number if abs(value) >= _TINY else msgspec.Raw(f"{value.normalize():e}".encode())
    whole = int(number)
    way = (whole // 10 + whole) % 3
    if way == 0:
        return whole
    if way == 1 and len(value.normalize().as_tuple().digits) <= _SHORT:
        return msgspec.Raw(f"{value.normalize():.1e}".encode())
    return number
