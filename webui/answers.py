"""How the API speaks: JSON with money as text, and one shape for everything that goes wrong."""

import functools
from collections.abc import Sequence
from typing import Any, TypeVar, get_args, get_type_hints
from urllib.parse import parse_qsl

import bottle
import msgspec

T = TypeVar("T", bound=msgspec.Struct)

BODY_MAX = 64 * 1024
QUERY_MAX = 20
DIGITS_MAX = 30
_ENCODER = msgspec.json.Encoder(enc_hook=str)


class Problem(bottle.HTTPResponse):  # type: ignore[misc]  # bottle has no types
    """An answer that says no: one shape, whatever the reason."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        *,
        field: str | None = None,
        reason: str | None = None,
        state: str | None = None,
        retry_s: float | None = None,
    ) -> None:
        """``code`` is for programs, ``sentence`` for people; ``field`` and ``reason`` belong to wrong input."""
        error = {"code": code, "sentence": sentence, "field": field, "reason": reason, "state": state}
        headers = {"Content-Type": "application/json"}
        if retry_s is not None:
            headers["Retry-After"] = str(max(1, round(retry_s + 0.5)))
        super().__init__(encode({"error": error}), status, headers)


def wrong(field: str, reason: str) -> Problem:
    """Refuse an input."""
    return Problem(400, "bad_input", f"{field}: {reason}", field=field, reason=reason)


def missing(what: str, name: object) -> Problem:
    """Say that there is no such thing."""
    return Problem(404, "not_found", f"there is no {what} {str(name)[:100]!r}")


def encode(content: object) -> bytes:
    """Write JSON. A Decimal becomes text, exactly."""
    return _ENCODER.encode(content)


def json_answer(content: object, status: int = 200) -> bottle.HTTPResponse:
    """Answer with JSON that nobody may keep."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return bottle.HTTPResponse(encode(content), status, headers)


def listed(items: Sequence[Any], cursor: object = None) -> dict[str, Any]:
    """Give the one shape of lists."""
    return {"items": list(items), "next": None if cursor is None else str(cursor)}


def body_as(shape: type[T]) -> T:
    """Read the request's body; an empty one is an empty object. Raises Problem."""
    raw = raw_body()
    try:
        return msgspec.json.decode(raw or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _objection(error, "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise wrong("body", "is not JSON") from None


def raw_body() -> bytes:
    """Give the body's bytes. Raises Problem when there are too many."""
    if (bottle.request.content_length or 0) > BODY_MAX:
        raise Problem(413, "too_large", f"a body may have {BODY_MAX} bytes")
    found = bottle.request.body.read(BODY_MAX + 1)
    assert isinstance(found, bytes)
    if len(found) > BODY_MAX:
        raise Problem(413, "too_large", f"a body may have {BODY_MAX} bytes")
    return found


def header(name: str) -> str | None:
    """Give a header as it came. Bottle's own way breaks on one that is not UTF-8."""
    found = bottle.request.environ.get(f"HTTP_{name.upper().replace('-', '_')}")
    assert found is None or isinstance(found, str)
    return found


def query_as(shape: type[T]) -> T:
    """Read the query; a parameter that is not known is wrong, and not passed over. Raises Problem."""
    text = bottle.request.environ.get("QUERY_STRING", "")
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=QUERY_MAX)
    except ValueError:
        raise wrong("query", f"has more than {QUERY_MAX} parameters") from None
    given: dict[str, Any] = dict(found)
    if len(given) < len(found):
        raise wrong("query", "names a parameter twice")
    for name in _whole_numbers(shape) & given.keys():
        text = given[name]
        if text.isascii() and text.isdigit():
            given[name] = int(text[:DIGITS_MAX])
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as error:
        raise _objection(error, "query") from None


@functools.cache
def _whole_numbers(shape: type[msgspec.Struct]) -> frozenset[str]:
    """The fields that are whole numbers: in an address everything is text."""
    hints = get_type_hints(shape)
    return frozenset(name for name, hint in hints.items() if hint is int or int in get_args(hint))


def _objection(error: msgspec.ValidationError, whole: str) -> Problem:
    said, _, place = str(error).partition(" - at `$.")
    return wrong(place.rstrip("`") or _named(said) or whole, said.replace("`", ""))


def _named(said: str) -> str:
    """The field in "Object contains unknown field `x`" or "missing required field `x`"."""
    parts = said.split("`")
    return parts[1] if "field" in said and len(parts) > 2 else ""  # noqa: PLR2004 - before, name, after
