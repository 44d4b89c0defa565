"""Stopping: in reverse order, each within its time, all within a total; the late are fenced off and named."""

from typing import Any

import pytest

from actors.base import Actor
from actors.incarnation import Incarnation
from supervisor.spec import SUPERVISOR, AddChild, ChildSpec
from tests.actors.supervised import LISTENER, PROBE, Broken, Greet, Raise, Say, World, kinds
from trading.errors import Refused, Unavailable
from trading.messages.supervision import (
    Accepted,
    ChildFailed,
    ChildStarted,
    ChildStopped,
    Context,
    EverythingStopped,
    Phase,
    RemoveChild,
    ResumeChild,
    StartChild,
    StopChild,
    StopEverything,
)
from trading.restart import Exit, Restart, Verdict


def test_children_start_left_to_right_and_stop_right_to_left(world: World) -> None:
    names = ("first", "second", "third")
    world.launches(*(world.spec(Restart.PERMANENT, id=name) for name in names))
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)

    world.stops()

    assert [started.child for started in world.all_of(ChildStarted)] == [LISTENER, *names]
    assert [stopped.child for stopped in world.all_of(ChildStopped)] == [*reversed(names), LISTENER]
    (everything,) = world.all_of(EverythingStopped)
    assert (everything.reason, everything.exit_code, everything.abandoned) == ("asked to", 0, ())
    assert world.supervisor.exit_code == 0


def test_a_child_is_started_only_after_the_one_before_has_come_up(world: World) -> None:
    """The probe, last in order, finds the listener alive when it starts."""
    world.runs(Restart.PERMANENT)

    assert kinds(world.notices) == ["ChildStarted", "ChildStarted"]


def test_what_waits_is_handled_before_the_stop(world: World) -> None:
    world.runs(Restart.TEMPORARY)

    for number in range(20):
        world.tell(Say(word=str(number)))
    world.stops()

    assert world.heard == [f"1:{number}" for number in range(20)]


def test_a_shutdown_that_hangs_is_given_its_time_then_abandoned_and_named(world: World) -> None:
    world.runs(Restart.PERMANENT, shutdown_ms=50)
    wake = world.hangs("on my way out")

    world.stops()
    wake()

    (everything,) = world.all_of(EverythingStopped)
    assert everything.abandoned == (PROBE,)
    assert (world.failed().context, world.failed().verdict) == (Context.SHUTDOWN_ERROR, Verdict.LEAVE)
    assert world.heard == []
    assert world.supervisor.state().child(LISTENER).phase is Phase.IDLE


def test_a_strategy_late_at_the_end_of_the_service_is_not_in_error_tomorrow(world: World) -> None:
    world.runs(Restart.TEMPORARY, shutdown_ms=50)
    wake = world.hangs("on my way out")

    world.stops()
    wake()

    assert world.memory.error(PROBE) is None


def test_the_total_bounds_the_sum_of_all_shutdowns_and_leaves_some_of_it_to_each(world: World) -> None:
    """The listener, first in order and last to stop, is well: those that hang must not use up its time."""
    names = ("a", "b", "c")
    world.launches(*(world.spec(Restart.PERMANENT, id=name, shutdown_ms=10_000) for name in names), stop_ms_max=800)
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)
    clock = world.runtime.clock
    if world.is_simulated:
        wakes = [world.simulated.hang(name) for name in names]
    else:
        world.habits.stop_gate = world.shut_gate()
        wakes = [world.habits.stop_gate.set]

    began_ms = clock.monotonic_ms()
    world.stops()
    took_ms = clock.monotonic_ms() - began_ms
    for wake in wakes:
        wake()

    assert 500 <= took_ms <= 1_000
    (everything,) = world.all_of(EverythingStopped)
    assert everything.abandoned == ("c", "b", "a")


def test_a_strategy_that_raises_in_on_stop_goes_to_error(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    world.habits.stop_raises = Broken("cannot save")

    world.stops()

    assert (world.failed().context, world.failed().exit) == (Context.SHUTDOWN_ERROR, Exit.RAISED)
    assert world.memory.error(PROBE) == world.failed().reason


def test_a_child_that_fails_while_everything_stops_is_not_restarted(world: World) -> None:
    world.runs(Restart.PERMANENT)

    world.tell(Raise(error=Broken("last words")))
    world.stops()
    world.settle() if world.is_simulated else None

    assert world.probe.phase is Phase.IDLE
    assert world.supervisor.exit_code == 0


def test_commands_are_refused_while_everything_stops(world: World) -> None:
    world.runs(Restart.TEMPORARY, shutdown_ms=500)
    wake = world.hangs("on my way out")
    address = world.runtime.directory.address(SUPERVISOR)
    address.tell(StopEverything(reason="end"))

    refused = world.commands(StartChild(child=PROBE))
    wake()
    world.until(lambda: bool(world.ended))

    assert refused == Refused(code="stopping", sentence=refused.sentence)
    with pytest.raises(Unavailable):
        world.commands(StartChild(child=PROBE))


def test_stop_everything_is_heard_between_two_restarts(world: World) -> None:
    """A restart that keeps failing is a message to oneself, not a loop."""
    world.runs(Restart.PERMANENT, intensity=10_000)
    world.habits.start_raises = Broken("never again")

    world.tell(Raise(error=Broken("first")))
    world.until(lambda: len(world.habits.starts) > 5)
    world.stops()

    assert world.supervisor.exit_code == 0


def test_a_child_that_waits_for_its_restart_is_not_restarted_when_everything_stops() -> None:
    world = World("simulated").runs(Restart.PERMANENT, intensity=10)
    world.habits.start_raises = Broken("no")
    world.tell(Raise(error=Broken("first")))
    world.until(lambda: world.probe.phase is Phase.RESTARTING and len(world.habits.starts) == 3)

    wake = world.simulated.hang(LISTENER)
    world.runtime.directory.address(SUPERVISOR).tell(StopEverything(reason="end"))
    world.simulated.run_for(100)
    assert world.phase() is Phase.IDLE
    wake()
    world.until(lambda: bool(world.ended))

    assert len(world.habits.starts) == 3


def test_a_death_beside_it_gives_a_late_child_no_second_time() -> None:
    """Another child that dies while one is waited for must not start the waiting anew."""
    world = World("simulated")
    specs = [world.spec(Restart.PERMANENT, id=name, shutdown_ms=500) for name in ("dies", "late")]
    world.launches(*specs, stop_ms_max=10_000)
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)
    world.simulated.hang("late")
    began_ms = world.simulated.clock.elapsed_ms

    world.runtime.directory.address(SUPERVISOR).tell(StopEverything(reason="end"))
    world.simulated.run_for(400)
    world.runtime.directory.find("dies").tell(Raise(error=Broken("beside")))
    world.until(lambda: bool(world.ended))

    assert world.simulated.clock.elapsed_ms - began_ms == 500


def test_a_strategy_is_stopped_and_started_at_run_time(world: World) -> None:
    world.runs(Restart.TEMPORARY)

    accepted = world.commands(StopChild(child=PROBE))
    assert accepted == Accepted(child=PROBE, phase=Phase.STOPPING, generation=1)
    world.until(lambda: world.probe.phase is Phase.IDLE)
    assert world.commands(StopChild(child=PROBE)).phase is Phase.IDLE
    world.commands(StartChild(child=PROBE))
    world.until(lambda: world.probe.phase is Phase.RUNNING)

    assert world.ask(Greet()) == 2
    assert world.all_of(ChildFailed) == []


def test_a_strategy_that_hangs_when_it_is_stopped_alone_goes_to_error(world: World) -> None:
    world.runs(Restart.TEMPORARY, shutdown_ms=50)
    wake = world.hangs("busy")

    world.commands(StopChild(child=PROBE))
    world.until(lambda: world.probe.phase is Phase.ERROR)
    wake()
    world.settle()

    assert world.heard == []
    assert world.failed().context is Context.SHUTDOWN_ERROR


def test_a_child_can_be_added_resumed_and_removed_at_run_time(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    more = world.spec(Restart.TEMPORARY, id="another")

    assert world.ask(AddChild(spec=more), SUPERVISOR).phase is Phase.STARTING
    world.until(lambda: world.supervisor.state().child("another").phase is Phase.RUNNING)
    assert world.ask(AddChild(spec=more), SUPERVISOR).code == "bad_spec"
    assert world.commands(RemoveChild(child="another")).code == "is_running"
    world.runtime.directory.find("another").tell(Raise(error=Broken("x")))
    world.until(lambda: world.supervisor.state().child("another").phase is Phase.ERROR)
    world.commands(ResumeChild(child="another"))
    world.until(lambda: world.supervisor.state().child("another").phase is Phase.RUNNING)
    world.commands(StopChild(child="another"))
    world.until(lambda: world.supervisor.state().child("another").phase is Phase.IDLE)
    world.commands(RemoveChild(child="another"))

    assert [child.id for child in world.supervisor.state().children] == [LISTENER, PROBE]
    assert world.commands(StartChild(child="another")).code == "unknown_child"


def test_a_failure_of_the_supervisor_itself_is_reported_to_the_process(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    unspeakable: Any = "not a command"

    world.runtime.directory.address(SUPERVISOR).tell(unspeakable)
    world.until(lambda: bool(world.ended))

    assert world.ended[0].stage is not None
    assert world.supervisor.exit_code is None


def test_a_wrong_address_is_found_when_the_child_is_made(world: World) -> None:
    def start(own: Incarnation) -> Actor:
        own.address(LISTENER)
        own.address(type(LISTENER)("nobody"))
        raise AssertionError("not reached")

    spec = ChildSpec(id=PROBE, start=start, restart=Restart.TEMPORARY, shutdown_ms=100, deadline_ms=100, inbox_max=100)
    world.launches(spec)
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)

    assert "no child called 'nobody'" in world.probe.reason
