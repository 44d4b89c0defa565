"""What can go wrong with a request on its way: values of another type, size or meaning, and broken text."""

import json
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

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


def _params(request: Json) -> Json:
    params: Json = request["params"]
    return params


def _another_value(rng: random.Random, request: Json) -> None:
    params = _params(request)
    if params:
        params[rng.choice(sorted(params))] = rng.choice(VALUES)


def _missing(rng: random.Random, request: Json) -> None:
    params = _params(request)
    if params:
        del params[rng.choice(sorted(params))]


def _extra(rng: random.Random, request: Json) -> None:
    name = rng.choice(("contracts", "price", "amount", "label", "type", "isolated", "advanced", "\u00fc", "", "count"))
    _params(request)[name] = rng.choice(VALUES)


def _off_grid(rng: random.Random, request: Json) -> None:
    params = _params(request)
    for name in ("amount", "price", "trigger_price"):
        if name in params and rng.random() < 0.6:
            factor = rng.choice((1.00001, 0.5, -1, 3.7, 1e6, 1e-6))
            params[name] = float(params[name]) * factor if isinstance(params[name], int | float | Decimal) else factor


def _inner(rng: random.Random, request: Json) -> None:
    legs = _params(request).get("otoco_config")
    if not isinstance(legs, list) or not legs or not all(isinstance(leg, dict) for leg in legs):
        _params(request)["otoco_config"] = rng.choice(VALUES)
        return
    leg = rng.choice(legs)
    if rng.random() < 0.5 and leg:
        leg[rng.choice(sorted(leg))] = rng.choice(VALUES)
    else:
        legs[:] = rng.choice(([], legs * 20, [None], [*legs, 7], [[]]))


def _envelope(rng: random.Random, request: Json) -> None:
    name = rng.choice(("id", "id", "id", "method", "params", "jsonrpc"))
    if rng.random() < 0.3:
        request.pop(name, None)
    else:
        request[name] = rng.choice(VALUES)


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
    _params(request)["access_token"] = rng.choice(VALUES)


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
