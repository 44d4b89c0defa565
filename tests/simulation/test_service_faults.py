"""Every request of a trade's life goes wrong in every way: it is whole or nothing, and nothing is sent twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.faults import Rule
from exchange.faults.profiles import PROFILES
from persistence.data_dir import DataDir
from persistence.database import Database, Sync
from persistence.errors import DiskFull
from persistence.migrate import migrate
from persistence.store import Store
from tests.simulation.service_scene import NEAR, Scene
from trading.bracket import Mode
from trading.messages import desk
from trading.values import FillCondition, WorkerId

OPENING = "private/buy|private/sell"
MATCHING = f"{OPENING}|private/edit|private/cancel"
AFTER_MS = 20_000

WAYS = {
    "request lost": {"fault": "request_lost"},
    "reply lost": {"fault": "reply_lost"},
    "reply late": {"fault": "reply_late", "delay_ms": 7_000},
    "reply doubled": {"fault": "reply_duplicated"},
    "refused": {"fault": "refused", "code": 10047},
    "done and yet an error": {"fault": "failed", "code": 13028},
    "cut before": {"fault": "socket_closed", "when": "before"},
    "cut after": {"fault": "socket_closed", "when": "after"},
    "no credits": {"fault": "credits_gone", "when": "before"},
    "a part filled": {"fault": "partial_fill", "fraction": 0.4},
    "push first": {"fault": "push_before_reply"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("nth", range(4))
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_the_nth_request_of_a_trade_goes_wrong(mode: Mode, nth: int, way: str) -> None:
    """Entry, stop, target and what follows; the person closes the trade in the end."""
    scene = Scene(seed=80 + nth, mode=mode, auto_reconnect=True)
    scene.suffers(Rule(method=MATCHING, after_n=nth, count=1, **WAYS[way]))  # type: ignore[arg-type]
    scene.runs_until(lambda: scene.brackets)
    scene.excused = way.startswith("cut") or way == "no credits"
    scene.runs(8_000)
    scene.says(desk.CloseStrategy, name="fasttest")
    scene.says(desk.Halt, reason="enough")
    scene.runs(AFTER_MS)
    assert not scene.position
    assert not scene.ours
    scene.check(naked_ms_max=4_500 if "reply" in way or "request" in way else 2_300)


@pytest.mark.parametrize("fault", ["push_lost", "push_late", "push_duplicated", "push_reordered"])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_news_that_are_lost_late_doubled_or_out_of_order_change_nothing_in_the_end(mode: Mode, fault: str) -> None:
    scene = Scene(seed=90, mode=mode, moving="wild")
    figures = {"delay_ms": (100, 3_000)} if fault in {"push_late", "push_reordered"} else {}
    scene.suffers(Rule(fault=fault, channel="user.*", probability=0.4, **figures))  # type: ignore[arg-type]
    scene.runs(60_000)
    scene.comes_to_rest()
    scene.check(naked_ms_max=6_000)
    assert scene.trades()


@pytest.mark.parametrize("condition", list(FillCondition), ids=str)
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_maintenance_in_the_middle_of_a_trade_loses_nothing(mode: Mode, condition: FillCondition) -> None:
    scene = Scene(seed=91, mode=mode, condition=condition, auto_reconnect=True)
    scene.opens()
    scene.suffers(Rule(fault="maintenance", at_ms=0, duration_ms=20_000))
    scene.runs(60_000)
    assert scene.row.state == "POSITION_OPEN"
    scene.check()


@pytest.mark.parametrize("seed", range(3), ids="seed_{}".format)
@pytest.mark.parametrize("profile", ["light", "rough", "all"])
def test_a_bad_week_in_an_hour_ends_flat_and_in_agreement(profile: str, seed: int) -> None:
    modes, conditions = list(Mode), list(FillCondition)
    scene = Scene(
        seed=seed,
        mode=modes[seed % 2],
        condition=conditions[seed % 3],
        auto_reconnect=seed % 4 != 0,
        moving="wild",
        parameters=NEAR,
    )
    rules = [rule for rule in PROFILES[profile] if rule.fault != "meddling"]
    scene.suffers(*rules)
    for _ in range(6):
        scene.runs(10_000)
        if scene._rng.random() < 0.4:
            scene.crashes()
    scene.runs(2_000)
    scene.comes_to_rest()
    scene.check_entries()
    scene.check_orphans()
    scene.check_money()
    scene.check_positions()


class FullDisk(Database):
    """A disk that is full when a test says so."""

    is_full = False

    def _begin(self, *, durable: bool) -> None:
        if self.is_full:
            raise DiskFull("no room left")
        super()._begin(durable=durable)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[FullDisk]:
    """A database in a file: a connection that fails is closed, and one in memory would forget everything."""
    database = FullDisk(tmp_path / "small.db", sync=Sync.OFF)
    migrate(database, lambda: None)
    yield database
    database.close_thread()


def _on(disk: FullDisk, tmp_path: Path, seed: int, mode: Mode = Mode.NATIVE) -> Scene:
    store = Store(disk, DataDir(tmp_path), worker=WorkerId("w1"), account="main")
    return Scene(seed=seed, store=store, mode=mode)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_what_cannot_be_recorded_is_not_sent_and_said_once(mode: Mode, disk: FullDisk, tmp_path: Path) -> None:
    scene = _on(disk, tmp_path, 95, mode)
    scene.runs(400)
    disk.is_full = True
    scene.runs(30_000)
    assert not scene.entries()
    assert len(scene.alerts("store_failing")) == 1
    assert not scene.says(desk.Halt, reason="x").ok
    disk.is_full = False
    scene.opens()
    scene.check()


def test_the_guardian_needs_no_database(disk: FullDisk, tmp_path: Path) -> None:
    scene = _on(disk, tmp_path, 96)
    scene.opens()
    disk.is_full = True
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs(6_000)
    assert scene.position == 0
    disk.is_full = False
    scene.runs(70_000)
    scene.check_money()
    scene.check_orphans()


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_disk_that_fills_up_in_the_middle_of_an_entry_leaves_nothing_bare(
    mode: Mode, disk: FullDisk, tmp_path: Path
) -> None:
    scene = _on(disk, tmp_path, 97, mode)
    scene.runs_until(lambda: scene.brackets)
    disk.is_full = True
    scene.runs(8_000)
    assert scene.cover >= abs(scene.position)
    disk.is_full = False
    scene.runs(65_000)
    scene.comes_to_rest()
    scene.check(naked_ms_max=4_500)
