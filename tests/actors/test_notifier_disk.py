"""A database that takes nothing is itself what a person must hear of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.notifier_letters import KEPT_MAX
from actors.sending import NotNow, Unsendable
from tests.actors.notified import House
from trading.bracket.effects import Severity

MINUTE = 60_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close_thread()


@pytest.mark.parametrize("trouble", ["is_full", "is_gone"])
def test_what_cannot_be_written_is_delivered_from_memory(house: House, trouble: str) -> None:
    setattr(house.outbox, trouble, True)
    house.tells("the database takes no writes", Severity.CRITICAL)
    house.tells("bought 10")
    house.runs(MINUTE - 1_000)

    assert house.phone.texts == ["the database takes no writes", "bought 10"]
    assert len(house.log("the outbox cannot be used: no room")) == 1


def test_from_memory_too_a_critical_one_insists_and_the_others_come_once(house: House) -> None:
    house.outbox.is_full = True
    house.tells("the database takes no writes", Severity.CRITICAL)
    house.tells("bought 10")
    house.runs(8 * MINUTE)

    assert house.phone.texts.count("the database takes no writes") == 4, "at once, after 1, 2 and 4 minutes more"
    assert house.phone.texts.count("bought 10") == 1


def test_from_memory_too_a_failure_is_tried_again(house: House) -> None:
    house.outbox.is_full = True
    house.phone.answers = [NotNow(reason="Timeout")] * 3
    house.tells("bought 10")
    house.runs(MINUTE)

    assert house.phone.texts == ["bought 10"]


def test_what_is_refused_for_good_while_the_disk_is_full_is_written_when_there_is_room(house: House) -> None:
    house.outbox.is_full = True
    house.phone.always = Unsendable(reason="Forbidden", count=1)
    house.tells("the connection is lost", Severity.CRITICAL)
    house.runs(2 * MINUTE)
    assert len(house.phone.attempts) == 1, "for good is for good"
    house.outbox.is_full = False
    house.runs(2 * MINUTE)

    (letter,) = house.outbox.newest()
    assert (letter.notice.text, letter.next_at, letter.delivered_at) == ("the connection is lost", None, None)
    assert "Forbidden" in letter.error


def test_what_waits_in_the_outbox_is_still_delivered_while_the_disk_is_full(house: House) -> None:
    house.tells("bought 10")
    house.tells("naked", Severity.CRITICAL)
    house.phone.answers = [NotNow(reason="Timeout")] * 3
    house.runs(500)
    house.outbox.is_full = True
    house.runs(10 * MINUTE)

    assert sorted(house.phone.texts) == ["bought 10", *["naked"] * 4], "once, and what insists in its time"


def test_a_life_that_begins_without_a_database_serves_from_memory(house: House) -> None:
    house.outbox.is_gone = True
    house.restarts()
    house.tells("the database cannot be read", Severity.CRITICAL)
    house.runs(MINUTE - 1_000)
    house.outbox.is_gone = False
    house.runs(MINUTE)

    assert house.phone.texts[0] == "the database cannot be read"
    assert house.outbox.waiting() == 0
    assert [letter.notice.text for letter in house.outbox.newest()] == ["the database cannot be read"]


def test_when_the_disk_works_again_what_waits_is_written(house: House) -> None:
    house.outbox.is_full = True
    house.phone.always = NotNow(reason="Timeout")
    house.tells("bought 10")
    house.runs(5_000)
    house.outbox.is_full = False
    house.runs(MINUTE)

    assert house.outbox.waiting() == 1
    assert len(house.log("can be used again")) == 1
    house.restarts()
    house.phone.always = None
    house.runs(MINUTE)
    assert house.phone.texts == ["bought 10"]


def test_what_was_delivered_and_cannot_be_noted_is_not_delivered_again(house: House) -> None:
    house.outbox.cannot_note = True
    house.tells("bought 10")
    house.runs(20 * MINUTE)
    assert house.phone.texts == ["bought 10"]

    house.outbox.cannot_note = False
    house.runs(2 * MINUTE)
    assert house.outbox.waiting() == 0
    house.restarts()
    house.runs(MINUTE)
    assert house.phone.texts == ["bought 10"]


def test_memory_is_bounded_and_the_grave_ones_stay(house: House) -> None:
    house.outbox.is_full = True
    house.phone.always = NotNow(reason="Timeout")
    house.tells("naked", Severity.CRITICAL)
    for number in range(KEPT_MAX + 50):
        house.tells(f"news {number}")
    house.runs(5_000)
    house.phone.always = None
    house.runs(20 * MINUTE)

    assert len(set(house.phone.texts)) == KEPT_MAX
    assert "naked" in house.phone.texts
    assert f"news {KEPT_MAX + 49}" in house.phone.texts
