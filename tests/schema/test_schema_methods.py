"""Every method's reply, successes and refusals, against Deribit's own description of it."""

import re
from collections import Counter
from typing import Any, Final

import pytest

from exchange.errors import MESSAGES
from tests.schema import documents, requests
from tests.schema.requests import Case
from tests.schema.scene import Scene

pytestmark = pytest.mark.skipif(documents.MISSING is not None, reason=str(documents.MISSING))

# Methods the dossier speaks of that have nothing to do with trading perpetuals on one account.
ELSEWHERE: Final = {
    "private/buy|sell": "both are in the table",
    "public/exchange_token": "subaccounts: there are none",
    "public/fork_token": "sessions shared between sockets",
    "private/logout": "answers nothing: test_schema_shapes.py",
    "private/cancel_all_by_currency_pair": "spot pairs",
}


@pytest.fixture(scope="module", params=["mixed", "plain"])
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(numbers=request.param)


def _named(cases: tuple[Case, ...]) -> list[Any]:
    """In the order of the table, each case named after its method and its number among those."""
    seen: Counter[str] = Counter()
    named = []
    for case in cases:
        seen[case.method] += 1
        named.append(pytest.param(case, id=f"{case.method.replace('/', '_')}-{seen[case.method]}"))
    return named


def _ask(scene: Scene, case: Case) -> tuple[dict[str, Any], Any]:
    params = case.params(scene) if callable(case.params) else case.params
    return scene.call(case.method, params, session=scene.sessions[case.key]), params


@pytest.mark.parametrize("case", _named(requests.PUBLIC + requests.ORDERS + requests.ACCOUNT))
def test_a_good_request_is_answered_as_described(scene: Scene, case: Case) -> None:
    reply, params = _ask(scene, case)

    assert "error" not in reply, (case.method, params, reply["error"])
    validator = documents.reply_validator(case.method, strict=True)
    assert documents.complaints(validator, reply) == []


@pytest.mark.parametrize("case", _named(requests.REFUSED))
def test_a_bad_request_is_refused_with_deribits_code(scene: Scene, case: Case) -> None:
    reply, params = _ask(scene, case)

    assert "error" in reply, (case.method, params, reply)
    error = reply["error"]
    assert error["code"] in case.codes, (case.method, params, error)
    assert set(reply) == {"jsonrpc", "id", "error", "usIn", "usOut", "usDiff", "testnet"}
    assert set(error) <= {"code", "message", "data"}
    assert isinstance(error["message"], str)
    if error["code"] == -32602:
        assert set(error["data"]) == {"reason", "param"}


def test_every_code_the_exchange_can_give_is_deribits_with_deribits_words() -> None:
    published = {row["code"]: row["message"] for row in documents.errors()}

    assert sorted(MESSAGES.keys() - published.keys()) == []
    for code, message in MESSAGES.items():
        assert message == published[code].partition("<")[0].strip(), code


def test_the_table_has_every_perpetual_method_the_dossier_speaks_of() -> None:
    text = (documents.FOLDER / "DERIBIT.md").read_text()
    spoken = set(re.findall(r"`((?:public|private)/[a-z_]+)[` {]", text))
    table = {case.method for case in requests.PUBLIC + requests.ORDERS + requests.ACCOUNT}

    assert sorted(spoken & set(documents.methods()) - table - set(ELSEWHERE)) == []


def test_every_required_parameter_is_missed_when_it_is_left_out(scene: Scene) -> None:
    """Taken from the published description, so that no method trusts its caller."""
    wrong = []
    for case in requests.PUBLIC + requests.ORDERS + requests.ACCOUNT:
        params = case.params(scene) if callable(case.params) else case.params
        for name in set(documents.required_params(case.method)) & params.keys():
            short = {key: value for key, value in params.items() if key != name}
            reply = scene.call(case.method, short, session=scene.sessions[case.key])
            if (case.method, name) not in MAY_BE_LEFT_OUT and "error" not in reply:
                wrong.append((case.method, name))
    assert sorted(set(wrong)) == []


# Required on paper. ccxt leaves them out and works, so the real server does not insist.
MAY_BE_LEFT_OUT: Final = {
    ("public/get_last_trades_by_instrument_and_time", "end_timestamp"),
    ("public/get_last_trades_by_currency_and_time", "end_timestamp"),
    ("private/get_user_trades_by_instrument_and_time", "end_timestamp"),
    ("private/get_user_trades_by_currency_and_time", "end_timestamp"),
    ("public/get_instruments", "currency"),
}
