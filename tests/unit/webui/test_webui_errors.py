"""Whatever goes wrong has one shape, and nothing of the inside gets out."""

import pytest

from persistence.errors import Locked
from persistence.store import Store
from tests.unit.webui.house import OPERATE, House

WRONG = {
    "no such address": ("GET", "/api/v2/nothing", 404),
    "another method": ("DELETE", "/api/v2/status", 405),
    "a command asked for by GET": ("GET", "/api/v2/panic", 405),
    "a path that is no text": ("GET", "/api/v2/\xff", 404),
    "wrong input": ("GET", "/api/v2/trades?limit=x", 400),
    "not found": ("GET", "/api/v2/trades/x", 404),
}


@pytest.mark.parametrize(("method", "path", "status"), WRONG.values(), ids=WRONG.keys())
def test_every_error_has_the_one_shape(house: House, method: str, path: str, status: int) -> None:
    reply = house.call(method, path, OPERATE, b"", {})

    assert reply.status == status
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.json.keys() == {"error"}
    assert reply.error.keys() == {"code", "sentence", "field", "reason", "state"}


def test_a_mistake_of_our_own_is_logged_and_not_shown(house: House) -> None:
    house.desk.breaks(RuntimeError("the inner secret"))

    reply = house.post("halt")

    assert (reply.status, reply.error["code"]) == (500, "internal")
    assert b"inner secret" not in reply.body
    assert house.logged == ["POST /api/v2/halt: RuntimeError: the inner secret"]


def test_a_database_that_does_not_answer_is_said_so(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise Locked("somebody else holds it")

    monkeypatch.setattr(store, "trades", fails)

    assert (house.get("trades").status, house.get("trades").error["code"]) == (503, "store_unavailable")
