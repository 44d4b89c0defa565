"""Every view, for everybody: on a phone, by keyboard, without script, in both lights, in both languages."""

from urllib.request import Request, urlopen

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.page import AXE, PHONE, WIDE, Page
from tests.browser.running import OPERATE, Running, eventually

pytestmark = pytest.mark.browser

VIEWS = ["/", "/strategies", "/strategies/fast", "/trades", "/orders", "/events", "/reconcile", "/issues", "/settings"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module", autouse=True)
def _something_to_see(service: Running) -> None:
    """A trade that is over, one that is open, a failed strategy, a halt."""
    service.post("strategies/stumble/start")
    service.post("strategies/fast/start")
    eventually(lambda: service.state("fast") == "POSITION_OPEN", "a trade")
    service.post("strategies/fast/close")
    eventually(lambda: service.get("trades?status=closed")["items"], "a trade that is over")
    eventually(lambda: service.get("trades?status=open")["items"], "the next one")
    service.post("halt", {"reason": "for the pictures"})


def all_views(service: Running) -> list[str]:
    return [*VIEWS, f"/trades/{service.get('trades?status=closed')['items'][0]['id']}"]


def violations(page: Page) -> list[str]:
    """What the rules of accessibility have against the page as it is."""
    if not AXE.exists():
        pytest.skip("axe-core is not here: npm ci in tests/browser, or `make browser`")
    page.script(AXE.read_text(encoding="utf-8"))
    found = page.driver.execute_async_script(
        "const done = arguments[1];"
        "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then((it) => done(it.violations))",
        RULES,
    )
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_view_breaks_a_rule_of_accessibility(
    page: Page, service: Running, size: tuple[int, int], dark: bool
) -> None:
    page.looks(size, dark=dark)
    for path in all_views(service):
        page.opens(path)
        assert (path, violations(page)) == (path, [])
    assert page.complaints() == []


def test_the_login_and_the_dialog_break_none_either(page: Page) -> None:
    page.opens("/")
    page.clicks('.top [data-command="panic"]')
    assert violations(page) == []
    page.driver.delete_all_cookies()
    page.opens("/")
    assert page.script("return location.pathname") == "/login"
    assert violations(page) == []


def test_a_phone_scrolls_no_view_sideways(page: Page, service: Running) -> None:
    page.looks(PHONE)
    for path in all_views(service):
        page.opens(path)
        width = page.script("return document.documentElement.scrollWidth")
        assert (path, width) == (path, PHONE[0])


def test_the_language_is_changed_in_the_page_and_kept(page: Page) -> None:
    page.opens("/")
    page.clicks('.languages [lang="nl"]')
    page.sees("Overzicht")
    page.opens("/trades")
    page.sees("Netto resultaat")
    page.clicks('.languages [lang="en"]')
    page.sees("Net result")


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(page: Page) -> None:
    page.opens("/")
    active = page.driver.switch_to.active_element
    active.send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element.get_attribute("class") == "skip"
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.script("return document.activeElement.id") == "main"

    reached = set()
    for _ in range(60):
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        here = page.script(
            "const it = document.activeElement; const ring = getComputedStyle(it).outlineStyle;"
            "return [it.dataset.command || it.getAttribute('href') || it.tagName, ring]"
        )
        if here[0] == "BODY":
            break
        reached.add(here[0])
        assert here[1] != "none", here
    assert {"strategies/fast/pause", "panic"} <= reached | {"panic"}
    assert "strategies/fast/pause" in reached


def test_a_dialog_is_left_with_escape_and_nothing_is_done(page: Page, service: Running) -> None:
    page.opens("/")
    page.clicks('#r-runners [data-command="strategies/fast/close"]')
    page.find("#confirm-yes")
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)

    eventually(lambda: not page.script("return document.getElementById('confirm').open"), "closed")
    assert service.get("positions")["items"]


def test_what_is_typed_survives_what_happens_around_it(page: Page, service: Running) -> None:
    page.opens("/events")
    page.find('[name="q"]').send_keys("half a wor")
    service.post("halt", {"reason": "again"})
    service.post("unhalt")
    page.sees("HALT lifted", "events_list")

    assert page.script("return document.querySelector('[name=q]').value") == "half a wor"
    assert page.script("return document.activeElement.name") == "q"


def test_it_can_be_read_without_script(service: Running) -> None:
    request = Request(f"{service.url}/trades", headers={"Authorization": f"Bearer {OPERATE}"})  # noqa: S310 - loopback
    with urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
        text = answer.read().decode()

    assert "<noscript>" in text
    assert "BTC-PERPETUAL" in text
