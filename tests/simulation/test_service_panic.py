"""Panic gets out, whatever the database does: safety first, and the person is told what is not recorded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.faults import Rule
from persistence.data_dir import DataDir
from persistence.migrate import migrate
from persistence.store import Store
from simulation.disk import ShakyDatabase
from tests.simulation.service_scene import FAR, Resting, Scene
from trading.bracket import Mode
from trading.messages import desk, journal
from trading.values import WorkerId


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ShakyDatabase]:
    database = ShakyDatabase(tmp_path / "tradebaas.db")
    migrate(database, lambda: None)
    yield database
    database.close_thread()


def _scene(disk: ShakyDatabase, **options: object) -> Scene:
    store = Store(disk, DataDir(Path(disk.path).parent), worker=WorkerId("w1"), account="main")
    options.setdefault("parameters", FAR | {"cooldown_s": 36_000})
    return Scene(store=store, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_panic_flattens_although_nothing_can_be_recorded_and_says_so(mode: Mode, disk: ShakyDatabase) -> None:
    scene = _scene(disk, seed=91, mode=mode)
    scene.opens()
    disk.trouble = "disk_full"
    answer = scene.says(desk.Panic)
    assert not answer.ok
    assert answer.state == "halted"
    assert "none of it is recorded" in answer.sentence
    scene.runs(2_000)
    assert not scene.position
    assert any("panic by me" in text for text in scene.alerts("store_failing"))


def test_panic_takes_a_resting_entry_away_although_nothing_can_be_recorded(disk: ShakyDatabase) -> None:
    scene = _scene(disk, seed=92, kind=Resting, parameters={})
    scene.runs_until(lambda: scene.leg("e"), 70_000)
    disk.trouble = "disk_full"
    scene.says(desk.Panic)
    scene.runs(2_000)
    assert not scene.leg("e")


def test_an_unrecorded_panic_halts_this_life_and_the_trade_ends_true_once_there_is_room(
    disk: ShakyDatabase,
) -> None:
    scene = _scene(disk, seed=93)
    scene.opens()
    disk.trouble = "disk_full"
    scene.says(desk.Panic)
    scene.runs(3_000)
    disk.trouble = ""
    scene.runs(70_000)
    assert [told.reason for told in scene.told if isinstance(told, journal.HaltChanged)] == ["panic"]
    assert not scene.brackets
    assert not scene.ours, "nothing of it rests"
    scene.check_money()
    assert len(scene.entries()) == 1, "nothing opened after it"


def test_panic_pressed_again_sends_a_closing_order_of_its_own_and_never_turns_the_position(disk: ShakyDatabase) -> None:
    scene = _scene(disk, seed=94)
    scene.opens()
    disk.trouble = "disk_full"
    for _ in range(3):
        scene.says(desk.Panic)
        scene.runs(50)
    scene.runs(3_000)
    assert scene.position == 0
    labels = [fill.label for fill in scene.executed]
    assert len(labels) == len(set(labels))


def test_an_unrecorded_panic_goes_on_after_as_many_refusals_as_there_are_labels_for_it(disk: ShakyDatabase) -> None:
    """A label came again, its request was taken for one told twice, and nothing left any more."""
    scene = _scene(disk, seed=95)
    scene.opens()
    scene.excused = True
    disk.trouble = "disk_full"
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10019))
    scene.says(desk.Panic)
    scene.runs(15_000)
    assert scene.position, "nothing could be closed"
    scene.mended()
    scene.runs(3_000)
    assert not scene.position


def test_an_unrecorded_panic_leaves_what_another_worker_holds(disk: ShakyDatabase) -> None:
    """Seed 106: what was left after our part was closed was somebody else's, and was sold after it."""
    scene = _scene(disk, seed=106)
    scene.opens()
    lot = scene.market.spec.contract_size
    theirs = "buy" if scene.position > 0 else "sell"
    scene.hand(theirs, lot)
    scene.runs(2_000)
    disk.trouble = "disk_full"
    scene.says(desk.Panic)
    scene.runs(5_000)
    assert abs(scene.position) == lot
