"""Numbers are exact on the wire, however they are written."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.encoding import BadFrameError, decode, encode
from exchange.errors import Refusal
from exchange.params import Param, read

NUMBERS = st.decimals(min_value=-(10**12), max_value=10**12, places=8)


@given(NUMBERS)
@pytest.mark.parametrize("style", ["plain", "mixed"])
def test_a_number_is_the_same_number_in_every_style(style: str, number: Decimal) -> None:
    text = encode({"n": [number]}, "mixed" if style == "mixed" else "plain")
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)["n"] == [number]
    table = decode(text)
    assert isinstance(table, dict)
    assert table["n"] == [number]


def test_the_mixed_style_writes_in_several_ways() -> None:
    texts = {encode(Decimal(number), "mixed") for number in (10, 20, 30, 1000, 2200, 64000, 64001)}
    assert any(b"e" in text for text in texts)
    assert any(text.endswith(b".0") for text in texts)
    assert any(text.isdigit() for text in texts)
    assert encode(Decimal("0.00035"), "mixed") == b"3.5e-4"


@pytest.mark.parametrize("frame", [b"", b"{", b"\xff", b"[" * 30_000, b'{"a":NaN}', b'{"a":1.0e-99999999999999999999}'])
def test_what_is_not_json_is_a_bad_frame(frame: bytes) -> None:
    with pytest.raises(BadFrameError):
        decode(frame)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "10", 10),
        ("integer", "1e1", 10),
        ("number", "0.1", Decimal("0.1")),
        ("flag", "true", True),
        ("flag", "false", False),
        ("text", "10", "10"),
        ("texts", "BTC", ["BTC"]),
        ("texts", '["BTC","ETH"]', ["BTC", "ETH"]),
        ("objects", '[{"a":1}]', [{"a": 1}]),
    ],
)
def test_a_query_means_the_value_of_its_kind(kind: str, text: str, value: object) -> None:
    assert read((Param("x", kind),), {"x": text}, as_text=True) == {"x": value}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", Decimal("1.5")),
        ("integer", True),
        ("integer", Decimal("1e30")),
        ("number", Decimal("NaN")),
        ("number", Decimal("Infinity")),
        ("number", Decimal("1e10")),
        ("number", Decimal("1e-10")),
        ("number", Decimal("1." + "1" * 30)),
        ("number", "1"),
        ("flag", 1),
        ("text", 1),
        ("texts", [1]),
        ("texts", {}),
        ("objects", ["x"]),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: str, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        read((Param("x", kind),), {"x": value})  # type: ignore[arg-type]
    assert refused.value.code == -32602
