"""Alerts in simulated worlds: on disk when told, delivered when Telegram is well, and found out when they are not."""

import pytest

from actors.names import NOTIFIER
from persistence.outbox import Letter, Notice
from simulation.history import History
from simulation.telegram import DEAD, DEAF, REFUSING, SLOW
from tests.simulation.lived_world import happens, history, runs
from trading.bracket.effects import Severity
from trading.messages import notices
from trading.values import Milliseconds

MINUTES_5 = 300_000


def _calls(made: History, key: str = "test") -> Letter:
    """Something critical is told to the notifier."""
    notice = notices.Notice(
        severity=Severity.CRITICAL, kind="naked_position", text=f"alert {key}", key=key, at=made.world.now
    )
    made.world.runtime.directory.address(NOTIFIER).tell(notice)
    runs(made, 100)
    return _letter(made, key)


def _letter(made: History, key: str) -> Letter:
    (found,) = (letter for letter in made.store.outbox.newest() if letter.notice.alert == key)
    return found


def test_an_alert_is_on_disk_at_once_and_arrives() -> None:
    with history() as made:
        runs(made, 10_000)
        letter = _calls(made)
        assert (letter.notice.type, letter.at) in made.telegram.taken
        runs(made, MINUTES_5)
        assert not made.alerts.broken()
        assert not made.alerts.undelivered()


@pytest.mark.parametrize("trouble", [DEAD, SLOW, DEAF])
def test_what_telegram_does_not_take_waits_on_disk_and_arrives_when_it_is_back(trouble: str) -> None:
    with history() as made:
        runs(made, 10_000)
        happens(made, "letter", trouble=trouble, ms=MINUTES_5)
        assert _calls(made).delivered_at is None
        runs(made, MINUTES_5 - 1_000)
        assert _letter(made, "test").delivered_at is None
        assert made.alerts.undelivered(), "it would be found if that were the end"
        runs(made, 70_000)
        assert _letter(made, "test").delivered_at is not None
        assert not made.alerts.undelivered()


def test_a_letter_that_is_refused_for_good_is_a_known_reason() -> None:
    with history() as made:
        runs(made, 10_000)
        happens(made, "letter", trouble=REFUSING, ms=1_000)
        _calls(made)
        runs(made, MINUTES_5)
        assert _letter(made, "test").delivered_at is None
        assert not made.alerts.undelivered()


def test_an_alert_while_the_disk_is_full_goes_out_and_is_written_later() -> None:
    with history() as made:
        runs(made, 10_000)
        happens(made, "disk", trouble="disk_full", ms=30_000)
        notice = notices.Notice(
            severity=Severity.CRITICAL, kind="store_failing", text="disk", key="disk", at=made.world.now
        )
        made.world.runtime.directory.address(NOTIFIER).tell(notice)
        runs(made, 10_000)
        assert ("store_failing", notice.at) in made.telegram.taken
        assert not made.alerts.broken()
        assert made.alerts.undelivered(), "it is not on disk yet"
        runs(made, MINUTES_5)
        assert not made.alerts.undelivered()
        assert _letter(made, "disk").at == notice.at


def test_an_alert_that_was_taken_and_is_not_on_disk_is_found() -> None:
    with history() as made:
        runs(made, 1_000)
        notice = notices.Notice(
            severity=Severity.CRITICAL, kind="naked_position", text="lost", key="lost", at=Milliseconds(1)
        )
        for heard in made.world.runtime.after:
            heard(NOTIFIER, notice)
        (broken,) = made.alerts.broken()
        assert broken.promise == "told"


def test_a_letter_that_counts_as_delivered_and_never_arrived_is_found() -> None:
    with history() as made:
        runs(made, 10_000)
        notice = Notice(severity=Severity.CRITICAL, type="naked_position", text="never sent")
        made.store.outbox.put(notice, at=made.world.now)
        (letter, *_) = made.store.outbox.newest()
        made.store.outbox.delivered([letter.id], at=made.world.now)
        runs(made, MINUTES_5)
        (broken,) = made.alerts.undelivered()
        assert "has not arrived" in broken.sentence


def test_the_journal_of_a_world_is_the_real_one() -> None:
    with history() as made:
        runs(made, 60_000)
        picture = made.world.board.picture
        assert picture.connection.is_up
        assert picture.reconciled
        assert set(picture.tickers) == {one.instrument for one in made.plan.runners}
        assert {name: row["state"] for name, row in picture.strategies.items()} == {
            row.name: row.state.value for row in made.store.strategies.all()
        }
