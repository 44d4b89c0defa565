"""What can go wrong with a request on its way: values of another type, size or meaning, and broken text."""

import base64
import copy
import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tests.fuzz import frames

Json = dict[str, Any]

# Text that stands for a value JSON's encoder would not write. Replaced after encoding.
RAW: Final = {
    "@nan": "NaN",
    "@inf": "Infinity",
    "@1e999": "1e999",
    "@-1e999": "-1e999",
    "@1e-400": "1e-400",
    "@1e99999999999999999999": "1e99999999999999999999",
    "@-0": "-0",
    "@-0.0": "-0.0",
    "@long": "1" * 400,
    "@fine": "0." + "1" * 400,
    "@exp": "1.0e1",
    "@surrogate": '"\\ud800"',
    "@nul": '"\\u0000"',
    "@half": '"\\ud83d\\ude00\\ud83d"',
}
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**64),
    10**40,
    0.1,
    1e-9,
    -1e18,
    1.5e300,
    "",
    "10",
    "true",
    "null",
    "market_price",
    "any",
    "BTC-PERPETUAL",
    "ETH-PERPETUAL",
    "NO-PERPETUAL",
    "../../etc",
    "'; drop table orders; --",
    "\u202e\u0000\uffff",
    "\U0001f600" * 40,
    "x" * 5000,
    [],
    [None],
    [[]],
    {},
    {"a": {"b": {"c": []}}},
    [1, "2", {}],
    *RAW,
)


def _value(rng: random.Random) -> Any:
    """One of the values, never the same list twice: requests are changed again later."""
    return copy.deepcopy(rng.choice(VALUES))


def _params(request: Json) -> Json:
    params: Json = request["params"]
    return params


def _another_value(rng: random.Random, request: Json) -> None:
    params = _params(request)
    if params:
        params[rng.choice(sorted(params))] = _value(rng)


def _missing(rng: random.Random, request: Json) -> None:
    params = _params(request)
    if params:
        del params[rng.choice(sorted(params))]


def _extra(rng: random.Random, request: Json) -> None:
    name = rng.choice(("contracts", "price", "amount", "label", "type", "isolated", "advanced", "\u00fc", "", "count"))
    _params(request)[name] = _value(rng)


def _off_grid(rng: random.Random, request: Json) -> None:
    params = _params(request)
    for name in ("amount", "price", "trigger_price"):
        if name in params and rng.random() < 0.6:
            factor = rng.choice((1.00001, 0.5, -1, 3.7, 1e6, 1e-6))
            params[name] = float(params[name]) * factor if isinstance(params[name], int | float | Decimal) else factor


def _inner(rng: random.Random, request: Json) -> None:
    legs = _params(request).get("otoco_config")
    if not isinstance(legs, list) or not legs or not all(isinstance(leg, dict) for leg in legs):
        _params(request)["otoco_config"] = _value(rng)
        return
    leg = rng.choice(legs)
    if rng.random() < 0.5 and leg:
        leg[rng.choice(sorted(leg))] = _value(rng)
    else:
        legs[:] = rng.choice(([], legs * 20, [None], [*legs, 7], [[]]))


def _envelope(rng: random.Random, request: Json) -> None:
    name = rng.choice(("id", "id", "id", "method", "params", "jsonrpc"))
    if rng.random() < 0.3:
        request.pop(name, None)
    else:
        request[name] = _value(rng)


def _another_method(rng: random.Random, request: Json) -> None:
    method = str(request["method"])
    other = (
        method.upper(),
        method + "/",
        "/" + method,
        method.replace("private", "public"),
        method.replace("public", "private"),
        method.rpartition("/")[2],
        "private/" + "x" * 300,
        "private/__init__",
        "public/\u0000",
    )
    request["method"] = rng.choice(other)


def _token(rng: random.Random, request: Json) -> None:
    _params(request)["access_token"] = _value(rng)


OF_REQUEST: Final[tuple[Callable[[random.Random, Json], None], ...]] = (
    _another_value,
    _another_value,
    _missing,
    _extra,
    _off_grid,
    _inner,
    _envelope,
    _another_method,
    _token,
)


def _of_text(rng: random.Random, text: str) -> bytes | str:
    kind = rng.randrange(7)
    at = rng.randrange(len(text))
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + rng.choice('{}[]",:0\x00') + text[at + 1 :]
    if kind == 2:
        return text.encode()[:at] + rng.randbytes(rng.randint(1, 4)) + text.encode()[at:]
    if kind == 3:
        return text + text
    if kind == 4:
        return text[:-1] + ',"pad":"' + "x" * rng.choice((31_000, 33_000, 70_000)) + '"}'
    if kind == 5:
        return text[:-1] + ',"id":1,"params":{},"id":2}'
    return text.encode("utf-16")


class HttpCall(NamedTuple):
    """What the exchange is told of an HTTP request."""

    verb: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


def http_call(rng: random.Random, request: Json, who: str) -> HttpCall:
    """The request as a GET or POST, with a header that may or may not let it in."""
    if rng.random() < 0.4:
        rng.choice(OF_REQUEST)(rng, request)
    basic = base64.b64encode(f"{who}:{who}".encode()).decode()
    header = rng.choice(
        (f"Basic {basic}", f"Basic {basic}", "Basic !", "Bearer no", "deri-hmac-sha256 id=paper,ts=1", "", "x" * 9000)
    )
    headers = {"Authorization": header} if header else {}
    if rng.random() < 0.5:
        text = mangled(rng, request)
        body = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        path = rng.choice(("/api/v2", "/api/v2/private/buy", "/api/v2/", "/api/v2/no/such/thing"))
        return HttpCall(rng.choice(("POST", "POST", "PUT")), path, {}, headers, body)
    params = request.get("params")
    query = {str(name): _as_text(value) for name, value in params.items()} if isinstance(params, dict) else {}
    return HttpCall("GET", f"/api/v2/{request.get('method')}", query, headers, b"")


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def mangled(rng: random.Random, request: Json) -> bytes | str:
    """The request as it arrives: as it was sent in four of ten cases, else changed once or more."""
    chance = rng.random()
    if chance < 0.4:
        return frames.encoded(request)
    if chance > 0.97:
        return frames.noise(rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice(OF_REQUEST)
        if isinstance(request.get("params"), dict) and isinstance(request.get("method"), str):
            change(rng, request)
    text = frames.encoded(request)
    for mark, raw in RAW.items():
        text = text.replace(json.dumps(mark), raw)
    return _of_text(rng, text) if chance > 0.92 else text
