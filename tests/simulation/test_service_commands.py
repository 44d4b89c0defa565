"""What a person's buttons do, exactly; the connection policy; clocks that jump, and the settlement at 08:00."""

from collections.abc import Callable

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from persistence.outbox import Notice
from tests.simulation.service_scene import FAR, Resting, Scene
from trading.bracket import Mode
from trading.bracket.effects import Severity
from trading.messages import desk, journal

NAME = "fasttest"


def _refusals(scene: Scene) -> set[str]:
    return {told.why.code for told in scene.told if isinstance(told, journal.SignalRefused)}


# --- buttons


def test_pause_opens_nothing_new_and_leaves_the_trade_managed_until_resume() -> None:
    scene = Scene(seed=101)
    scene.opens()
    assert scene.says(desk.PauseStrategy, name=NAME).ok
    scene.runs(1_000)
    assert scene.cover >= abs(scene.position) > 0
    scene.moves_by(150)
    scene.runs(20_000)
    assert scene.row.state == "PAUSED"
    assert not scene.position
    assert scene.says(desk.ResumeStrategy, name=NAME).ok
    scene.runs(10_000)
    assert scene.position
    scene.check()


def test_stop_ends_the_strategy_and_leaves_its_trade_protected_and_start_takes_it_up() -> None:
    scene = Scene(seed=102)
    scene.opens()
    assert scene.says(desk.StopStrategy, name=NAME).ok
    scene.runs(30_000)
    assert scene.row.state == "IDLE"
    assert scene.cover >= abs(scene.position) > 0
    assert scene.says(desk.StartStrategy, name=NAME).ok
    scene.runs(1_000)
    assert scene.row.state == "POSITION_OPEN"


def test_close_flattens_the_trade_and_the_strategy_goes_on() -> None:
    scene = Scene(seed=103)
    first = scene.opens()
    assert scene.says(desk.CloseStrategy, name=NAME).ok
    scene.runs(1_000)
    assert [trade.bracket_id for trade in scene.trades()] == [first.plan.bracket_id]
    scene.runs(15_000)
    assert scene.position
    scene.check()


def test_close_of_an_entry_that_rests_takes_it_away() -> None:
    scene = Scene(seed=104, kind=Resting)
    scene.runs_until(lambda: scene.leg("e"))
    assert scene.says(desk.CloseStrategy, name=NAME).ok
    scene.runs(1_500)
    assert not scene.ours
    assert scene.trades(Which.ENDED)


def test_halt_opens_nothing_anywhere_over_restarts_until_it_is_lifted() -> None:
    scene = Scene(seed=105)
    scene.opens()
    assert scene.says(desk.Halt, reason="holiday").ok
    scene.moves_by(150)
    scene.runs(15_000)
    scene.crashes()
    scene.runs(15_000)
    assert not scene.position
    assert "halted" in _refusals(scene)
    assert scene.says(desk.Unhalt).ok
    scene.runs(15_000)
    assert scene.position


def test_panic_halts_cancels_and_flattens_and_holds_over_a_crash_at_once() -> None:
    scene = Scene(seed=106)
    scene.opens()
    assert scene.says(desk.Panic).ok
    scene.runs(2_000)
    assert not scene.position
    assert not scene.ours
    scene.crashes()
    scene.runs(20_000)
    assert not scene.position
    scene.check()


@pytest.mark.parametrize("command", [desk.StartStrategy, desk.PauseStrategy, desk.StopStrategy, desk.CloseStrategy])
def test_a_command_for_a_strategy_that_is_not_there_says_so(command: Callable[..., desk.Command]) -> None:
    scene = Scene(seed=107)
    scene.runs(500)
    assert scene.says(command, name="nobody").code == "unknown"


def test_reconcile_on_demand_leaves_a_report_and_needs_a_connection() -> None:
    scene = Scene(seed=108)
    scene.opens()
    assert scene.says(desk.Reconcile).ok
    scene.runs(1_000)
    assert "asked for" in [report.trigger for report in scene.store.reports.newest()]
    assert all(report.took_ms > 0 for report in scene.store.reports.newest()), "three questions take time"
    assert scene.says(desk.Disconnect).ok
    scene.runs(1_000)
    assert scene.says(desk.Reconcile).code == "conflict"


# --- the connection


@pytest.mark.parametrize("resume", [True, False])
def test_a_lost_connection_stays_lost_until_a_person_reconnects(resume: bool) -> None:
    scene = Scene(seed=110)
    scene.opens()
    scene.cuts()
    scene.runs(120_000)
    assert (scene.row.state, scene.row.cause) == ("PAUSED", "disconnect")
    assert not scene.pipe._transports
    assert len(scene.alerts("disconnected")) == 1
    assert scene.says(desk.Reconnect, resume=resume).ok
    scene.runs(3_000)
    assert scene.row.state == ("POSITION_OPEN" if resume else "PAUSED")
    if not resume:
        assert scene.says(desk.ResumeStrategy, name=NAME).ok
        scene.runs(1_000)
        assert scene.row.state == "POSITION_OPEN"
    assert not scene.trades(Which.QUARANTINED), "a long silence is nobody's fault"
    scene.check()


def test_auto_reconnect_backs_off_and_goes_on_but_not_over_a_persons_pause() -> None:
    scene = Scene(seed=111, auto_reconnect=True)
    scene.opens()
    scene.pipe.is_refusing = True
    scene.cuts()
    scene.runs(90_000)
    assert scene.row.state == "PAUSED"
    scene.pipe.is_refusing = False
    scene.runs(62_000)
    assert scene.row.state == "POSITION_OPEN"
    assert scene.says(desk.PauseStrategy, name=NAME).ok
    scene.cuts()
    scene.runs(20_000)
    assert (scene.row.state, scene.row.cause) == ("PAUSED", "person")


def test_a_start_without_a_connection_tries_a_few_times_and_then_says_so() -> None:
    scene = Scene(seed=112)
    scene.pipe.is_refusing = True
    scene.runs(400_000)
    assert len(scene.alerts("disconnected")) <= 1


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("away_ms", [1_000, 300_000])
def test_an_entry_cut_off_from_its_answer_is_settled_after_the_reconnect(away_ms: int, mode: Mode) -> None:
    scene = Scene(seed=113, mode=mode)
    scene.suffers(Rule(fault="socket_closed", method="private/buy|private/sell", when="after", count=1))
    scene.excused = True
    scene.runs(4_000)
    scene.runs(away_ms)
    assert scene.says(desk.Reconnect, resume=True).ok
    scene.runs(3_000)
    scene.excused = False
    scene.runs(3_000)
    scene.check()
    assert not scene.trades(Which.QUARANTINED)


# --- time


@pytest.mark.parametrize("by_ms", [-3_600_000, 3_600_000, -5_000, 5_000])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_clock_that_jumps_costs_no_stop_and_no_trade(mode: Mode, by_ms: int) -> None:
    scene = Scene(seed=120, mode=mode)
    scene.opens()
    scene.clock_jumps(by_ms)
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs(5_000)
    assert scene.cover >= abs(scene.position) > 0
    scene.moves_by(150)
    scene.runs(3_000)
    assert scene.trades()
    assert scene.naked_worst <= 2_200


@pytest.mark.parametrize("hours", [1, 2, 30])
def test_a_clock_set_forward_by_hours_leaves_database_and_exchange_comparable(hours: int) -> None:
    scene = Scene(seed=122, parameters=FAR | {"cooldown_s": 360_000})
    scene.opens()
    scene.moves_by(150)
    scene.runs(3_000)
    assert not scene.brackets
    scene.clock_jumps(hours * 3_600_000)
    scene.cuts()
    scene.runs(500)
    scene.says(desk.Reconnect, resume=True)
    scene.runs(2_000)
    assert scene.says(desk.Reconcile).ok
    scene.runs(2_000)
    assert [one.trigger for one in scene.store.reports.newest(limit=2)] == ["asked for", "connected"]


def test_the_settlement_passes_over_an_open_trade_without_a_trace() -> None:
    scene = Scene(seed=121, at_ms=-15_000)
    scene.opens()
    scene.runs(40_000)
    assert scene.cover >= abs(scene.position) > 0
    assert not scene.trades(Which.QUARANTINED)
    scene.moves_by(150)
    scene.runs(2_000)
    scene.check_money()
    assert scene.trades()


def test_nothing_opens_around_the_settlement() -> None:
    scene = Scene(seed=122, at_ms=-8_000)
    scene.runs(30_000)
    assert not scene.entries()
    assert "settlement_near" in _refusals(scene)
    scene.runs(15_000)
    assert scene.entries()


def test_alerts_that_a_person_has_read_are_marked_as_read() -> None:
    scene = Scene(seed=130)
    scene.runs(100)
    notice = Notice(severity=Severity.CRITICAL, type="naked_position", text="look", dedupe_key="k", repeat_ms=1_000)
    scene.store.outbox.put(notice, at=scene.now)
    assert scene.says(desk.Acknowledge).sentence == "1 alerts are marked as read"
    assert scene.says(desk.Acknowledge).sentence == "0 alerts are marked as read"
