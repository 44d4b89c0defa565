"""Time that is out of joint in simulated worlds: timers come late, nobody handles anything, nobody lets time pass."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from actors.address import Name, NoAnswer, ask
from actors.base import Actor
from actors.incarnation import Incarnation
from simulation.history import History
from simulation.rest import LATE_MS_MAX
from supervisor.simulated import SimulatedRuntime
from tests.simulation.lived_world import happens, history, runs


class Clockwork(Actor):
    """Starts a timer for each delay it is told, and notes when it comes."""

    def __init__(self, own: Incarnation) -> None:
        super().__init__()
        self._own = own
        self.came: dict[int, int] = {}

    def on_receive(self, message: Any) -> None:
        match message:
            case ("set", int(delay_ms)):
                now_ms = self._own.clock.monotonic_ms()
                self._own.timers.start(f"{now_ms + delay_ms}", delay_ms, ("due", now_ms + delay_ms))
            case ("due", int(at_ms)):
                self.came[at_ms] = self._own.clock.monotonic_ms()


class Echo(Actor):
    """Tells another whatever it is told."""

    def __init__(self, own: Incarnation, other: str) -> None:
        super().__init__()
        self._own, self._other = own, other

    def on_receive(self, message: Any) -> None:
        self._own.address(Name[Any](self._other)).tell(message)


def _lives(runtime: SimulatedRuntime, name: str, kind: Any, *more: Any) -> Any:
    mailbox = runtime.directory.address(Name[Any](name))
    own = Incarnation(name=name, generation=1, clock=runtime.clock, wheel=runtime.wheel, directory=runtime.directory)
    actor = kind(own, *more)
    runtime.bind(actor, own, lambda _: None)
    mailbox.attach(actor.actor_inbox, 1)
    runtime.spawn(actor)
    return actor


@pytest.mark.parametrize("seed", range(5), ids="seed_{}".format)
def test_on_a_busy_machine_timers_come_late_and_in_their_order(seed: int) -> None:
    runtime, rng = SimulatedRuntime(seed), Random(seed)
    works = _lives(runtime, "works", Clockwork)
    for delay_ms in range(100, 60_000, 100):
        works.actor_inbox.tell(("set", delay_ms))
    runtime.run_until(10_000)
    runtime.be_late(20_000, lambda: rng.randint(0, 2_000))
    runtime.run_until(60_000)

    late = {at_ms: came - at_ms for at_ms, came in works.came.items()}
    assert len(late) == 599
    assert list(works.came) == sorted(works.came), "none has overtaken another"
    assert all(late[at_ms] == 0 for at_ms in late if at_ms <= 10_000 or at_ms > 32_000)
    meanwhile = [late[at_ms] for at_ms in late if 10_000 < at_ms <= 30_000]
    assert max(meanwhile) > 1_000
    assert min(late.values()) == 0
    assert max(late.values()) <= 2_000


def test_while_the_process_stands_still_timers_pile_up_and_the_world_goes_on() -> None:
    runtime = SimulatedRuntime(1)
    works = _lives(runtime, "works", Clockwork)
    works.actor_inbox.tell(("set", 1_000))
    works.actor_inbox.tell(("set", 9_000))
    seen: list[int] = []
    runtime.after_ms(3_000, lambda: seen.append(runtime.clock.elapsed_ms))
    runtime.run_until(500)
    runtime.stand_still(5_000)
    runtime.run_until(5_000)
    assert seen == [3_000]
    assert not works.came
    runtime.run_until(10_000)
    assert works.came == {1_000: 5_500, 9_000: 9_000}


def test_who_asks_while_the_process_stands_still_gets_no_answer_in_time() -> None:
    runtime = SimulatedRuntime(1)
    _lives(runtime, "works", Clockwork)
    runtime.stand_still(5_000)
    address = runtime.directory.address(Name[Any]("works"))
    with pytest.raises(NoAnswer):
        ask(address, ("set", 100), timeout_s=2)
    assert runtime.clock.elapsed_ms == 2_000
    runtime.run_until(4_999)
    assert runtime.stands_still
    runtime.run_until(5_000)
    assert ask(address, ("set", 100), timeout_s=2) is None


def test_who_hangs_and_is_let_go_while_the_process_stands_still_goes_on_with_all_others() -> None:
    runtime = SimulatedRuntime(1)
    works = _lives(runtime, "works", Clockwork)
    runtime.run_until(0)
    go_on = runtime.hang("works")
    works.actor_inbox.tell(("set", 100))
    runtime.run_until(10)
    runtime.stand_still(1_000)
    go_on()
    runtime.run_until(900)
    assert not works.came
    runtime.run_until(2_000)
    assert works.came == {1_110: 1_110}


def test_two_that_tell_each_other_for_ever_are_caught_step_by_step_and_named() -> None:
    runtime = SimulatedRuntime(1)
    ping = _lives(runtime, "ping", Echo, "pong")
    _lives(runtime, "pong", Echo, "ping")
    _lives(runtime, "works", Clockwork)
    ping.actor_inbox.tell("word")

    def steps() -> None:
        while runtime.step():
            pass

    with pytest.raises(AssertionError, match=r"messages at one moment.* (ping, pong|pong, ping)$"):
        steps()


def _slowest_ms(made: History, ms: int) -> int:
    """The longest time between two looks of the supervisor, which wants to look every 5 s."""
    looks: list[int] = []
    made.world.runtime.before.append(
        lambda _, message: looks.append(made.clock_ms) if getattr(message, "name", "") == "look" else None
    )
    runs(made, ms)
    return max(after - before for before, after in pairwise(looks))


def test_a_history_with_late_timers_breaks_no_promise_and_they_are_late() -> None:
    with history() as made:
        runs(made, 60_000)
        happens(made, "late", ms=30_000, draw=4)
        assert made.eye.struck_at == made.world.pipe.now
        assert 5_000 < _slowest_ms(made, 30_000) <= 5_000 + LATE_MS_MAX
        runs(made, 60_000)
        assert made.eye.struck_at == made.world.pipe.now - 60_000


def test_a_history_whose_process_stands_still_breaks_no_promise_and_nobody_does_anything() -> None:
    with history(quiet_ms=5_000) as made:
        runs(made, 60_000)
        happens(made, "stall", ms=15_000)
        hops, prices = made.world.runtime.hops, made.world.exchange.engine.markets
        before = {name: market.mid for name, market in prices.items()}
        runs(made, 14_900)
        assert made.world.runtime.hops == hops
        assert {name: market.mid for name, market in prices.items()} != before
        runs(made, 60_000)
        assert made.world.runtime.hops > hops
        assert not made.crashes
