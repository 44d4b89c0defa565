"""A close or a panic that was answered comes to pass, whoever dies right after the answer."""

from pathlib import Path

import pytest

from persistence.data_dir import DataDir
from persistence.migrate import migrate
from persistence.store import Store
from simulation.disk import UNSAID, ShakyDatabase
from tests.simulation.service_scene import FAR, Scene
from trading.bracket import Mode
from trading.messages import desk
from trading.values import StrategyName, WorkerId

NAME = "fasttest"
ONCE = FAR | {"cooldown_s": 36_000}
WAYS_OUT = ["close", "panic"]


def _presses(scene: Scene, way: str) -> desk.Answer:
    return scene.says(desk.Panic) if way == "panic" else scene.says(desk.CloseStrategy, name=StrategyName(NAME))


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_what_was_answered_is_done_by_the_next_life_where_nobody_had_heard_of_it(mode: Mode, way: str) -> None:
    scene = Scene(seed=701, mode=mode, parameters=ONCE)
    scene.opens()
    scene.runtime.hang("orders")
    assert _presses(scene, way).ok
    scene.crashes()
    scene.runs_until(lambda: not scene.position, 5_000)
    scene.runs(1_000)
    assert (list(scene.brackets), scene.ours) == ([], [])
    assert not scene.memory.exits(), "it is done, once"


@pytest.mark.parametrize("way", WAYS_OUT)
def test_the_same_where_the_order_manager_alone_dies(way: str) -> None:
    scene = Scene(seed=702, parameters=ONCE)
    scene.opens()
    scene.runtime.hang("orders")
    assert _presses(scene, way).ok
    scene.runtime.kill("orders")
    scene.runs_until(lambda: not scene.position, 5_000)
    assert not scene.memory.exits()


@pytest.mark.parametrize("way", WAYS_OUT)
def test_what_was_answered_before_the_disk_failed_is_done_when_it_takes_writes_again(way: str, tmp_path: Path) -> None:
    disk = ShakyDatabase(tmp_path / "tradebaas.db")
    migrate(disk, lambda: None)
    store = Store(disk, DataDir(tmp_path), worker=WorkerId("w1"), account="main")
    scene = Scene(seed=703, store=store, parameters=ONCE)
    scene.opens()
    wake = scene.runtime.hang("orders")
    assert _presses(scene, way).ok
    disk.trouble = "disk_full"
    wake()
    scene.runs(2_500)
    assert bool(scene.position) is (way == "close"), "a panic goes out unrecorded, a close does not"
    disk.trouble = ""
    scene.runs_until(lambda: not scene.brackets, 10_000)
    assert not scene.position
    assert not scene.memory.exits()
    disk.close_thread()


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_wish_that_was_written_and_told_as_failed_is_done_now_and_waits_for_no_later_trade(
    way: str, tmp_path: Path
) -> None:
    disk = ShakyDatabase(tmp_path / "tradebaas.db")
    migrate(disk, lambda: None)
    store = Store(disk, DataDir(tmp_path), worker=WorkerId("w1"), account="main")
    scene = Scene(seed=707, store=store, parameters=ONCE)
    scene.opens()
    wake = scene.runtime.hang("orders")  # it writes a halt of its own: the commit that fails is to be the desk's
    disk.disk.may_stumble = lambda: scene.runtime.is_handling
    disk.disk.stumbles = UNSAID
    assert not _presses(scene, way).ok
    wake()
    scene.runs_until(lambda: not scene.position, 5_000)
    assert not scene.memory.exits(), "nothing is left that would close the next trade"
    disk.close_thread()


def test_a_close_that_is_over_closes_no_later_trade() -> None:
    scene = Scene(seed=704)
    first = scene.opens().plan.bracket_id
    assert _presses(scene, "close").ok
    scene.runs_until(lambda: not scene.position, 5_000)
    second = scene.opens().plan.bracket_id
    scene.crashes()
    scene.runs(5_000)
    assert [one.plan.bracket_id for one in scene.brackets] == [second] != [first]
    assert scene.position


def test_closing_one_strategy_leaves_the_trades_of_others_alone() -> None:
    scene = Scene(seed=705, parameters=ONCE)
    scene.opens()
    scene.memory.want_exit(StrategyName("another"), by="me", at=scene.now)
    scene.crashes()
    scene.runs(5_000)
    assert scene.position
    assert not scene.memory.exits()
