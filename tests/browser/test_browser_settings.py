"""What can be changed while it runs is changed on the page, checked before it is taken, and kept."""

import pytest
from selenium.webdriver.support.select import Select

from tests.browser.page import Page
from tests.browser.running import Running, eventually
from tests.process.telegram_bot import CHAT, Bot

pytestmark = pytest.mark.browser

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def saves(page: Page, form: str, *, asks: bool = True) -> str:
    """Press a form's button, and take the second step where there is one."""
    page.clicks(f'form[data-form="{form}"] button:not([type="button"])')
    if not asks:
        return ""
    sentence = page.find("#confirm-say").text
    page.clicks("#confirm-yes")
    return sentence


def types(page: Page, selector: str, text: str) -> None:
    field = page.find(selector)
    field.clear()
    field.send_keys(text)


def test_the_risk_is_changed_after_a_second_step_and_a_wrong_figure_is_shown_at_its_field(
    page: Page, service: Running
) -> None:
    page.opens("/settings")
    field = '#r-settings_risk [name="value"]'
    types(page, field, "0.25")
    assert "from the next trade on" in saves(page, "risk-settings")
    eventually(lambda: service.get("risk-settings")["value"] == "0.25", "the new risk")

    types(page, field, "1000")
    saves(page, "risk-settings")
    page.sees("more than 100 percent", "settings_risk")
    assert page.find(field).get_attribute("aria-invalid") == "true"
    assert service.get("risk-settings")["value"] == "0.25"


def test_reconnecting_by_itself_is_allowed_only_after_its_warning(page: Page, service: Running) -> None:
    page.opens("/settings")
    page.sees("Then it reconnects and trades on without asking you", "settings_link")

    page.clicks('[name="auto_reconnect"]')
    saves(page, "settings")

    eventually(lambda: service.get("settings")["now"]["auto_reconnect"], "allowed")
    page.opens("/settings")
    assert page.find('[name="auto_reconnect"]').is_selected()


def test_the_language_for_all_holds_where_nobody_chose_another(page: Page, service: Running) -> None:
    page.opens("/settings")
    Select(page.find('[name="language"]')).select_by_value("nl")
    page.clicks("#r-settings_link form:has([name='language']) button")
    eventually(lambda: service.get("settings")["now"]["language"] == "nl", "Dutch for all")

    page.opens("/")
    page.sees("Overzicht")
    page.clicks('.languages [lang="en"]')
    page.sees("Overview")
    service.post("settings", {"language": "en"})


def test_parameters_are_checked_and_taken(page: Page, service: Running) -> None:
    page.opens("/strategies/fast")
    types(page, '[name="every_s"]', "7")
    saves(page, "strategies/fast")
    eventually(lambda: service.get("strategies/fast")["parameters"].get("every_s") == 7, "the new parameter")

    types(page, '[name="every_s"]', "seven")
    saves(page, "strategies/fast")
    page.sees("every_s", "parameters")
    eventually(lambda: page.find('[name="every_s"]').get_attribute("aria-invalid") == "true", "shown at its field")


def test_a_key_is_kept_and_never_shown_again(page: Page) -> None:
    page.opens("/settings")
    page.clicks("#r-settings_broker article:nth-of-type(2) summary")
    types(page, '#r-settings_broker details[open] [name="client_id"]', "an-id")
    types(page, '#r-settings_broker details[open] [name="client_secret"]', "a-very-secret-secret")
    page.clicks("#r-settings_broker details[open] form .button.strong")
    page.clicks("#confirm-yes")
    secret = '#r-settings_broker details[open] [name="client_secret"]'
    eventually(lambda: page.find(secret).get_attribute("value") == "", "the field is empty again")

    page.opens("/settings")
    assert "a-very-secret-secret" not in page.driver.page_source
    page.find('#r-settings_broker article:nth-of-type(2) [data-command="broker/test"]')


def test_a_test_message_is_sent_and_what_came_of_it_is_told(page: Page, service: Running) -> None:
    page.opens("/settings")
    page.presses("notifications/test")
    page.sees("Telegram is not set up: telegram.token and telegram.chat_id are needed")

    bot = Bot()
    try:
        _has_telegram(service, bot)
        page.enters()
        page.opens("/settings")
        page.presses("notifications/test")
        page.sees(f"a test message was sent to the chat {CHAT}")
        assert any("A test message" in text for text in bot.said)
    finally:
        bot.close()


def _has_telegram(service: Running, bot: Bot) -> None:
    """Write a bot and a chat into the settings, and begin anew with them."""
    file = service.folder / "tradebaas.toml"
    text = f'[telegram]\ntoken = "{TOKEN}"\nchat_id = "{CHAT}"\nbase_url = "{bot.url}"\n'
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    service.stops()
    service.starts()


def test_a_kind_of_message_is_made_silent(page: Page, service: Running) -> None:
    page.opens("/settings")
    page.clicks('[name="notifications.trade_opened"][value="silent"]')
    page.clicks("#r-settings_notices .button.strong")

    eventually(lambda: service.get("settings")["now"]["notifications"]["trade_opened"] == "silent", "silent")


def value(page: Page, selector: str) -> object:
    """What a field shows now; of a box or a choice, whether it is chosen."""
    return page.script(
        "const it = document.querySelector(arguments[0]);"
        "return it.type === 'checkbox' || it.type === 'radio' ? it.checked : it.value",
        selector,
    )


def test_an_open_page_shows_what_was_changed_elsewhere_and_keeps_what_is_half_typed(
    page: Page, service: Running
) -> None:
    """A form sends all its figures: with old ones in it, another page's change would be undone."""
    page.opens("/settings")
    types(page, '#r-settings_risk [name="leverage"]', "3.")
    reconnects, loud = '[name="auto_reconnect"]', '[name="notifications.trade_closed"][value="off"]'
    wanted = not value(page, reconnects)

    service.post("risk-settings", {"mode": "fixed", "value": "0.004"})
    service.post("settings", {"auto_reconnect": wanted, "notifications": {"trade_closed": "off"}})

    eventually(lambda: value(page, '#r-settings_risk [name="value"]') == "0.004", "the new risk")
    assert value(page, '#r-settings_risk [name="mode"]') == "fixed"
    assert value(page, '#r-settings_risk [name="leverage"]') == "3."
    eventually(lambda: value(page, reconnects) is wanted, "the new reconnecting")
    eventually(lambda: value(page, loud), "the new loudness")
    assert page.is_still_here

    service.post("risk-settings", {"mode": "percent", "value": "0.2"})
    eventually(lambda: value(page, '#r-settings_risk [name="mode"]') == "percent", "the old measure again")
    assert value(page, '#r-settings_risk [name="leverage"]') == "3."


def test_what_was_wrong_with_a_figure_stays_said_while_things_happen(page: Page, service: Running) -> None:
    page.opens("/settings")
    types(page, '#r-settings_risk [name="value"]', "1000")
    saves(page, "risk-settings")
    page.sees("more than 100 percent", "settings_risk")

    service.post("risk-settings", {"mode": "percent", "value": "0.2", "leverage": "4"})
    eventually(lambda: value(page, '#r-settings_risk [name="leverage"]') == "4", "what is now")

    assert "more than 100 percent" in page.region("settings_risk")
    assert value(page, '#r-settings_risk [name="value"]') == "1000"


def test_an_open_page_shows_parameters_that_were_changed_elsewhere(page: Page, service: Running) -> None:
    page.opens("/strategies/fast")
    answer = service.patch("strategies/fast", {"parameters": {"cooldown_s": 9}})
    assert answer["ok"], answer

    eventually(lambda: value(page, '[name="cooldown_s"]') == "9", "the new parameter")
    assert page.is_still_here
