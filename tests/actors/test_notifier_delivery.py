"""What a person is told: on disk first, then delivered, once if it can be, again and again if it must be."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.names import NOTIFIER
from actors.notifier_settings import Loudness, NotifierSettings
from actors.sending import NotNow, Unsendable
from persistence import outbox
from tests.actors.notified import House
from trading.bracket.effects import Severity
from trading.messages import journal, notices

MINUTE = 60_000
HOUR = 60 * MINUTE
DOWN = NotNow(reason="ConnectionError")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close_thread()


# --- the way of one notice


def test_a_notice_is_delivered_logged_and_shown(house: House) -> None:
    house.tells("bought 10")
    house.runs(2_000)

    (line,) = house.phone.messages[0]
    assert (line.kind, line.text, line.again, line.insists) == ("trade_opened", "bought 10", False, False)
    assert house.said == [(Severity.INFO, "trade_opened: bought 10")]
    assert house.journal == [journal.Alerted(severity=Severity.INFO, kind="trade_opened", text="bought 10")]
    assert house.outbox.waiting() == 0


def test_it_is_on_disk_before_anybody_tries_to_deliver_it(house: House) -> None:
    house.phone.always = DOWN
    house.tells("bought 10")
    house.runs(0)

    assert house.phone.attempts == []
    assert house.outbox.waiting() == 1


def test_what_waits_is_delivered_by_the_next_life(house: House) -> None:
    house.phone.always = DOWN
    house.tells("a stop is missing", Severity.CRITICAL)
    house.runs(5_000)
    house.phone.always = None
    house.restarts()
    house.runs(50_000)

    assert house.phone.texts == ["a stop is missing"]


def test_what_comes_close_together_goes_in_one_message(house: House) -> None:
    for number in range(5):
        house.tells(f"news {number}")
    house.runs(10_000)

    assert [[line.text for line in message] for message in house.phone.messages] == [[f"news {n}" for n in range(5)]]


def test_a_critical_one_waits_for_nobody_and_goes_first(house: House) -> None:
    house.tells("news")
    house.runs(100)
    house.tells("a position without a stop", Severity.CRITICAL)
    house.runs(1)

    assert house.phone.texts == ["a position without a stop", "news"]


def test_messages_keep_a_distance_whatever_comes(house: House) -> None:
    """Telegram takes 20 a minute; what is more goes together in the next one."""
    for number in range(450):
        house.tells(f"news {number}")
        house.runs(100)
    house.runs(4_000)

    assert len(house.phone.messages) <= 17
    assert house.phone.texts == [f"news {number}" for number in range(450)]


def test_what_does_not_fit_goes_with_the_next_message(house: House) -> None:
    house.phone.fits = 2
    for number in range(5):
        house.tells(f"news {number}")
    house.runs(10_000)

    assert [len(message) for message in house.phone.messages] == [2, 2, 1]
    assert house.phone.texts == [f"news {number}" for number in range(5)]


def test_what_others_put_into_the_outbox_is_announced_and_delivered(house: House) -> None:
    notice = outbox.Notice(severity=Severity.ERROR, type="stop_missing", text="no stop", dedupe_key="b1:7")
    house.outbox.put(notice, at=house.now)
    house.runtime.directory.address(NOTIFIER).tell(notices.Outbox())
    house.runtime.directory.address(NOTIFIER).tell(notices.Outbox())
    house.runs(2_000)

    assert house.phone.texts == ["no stop"]
    assert house.journal == [journal.Alerted(severity=Severity.ERROR, kind="stop_missing", text="no stop")]


def test_the_outbox_is_looked_into_now_and_then_without_being_told(house: House) -> None:
    house.runs(10_000)
    house.outbox.put(outbox.Notice(severity=Severity.INFO, type="daily", text="summary"), at=house.now)
    house.runs(MINUTE)

    assert house.phone.texts == ["summary"]


def test_a_text_no_database_would_take_is_made_writable(house: House) -> None:
    """One message must not be able to kill the notifier again and again."""
    house.tells("half a \ud83d sign\x00, and \x1b[31mcolour")
    house.runs(2_000)

    assert house.phone.texts == ["half a ? sign, and [31mcolour"]


def test_no_secret_reaches_log_journal_or_phone(house: House) -> None:
    house.tells("login with hunter2 failed", Severity.ERROR)
    house.runs(2_000)

    assert house.phone.texts == ["login with *** failed"]
    assert "hunter2" not in f"{house.said}{house.journal}{house.outbox.newest()}"


# --- until somebody answers


def test_a_critical_one_comes_again_until_it_is_acknowledged(house: House) -> None:
    house.tells("naked", Severity.CRITICAL)
    house.runs(16 * MINUTE)
    assert [line.again for message in house.phone.messages for line in message] == [False, True, True, True, True]

    assert house.outbox.acknowledge(by="jan", at=house.now) == 1
    house.runs(HOUR)
    assert len(house.phone.messages) == 5


def test_an_alert_comes_after_growing_waits_and_never_stops(house: House) -> None:
    house.tells("naked", Severity.CRITICAL)
    came: list[int] = []
    for second in range(0, 12 * 3_600, 10):
        before = len(house.phone.messages)
        house.runs(10_000)
        came += [second] * (len(house.phone.messages) - before)

    waits = [round((later - earlier) / 60) for earlier, later in itertools.pairwise(came)]
    assert waits[:7] == [1, 2, 4, 8, 16, 30, 30]
    assert set(waits[7:]) == {30}


def test_it_insists_in_the_next_life_too(house: House) -> None:
    house.tells("naked", Severity.CRITICAL)
    house.runs(1_000)
    house.restarts()
    house.runs(4 * MINUTE)

    assert house.phone.texts == ["naked"] * 3


def test_others_come_once(house: House) -> None:
    house.tells("failed", Severity.ERROR)
    house.runs(2 * HOUR)

    assert house.phone.texts == ["failed"]


# --- loudness


@pytest.mark.parametrize(
    ("loudness", "severity", "arrives", "silent"),
    [
        (Loudness.ON, Severity.INFO, True, False),
        (Loudness.SILENT, Severity.INFO, True, True),
        (Loudness.OFF, Severity.INFO, False, False),
        (Loudness.OFF, Severity.ERROR, False, False),
        (Loudness.SILENT, Severity.CRITICAL, True, True),
        (Loudness.OFF, Severity.CRITICAL, True, True),
    ],
    ids=str,
)
def test_each_kind_is_as_loud_as_wanted(
    tmp_path: Path, loudness: Loudness, severity: Severity, arrives: bool, silent: bool
) -> None:
    """Off keeps it in the log and on the page; a critical one cannot be switched off."""
    house = House(tmp_path, NotifierSettings(kinds={"trade_opened": loudness}))
    house.tells("bought", severity)
    notice = outbox.Notice(severity=severity, type="trade_opened", text="from the outbox")
    house.outbox.put(notice, at=house.now)
    house.runtime.directory.address(NOTIFIER).tell(notices.Outbox())
    house.runs(MINUTE - 1)

    lines = [line for message in house.phone.messages for line in message]
    assert sorted(line.text for line in lines) == (["bought", "from the outbox"] if arrives else [])
    assert {line.silent for line in lines} == ({silent} if arrives else set())
    assert len(house.journal) == 2
    house.store.close_thread()


# --- when it does not go through


def test_a_failure_is_tried_again_after_growing_waits(house: House) -> None:
    house.phone.answers = [DOWN] * 5
    house.tells("news")
    house.runs(MINUTE)

    assert house.phone.texts == ["news"]
    assert len(house.phone.attempts) == 6


def test_a_long_outage_neither_floods_the_network_nor_the_log(house: House) -> None:
    house.phone.always = DOWN
    house.tells("news")
    house.runs(12 * HOUR)

    assert len(house.phone.attempts) < 70
    assert len(house.said) < 10
    house.phone.always = None
    house.runs(HOUR)
    assert house.phone.texts == ["news"]
    assert len(house.log("takes messages again")) == 1


def test_a_critical_one_does_not_wait_for_the_end_of_a_long_backoff(house: House) -> None:
    house.phone.always = DOWN
    house.tells("news")
    house.runs(3 * HOUR)
    house.phone.always = None
    house.tells("naked", Severity.CRITICAL)
    house.runs(MINUTE)

    assert house.phone.texts[0] == "naked"


def test_a_critical_one_is_not_kept_back_by_another_that_failed_a_moment_before_it(house: House) -> None:
    """The clock was set back a little: when the gate opened, only the news was due, and failed."""
    house.phone.always = DOWN
    house.tells("naked", Severity.CRITICAL)
    house.runs(3 * HOUR)
    house.runtime.clock.jump(-1_500)
    house.tells("news")
    house.runs(70_000)
    house.phone.always = None
    house.runs(90_000)

    assert "naked" in house.phone.texts


def test_a_wait_the_other_side_asked_for_is_kept_even_for_a_critical_one(house: House) -> None:
    house.phone.answers = [NotNow(reason="429", after_ms=90_000)]
    house.tells("news")
    house.runs(1_000)
    house.tells("naked", Severity.CRITICAL)
    house.runs(89_000)
    assert len(house.phone.attempts) == 1

    house.runs(2_000)
    assert house.phone.texts == ["naked", "news"]


def test_after_a_day_it_is_given_up_said_so_and_stays_in_the_outbox(house: House) -> None:
    house.phone.always = DOWN
    house.tells("news")
    house.tells("naked", Severity.CRITICAL)
    house.runs(26 * HOUR)

    letters = {letter.notice.text: letter for letter in house.outbox.newest()}
    assert letters["news"].next_at is None
    assert letters["news"].delivered_at is None
    assert letters["news"].error == "ConnectionError"
    assert len(house.log("gave up on 1 notices")) == 1
    assert letters["naked"].next_at is not None


def test_one_that_can_never_be_sent_does_not_stand_in_the_way(house: House) -> None:
    house.phone.fits = 1
    house.phone.answers = [Unsendable(reason="400 can't parse", count=1)]
    house.tells("poison")
    house.tells("news")
    house.runs(10_000)

    assert house.phone.texts == ["news"]
    assert len(house.log("will never take 1 notices: 400 can't parse")) == 1


def test_the_clock_set_back_does_not_silence_it(house: House) -> None:
    house.phone.answers = [DOWN]
    house.tells("news")
    house.runs(1_500)
    house.runtime.clock.jump(-7 * 24 * HOUR)
    house.runs(2 * MINUTE)

    assert house.phone.texts == ["news"]


def test_the_outbox_is_bounded_and_the_grave_ones_get_in_longest(tmp_path: Path) -> None:
    house = House(tmp_path, NotifierSettings(waiting_max=10))
    house.phone.always = DOWN
    for number in range(30):
        house.tells(f"news {number}")
    for number in range(30):
        house.tells(f"naked {number}", Severity.CRITICAL)
    house.runs(2_000)

    texts = [letter.notice.text for letter in house.outbox.newest()]
    assert len([text for text in texts if text.startswith("news")]) == 10
    assert len(texts) == 20
    assert len(house.log("more are in the log only")) == 1

    house.phone.always = None
    house.runs(MINUTE)
    house.tells("later")
    house.runs(10_000)
    assert house.phone.texts[-1] == "later"
    assert len(house.log("40 are in the log only")) == 1
    house.store.close_thread()


# --- the end


def test_at_the_end_a_last_word_is_tried_shortly_and_everything_is_given_back(house: House) -> None:
    house.tells("everything stops")
    house.stops()

    assert house.phone.texts == ["everything stops"]
    assert house.phone.within_s is not None
    assert house.phone.within_s <= 0.7
    assert house.phone.is_closed
    assert house.closed == 1


def test_no_last_word_is_tried_where_nothing_got_through_before(house: House) -> None:
    house.phone.always = DOWN
    house.tells("news")
    house.runs(2_000)
    attempts = len(house.phone.attempts)
    house.stops()

    assert len(house.phone.attempts) == attempts
    assert house.outbox.waiting() == 1
