"""What a person meets at night: a strategy in ERROR, a lost exchange, something unexplained, a page cut off."""

import pytest

from tests.browser.page import Page
from tests.browser.running import Running, eventually

pytestmark = pytest.mark.browser


def test_a_failed_strategy_shows_why_and_only_a_person_restarts_it(page: Page, service: Running) -> None:
    page.opens("/strategies/stumble")
    page.presses("strategies/stumble/start")
    page.sees("This strategy has failed", "strategy_error")
    page.sees("ZeroDivisionError: stumbled on <purpose>", "strategy_error")
    assert page.favicon() == "bad"

    service.stops()
    service.starts()
    assert service.state("stumble") == "ERROR", "over a restart, too"
    page.enters()
    page.opens("/strategies/stumble")
    page.sees("This strategy has failed", "strategy_error")
    page.sees("Traceback", "strategy_error")

    asked = page.presses("strategies/stumble/resume")
    assert "after its error" in asked
    eventually(lambda: service.get("strategies/stumble")["generation"] > 0, "a new incarnation")
    page.sees("This strategy has failed", "strategy_error")
    page.presses("strategies/stumble/resume")
    service.post("strategies/stumble/pause")


def test_a_lost_exchange_is_said_at_once_and_waits_for_a_person(page: Page, service: Running) -> None:
    service.post("strategies/fast/start")
    page.opens("/")
    page.sees("Connected", "top")
    eventually(lambda: service.state("fast") == "POSITION_OPEN", "in a trade")

    service.admin("disconnect")

    page.sees("Connection lost", "top", 5)
    page.sees("The connection to the exchange is lost.", "verdict")
    page.sees("because the connection was lost", "runners")
    assert page.favicon() == "bad"
    assert page.is_still_here

    page.presses("broker/reconnect", region="verdict")
    page.sees("Connected", "top")
    page.sees_no("The connection to the exchange is lost.", "verdict")
    assert service.state("fast") == "PAUSED", "nobody asked for more"
    service.post("strategies/fast/close")
    eventually(lambda: not service.get("positions")["items"], "flat")
    service.post("strategies/fast/resume")
    eventually(lambda: service.state("fast") == "POSITION_OPEN", "in a trade again")


def test_what_cannot_be_explained_is_settled_by_a_person(page: Page, service: Running) -> None:
    position = eventually(lambda: next(iter(service.get("positions")["items"]), None), "in a trade")
    service.hand(position["side"], int(float(position["amount"])) // 20 * 10)
    page.opens("/issues")
    service.post("reconcile")
    page.sees("Nothing opens on this instrument until you have chosen.", "issues", 20)
    assert page.favicon() == "bad"

    asked = page.presses(f"issues/{service.get('issues')['items'][0]['id']}/resolve", choice="ignore")
    assert "Nothing is touched" in asked
    page.sees_no("This needs you", "issues")
    page.sees("ignored", "issues_past")
    assert page.is_still_here


def test_a_page_that_is_cut_off_says_since_when_and_comes_back(page: Page, service: Running) -> None:
    page.opens("/")
    page.sees("Connected", "top")
    page.driver.set_network_conditions(offline=True, latency=0, throughput=0)
    try:
        eventually(lambda: page.favicon() == "stale", "stale")
        page.sees("Stale since")
        service.post("halt", {"reason": "while nobody sees it"})
    finally:
        page.driver.delete_network_conditions()

    page.sees("HALT", "top")
    page.sees_no("Stale since")
    assert page.favicon() in {"warn", "bad"}
    assert page.is_still_here
    service.post("unhalt")


def test_a_service_that_ends_and_begins_again_is_seen_as_both(page: Page, service: Running) -> None:
    page.opens("/events")
    page.sees("Events")
    service.stops()

    page.sees("Stale since", "", 15)
    service.starts()
    page.enters()

    assert page.complaints() == [], "what the page of the ended service said is not of this one"
