"""A button says what it will do, asks again where that is dangerous, and is off for a key that may only look."""

import bottle
import pytest

from persistence.access import Scope
from tests.unit.pages.filled import fill_house, views
from tests.unit.pages.reading import Read
from tests.unit.webui.house import OBSERVE, OPERATE, House
from webui.access import Who
from webui.pages.asking import Asking
from webui.pages.buttons import button
from webui.pages.doors import Doors
from webui.pages.texts import TABLES, Words


def buttons(house: House, path: str, key: str = OPERATE) -> dict[str, dict[str, str]]:
    page = Read(house.get(path, key).body.decode())
    return {each["data-command"]: each for each in page.having("data-command")}


def test_every_command_is_one_that_the_api_knows(house: House) -> None:
    """A control without an address behind it must not be shown."""
    for path in views(fill_house(house)):
        for command, drawn in buttons(house, path).items():
            reply = house.call(drawn["data-method"], f"/api/v2/{command}", OPERATE, b"{", {})

            assert reply.status in {400, 409}, (path, command, reply.status)


def test_what_is_dangerous_asks_again_with_the_whole_sentence(house: House) -> None:
    fill_house(house)
    found = buttons(house, "/")

    for command in ("panic", "strategies/plain/close", "strategies/plain/stop"):
        assert found[command]["data-step"] == "2"
        assert len(found[command]["data-say"]) > 30
    assert found["panic"]["data-word"] == "panic"
    assert "data-step" not in found["strategies/analyzing-plain/pause"]


def test_a_key_for_looking_sees_every_button_switched_off_and_why(house: House) -> None:
    names = fill_house(house)
    for path in views(names):
        page = Read(house.get(path, OBSERVE).body.decode())

        assert all("disabled" in each for each in page.having("data-command")), path
        assert "for looking only" in page.text


@pytest.mark.parametrize("word", ["pause", "stop", "close", "panic"])
def test_the_words_on_the_buttons_are_the_words_of_the_design(word: str) -> None:
    assert TABLES["en"][f"do.{word}"].lower() == word


def test_panic_sends_the_confirmation_that_the_api_wants(house: House) -> None:
    house.is_well()

    assert buttons(house, "/orders")["panic"]["data-body"] == '{"confirm":"panic"}'


def test_an_issue_offers_exactly_its_choices(house: House) -> None:
    fill_house(house)
    page = Read(house.get("/issues", OPERATE).body.decode())

    bodies = [each["data-body"] for each in page.having("data-command") if "resolve" in each["data-command"]]

    assert bodies == [f'{{"choice":"{each}"}}' for each in ("adopt", "cancel", "close", "ignore", "plain")]


def test_a_button_without_an_address_behind_it_is_not_drawn(house: House) -> None:
    app = bottle.Bottle()
    app.post("/api/v2/strategies/<name>/pause", callback=lambda name: name)
    who = Who(scope=Scope.OPERATE, name="owner")
    asking = Asking(parts=house.parts, who=who, t=Words("en"), doors=Doors(app), csrf="", now=0, path="/")

    assert button(asking, "halt", "halt") == ""
    assert button(asking, "stop", "strategies/a/stop", name="a") == ""
    assert "a opens nothing new" in button(asking, "pause", "strategies/a/pause", name="a")
    assert button(asking, "pause", "strategies/a/b/pause", name="a") == ""
