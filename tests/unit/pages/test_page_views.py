"""Every view is drawn, with nothing there and with everything there; and no text from outside ever becomes markup."""

import pytest

from actors.journal_board import Connection
from persistence.scoreboard import Score
from tests.unit.pages import filled
from tests.unit.pages.filled import EVIL, PLAIN, fill_house, views
from tests.unit.pages.reading import Read
from tests.unit.webui.house import NOW, OBSERVE, OPERATE, House
from trading.values import Milliseconds

EMPTY = ["/", "/strategies", "/trades", "/orders", "/events", "/reconcile", "/issues", "/settings"]
LANGUAGES = ["en", "nl"]
PAGE_MAX = 150_000


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", EMPTY)
def test_every_view_is_drawn_with_nothing_there(house: House, path: str, language: str) -> None:
    reply = house.get(path, OPERATE, cookie=f"tradebaas_language={language}")

    assert reply.status == 200
    assert f'lang="{language}"' in reply.body.decode()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [OPERATE, OBSERVE])
def test_every_view_is_drawn_with_everything_there(house: House, language: str, key: str) -> None:
    for path in views(fill_house(house)):
        reply = house.get(path, key, cookie=f"tradebaas_language={language}")

        assert (path, reply.status) == (path, 200)
        assert "/static/tradebaas.js" in Read(reply.body.decode()).scripts[0]


def test_no_text_from_outside_becomes_markup(house: House) -> None:
    """Each field that a person, an exchange or a strategy fills holds a script here."""
    for path in views(fill_house(house, EVIL)):
        reply = house.get(path, OPERATE)
        page = Read(reply.body.decode())

        assert (path, reply.status) == (path, 200)
        assert (path, page.runs) == (path, [])
        assert len(page.scripts) == 1
        assert EVIL.split(">")[0] in page.text or path in {"/settings", "/trades?status=closed"}, path


def test_what_is_fetched_for_one_region_is_that_region_alone(house: House) -> None:
    fill_house(house, EVIL)

    reply = house.get("/", OPERATE, x_regions="alerts,positions,nonsense")
    page = Read(reply.body.decode())

    assert [each["data-region"] for each in page.having("data-region")] == ["positions", "alerts"]
    assert page.runs == []


def test_the_same_region_is_drawn_with_the_whole_view_and_alone(house: House) -> None:
    fill_house(house)
    alone = house.get("/", OPERATE, x_regions="runners").body.decode()

    assert alone in house.get("/", OPERATE).body.decode()


def test_a_page_listens_to_every_kind_that_one_of_its_regions_waits_for(house: House) -> None:
    for path in views(fill_house(house)):
        page = Read(house.get(path, OPERATE).body.decode())
        (listens,) = page.having("data-kinds")
        regions = page.having("data-region")
        waits = {kind for each in regions for name in ("data-on", "data-slowly") for kind in each.get(name, "").split()}

        assert (path, waits - {"*"} - set(listens["data-kinds"].split())) == (path, set())


def test_what_can_be_changed_on_a_page_is_drawn_anew_when_it_was_changed_elsewhere(house: House) -> None:
    strategy = fill_house(house)["strategy"]
    found = {
        each["data-region"]: each.get("data-on")
        for path in ("/settings", f"/strategies/{strategy}")
        for each in Read(house.get(path, OPERATE).body.decode()).having("data-region")
    }

    wanted = {"settings_link": "settings_changed", "settings_notices": "settings_changed"}
    wanted |= {"settings_risk": "risk_changed", "parameters": "parameters_changed"}
    assert {name: found[name] for name in wanted} == wanted


def test_a_page_may_load_nothing_from_elsewhere_and_is_kept_by_nobody(house: House) -> None:
    reply = house.get("/", OPERATE)

    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_name_nobody_knows_is_said_to_be_unknown_in_the_same_frame(house: House) -> None:
    for path in ("/strategies/nobody", "/trades/nothing"):
        reply = house.get(path, OPERATE)

        assert reply.status == 404
        assert "nav" in reply.body.decode()


def test_a_whole_page_is_light(house: House) -> None:
    """With its script, stylesheet and sign: what a phone at night has to fetch."""
    fill_house(house)
    page = house.get("/", OPERATE).body
    assets = {each.get("src") or each.get("href") for _, each in Read(page.decode()).tags}
    wanted = [address for address in assets if address and address.startswith("/static/")]

    weight = len(page) + sum(len(house.get(address, None).body) for address in wanted)

    assert len(wanted) == 3
    assert weight < PAGE_MAX


def test_a_file_may_be_kept_for_ever_under_its_own_name_only(house: House) -> None:
    page = Read(house.get("/", OPERATE).body.decode())
    address = page.scripts[0]

    assert "immutable" in house.get(address, None).headers["Cache-Control"]
    assert house.get("/static/tradebaas.js?v=older", None).headers["Cache-Control"] == "no-cache"
    assert house.get("/static/nothing.js", None).status == 404
    assert house.get("/static/..%2fpages%2froutes.py", None).status == 404


def test_the_verdict_says_what_is_wrong_and_offers_the_way_out(house: House) -> None:
    fill_house(house)

    page = Read(house.get("/", OPERATE).body.decode())

    assert "Something is wrong." in page.text
    assert "The connection to the exchange is lost." in page.text
    assert page.having("data-command", "broker/reconnect")
    assert page.having("data-command", "unhalt")
    assert page.having("data-tone", "bad")


def test_all_is_well_is_said_when_it_is(house: House) -> None:
    house.is_well()

    page = Read(house.get("/", OPERATE).body.decode())

    assert "All is well." in page.text
    assert page.having("data-tone", "good")


def test_what_needs_a_person_is_pointed_at_where_all_of_it_is_told(house: House) -> None:
    def leads_to() -> str:
        return Read(house.get("/orders", OPERATE, x_regions="top").body.decode()).having("href")[0]["href"]

    house.is_well()
    failed = {"s": filled.strategy("s", "ERROR", "it fell")}
    issues = {"BTC-PERPETUAL": {"instrument": "BTC-PERPETUAL", "text": "?", "opened_at": NOW}}

    house.shows(strategies=failed)
    assert leads_to() == "/strategies"
    house.shows(issues=issues)
    assert leads_to() == "/"
    house.shows(strategies={})
    assert leads_to() == "/issues"


def test_a_view_of_issues_without_any_says_that_nobody_is_needed(house: House) -> None:
    calm = Read(house.get("/issues", OPERATE).body.decode()).text
    fill_house(house)

    assert "Nothing needs you" in calm
    assert "Nothing needs you" not in Read(house.get("/issues", OPERATE).body.decode()).text


def test_an_hour_of_work_in_which_nothing_was_naked_too_long_counts_as_kept(house: House) -> None:
    def zeros() -> int:
        return house.get("/", OPERATE, x_regions="promises").body.decode().count('class="zero"')

    house.store.scoreboard.note({Score.ORPHANS: 0}, at=Milliseconds(NOW))
    assert zeros() == 2, "orphans, and naked too long"

    house.store.scoreboard.note({Score.NAKED_OVER_MAX: 1}, at=Milliseconds(NOW))
    assert zeros() == 1


def test_a_request_is_shown_line_by_line(house: House) -> None:
    names = fill_house(house)

    shown = Read(house.get(f"/trades/{names['trade']}", OPERATE).body.decode()).text

    assert "stop.trigger_price" in shown
    assert "{" not in shown


def test_a_position_without_its_whole_cover_is_shouted(house: House) -> None:
    fill_house(house)
    lost = Read(house.get("/", OPERATE).body.decode()).text
    house.shows(connection=Connection(is_up=True, reason="", since_ms=NOW))
    covered = Read(house.get("/", OPERATE).body.decode()).text
    house.shows(orders={})

    bare = Read(house.get("/", OPERATE).body.decode()).text

    assert "As last confirmed" in lost, "nobody confirms anything over a lost connection"
    assert "Confirmed by the exchange" not in lost
    assert "Confirmed by the exchange" in covered
    assert "Not covered" in bare
    assert "Confirmed by the exchange" not in bare


def test_an_error_shows_its_traceback_and_offers_nothing_but_to_resume(house: House) -> None:
    names = fill_house(house)

    page = Read(house.get(f"/strategies/{names['strategy']}", OPERATE).body.decode())

    offered = {each["data-command"].rsplit("/", 1)[1] for each in page.having("data-command") if PLAIN in str(each)}
    assert "Traceback" in page.text
    assert "resume" in offered
    assert "start" not in offered
