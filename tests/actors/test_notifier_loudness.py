"""How loud each kind is: by the settings, changed while it runs, kept over restarts; what is critical is never off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.names import NOTIFIER
from actors.notifier_settings import Loudness, NotifierSettings
from tests.actors.notified import House
from trading.bracket.effects import Severity
from trading.errors import BadInput
from trading.messages import notices


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, NotifierSettings(kinds={"trade_closed": Loudness.SILENT}))
    yield house
    house.store.close_thread()


def _sets(house: House, **changes: Loudness | str | None) -> None:
    house.store.notifying.set_loudness(changes, by="Ann", at=house.now)
    house.runtime.directory.address(NOTIFIER).tell(notices.LoudnessChanged())


def test_a_choice_counts_at_once_and_in_the_next_life(house: House) -> None:
    _sets(house, trade_opened="off")
    house.tells("bought 10")
    house.runs(5_000)
    assert house.phone.texts == []

    house.restarts()
    house.tells("bought 20")
    house.runs(5_000)
    assert house.phone.texts == []
    assert [text for _, text in house.said] == ["trade_opened: bought 10", "trade_opened: bought 20"]


def test_a_choice_counts_more_than_the_settings_until_it_is_taken_back(house: House) -> None:
    _sets(house, trade_closed=Loudness.ON)
    house.tells("sold 10", kind="trade_closed")
    house.runs(5_000)
    _sets(house, trade_closed=None)
    house.tells("sold 20", kind="trade_closed")
    house.runs(5_000)

    lines = [line for message in house.phone.messages for line in message]
    assert [(line.text, line.silent) for line in lines] == [("sold 10", False), ("sold 20", True)]


def test_without_being_told_it_is_seen_within_a_minute(house: House) -> None:
    house.store.notifying.set_loudness({"trade_opened": "off"}, by="Ann", at=house.now)
    house.runs(61_000)
    house.tells("bought 10")
    house.runs(5_000)

    assert house.phone.texts == []


def test_what_is_critical_cannot_be_switched_off(house: House) -> None:
    _sets(house, naked_position="off")
    house.tells("naked", Severity.CRITICAL, kind="naked_position")
    house.runs(5_000)

    assert house.phone.texts == ["naked"]
    assert house.phone.messages[0][0].silent


@pytest.mark.parametrize(
    "changes", [{"trade_opend": "off"}, {"trade_opened": "loud"}, {"trade_opened": "off", "x": "on"}]
)
def test_a_wrong_choice_sets_nothing_and_says_what_there_is(house: House, changes: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=r"there is no kind of notice|trade_opened can be on, silent, off"):
        house.store.notifying.set_loudness(changes, by="Ann", at=house.now)

    assert house.store.notifying.loudness() == {}


def test_what_an_older_version_kept_does_not_matter(house: House) -> None:
    house.store.settings.put("notifications.kinds", {"gone": "off", "trade_opened": "loud"}, by="x", at=house.now)
    house.restarts()
    house.tells("bought 10")
    house.runs(5_000)

    assert house.phone.texts == ["bought 10"]
