"""At an address where nothing is, or when a page cannot be made, a browser gets a calm page and a program the JSON."""

import pytest

from persistence.errors import Locked
from persistence.store import Store
from tests.unit.pages.reading import Read
from tests.unit.webui.house import OBSERVE, House, Reply

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def asks(house: House, path: str, method: str = "GET", **headers: str) -> Reply:
    return house.call(method, path, OBSERVE, b"", {"accept": BROWSER, **headers})


def test_an_unknown_address_is_a_page_with_a_way_back(house: House) -> None:
    reply = asks(house, "/no-such-view")

    page = Read(reply.body.decode())
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing here" in page.text
    assert page.having("href", "/")
    assert (page.scripts, page.runs) == ([], [])
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "style-src 'self'" in policy, "it may take our own stylesheet, or it would be bare"
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{"cookie": "tradebaas_language=nl"}, {"accept_language": "nl"}])
def test_it_speaks_the_language_of_who_asks(house: House, headers: dict[str, str]) -> None:
    page = Read(asks(house, "/no-such-view", **headers).body.decode())

    assert "Hier is niets" in page.text
    assert "Naar het overzicht" in page.text


@pytest.mark.parametrize("path", ["/api/v2/nothing", "/api/v1", "/api/v2/trades/x"])
def test_an_address_of_the_api_answers_in_the_one_shape_even_a_browser(house: House, path: str) -> None:
    reply = asks(house, path)

    assert (reply.status, reply.error["code"]) == (404, "not_found")


def test_who_does_not_ask_for_a_page_gets_the_one_shape(house: House) -> None:
    for headers in ({"accept": "*/*"}, {"accept": "application/json"}, {}):
        assert house.call("GET", "/no-such-view", OBSERVE, b"", headers).error["code"] == "not_found"
    assert asks(house, "/no-such-view", "POST").error["code"] == "not_found"


def test_a_mistake_of_our_own_is_a_page_that_shows_nothing_of_the_inside(house: House) -> None:
    house.board.picture = None  # type: ignore[assignment]  # as if the journal had put nonsense there

    reply = asks(house, "/")

    page = Read(reply.body.decode())
    assert reply.status == 500
    assert "This page could not be made" in page.text
    assert "NoneType" not in page.text
    assert any("NoneType" in line for line in house.logged)
    assert house.get("status").error["code"] == "internal"


def test_a_database_that_does_not_answer_is_a_page_too(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise Locked("somebody else holds it")

    monkeypatch.setattr(store.tokens, "check", fails)

    reply = house.call("GET", "/", "a key nobody knows", b"", {"accept": BROWSER})

    assert (reply.status, "Not now" in Read(reply.body.decode()).text) == (503, True)


def test_too_many_requests_are_told_to_wait_on_a_page(house: House) -> None:
    replies = [asks(house, "/no-such-view") for _ in range(301)]

    assert replies[-1].status == 429
    assert int(replies[-1].headers["Retry-After"]) >= 1
    assert "Not now" in Read(replies[-1].body.decode()).text
