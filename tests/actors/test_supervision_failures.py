"""What follows when a child fails, in OTP's names: restart type, then what happens. Each claim holds in both worlds."""

import pytest

from actors.address import NoAnswer, ask
from actors.base import DiedOf
from supervisor.spec import SUPERVISOR
from tests.actors.supervised import (
    DEADLINE_MS,
    LISTENER,
    PROBE,
    Broken,
    Chatter,
    End,
    Greet,
    Later,
    Raise,
    Say,
    World,
)
from trading.errors import Unavailable
from trading.messages.supervision import (
    ChildFailed,
    ChildStarted,
    ChildStopped,
    Context,
    MessagesLost,
    OldIncarnationSpoke,
    Phase,
    ResumeChild,
    StartChild,
)
from trading.restart import Exit, Restart, Verdict


def test_permanent_normal_it_is_restarted_under_the_next_generation(world: World) -> None:
    world.runs(Restart.PERMANENT)

    world.tell(End())
    world.until(lambda: world.probe.generation == 2 and world.probe.phase is Phase.RUNNING)

    assert (world.failed().exit, world.failed().verdict) == (Exit.NORMAL, Verdict.RESTART)
    assert world.ask(Greet()) == 2
    assert world.probe.restarts == 1


@pytest.mark.parametrize("restart", [Restart.TRANSIENT, Restart.TEMPORARY])
def test_transient_and_temporary_normal_it_is_left_alone(world: World, restart: Restart) -> None:
    world.runs(restart)

    world.tell(End())
    world.until(lambda: bool(world.all_of(ChildStopped)))

    assert world.probe.phase is Phase.IDLE
    assert world.all_of(ChildFailed) == []
    assert world.habits.stops == [1]


@pytest.mark.parametrize("restart", [Restart.PERMANENT, Restart.TRANSIENT])
def test_permanent_and_transient_abnormal_it_is_restarted(world: World, restart: Restart) -> None:
    world.runs(restart)

    world.tell(Raise(error=Broken("bad tick")))
    world.until(lambda: world.probe.generation == 2 and world.probe.phase is Phase.RUNNING)

    failed = world.failed()
    assert (failed.supervisor, failed.context, failed.offender) == (SUPERVISOR, Context.CHILD_TERMINATED, PROBE)
    assert failed.reason.endswith("Broken: bad tick")
    assert "in on_receive" in failed.traceback
    assert world.habits.failures == [1]


def test_temporary_abnormal_it_stays_in_error_until_a_person_resumes_it(world: World) -> None:
    world.runs(Restart.TEMPORARY)

    world.tell(Raise(error=Broken("bad tick")))
    world.until(lambda: world.probe.phase is Phase.ERROR)
    world.settle()

    assert world.habits.starts == [1]
    assert (world.failed().exit, world.failed().verdict) == (Exit.RAISED, Verdict.ERROR)
    assert world.memory.error(PROBE) == world.probe.reason != ""
    assert world.commands(StartChild(child=PROBE)).code == "in_error"

    world.commands(ResumeChild(child=PROBE))
    world.until(lambda: world.probe.phase is Phase.RUNNING)

    assert world.ask(Greet()) == 2
    assert world.memory.error(PROBE) is None


def test_an_error_outlives_the_process(world: World) -> None:
    world.memory.put_in_error(_failed("yesterday"))

    world.launches(world.spec(Restart.TEMPORARY))
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)

    assert (world.probe.phase, world.probe.reason) == (Phase.ERROR, "yesterday")
    assert world.habits.starts == []


@pytest.mark.parametrize("error", [Broken("bad question"), AssertionError("rule")])
def test_abnormal_while_asked_the_asker_gets_the_exception_and_the_child_dies_too(
    world: World, error: Exception
) -> None:
    """Pykka lets it live on with whatever it had half done."""
    world.runs(Restart.TEMPORARY)

    with pytest.raises(type(error), match=str(error)):
        world.ask(Raise(error=error))
    world.until(lambda: world.probe.phase is Phase.ERROR)

    assert "in on_receive" in world.failed().traceback


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=["SystemExit", "KeyboardInterrupt"])
def test_an_exit_in_a_handler_ends_that_child_and_nobody_else(world: World, error: BaseException) -> None:
    """Pykka stops every actor of the process."""
    world.runs(Restart.TEMPORARY)

    with pytest.raises(DiedOf, match=type(error).__name__):
        world.ask(Raise(error=error))
    world.until(lambda: world.probe.phase is Phase.ERROR)
    world.settle()

    assert world.supervisor.state().child(LISTENER).phase is Phase.RUNNING
    assert world.supervisor.state().child(LISTENER).generation == 1


def test_an_unknown_message_is_a_broken_rule_and_kills(world: World) -> None:
    world.runs(Restart.TEMPORARY)

    world.tell(3.14)
    world.until(lambda: world.probe.phase is Phase.ERROR)

    assert "Probe does not know 3.14" in world.failed().reason


@pytest.mark.parametrize("habit", ["start_raises", "construct_raises"])
def test_temporary_start_error_it_goes_to_error_and_the_others_come_up(world: World, habit: str) -> None:
    """Pykka says nothing at all about an exception in on_start."""
    setattr(world.habits, habit, Broken("no history"))
    world.launches(world.spec(Restart.TEMPORARY), world.spec(Restart.TEMPORARY, id="another"))
    world.until(lambda: world.supervisor.state().phase is Phase.RUNNING)

    assert world.probe.phase is Phase.ERROR
    assert {failed.context for failed in world.all_of(ChildFailed)} == {Context.START_ERROR}
    assert {failed.offender for failed in world.all_of(ChildFailed)} == {PROBE, "another"}


@pytest.mark.parametrize("habit", ["start_raises", "construct_raises"])
def test_permanent_start_error_at_start_the_tree_does_not_come_up(world: World, habit: str) -> None:
    setattr(world.habits, habit, Broken("no database"))
    world.launches(world.spec(Restart.PERMANENT), world.spec(Restart.PERMANENT, id="never"))
    world.until(lambda: bool(world.ended))

    assert world.supervisor.exit_code == 1
    assert "no database" in world.supervisor.state().reason
    assert world.supervisor.state().child("never").generation == 0
    assert world.all_of(ChildStopped)[-1].child == LISTENER


def test_permanent_start_error_at_a_restart_is_tried_again_until_the_budget_is_spent(world: World) -> None:
    world.runs(Restart.PERMANENT, intensity=3)
    world.habits.start_raises = Broken("no database")

    world.tell(Raise(error=Broken("first")))
    world.until(lambda: bool(world.ended))

    assert world.habits.starts == [1, 2, 3, 4]
    assert [failed.verdict for failed in world.all_of(ChildFailed)] == [Verdict.RESTART] * 3 + [Verdict.ESCALATE]
    assert world.supervisor.exit_code == 1


def test_one_for_one_escalation_past_the_budget_everything_stops_in_order_and_says_why(world: World) -> None:
    world.runs(Restart.PERMANENT, intensity=1)

    world.tell(Raise(error=Broken("one")))
    world.until(lambda: world.probe.generation == 2 and world.probe.phase is Phase.RUNNING)
    world.tell(Raise(error=Broken("two")))
    world.until(lambda: bool(world.ended))

    assert world.supervisor.exit_code == 1
    assert world.supervisor.state().reason.endswith("Broken: two")
    assert [type(notice).__name__ for notice in world.notices[-2:]] == ["ChildStopped", "EverythingStopped"]
    assert world.ended[0].stage is None


@pytest.mark.parametrize(
    ("restart", "phase"), [(Restart.TEMPORARY, Phase.ERROR), (Restart.PERMANENT, Phase.RUNNING)], ids=str
)
def test_hung_it_is_fenced_off_and_what_it_says_on_waking_reaches_nobody(
    world: World, restart: Restart, phase: Phase
) -> None:
    world.runs(restart)

    wake = world.hangs("late order")
    world.until(lambda: bool(world.all_of(ChildFailed)))
    if not world.is_simulated:
        assert "in passes" in world.failed().traceback
    (abandoned,) = world.supervisor.state().abandoned
    assert (abandoned.child, abandoned.generation) == (PROBE, 1)
    wake()
    world.until(lambda: world.supervisor.state().fenced == 3 and world.probe.phase is phase)
    world.settle()

    assert (world.failed().exit, world.failed().context) == (Exit.HUNG, Context.CHILD_TERMINATED)
    assert f"deadline is {DEADLINE_MS}" in world.failed().reason
    assert world.heard == []
    (spoke,) = world.all_of(OldIncarnationSpoke)
    assert (spoke.child, spoke.generation, spoke.dropped) == (PROBE, 1, 3)
    assert world.supervisor.state().abandoned == ()
    assert world.habits.failures == world.habits.stops == []


def test_hung_and_resumed_the_new_incarnation_speaks_while_the_old_one_is_still_dropped(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    wake = world.hangs("late order")
    world.until(lambda: world.probe.phase is Phase.ERROR)

    world.commands(ResumeChild(child=PROBE))
    world.until(lambda: world.probe.phase is Phase.RUNNING)
    world.tell(Say(word="fresh"))
    wake()
    world.until(lambda: world.supervisor.state().fenced == 3)
    world.settle()

    assert world.heard == ["2:fresh"]


def test_flooded_temporary_goes_to_error_and_its_messages_are_counted(world: World) -> None:
    world.runs(Restart.TEMPORARY, inbox_max=50, deadline_ms=60_000)

    wake = world.hangs("late")
    for _ in range(60):
        world.tell(Say(word="tick"))
    world.until(lambda: world.probe.phase is Phase.ERROR)
    wake()
    world.until(lambda: world.probe.lost >= 60)
    world.settle()

    assert world.failed().exit is Exit.FLOODED
    assert "its inbox may hold 50" in world.failed().reason
    assert sum(lost.kinds["Say"] for lost in world.all_of(MessagesLost)) == 60
    assert world.heard == []


def test_flooding_others_kills_who_floods_and_not_who_is_flooded(world: World) -> None:
    world.runs(Restart.TEMPORARY, told_max=100)

    world.tell(Chatter(count=100))
    world.tell(Chatter(count=1_000_000))
    world.until(lambda: world.probe.phase is Phase.ERROR)
    world.settle()

    assert "told more than 100 messages while it handled one" in world.failed().reason
    assert len(world.heard) == 200
    assert world.supervisor.state().child(LISTENER).generation == 1


def test_a_timer_of_an_old_incarnation_never_arrives(world: World) -> None:
    world.runs(Restart.PERMANENT)

    world.tell(Later(word="old", delay_ms=60))
    world.tell(Raise(error=Broken("now")))
    world.until(lambda: world.probe.generation == 2 and world.probe.phase is Phase.RUNNING)
    world.tell(Later(word="new", delay_ms=120))
    world.until(lambda: bool(world.heard))

    assert world.heard == ["2:new"]


def test_messages_to_the_dead_are_counted_reported_and_never_raise_into_the_teller(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    world.tell(Raise(error=Broken("dead")))
    world.until(lambda: world.probe.phase is Phase.ERROR)

    for _ in range(5):
        world.tell(Say(word="hello"))
    world.until(lambda: bool(world.all_of(MessagesLost)))
    with pytest.raises(Unavailable):
        world.ask(Greet())
    world.settle()

    assert sum(lost.kinds.get("Say", 0) for lost in world.all_of(MessagesLost)) == 5
    assert world.probe.lost == 5


def test_who_asks_a_hung_child_gets_no_answer_in_time(world: World) -> None:
    world.runs(Restart.TEMPORARY, deadline_ms=60_000)
    wake = world.hangs("slow")

    with pytest.raises(NoAnswer):
        ask(world.runtime.directory.find(PROBE), Greet(), timeout_s=0.05)
    wake()

    assert world.ask(Greet()) == 1


def test_who_asked_a_child_that_ends_first_is_told_so(world: World) -> None:
    world.runs(Restart.TEMPORARY)
    world.tell(Raise(error=Broken("first")))

    with pytest.raises(Unavailable):
        world.ask(Greet())


def test_every_start_is_told(world: World) -> None:
    world.runs(Restart.PERMANENT)

    assert [(started.child, started.generation) for started in world.all_of(ChildStarted)] == [
        (LISTENER, 1),
        (PROBE, 1),
    ]


def _failed(reason: str) -> ChildFailed:
    return ChildFailed(
        supervisor=SUPERVISOR,
        context=Context.CHILD_TERMINATED,
        reason=reason,
        offender=PROBE,
        generation=1,
        exit=Exit.RAISED,
        verdict=Verdict.ERROR,
        traceback="",
        at_ms=0,
    )
