"""Commands that come while a child waits for its restart, is stopping, or was known before."""

from typing import Any

import pytest

from actors.address import Name
from supervisor.spec import SUPERVISOR, AddChild
from tests.actors.supervised import DEADLINE_MS, PROBE, Raise, Work, World
from trading.errors import Refused
from trading.messages.supervision import (
    Accepted,
    ChildFailed,
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

SECOND = Name[Any]("second")


def test_stopping_everything_twice_stops_it_once_for_the_first_reason() -> None:
    world = World("simulated").runs(Restart.PERMANENT)
    supervisor = world.runtime.directory.find("supervisor")
    supervisor.tell(StopEverything(reason="first"))
    supervisor.tell(StopEverything(reason="second", exit_code=3))
    world.until(lambda: bool(world.ended))
    assert [stopped.reason for stopped in world.all_of(EverythingStopped)] == ["first"]
    assert world.supervisor.exit_code == 0


def test_nobody_is_added_while_everything_stops() -> None:
    world = World("simulated").runs(Restart.TEMPORARY)
    wake = world.hangs("late")
    world.runtime.directory.find("supervisor").tell(StopEverything(reason="SIGTERM"))
    refused = world.ask(AddChild(spec=world.spec(Restart.TEMPORARY, id=SECOND)), SUPERVISOR)
    assert isinstance(refused, Refused)
    assert refused.code == "stopping"
    wake()
    world.until(lambda: bool(world.ended))
    assert "second" not in [child.id for child in world.supervisor.state().children]


def test_a_child_nobody_knows_is_not_there() -> None:
    world = World("simulated").runs(Restart.PERMANENT)
    with pytest.raises(LookupError, match="'nobody'"):
        world.supervisor.state().child("nobody")


def test_one_that_waits_for_its_restart_can_be_stopped_and_stays_down() -> None:
    world = World("simulated").runs(Restart.TRANSIENT)
    for _ in range(2):  # the first restart comes at once
        world.tell(Raise(error=ArithmeticError("again")))
        world.until(lambda: world.phase() is Phase.RESTARTING)
        if world.probe.restarts == 0:
            world.until(lambda: world.phase() is Phase.RUNNING)
    assert isinstance(world.commands(StopChild(child=PROBE)), Accepted)
    assert world.phase() is Phase.IDLE
    generation = world.probe.generation
    world.settle()
    assert (world.phase(), world.probe.generation) == (Phase.IDLE, generation)


@pytest.mark.parametrize("autostart", [True, False])
def test_one_that_is_added_begins_unless_its_spec_says_otherwise(autostart: bool) -> None:
    world = World("simulated").runs(Restart.TEMPORARY)
    spec = world.spec(Restart.TEMPORARY, id=SECOND, autostart=autostart)
    assert isinstance(world.ask(AddChild(spec=spec), SUPERVISOR), Accepted)
    world.settle()
    assert world.supervisor.state().child(SECOND).phase is (Phase.RUNNING if autostart else Phase.IDLE)
    refused = world.ask(AddChild(spec=spec), SUPERVISOR)
    assert isinstance(refused, Refused)
    assert "there is one of that id" in refused.sentence


def test_one_that_failed_in_an_earlier_life_is_added_in_error_and_waits_for_a_person() -> None:
    world = World("simulated").runs(Restart.TEMPORARY)
    failed = ChildFailed(
        supervisor="supervisor",
        context=Context.CHILD_TERMINATED,
        reason="it broke last week",
        offender=SECOND,
        generation=1,
        exit=Exit.RAISED,
        verdict=Verdict.ERROR,
        traceback="",
        at_ms=0,
    )
    world.memory.put_in_error(failed)
    world.ask(AddChild(spec=world.spec(Restart.TEMPORARY, id=SECOND)), SUPERVISOR)
    world.settle()
    second = world.supervisor.state().child(SECOND)
    assert (second.phase, second.reason) == (Phase.ERROR, "it broke last week")
    assert isinstance(world.commands(ResumeChild(child=SECOND)), Accepted)
    world.settle()
    assert world.supervisor.state().child(SECOND).phase is Phase.RUNNING


def test_one_that_was_given_up_and_removed_may_still_wake_and_end() -> None:
    world = World("simulated").runs(Restart.TEMPORARY)
    wake = world.hangs("late")
    world.until(lambda: world.phase() is Phase.ERROR)
    assert isinstance(world.commands(RemoveChild(child=PROBE)), Accepted)
    wake()
    world.simulated.run_for(10 * DEADLINE_MS)
    assert not world.ended, "the tree lives"
    assert not world.heard, "and what it said reached nobody"
    assert not world.supervisor.state().abandoned


def test_its_time_for_stopping_says_nothing_of_the_next_life() -> None:
    world = World("simulated").runs(Restart.TEMPORARY)
    world.commands(StopChild(child=PROBE))
    world.until(lambda: world.phase() is Phase.IDLE)
    assert isinstance(world.commands(StartChild(child=PROBE)), Accepted)
    world.simulated.run_for(10 * DEADLINE_MS)
    assert world.phase() is Phase.RUNNING
    world.tell(Work(word="well"))
    world.settle()
    assert "2:well" in world.heard
