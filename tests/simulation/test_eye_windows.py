"""What the eye excuses for a while: no wider than the trouble is, no longer than it lasts."""

from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from exchange.faults import Rule
from exchange.switches import Switches
from simulation.disk import Death, open_store
from simulation.eye import GUARDIAN_MS, NEEDLESS_MAX
from simulation.silence import Silence
from strategies.base import Decision, Strategy
from tests.simulation.service_scene import INVERSE, LINEAR
from tests.simulation.watched_scene import NEVER_DECIDED, WAY_MS, Watched
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.promises import NAKED_MS_MAX
from trading.values import Milliseconds

FAR_AWAY = Decimal(50_000)


class Idle(Strategy):
    """Wishes for nothing."""

    kind: ClassVar[str] = "idle"

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """Always the same."""
        return Decision(text=f"{instrument.name} stands at {ticker.mark} at {now}")


def test_the_guardian_is_excused_only_where_something_is_bare() -> None:
    scene = Watched(strategy="idle", kind=Idle)
    scene.runs(1_000)
    scene.guardian_sleeps()
    scene.places(f"{NEVER_DECIDED}:t1", instrument=INVERSE)
    scene.runs(100)
    scene.found.clear()
    scene.places(f"{NEVER_DECIDED}:c91", instrument=INVERSE)
    assert not [said for said in scene.broken("P1") if "guardian" in said], "it is bare there"
    scene.places(f"{NEVER_DECIDED}:c92", instrument=LINEAR)
    assert [said for said in scene.broken("P1") if "guardian" in said]


def test_faults_excuse_the_guardian_only_so_often() -> None:
    scene = Watched(strategy="idle", kind=Idle)
    scene.runs(1_000)
    scene.guardian_sleeps()
    for number in range(NEEDLESS_MAX):
        scene.eye.strikes()
        scene.places(f"{NEVER_DECIDED}:c9{number}", instrument=LINEAR, price=FAR_AWAY)
        assert not [said for said in scene.broken("P1") if "guardian" in said]
        scene.runs(1_000)
    scene.eye.strikes()
    scene.places(f"{NEVER_DECIDED}:c9{NEEDLESS_MAX}", instrument=LINEAR, price=FAR_AWAY)
    assert [said for said in scene.broken("P1") if "guardian" in said]


@pytest.mark.parametrize("is_locked", [False, True])
def test_while_the_disk_takes_nothing_only_the_guardian_acts(tmp_path: Path, *, is_locked: bool) -> None:
    """The trouble began so long ago that it excuses nothing by its beginning."""
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    scene = Watched(strategy="idle", kind=Idle, store=store)
    scene.runs(1_000)
    scene.guardian_sleeps()
    database.trouble = "database_locked" if is_locked else ""
    scene.places(f"{NEVER_DECIDED}:t1", instrument=INVERSE)
    began = scene.pipe.now
    scene.watch = lambda: None
    found: list[int] = []
    while not found:
        scene.runs(20)
        found += [scene.pipe.now - began for one in scene.eye.look() if "without a stop" in one.sentence]
    limit = NAKED_MS_MAX + WAY_MS + GUARDIAN_MS * is_locked
    assert limit < found[0] <= limit + 40
    database.close_thread()


def test_a_silence_of_an_expired_login_ends_with_the_next_login() -> None:
    scene = Watched(switches=Switches(private_channels_at_expiry="silent"))
    scene.runs(2_000)
    scene.suffers(Rule(fault="token_expired", every_ms=1_000, count=1))
    silence = Silence(scene)
    scene.runs_until(lambda: scene.exchange.faults.injected.get("token_expired"))
    silence.note()
    assert silence
    scene.mended()
    scene.runs_until(silence.has_ended)
    assert not silence
    assert not silence.may_end


def test_no_silence_where_an_expired_login_still_hears() -> None:
    scene = Watched(switches=Switches(private_channels_at_expiry="continue"))
    scene.runs(2_000)
    scene.suffers(Rule(fault="token_expired", every_ms=1_000, count=1))
    silence = Silence(scene)
    scene.runs_until(lambda: scene.exchange.faults.injected.get("token_expired"))
    silence.note()
    assert not silence


def test_a_channel_that_was_taken_away_is_silent_until_its_connection_ends() -> None:
    scene = Watched(auto_reconnect=True)
    scene.runs(2_000)
    scene.suffers(Rule(fault="subscription_lost", every_ms=1_000, count=1, silent="user.*"))
    silence = Silence(scene)
    scene.runs_until(lambda: scene.exchange.faults.injected.get("subscription_lost"))
    silence.note()
    scene.mended()
    scene.runs(5_000)
    assert silence
    scene.cuts()
    scene.runs(10_000)
    assert scene.eye.is_served
    assert not silence


def test_a_line_that_was_made_slow_is_trouble_until_it_has_told_all_that_was_late() -> None:
    """Seed 1401: the storm was over, and the line it had made slow was slow for half a minute more."""
    scene = Watched()
    scene.runs(2_000)
    scene.suffers(Rule(fault="slow", every_ms=1_000, count=1, delay_ms=3_000, duration_ms=30_000))
    scene.runs_until(lambda: scene.exchange.faults.injected.get("slow"))
    scene.mended()
    began = scene.eye.struck_at
    scene.runs(45_000)
    assert began + 29_900 <= scene.eye.struck_at <= began + 33_100
