"""A notifier that stays down is said by `/health`, and is no reason to call the service failing."""

from dataclasses import replace

from actors.names import NOTIFIER
from tests.unit.webui.house import House, child
from trading.messages.supervision import Phase
from webui import health


def test_a_notifier_in_error_is_a_note(house: House) -> None:
    down = replace(child(NOTIFIER, Phase.ERROR), reason="ConnectionError: no way out")
    house.children.append(down)
    reasons = {each["code"]: each for each in health.examine(house.parts)["reasons"]}

    assert "ConnectionError: no way out" in reasons["notifier_down"]["sentence"]
    assert reasons["notifier_down"]["fails"] is False
    assert "not_running" not in reasons


def test_any_other_part_of_the_ground_in_error_fails(house: House) -> None:
    house.children.append(child("guardian", Phase.ERROR))
    reasons = {each["code"]: each for each in health.examine(house.parts)["reasons"]}

    assert reasons["not_running"]["fails"] is True
