"""A strategy is started, trades, and is paused, stopped and closed, all seen as it happens, without a reload."""

import pytest

from tests.browser.page import Page
from tests.browser.running import OBSERVE, Running, eventually

pytestmark = pytest.mark.browser


def test_a_trade_is_seen_opening_and_closing_on_an_open_page(page: Page, service: Running) -> None:
    page.opens("/")
    page.sees("Flat. Nothing is held.", "positions")

    asked = page.presses("strategies/fast/start")
    page.sees("Confirmed by the exchange", "positions")
    page.sees("In a trade", "runners")
    assert "may open trades" in asked

    page.presses("strategies/fast/pause", region="runners")
    page.sees("Paused", "runners")
    page.sees("by a person", "runners")
    (position,) = service.get("positions")["items"]
    target, stop = float(position["targets"][0]["price"]), float(position["stops"][0]["trigger_price"])
    service.price_is(target + (target - stop))
    page.sees("Flat. Nothing is held.", "positions")
    eventually(
        lambda: "BTC" in page.region("figures") and "No closed trade yet." not in page.region("figures"), "a result"
    )

    assert page.is_still_here
    assert page.complaints() == []


def test_the_closed_trade_is_explained_from_signal_to_exit(page: Page, service: Running) -> None:
    (trade,) = service.get("trades?status=closed")["items"]
    page.opens("/trades")
    page.clicks(f"#t-{trade['id']} a")

    for word in ("Signal", "Intent", "Reply", "Fill", "Outcome", "on disk before it left"):
        page.sees(word, "timeline")
    assert trade["reason"] in page.region("story") or "by target" in page.region("story")


def test_close_flattens_the_trade_and_stop_ends_the_strategy(page: Page, service: Running) -> None:
    page.opens("/strategies/fast")
    page.presses("strategies/fast/resume")
    page.sees("In a trade", "strategy_state")

    asked = page.presses("strategies/fast/close", confirm=False)
    assert "closed at market" in asked
    assert service.get("positions")["items"], "nothing was done without the second step"

    page.presses("strategies/fast/stop")
    page.sees("Idle", "strategy_state")
    assert service.get("positions")["items"], "stop leaves the trade under its stop"
    page.presses("strategies/fast/close")
    eventually(lambda: not service.get("positions")["items"], "flat")
    page.sees_no("Open", "strategy_trades")

    assert page.is_still_here


def test_a_key_for_looking_can_look_and_press_nothing(page: Page) -> None:
    page.enters(OBSERVE)
    page.opens("/")

    page.sees("This key is for looking only")
    assert page.script("return [...document.querySelectorAll('[data-command]')].every((each) => each.disabled)")


def test_a_refused_command_shows_the_sentence_of_the_desk(page: Page, service: Running) -> None:
    page.opens("/reconcile")
    service.post("broker/disconnect")
    page.sees("Disconnected", "top")

    page.presses("reconcile")

    page.sees("Refused: there is no connection to compare with")
    service.post("broker/reconnect")
    page.sees("Connected", "top")


def test_panic_wants_its_word_and_flattens_everything(page: Page, service: Running) -> None:
    page.opens("/")
    page.presses("strategies/fast/start")
    page.sees("Confirmed by the exchange", "positions")

    page.clicks('.top [data-command="panic"]')
    assert not page.find("#confirm-yes").is_enabled()
    page.find("#confirm-word input").send_keys("panik")
    assert not page.find("#confirm-yes").is_enabled()
    page.clicks('#confirm button[value="no"]')
    assert service.get("positions")["items"]

    page.presses("panic", word="panic", region="top")
    page.sees("Flat. Nothing is held.", "positions")
    page.sees("HALT", "top")
    assert service.status()["halt"] is not None

    page.presses("unhalt", region="controls")
    page.sees_no("HALT", "top")
    assert page.is_still_here
