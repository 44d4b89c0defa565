"""A bracket's state is text and comes back the same; rows of earlier versions still load."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.codec import FORMAT, decode_bracket, decode_request, encode_bracket, encode_request
from persistence.errors import FromTheFuture
from tests.unit.persistence.made import any_of, plan_of
from trading.bracket import Bracket, Cancel, Edit, Place, PlaceBracket
from trading.bracket.effects import Request
from trading.errors import BadInput

HERE = Path(__file__).parent


@settings(max_examples=60)
@given(any_of(Bracket))
def test_any_bracket_comes_back_the_same_to_the_last_digit(bracket: Bracket) -> None:
    back = decode_bracket(encode_bracket(bracket), FORMAT)

    assert back == bracket
    assert repr(back) == repr(bracket)


@settings(max_examples=40)
@given(st.one_of([any_of(kind) for kind in (Place, PlaceBracket, Edit, Cancel)]))
def test_any_request_comes_back_as_what_it_was(request: Request) -> None:
    assert repr(decode_request(encode_request(request))) == repr(request)


def test_a_row_written_in_the_first_format_still_loads() -> None:
    """Never regenerate the file once it has been released: old databases hold such rows."""
    bracket = decode_bracket((HERE / "schemas" / "bracket_1.json").read_text(), 1)

    assert bracket.plan == plan_of()
    assert bracket.plan.instrument == "BTC-PERPETUAL"


def test_a_field_that_came_later_loads_with_its_default_and_one_that_went_is_passed_over() -> None:
    plain = json.loads(encode_bracket(Bracket(plan=plan_of(), changes=7)))
    del plain["changes"]
    plain["gone_since"] = 1

    assert decode_bracket(json.dumps(plain), FORMAT) == Bracket(plan=plan_of())


def test_an_older_format_goes_through_every_upgrade_in_between() -> None:
    def renamed(plain: dict[str, Any]) -> dict[str, Any]:
        return {**plain, "reasons": plain.pop("cause")}

    def renamed_again(plain: dict[str, Any]) -> dict[str, Any]:
        return {**plain, "reason": plain.pop("reasons")}

    plain = json.loads(encode_bracket(Bracket(plan=plan_of(), reason="stop")))
    plain["cause"] = plain.pop("reason")

    back = decode_bracket(json.dumps(plain), 1, upgrades={1: renamed, 2: renamed_again}, newest=3)

    assert back.reason == "stop"


def test_a_row_from_a_newer_version_is_refused() -> None:
    with pytest.raises(FromTheFuture, match="format 2"):
        decode_bracket("{}", FORMAT + 1)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"plan": {"side": "up"}}'])
def test_a_row_that_makes_no_sense_is_bad_input_with_the_row_in_it(text: str) -> None:
    with pytest.raises(BadInput) as bad:
        decode_bracket(text, FORMAT)

    assert bad.value.raw == text


@pytest.mark.parametrize("text", ["{}", '{"Buy": {}}', '{"Cancel": {}}', "null"])
def test_a_request_that_makes_no_sense_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        decode_request(text)
