"""JSON in and out with every digit, and what is no message at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import wire
from trading.errors import BadInput


@given(number=st.decimals(allow_nan=False, allow_infinity=False) | st.integers(-(10**40), 10**40))
def test_a_number_goes_out_and_comes_back_with_exactly_its_digits(number: Decimal | int) -> None:
    came = wire.decode(wire.encode({"n": number}))["n"]

    assert came == number
    if isinstance(came, Decimal) and isinstance(number, Decimal):
        assert came.as_tuple() == number.as_tuple()


NO_MESSAGES = {
    "nothing": b"",
    "half a message": b'{"a":1',
    "two messages": b"{}{}",
    "a list": b"[1]",
    "a number": b"1",
    "not a number": b'{"a":NaN}',
    "an exponent beyond all": b'{"a":1e99999999999999999999}',
    "brackets without end": b"[" * 30_000,
    "bytes that are no text": b'{"a":"\xff\xfe"}',
    "a number of ten thousand digits": b'{"a":' + b"1" * 10_000 + b"}",
}


@pytest.mark.parametrize("raw", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_what_is_no_json_object_is_bad_input_with_its_beginning(raw: bytes) -> None:
    with pytest.raises(BadInput) as bad:
        wire.decode(raw)

    assert len(str(bad.value.raw)) <= wire.RAW_MAX


def test_what_is_kept_of_a_bad_message_is_short_however_deep_it_is() -> None:
    deep: Any = "x" * 10_000
    for _ in range(5_000):
        deep = {"a": [deep] * 3}

    assert len(wire.shorten(deep)) <= wire.RAW_MAX
