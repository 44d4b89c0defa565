"""The JSON-RPC envelope: requests taken apart, replies put together.

It knows nothing of methods. A request without an id is executed and answered without one, as Deribit does.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus, urlencode

from exchange.encoding import BadFrameError, decode
from exchange.errors import Refusal, bad_param

FRAME_LIMIT: Final = 32 * 1024
API_PATH: Final = "/api/v2"


class Request(NamedTuple):
    """One call. `as_text`: the values come from a query string and are all text."""

    method: str
    params: dict[str, Any]
    as_text: bool = False


def identity(message: object) -> dict[str, Any]:
    """What of the envelope is echoed: the id as it came, or nothing."""
    if isinstance(message, dict) and "id" in message:
        return {"id": message["id"]}
    return {}


def parse(message: object) -> Request:
    """The request in a decoded frame. Raises Refusal."""
    if not isinstance(message, dict):
        raise Refusal(11050, data="request must be an object")
    if message.get("jsonrpc", "2.0") != "2.0":
        raise Refusal(11050, data="jsonrpc must be 2.0")
    method = message.get("method")
    if not isinstance(method, str):
        raise Refusal(11050, data="method must be a string")
    params = message.get("params", {})
    if not isinstance(params, dict):
        raise bad_param("params", "must be an object")
    return Request(method, params)


def open_frame(frame: bytes | str) -> object:
    """The JSON value in a frame. Raises Refusal, which has no id to echo."""
    if len(frame) > FRAME_LIMIT or (isinstance(frame, str) and len(frame.encode()) > FRAME_LIMIT):
        raise Refusal(-32600)
    try:
        return decode(frame)
    except BadFrameError as error:
        raise Refusal(11050, data="invalid json") from error


def signed_texts(verb: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[str, ...]:
    """What the signature of an HTTP call may be made over; a path without its query is completed both usual ways."""
    uris = [path]
    if query and "?" not in path:
        uris = [f"{path}?{urlencode(query, quote_via=quoting)}" for quoting in (quote_plus, quote)]
    text = body.decode(errors="replace")
    return tuple(f"{verb.upper()}\n{uri}\n{text}\n" for uri in uris)


def parse_http(verb: str, path: str, query: Mapping[str, str], message: object) -> Request:
    """The request in an HTTP call: GET has it in the path and the query, POST in the body."""
    named = path.partition("?")[0].removeprefix(API_PATH).strip("/")
    if verb.upper() == "GET":
        return Request(named, dict(query), as_text=True)
    if isinstance(message, dict) and "method" not in message and named:
        return parse({**message, "method": named})
    return parse(message)


def result(echo: dict[str, Any], value: object, in_us: int, out_us: int) -> dict[str, Any]:
    """A reply that says yes."""
    return {
        "jsonrpc": "2.0",
        **echo,
        "result": value,
        "usIn": in_us,
        "usOut": out_us,
        "usDiff": out_us - in_us,
        "testnet": True,
    }


def failure(echo: dict[str, Any], refusal: Refusal, in_us: int, out_us: int) -> dict[str, Any]:
    """A reply that says no."""
    return {
        "jsonrpc": "2.0",
        **echo,
        "error": error_body(refusal),
        "usIn": in_us,
        "usOut": out_us,
        "usDiff": out_us - in_us,
        "testnet": True,
    }


def error_body(refusal: Refusal) -> dict[str, Any]:
    """Code, message, and data where there is any."""
    body: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.data is not None:
        body["data"] = refusal.data
    return body


def notification(channel: str, data: object, label: str | None = None) -> dict[str, Any]:
    """One message of a subscribed channel."""
    params: dict[str, Any] = {"channel": channel, "data": data}
    if label is not None:
        params["label"] = label
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def heartbeat(kind: str) -> dict[str, Any]:
    """`heartbeat` or `test_request`."""
    return {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": kind}}
