"""JSON in and out without losing a digit: numbers with a point or an exponent become Decimal, whole numbers int."""

import reprlib
from decimal import Decimal

import msgspec

from brokers.transport import Message
from trading.errors import BadInput

# ``float_hook`` is handed the number's own text, so 1.10 stays 1.10 and nothing passes through a binary float.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

RAW_MAX = 500  # characters of a bad message that are kept: enough to see what it was

_brief = reprlib.Repr()
_brief.maxdict = _brief.maxlist = 40
_brief.maxstring = _brief.maxother = 200


def encode(message: Message) -> bytes:
    """Write a message; a Decimal becomes a JSON number with exactly its digits."""
    return _encoder.encode(message)


def decode(raw: bytes | bytearray | memoryview) -> Message:
    """Read a message, or raise BadInput with the beginning of what came."""
    try:
        message = _decoder.decode(raw)
    except (ValueError, ArithmeticError, RecursionError) as failure:
        # In this order: bad JSON or bad UTF-8, an exponent no Decimal can hold, brackets without end.
        raise BadInput(f"{type(failure).__name__}: {failure}", shorten(bytes(raw))) from failure
    if type(message) is not dict:
        raise BadInput("not a JSON object", shorten(bytes(raw)))
    return message


def shorten(raw: object) -> str:
    """Turn anything into a text short enough for a log, however large or deep it is."""
    if isinstance(raw, bytes):
        return raw[:RAW_MAX].decode("utf-8", "replace")
    return _brief.repr(raw)[:RAW_MAX]
