"""What the supervisor does over time, exact to the millisecond in virtual time."""

from tests.actors.supervised import LISTENER, LOOK_MS, PROBE, Broken, Raise, Say, World
from trading.messages import strategy
from trading.messages.supervision import ChildCrowded, ChildFailed, MessagesLost, Phase
from trading.restart import Exit, Restart


def simulated(restart: Restart, **more: object) -> World:
    return World("simulated").runs(restart, **more)


def test_health_shows_who_is_at_what_for_how_long_and_how_many_wait() -> None:
    world = simulated(Restart.TEMPORARY, deadline_ms=60_000)
    world.tell(Say(word="done"))
    world.simulated.run_for(100)
    wake = world.hangs("work")
    world.simulated.run_for(1_000)
    world.tell(Say(word="waits"))
    world.simulated.run_for(500)

    pulse = world.probe.pulse
    assert (pulse.handling, pulse.handling_ms) == ("Work", 1_500)
    assert (pulse.inbox_depth, pulse.oldest_ms) == (1, 500)
    assert (pulse.handled, pulse.last_age_ms) == (1, 1_600)
    wake()
    world.simulated.run_for(10)
    assert world.probe.pulse.handling_ms is None
    assert world.supervisor.state().supervisor.handled > 50


def test_a_child_within_its_deadline_is_left_alone_and_cut_off_at_the_next_look_after_it() -> None:
    world = simulated(Restart.TEMPORARY, deadline_ms=1_000)
    began_ms = world.simulated.clock.elapsed_ms
    world.hangs("work")

    world.simulated.run_until(began_ms + 1_000)
    assert world.phase() is Phase.RUNNING
    world.simulated.run_until(began_ms + 1_000 + LOOK_MS)

    assert world.phase() is Phase.ERROR


def test_when_the_whole_process_stood_still_nobody_is_said_to_hang() -> None:
    """SIGSTOP, a debugger, a frozen machine: on waking everyone seems to have been at it for ages."""
    world = simulated(Restart.TEMPORARY, deadline_ms=1_000)
    supervisor_wakes = world.simulated.hang("supervisor")
    probe_wakes = world.hangs("work")
    world.simulated.run_for(10_000)

    supervisor_wakes()
    world.simulated.run_for(0)
    probe_wakes()
    world.simulated.run_for(1_000)

    assert world.probe.phase is Phase.RUNNING
    assert world.heard[0] == "1:work"


def test_but_who_still_hangs_at_the_look_after_is_cut_off() -> None:
    world = simulated(Restart.TEMPORARY, deadline_ms=1_000)
    supervisor_wakes = world.simulated.hang("supervisor")
    world.hangs("work")
    world.simulated.run_for(10_000)

    supervisor_wakes()
    world.simulated.run_for(LOOK_MS + 1)

    assert world.failed().exit is Exit.HUNG


def test_an_inbox_that_becomes_half_full_is_told_once_until_it_was_nearly_empty() -> None:
    world = simulated(Restart.TEMPORARY, deadline_ms=60_000, inbox_max=100)

    for _ in range(2):
        wake = world.hangs("work")
        for _ in range(60):
            world.tell(Say(word="tick"))
        world.simulated.run_for(10 * LOOK_MS)
        wake()
        world.simulated.run_for(10 * LOOK_MS)

    crowded = world.all_of(ChildCrowded)
    assert [(notice.child, notice.depth, notice.inbox_max) for notice in crowded] == [(PROBE, 60, 100)] * 2
    assert world.all_of(ChildFailed) == []


def test_a_thread_gone_without_a_word_is_noticed_at_the_second_look() -> None:
    world = simulated(Restart.PERMANENT)
    world.simulated.kill(PROBE)
    world.tell(Say(word="to nobody"))

    world.simulated.run_for(3 * LOOK_MS)

    assert world.failed().exit is Exit.VANISHED
    assert world.probe.generation == 2
    assert [dict(lost.kinds) for lost in world.all_of(MessagesLost)] == [{"Say": 1}]


def test_restarts_of_one_child_come_with_growing_delays() -> None:
    world = simulated(Restart.PERMANENT, intensity=4)
    world.habits.start_raises = Broken("no")
    began_ms = world.simulated.clock.elapsed_ms
    times: list[int] = []
    world.simulated.after.append(
        lambda _name, _message: (
            times.append(world.simulated.clock.elapsed_ms - began_ms)
            if len(world.habits.starts) > len(times) + 1
            else None
        )
    )

    world.tell(Raise(error=Broken("first")))
    world.until(lambda: bool(world.ended))

    assert times == [0, 1, 3, 7]


def test_lost_notices_are_counted_but_do_not_breed_more_notices() -> None:
    world = simulated(Restart.TEMPORARY)
    world.supervisor._notes._to += (world.runtime.directory.find(PROBE),)
    world.tell(Raise(error=Broken("dead")))

    world.simulated.run_for(100 * LOOK_MS)

    assert world.probe.phase is Phase.ERROR
    assert world.all_of(MessagesLost) == []
    assert world.probe.lost >= 1


def test_prices_for_a_strategy_that_does_not_run_are_no_loss_to_tell_of() -> None:
    world = simulated(Restart.TEMPORARY)
    world.tell(Raise(error=Broken("dead")))
    world.until(lambda: world.probe.phase is Phase.ERROR)

    for _ in range(10):
        world.runtime.directory.find(PROBE).tell(strategy.CandlesKnown(candles=()))
        world.simulated.run_for(2 * LOOK_MS)

    assert world.probe.lost == 10
    assert world.all_of(MessagesLost) == []


def test_the_same_seed_gives_the_same_supervision() -> None:
    def history() -> object:
        world = simulated(Restart.PERMANENT)
        for _ in range(3):
            world.tell(Raise(error=Broken("again")))
            world.simulated.run_for(50)
        return [(type(notice).__name__, notice.at_ms) for notice in world.notices], world.simulated.hops

    assert history() == history()


def test_a_listener_that_dies_does_not_take_the_probe_with_it() -> None:
    world = simulated(Restart.TEMPORARY)
    world.simulated.kill(LISTENER)

    world.simulated.run_for(10 * LOOK_MS)
    world.tell(Say(word="hello"))
    world.simulated.run_for(10)

    assert world.heard == ["1:hello"]
    assert world.probe.generation == 1
