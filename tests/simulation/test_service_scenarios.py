"""The scenarios a person asks about by name: reconciling, an older database, a full disk, a locked database.

How a start finds things stands in `test_service_starts.py`, what a person does by hand in `test_service_hands.py`,
clocks that jump in `test_service_commands.py`, two workers and a second instance in `tests/process/`.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from persistence.data_dir import DataDir
from persistence.database import Database, Sync
from persistence.migrate import migrate
from persistence.store import Store
from tests.simulation.service_scene import Scene
from trading.bracket import Mode
from trading.messages import desk, journal
from trading.values import WorkerId

ONE_INTERVAL_MS = 62_000
"""The reconciler's, and the way of its questions."""
LOST = "tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa:"
BOTH = pytest.mark.parametrize("mode", list(Mode), ids=str)


def _unseen(scene: Scene, happens: Callable[[], object]) -> None:
    """Something happens on the exchange, and the connection brings no word of it."""
    scene.suffers(Rule(fault="push_lost", channel="user.*"))
    happens()
    scene.runs(1_000)
    scene.mended()


# --- the five scenarios of reconciling, found by the timer alone


@BOTH
def test_reconcile_scenario_1_all_matches_and_nothing_is_touched(mode: Mode) -> None:
    scene = Scene(seed=201, mode=mode)
    before = scene.opens()
    orders = {order.order_id for order in scene.ours}
    scene.runs(2 * ONE_INTERVAL_MS)
    assert {order.order_id for order in scene.ours} == orders
    assert [one.plan for one in scene.brackets] == [before.plan]
    found = {finding["kind"] for report in scene.store.reports.newest() for finding in report.detail["findings"]}
    assert found == {"matched"}
    scene.check()


@BOTH
def test_reconcile_scenario_2_a_ghost_trade_is_closed_with_its_real_exit(mode: Mode) -> None:
    scene = Scene(seed=202, mode=mode)
    scene.opens()
    _unseen(scene, lambda: scene.hand("sell" if scene.position > 0 else "buy", abs(scene.position)))
    scene.runs(ONE_INTERVAL_MS)
    trade = scene.trades()[0]
    assert trade.reason == "manual"
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_orphans()
    scene.check_money()


@BOTH
def test_reconcile_scenario_3_an_orphan_position_of_a_person_is_not_touched_and_nothing_opens_there(mode: Mode) -> None:
    scene = Scene(seed=203, mode=mode)
    scene.runs(100)
    assert scene.says(desk.StopStrategy, name="fasttest").ok
    _unseen(scene, lambda: scene.hand("buy", Decimal(5_000)))
    scene.foreign = Decimal(5_000)
    scene.runs(ONE_INTERVAL_MS)
    assert scene.says(desk.StartStrategy, name="fasttest").ok
    scene.runs(20_000)
    assert scene.position == 5_000
    assert not scene.entries()
    assert "position_held" in {told.why.code for told in scene.told if isinstance(told, journal.SignalRefused)}


@BOTH
def test_reconcile_scenario_3_an_orphan_position_with_our_label_is_protected_closed_or_shown(mode: Mode) -> None:
    scene = Scene(seed=206, mode=mode)
    scene.runs(100)
    assert scene.says(desk.StopStrategy, name="fasttest").ok
    _unseen(scene, lambda: scene.hand("buy", Decimal(5_000), label=LOST + "e0"))
    scene.excused = True  # until it is found, nobody knows
    scene.runs(ONE_INTERVAL_MS)
    issues = [issue.finding.instrument for issue in scene.store.issues.still_open()]
    assert scene.cover >= abs(scene.position) or issues == [scene.instrument]
    held = scene.position
    assert scene.says(desk.StartStrategy, name="fasttest").ok
    scene.runs(20_000)
    assert not held or len(scene.entries()) == 1, "nothing opens beside it"


@BOTH
@pytest.mark.parametrize("which", ["s", "t", "st"])
def test_reconcile_scenario_4_a_missing_stop_or_target_is_put_back(which: str, mode: Mode) -> None:
    scene = Scene(seed=204, mode=mode)
    scene.opens()
    scene.guardian_sleeps()
    scene.excused = True  # nobody was told: what is measured is the timer

    def vanish() -> None:
        for letter in which:
            for order in scene.leg(letter):
                scene.hand_cancels(order)

    _unseen(scene, vanish)
    scene.runs(ONE_INTERVAL_MS)
    assert scene.cover >= abs(scene.position) > 0
    assert scene.leg("t")
    scene.excused = False
    scene.check()


@BOTH
@pytest.mark.parametrize("leg", ["e0", "s0", "t1"])
def test_reconcile_scenario_5_an_orphan_order_is_cancelled_within_one_interval(leg: str, mode: Mode) -> None:
    scene = Scene(seed=205, mode=mode)
    scene.opens()
    lost: list[str] = []
    wish = {"type": "limit", "price": Decimal(63_500), "label": LOST + leg}
    _unseen(scene, lambda: lost.append(scene.hand("buy", Decimal(1_000), **wish).order_id))
    scene.runs(ONE_INTERVAL_MS)
    assert lost[0] not in scene.account.live
    scene.check()


# --- databases in a file, with the troubles files have


class File(Database):
    """A database in a file on a disk that can be made small: SQLite itself then says that it is full."""

    pages_max = 0

    def is_made_small(self) -> None:
        """Not a page more than it has."""
        (self.pages_max,) = self.sql("PRAGMA page_count").fetchone()
        self.close_thread()

    def has_room(self) -> None:
        self.pages_max = 0
        self.close_thread()

    def _connect(self) -> sqlite3.Connection:
        connection = super()._connect()
        if self.pages_max:
            connection.execute(f"PRAGMA max_page_count = {self.pages_max}")
        return connection


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    database = File(tmp_path / "tradebaas.sqlite3", sync=Sync.OFF, wait_s_max=0.02)
    migrate(database, lambda: None)
    yield database
    database.close_thread()


def _on(file: Database, seed: int, mode: Mode) -> Scene:
    store = Store(file, DataDir(Path(file.path).parent), worker=WorkerId("w1"), account="main")
    return Scene(seed=seed, store=store, mode=mode)


def _rests(scene: Scene) -> None:
    """Trading goes on; in the end all is flat and agrees, to the last digit."""
    scene.runs(70_000)
    scene.comes_to_rest()
    scene.check_entries()
    scene.check_orphans()
    scene.check_money()
    scene.check_positions()


@BOTH
def test_restore_of_an_older_database_closes_what_is_over_and_enters_nothing_twice(mode: Mode, file: Database) -> None:
    """Backed up in a first trade, restored when that trade was closed long ago and another one is open."""
    scene = _on(file, 211, mode)
    first = scene.opens().plan.bracket_id
    file.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = Path(file.path).with_suffix(".backup")
    shutil.copy(file.path, backup)
    scene.moves_by(150)
    scene.runs_until(scene.trades)
    scene.runs_until(lambda: scene.brackets and scene.cover >= abs(scene.position) > 0)
    scene.runs(1_000)
    held, entries = scene.position, scene.entries()

    def restores() -> None:
        file.close_thread()
        for end in ("-wal", "-shm"):
            Path(file.path + end).unlink(missing_ok=True)
        shutil.copy(backup, file.path)

    scene.silent_crash(restores)
    scene.runs(10_000)
    assert first in [trade.bracket_id for trade in scene.trades()], "closed with what the exchange still knows"
    assert not next(trade for trade in scene.trades() if trade.bracket_id == first).pnl.estimated  # type: ignore[union-attr]
    assert scene.entries() == entries, "nothing was entered"
    known = sum((one.held * one.plan.side.sign for one in scene.brackets), Decimal(0))
    issues = [issue.finding.instrument for issue in scene.store.issues.still_open()]
    assert known == held or issues == [scene.instrument], (
        "the trade it never heard of is taken up, or shown to a person"
    )
    scene.runs(20_000)
    assert scene.entries() == entries, "and nothing opens beside it"


@BOTH
def test_disk_full_opens_nothing_leaves_nothing_bare_and_loses_nothing(mode: Mode, file: File) -> None:
    """Really full: SQLite may not make the file a page larger, and says so in the middle of anything."""
    scene = _on(file, 212, mode)
    scene.runs(400)
    file.is_made_small()
    opened: dict[str, int] = {}
    for _ in range(30):  # what is small still fits for a while
        opened = scene.entries()
        scene.runs(8_000)
        scene.moves_by(150)
        scene.runs(4_000)
        assert scene.cover >= abs(scene.position)
        if scene.entries() == opened:
            break
    assert scene.entries() == opened, "a full disk opens nothing"
    assert scene.alerts("store_failing")
    file.has_room()
    scene.runs_until(lambda: len(scene.entries()) > len(opened), 90_000)
    _rests(scene)


@BOTH
def test_locked_database_opens_nothing_says_so_and_loses_nothing(mode: Mode, file: Database) -> None:
    """Somebody else holds the write lock: a tool left open in another window."""
    scene = _on(file, 213, mode)
    scene.opens()
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    opened = scene.entries()
    scene.moves_by(150)
    scene.runs(12_000)
    assert scene.alerts("store_failing")
    assert scene.entries() == opened, "nothing is sent that is not on disk"
    assert scene.cover >= abs(scene.position)
    assert not scene.says(desk.Halt, reason="x").ok, "and nothing is acknowledged"
    other.execute("ROLLBACK")
    other.close()
    scene.runs_until(scene.trades)
    scene.runs_until(lambda: len(scene.entries()) > len(opened))
    _rests(scene)


@BOTH
def test_locked_database_in_the_middle_of_an_entry_leaves_nothing_bare(mode: Mode, file: Database) -> None:
    scene = _on(file, 214, mode)
    scene.runs_until(lambda: scene.brackets)
    other = sqlite3.connect(file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    scene.runs(8_000)
    assert scene.cover >= abs(scene.position)
    other.execute("ROLLBACK")
    other.close()
    scene.runs(20_000)
    assert not scene.trades(Which.QUARANTINED)
    _rests(scene)
