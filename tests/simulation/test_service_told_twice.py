"""What the order manager is told once more, or too late, or while nothing can be written: it changes nothing."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from actors.names import ORDERS
from persistence.store import Store
from simulation.disk import Death, ShakyDatabase, open_store
from tests.simulation.service_scene import INVERSE, Scene
from tests.simulation.test_found_by_histories import ONCE
from tests.simulation.test_found_disk import NAME, Watcher
from trading.findings import Reduced, Report
from trading.messages import desk, journal, orders
from trading.signal import Signal
from trading.values import BracketId, InstrumentName, Side


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[ShakyDatabase, Store]]:
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    yield database, store
    database.close_thread()


SIGNAL = Signal(
    strategy=NAME,
    instrument=InstrumentName(INVERSE),
    side=Side.BUY,
    entry=None,
    stop=Decimal(63_000),
    target=Decimal(65_000),
    entry_ms=5_000,
    key="told",
    reason="told by hand",
)


def _tells(scene: Scene, message: orders.Message) -> None:
    scene.runtime.directory.address(ORDERS).tell(message)


def test_a_signal_told_again_while_its_trade_is_open_enters_once() -> None:
    scene = Scene(seed=31, strategy=NAME, kind=Watcher)
    scene.runs(2_000)
    for _ in range(2):
        _tells(scene, orders.OpenBracket(signal=SIGNAL))
    scene.opens()
    _tells(scene, orders.OpenBracket(signal=SIGNAL))
    scene.runs(2_000)
    assert list(scene.entries().values()) == [1]
    assert not [told for told in scene.told if isinstance(told, journal.SignalRefused)], "nothing is said of it"


def test_a_halt_that_cannot_be_lifted_on_disk_holds(disk: tuple[ShakyDatabase, Store]) -> None:
    database, store = disk
    scene = Scene(seed=32, store=store)
    scene.runs(400)
    assert scene.says(desk.Halt, reason="by hand").ok
    database.trouble = "disk_full"
    _tells(scene, orders.SetHalt(on=False, reason="", by="me"))
    scene.runs(500)
    database.trouble = ""
    scene.runs(30_000)
    assert store.halts.held() is not None
    assert not scene.entries(), "it holds in this life as on disk"
    told = [change.reason for change in scene.told if isinstance(change, journal.HaltChanged)]
    assert told == ["by hand"], "and nobody is told that it was lifted"


def test_what_a_comparison_says_of_a_trade_that_has_ended_meanwhile_changes_nothing() -> None:
    scene = Scene(seed=33, parameters=ONCE)
    scene.opens()
    held, trades, life = scene.position, len(scene.trades()), scene.supervisor.state().child(ORDERS).generation
    late = Reduced(bracket_id=BracketId("x" * 16), held=Decimal(0))
    report = Report(at=scene.now, findings=(), actions=(late,), suspicions=(), holdings=(), orders=())
    _tells(scene, orders.Reconciled(report=report))
    scene.runs(1_000)
    assert (scene.position, len(scene.trades())) == (held, trades)
    assert scene.supervisor.state().child(ORDERS).generation == life, "and nobody died of it"
    scene.check_positions()
