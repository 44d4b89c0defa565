"""The daily summary: once a day by the person's own clock, on odd days, after a standstill and on quiet days too."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from actors import daily
from actors.notifier_settings import Loudness, NotifierSettings
from actors.sending import NotNow
from tests.actors.notified import House
from trading.values import Milliseconds

HOUR = 3_600_000
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # moves its clock by half an hour
EIGHT = time(8)


def _now() -> Milliseconds:
    return Milliseconds(int(datetime.now(UTC).timestamp() * 1000))


def _told(tick: Callable[[timedelta], object], days: int, at: time, zone: tzinfo) -> list[datetime]:
    """Every moment at which one was owed, looked for every quarter of an hour; each is told at once."""
    told = daily.last_due(_now(), at, zone)
    moments = []
    for _ in range(days * 96):
        tick(timedelta(minutes=15))
        day = daily.owed(told, _now(), at, zone)
        if day is not None:
            told = day
            moments.append(datetime.now(zone))
    return moments


@pytest.mark.parametrize("zone", [UTC, AMSTERDAM, LORD_HOWE], ids=str)
@pytest.mark.parametrize("at", [EIGHT, time(0), time(2, 30), time(23, 45)], ids=str)
def test_each_day_of_a_year_is_told_of_once(zone: tzinfo, at: time) -> None:
    with freeze_time("2026-01-01 12:00:00") as frozen:
        moments = _told(frozen.tick, 365, at, zone)

    days = [moment.date() for moment in moments]
    assert len(days) == 365
    assert len(set(days)) == 365
    odd = [moment for moment in moments if moment.timetz().replace(tzinfo=None) != at]
    assert len(odd) <= 1, "only the time that the clock skips in spring is another"


def test_an_hour_that_the_clock_skips_counts_as_that_much_later() -> None:
    assert daily.moment(date(2026, 3, 29), time(2, 30), AMSTERDAM) == _at("2026-03-29T03:30+02:00")


def test_of_an_hour_that_comes_twice_the_first_counts() -> None:
    assert daily.moment(date(2026, 10, 25), time(2, 30), AMSTERDAM) == _at("2026-10-25T02:30+02:00")


def _at(text: str) -> Milliseconds:
    return Milliseconds(int(datetime.fromisoformat(text).timestamp() * 1000))


@freeze_time("2026-06-10 09:00:00")
def test_what_is_owed() -> None:
    today, now = date(2026, 6, 10), _now()
    assert daily.owed(None, now, EIGHT, UTC) is None, "it begins with the next one"
    assert daily.owed(today, now, EIGHT, UTC) is None
    assert daily.owed(today - timedelta(days=1), now, EIGHT, UTC) == today
    assert daily.owed(today - timedelta(days=9), now, EIGHT, UTC) == today, "once, however long nothing ran"
    assert daily.owed(today + timedelta(days=1), now, EIGHT, UTC) is None, "the clock was set back a little"
    assert daily.owed(today + timedelta(days=400), now, EIGHT, UTC) == today, "that was never told"
    assert daily.next_due(now, EIGHT, UTC) == _at("2026-06-11T08:00+00:00")


# --- the notifier


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Begins at midnight UTC."""
    house = House(tmp_path, NotifierSettings(daily_at=EIGHT))
    yield house
    house.store.close_thread()


def test_it_comes_every_day_at_its_hour_also_when_nothing_happens(house: House) -> None:
    house.runs(8 * HOUR - 1_000)
    assert house.phone.texts == []
    house.runs(5_000)
    assert house.phone.texts == ["summary of 2026-01-01"]
    house.runs(24 * HOUR)
    assert house.phone.texts == ["summary of 2026-01-01", "summary of 2026-01-02"]


def test_what_was_missed_while_nothing_ran_is_told_at_the_next_start_once(house: House) -> None:
    house.runs(9 * HOUR)
    house.runtime.clock.jump(3 * 24 * HOUR)
    house.restarts()
    house.runs(HOUR)
    house.restarts()
    house.runs(HOUR)

    assert house.phone.texts == ["summary of 2026-01-01", "summary of 2026-01-04"]


def test_restarts_around_its_hour_neither_double_nor_lose_it(house: House) -> None:
    house.runs(8 * HOUR - 2_000)
    for _ in range(20):
        house.restarts()
        house.runs(500)

    house.runs(10_000)
    assert house.phone.texts == ["summary of 2026-01-01"]


def test_it_is_told_before_it_is_noted_as_told(house: House) -> None:
    """The process dies between the two: the next life finds it in the outbox and does not tell it again."""
    house.runs(8 * HOUR - 1_000)
    house.phone.always = NotNow(reason="down")
    house.runs(2_000)
    house.store.notifying.set_daily_told(date(2025, 12, 31), at=house.now)
    house.restarts()
    house.phone.always = None
    house.runs(HOUR)

    assert house.phone.texts == ["summary of 2026-01-01"]
    assert house.store.notifying.daily_told() == date(2026, 1, 1)


def test_a_database_that_cannot_be_read_delays_it(house: House) -> None:
    house.runs(8 * HOUR - 1_000)
    house.summary_fails = True
    house.runs(10 * 60_000)
    assert house.phone.texts == []
    house.summary_fails = False
    house.runs(2 * 60_000)
    assert house.phone.texts == ["summary of 2026-01-01"]


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    silent = House(tmp_path, NotifierSettings(daily_at=EIGHT, kinds={"daily_summary": Loudness.OFF}))
    silent.runs(9 * HOUR)
    assert silent.phone.texts == []
    silent.store.close_thread()
