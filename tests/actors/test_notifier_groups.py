"""What repeats is told once, and counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.notifier_groups import KEYS_MAX, Groups, told
from tests.actors.notified import House
from trading.bracket.effects import Severity
from trading.messages.notices import Notice
from trading.values import Milliseconds

MINUTE = 60_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close_thread()


def notice(key: str, severity: Severity = Severity.INFO) -> Notice:
    return Notice(severity=severity, kind="k", text=f"about {key}", key=key, at=Milliseconds(0))


def groups() -> Groups:
    return Groups(window_ms=MINUTE, window_ms_max=4 * MINUTE)


def test_the_first_is_told_at_once_and_the_rest_as_a_count(house: House) -> None:
    for number in range(20):
        house.tells(f"refused {number}", Severity.ERROR, key="refused")
        house.runs(1_000)
    assert house.phone.texts == ["refused 0"]

    house.runs(MINUTE)
    assert house.phone.texts == ["refused 0", "refused 19 (19 more times within 60 s)"]


def test_the_windows_grow_while_it_goes_on_and_end_when_it_is_over() -> None:
    kept = groups()
    assert kept.take(notice("a"), 0)
    ends = []
    for second in range(1, 1_200):
        assert not kept.take(notice("a"), second * 1_000)
        ends += [(second, again.times) for again in kept.over(second * 1_000)]

    assert ends == [(60, 60), (180, 120), (420, 240), (660, 240), (900, 240), (1140, 240)]
    kept.over(2_000_000)
    assert kept.over(3_000_000) == ()
    assert kept.next_end() is None
    assert kept.take(notice("a"), 3_000_001)


def test_another_severity_is_other_news(house: House) -> None:
    house.tells("margin is low", Severity.WARNING, key="margin")
    house.tells("margin is gone", Severity.CRITICAL, key="margin")
    house.runs(5_000)

    assert sorted(house.phone.texts) == ["margin is gone", "margin is low"]


def test_an_alert_that_comes_again_is_the_same_alert_with_a_count(house: House) -> None:
    """It is delivered in its own time; what is added is how often, and the newest words for it."""
    for seconds in range(20):
        house.tells(f"naked for {30 * seconds} s", Severity.CRITICAL, key="naked:BTC-PERPETUAL")
        house.runs(30_000)

    lines = [line for message in house.phone.messages for line in message]
    assert [line.text for line in lines] == [f"naked for {seconds} s" for seconds in (0, 30, 150, 390)]
    assert [line.times for line in lines] == [1, 2, 6, 14]
    assert "14 times, last at " in lines[-1].footnote
    assert len(house.outbox.newest()) == 1


def test_after_an_answer_it_does_not_insist_any_more_but_is_not_forgotten(house: House) -> None:
    house.tells("naked", Severity.CRITICAL)
    house.runs(1_000)
    assert house.outbox.acknowledge(by="me", at=house.now) == 1
    house.tells("naked", Severity.CRITICAL)
    house.runs(20 * MINUTE)

    assert house.phone.texts == ["naked", "naked (once more within 60 s)"]
    house.runs(MINUTE)
    house.tells("naked", Severity.CRITICAL)
    house.runs(2 * MINUTE)
    assert house.phone.texts[2:] == ["naked", "naked"], "when it was over, it is a new trouble and insists"


def test_the_same_trouble_in_the_next_life_adds_to_the_alert_that_waits(house: House) -> None:
    for _ in range(4):
        house.tells("crash loop", Severity.CRITICAL)
        house.runs(2 * MINUTE)
        house.restarts()
    house.runs(5 * MINUTE)

    (letter,) = house.outbox.insisting()
    assert letter.times == 4
    assert {line.text for message in house.phone.messages for line in message} == {"crash loop"}


def test_after_a_restart_the_same_trouble_is_not_told_anew(house: House) -> None:
    house.tells("crash loop", Severity.ERROR, key="loop")
    house.runs(5_000)
    for _ in range(5):
        house.restarts()
        house.tells("crash loop", Severity.ERROR, key="loop")
        house.runs(5_000)

    assert house.phone.texts == ["crash loop"]
    house.runs(MINUTE)
    assert house.phone.texts == ["crash loop", "crash loop (once more within 60 s)"]


def test_what_was_only_counted_is_written_down_at_the_end(house: House) -> None:
    for _ in range(3):
        house.tells("refused", Severity.ERROR)
    house.stops()

    assert house.phone.texts[-1] == "refused (2 more times within 60 s)"


def test_a_flood_of_different_news_is_bounded(house: House) -> None:
    for number in range(KEYS_MAX + 200):
        house.tells(f"news {number}")
    house.runs(10_000)
    assert len(house.phone.texts) == KEYS_MAX + 1

    house.runs(MINUTE)
    assert house.phone.texts[-1] == f"news {KEYS_MAX + 199} (199 more times within 60 s)"


def test_a_flood_of_small_news_does_not_hide_a_grave_one() -> None:
    kept = groups()
    for number in range(2 * KEYS_MAX):
        kept.take(notice(str(number)), 0)

    assert kept.take(notice("naked", Severity.CRITICAL), 0)


def test_counts_read_as_words() -> None:
    kept = groups()
    kept.take(notice("a"), 0)
    kept.take(notice("a"), 1)
    assert [told(again).text for again in kept.over(MINUTE)] == ["about a (once more within 60 s)"]
    for _ in range(2):
        kept.take(notice("a"), MINUTE + 1)
    assert [told(again).text for again in kept.over(3 * MINUTE)] == ["about a (2 more times within 2 min)"]
