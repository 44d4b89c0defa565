"""The view of settings offers exactly what the API can change, with what counts now."""

from tests.unit.pages.reading import Read
from tests.unit.webui.house import OBSERVE, OPERATE, House
from trading.notice_kinds import KINDS
from webui.pages import marks


def fields(page: Read) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for tag, given in page.tags:
        if tag in {"input", "select"} and given.get("name"):
            found.setdefault(given["name"], []).append(given)
    return found


def test_every_form_leads_to_an_address_of_the_api(house: House) -> None:
    page = Read(house.get("/settings", OPERATE).body.decode())
    forms = page.having("data-form")

    assert {each["data-form"] for each in forms} >= {"risk-settings", "settings"}
    for form in forms:
        reply = house.call(form.get("data-method", "POST"), f"/api/v2/{form['data-form']}", OPERATE, b"{", {})
        assert reply.status == 400, form


def test_what_counts_now_is_what_stands_in_the_fields(house: House) -> None:
    found = fields(Read(house.get("/settings", OPERATE).body.decode()))

    assert found["value"][0]["value"] == "1"
    assert "checked" not in found["auto_reconnect"][0]
    for kind in KINDS:
        chosen = [each["value"] for each in found[f"notifications.{kind}"] if "checked" in each]
        assert chosen == ["on"], kind


def test_a_key_for_looking_can_change_nothing(house: House) -> None:
    page = Read(house.get("/settings", OBSERVE).body.decode())

    for name, given in fields(page).items():
        assert all("disabled" in each or each.get("type") == "hidden" for each in given), name


def test_what_is_to_be_typed_stands_as_code_and_not_between_signs(house: House) -> None:
    house.why_not["deribit"] = "no: `tradebaas doctor`, then <b>`tradebaas run`"

    body = house.get("/settings", OPERATE).body.decode()

    assert "no: <code>tradebaas doctor</code>, then &lt;b&gt;<code>tradebaas run</code>" in body
    assert "`" not in Read(body).text


def test_a_sign_that_nothing_closes_stays_what_it_is() -> None:
    assert marks.said("a ` b < c") == "a ` b &lt; c"


def test_real_money_wants_its_sentence_typed(house: House) -> None:
    page = Read(house.get("/settings", OPERATE).body.decode())

    for each in page.having("data-command", "broker/active"):
        is_real = '"deribit"' in each["data-body"]
        assert ("data-word" in each) is is_real
        assert each["data-step"] == "2"
