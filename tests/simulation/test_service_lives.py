"""Every part may die or hang at any moment: it comes back, finds its place, and no harm is done meanwhile."""

from typing import ClassVar

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from strategies.base import Decision, Strategy
from supervisor.spec import SUPERVISOR
from tests.simulation.service_scene import Scene
from trading.bracket import Mode
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages import desk, journal, notices, supervision
from trading.values import Milliseconds

PERMANENT = ("journal", "notifier", "orders", "guardian", "reconciler", "desk")


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("way", ["killed", "hung"])
@pytest.mark.parametrize("child", PERMANENT)
def test_a_permanent_part_comes_back_and_trading_goes_on(child: str, way: str, mode: Mode) -> None:
    scene = Scene(seed=61, mode=mode)
    scene.opens()
    _strike(scene, child, way)
    scene.runs(16_000)
    assert scene.cover >= abs(scene.position) > 0
    scene.moves_by(150)
    scene.runs(15_000)
    assert scene.trades(), "the trade was closed and booked"
    assert scene.position, "the next one was opened"
    scene.check()
    assert scene.says(desk.StopStrategy, name="fasttest").ok
    scene.runs(3_000)
    assert scene.row.state == "IDLE"
    assert "strategy:fasttest" not in {cell.name for cell in scene.runtime._cells.values()}


@pytest.mark.parametrize("way", ["killed", "hung"])
def test_a_broker_that_dies_is_a_lost_connection_until_a_person_reconnects(way: str) -> None:
    scene = Scene(seed=62)
    scene.opens()
    _strike(scene, "broker", way)
    scene.runs(20_000)
    assert scene.row.state == "PAUSED"
    assert scene.alerts("disconnected")
    assert scene.says(desk.Reconnect, resume=True).ok
    scene.runs(3_000)
    assert scene.row.state == "POSITION_OPEN"
    scene.check()


def test_a_broker_that_dies_is_connected_again_where_that_was_allowed() -> None:
    scene = Scene(seed=63, auto_reconnect=True)
    scene.opens()
    _strike(scene, "broker", "killed")
    scene.runs(10_000)
    assert scene.row.state == "POSITION_OPEN"


@pytest.mark.parametrize("seed", range(70, 76), ids="seed_{}".format)
def test_parts_dying_in_the_middle_of_anything_do_no_harm(seed: int) -> None:
    modes = list(Mode)
    scene = Scene(seed=seed, mode=modes[seed % 2], moving="wild")
    for _ in range(4):
        scene.runs(scene._rng.randrange(200, 8_000))
        _strike(scene, scene._rng.choice(PERMANENT), "killed")
    scene.runs(70_000)
    scene.comes_to_rest()
    scene.check(naked_ms_max=4_500)


def test_past_the_budget_the_process_stops_in_order_and_the_stops_rest() -> None:
    scene = Scene(seed=64)
    scene.opens()
    for _ in range(7):
        if not scene.ended:
            _strike(scene, "orders", "killed")
            scene.runs(9_000)
    assert scene.supervisor.exit_code == 1
    assert scene.cover >= abs(scene.position) > 0
    scene.crashes()
    scene.runs(3_000)
    scene.check()


@pytest.mark.parametrize("after_ms", [0, 20, 40, 60, 80, 120])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_an_orderly_stop_in_the_middle_of_an_entry_first_gets_its_stop_to_rest(mode: Mode, after_ms: int) -> None:
    """Nobody knows when the next start is: what the last one began must not be left bare."""
    scene = Scene(seed=71, mode=mode)
    scene.runs_until(lambda: scene.brackets)
    scene.runs(after_ms)
    scene.runtime.directory.address(SUPERVISOR).tell(supervision.StopEverything(reason="SIGTERM"))
    scene.runs(6_000)
    assert scene.supervisor.exit_code == 0
    assert scene.position, "the entry was on its way"
    assert scene.cover >= abs(scene.position)
    scene.crashes()
    scene.runs(3_000)
    scene.check()


def test_an_orderly_stop_of_what_is_protected_waits_for_nothing() -> None:
    scene = Scene(seed=72)
    scene.opens()
    scene.runtime.directory.address(SUPERVISOR).tell(supervision.StopEverything(reason="SIGTERM"))
    scene.runs(20)
    assert scene.supervisor.exit_code == 0


def test_an_orderly_stop_that_cannot_get_cover_ends_in_its_time() -> None:
    scene = Scene(seed=73, mode=Mode.SEQUENTIAL)
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10019, after_n=1))
    scene.runs_until(lambda: scene.position)
    scene.runtime.directory.address(SUPERVISOR).tell(supervision.StopEverything(reason="SIGTERM"))
    scene.runs(8_000)
    assert scene.supervisor.exit_code == 0


@pytest.mark.parametrize("how", ["raises", "hangs", "floods"])
def test_a_strategy_that_fails_is_in_error_until_a_person_resumes_it(how: str) -> None:
    scene = Scene(seed=65, kind=Failing)
    Failing.fails = False
    scene.runs(3_000)
    if how == "raises":
        Failing.fails = True
        scene.runs(2_000)
        assert "broke on purpose" in scene.row.traceback
    elif how == "hangs":
        wake = scene.runtime.hang("strategy:fasttest")
        scene.runs(8_000)
        wake()
    else:
        wake = scene.runtime.hang("strategy:fasttest")
        for _ in range(3_000):
            scene.runtime.directory.find("strategy:fasttest").tell(object())
        scene.runs(1_000)
        wake()
    Failing.fails = False
    assert scene.row.state == "ERROR"
    assert scene.alerts("strategy_error")
    scene.runs(5_000)
    assert not scene.says(desk.StartStrategy, name="fasttest").ok
    scene.crashes()
    scene.runs(5_000)
    assert scene.row.state == "ERROR", "a restart changes nothing"
    assert scene.says(desk.ResumeStrategy, name="fasttest").ok
    scene.crashes()
    scene.runs(5_000)
    assert scene.row.state == "ANALYZING", "a person's word was on disk when it was answered"


def test_a_failing_strategy_leaves_its_trade_protected() -> None:
    scene = Scene(seed=66)
    scene.opens()
    scene.runtime.hang("strategy:fasttest")
    scene.runs(10_000)
    assert scene.row.state == "ERROR"
    assert scene.cover >= abs(scene.position) > 0
    scene.moves_by(150)
    scene.runs(3_000)
    assert len(scene.trades()) == 1
    assert scene.row.state == "ERROR"


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_the_guardian_closes_what_a_sleeping_order_manager_leaves_naked(mode: Mode) -> None:
    scene = Scene(seed=67, mode=mode)
    scene.opens()
    scene.runtime.hang("orders")
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs(5_000)
    assert scene.position == 0
    assert scene.alerts("naked_position")
    scene.runs(40_000)
    scene.check_money()
    assert not scene.trades(Which.QUARANTINED)


def test_the_guardians_word_is_repeated_until_it_is_over() -> None:
    scene = Scene(seed=68)
    scene.opens()
    assert scene.says(desk.Halt, reason="enough").ok
    scene.suffers(Rule(fault="refused", method="private/buy|private/sell", code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs(100_000)
    assert len(scene.alerts("naked_position")) >= 3
    scene.mended()
    scene.runs(40_000)
    assert scene.position == 0
    said = len(scene.alerts("naked_position"))
    scene.runs(40_000)
    assert len(scene.alerts("naked_position")) == said
    scene.check_money()


class Failing(Strategy):
    """Raises when told to."""

    kind: ClassVar[str] = "fasttest"
    fails: ClassVar[bool] = False

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        if Failing.fails:
            raise ValueError("broke on purpose")
        return Decision(text=f"waits on {instrument.name} at {ticker.mark}, {now}")


def _strike(scene: Scene, child: str, way: str) -> None:
    if way == "killed":
        scene.runtime.kill(child)
    else:
        scene.runtime.hang(child)


def test_what_was_told_is_of_the_kinds_that_people_are_told() -> None:
    scene = Scene(seed=69)
    scene.opens()
    assert all(isinstance(notice, notices.Notice | notices.Outbox) for notice in scene.notices)
    assert any(isinstance(told, journal.BracketMoved) for told in scene.told)
