"""Values to text and back: a bracket's state, a request, and what an event carries. Exact, and kept readable by age.

A row carries the number of the format it was written in. A field that came later loads with its default, one that
went away is passed over; a change that needs more gets a function in `UPGRADES` and a new number.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from persistence.errors import FromTheFuture
from trading.bracket import Bracket, Cancel, Edit, Place, PlaceBracket
from trading.bracket.effects import Request
from trading.errors import BadInput

FORMAT: Final = 1

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
UPGRADES: Final[Mapping[int, Upgrade]] = {}
"""From this format to the next one, on plain JSON values."""

_BRACKET: Final = msgspec.json.Decoder(Bracket)
_ENCODER: Final = msgspec.json.Encoder()
_REQUESTS: Final[Mapping[str, type[Any]]] = {one.__name__: one for one in (Place, PlaceBracket, Edit, Cancel)}
_TAGGED: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def encode_bracket(bracket: Bracket) -> str:
    """Write a bracket in today's format."""
    return _ENCODER.encode(bracket).decode()


def decode_bracket(
    text: str, written_in: int, *, upgrades: Mapping[int, Upgrade] = UPGRADES, newest: int = FORMAT
) -> Bracket:
    """Read a bracket written in this or an earlier format, or raise BadInput."""
    if written_in > newest:
        raise FromTheFuture(
            [f"a bracket was written in format {written_in}; this version knows formats up to {newest}"]
        )
    try:
        if written_in == newest:
            return _BRACKET.decode(text)
        plain = msgspec.json.decode(text)
        for number in range(written_in, newest):
            plain = upgrades[number](plain)
        return msgspec.convert(plain, Bracket)
    except (msgspec.DecodeError, KeyError) as error:
        raise BadInput(f"a stored bracket cannot be read: {error}", text) from error


def encode_request(request: Request) -> str:
    """Write a request with its kind."""
    return _ENCODER.encode({type(request).__name__: request}).decode()


def decode_request(text: str) -> Request:
    """Read a request back, or raise BadInput."""
    try:
        ((kind, raw),) = _TAGGED.decode(text).items()
        request: Request = msgspec.json.decode(raw, type=_REQUESTS[kind])
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise BadInput(f"a stored request cannot be read: {error}", text) from error
    return request


def encode_cause(message: object, effects: Iterable[object]) -> bytes:
    """Write what a step was told and what it wanted, for the audit log."""
    told = message if message is None or isinstance(message, str) else {type(message).__name__: message}
    return _ENCODER.encode({"message": told, "effects": [{type(one).__name__: one} for one in effects]})
