"""The simulated world keeps what pykka gives, draws the rest from its seed, and repeats itself exactly."""

from typing import Any

import pytest

from actors.address import Address, Name, NoAnswer, ask
from actors.base import Actor, Ended
from actors.incarnation import Incarnation
from supervisor.simulated import SimulatedRuntime


class Talker(Actor):
    """Does what the message, a function, says."""

    def __init__(self, own: Incarnation) -> None:
        super().__init__()
        self.own = own

    def on_receive(self, message: Any) -> Any:
        return message(self)


class Keeper(Actor):
    """Keeps what it is told, with the time."""

    def __init__(self, own: Incarnation) -> None:
        super().__init__()
        self.own = own
        self.kept: list[tuple[int, Any]] = []

    def on_receive(self, message: Any) -> int:
        self.kept.append((self.own.clock.monotonic_ms(), message))
        return len(self.kept)


class World:
    """Actors without a supervisor."""

    def __init__(self, seed: int | None = 0) -> None:
        self.runtime = SimulatedRuntime(seed)
        self.ended: list[Any] = []
        self.keeper = self.lives("keeper", Keeper)

    def lives(self, name: str, kind: Any = Talker) -> Any:
        mailbox = self.runtime.directory.address(Name[Any](name))
        own = Incarnation(
            name=name,
            generation=mailbox.generation + 1,
            clock=self.runtime.clock,
            wheel=self.runtime.wheel,
            directory=self.runtime.directory,
        )
        actor = kind(own)
        self.runtime.bind(actor, own, self.ended.append)
        mailbox.attach(actor.actor_inbox, own.generation)
        self.runtime.spawn(actor)
        return actor

    def tell(self, name: str, message: Any) -> None:
        self.runtime.directory.find(name).tell(message)

    def words(self) -> list[Any]:
        return [word for _, word in self.keeper.kept]


def says(word: str) -> Any:
    def say(actor: Talker) -> None:
        to: Address[Any] = actor.own.address(Name("keeper"))
        to.tell(word)

    return say


def history(seed: int | None) -> list[str]:
    """Three talkers, ten words each, as the keeper hears them."""
    world = World(seed)
    for name in "abc":
        world.lives(name)
    for number in range(10):
        for name in "abc":
            world.tell(name, says(f"{name}{number}"))
    world.runtime.run_until_quiet(0)
    return world.words()


@pytest.mark.parametrize("seed", range(20), ids="seed_{}".format)
def test_first_in_first_out_between_two_actors(seed: int) -> None:
    heard = history(seed)

    for name in "abc":
        assert [word for word in heard if word[0] == name] == [f"{name}{number}" for number in range(10)]


def test_between_different_actors_the_order_is_drawn_from_the_seed() -> None:
    histories = [tuple(history(seed)) for seed in range(20)]

    assert len(set(histories)) > 15
    assert histories == [tuple(history(seed)) for seed in range(20)]


def test_without_a_seed_the_actors_take_turns() -> None:
    assert history(None)[:6] == ["a0", "b0", "c0", "a1", "b1", "c1"]


def test_what_was_told_before_arrives_before_what_it_caused() -> None:
    """A tells the keeper, then B; B tells the keeper: no schedule may turn these two around."""
    for seed in range(50):
        world = World(seed)
        world.lives("a")
        world.lives("b")

        def both(actor: Talker) -> None:
            says("first")(actor)
            actor.own.address(Name[Any]("b")).tell(says("second"))

        world.tell("a", both)
        world.runtime.run_until_quiet(0)

        assert world.words() == ["first", "second"]


def test_time_passes_only_when_nobody_has_anything_to_do() -> None:
    world = World()
    timers = world.keeper.own.timers
    timers.start("late", 1_000, "late")
    timers.start("early", 10, "early")
    timers.start("same moment", 10, "second")
    world.tell("keeper", "now")

    world.runtime.run_until(999)
    assert world.keeper.kept == [(0, "now"), (10, "early"), (10, "second")]
    assert world.runtime.clock.monotonic_ms() == 999
    world.runtime.run_until_quiet(1)

    assert world.keeper.kept[-1] == (1_000, "late")


def test_a_jump_of_the_wall_clock_moves_no_timer() -> None:
    world = World()
    world.keeper.own.timers.start("t", 100, "t")
    wall_ms = world.runtime.clock.now_ms()

    world.runtime.clock.jump(-3_600_000)
    world.runtime.run_until_quiet(100)

    assert world.keeper.kept == [(100, "t")]
    assert world.runtime.clock.now_ms() == wall_ms - 3_600_000 + 100


def test_a_cancelled_or_replaced_timer_never_arrives_even_if_it_waits_in_the_inbox() -> None:
    world = World()
    talker = world.lives("talker")

    def works(actor: Talker) -> None:
        actor.own.timers.start("cancelled", 5, says("cancelled"))
        actor.own.timers.start("replaced", 5, says("old"))
        actor.own.timers.start("while busy", 5, lambda a: a.own.timers.cancel("cancelled"))

    def replaces(actor: Talker) -> None:
        actor.own.timers.cancel("cancelled")
        actor.own.timers.start("replaced", 5, says("new"))

    world.tell("talker", works)
    world.runtime.run_until(4)
    wake = world.runtime.hang("talker")
    world.tell("talker", replaces)
    world.runtime.run_until(6)  # both have come due and wait behind what hangs
    assert talker.actor_inbox.depth() == 3
    wake()
    world.runtime.run_until_quiet(100)

    assert world.words() == ["new"]


def test_one_that_is_killed_while_it_hangs_handles_nothing_when_it_would_have_gone_on() -> None:
    world = World()
    world.lives("talker")
    wake = world.runtime.hang("talker")
    world.tell("talker", says("from the grave"))
    world.runtime.run_until(5)
    world.runtime.kill("talker")
    wake()
    world.runtime.run_until(10)

    assert world.words() == []


def test_quiet_means_no_message_and_no_timer_but_background_ones() -> None:
    world = World()
    world.keeper.own.timers.start("watch", 10, "watch", background=True)
    world.runtime.run_until_quiet(0)
    world.keeper.own.timers.start("confirm", 2_000, "confirm")

    with pytest.raises(AssertionError, match="not quiet after 1000 ms: timer 'confirm'"):
        world.runtime.run_until_quiet(1_000)
    world.runtime.run_until_quiet(1_000)

    assert world.words() == ["watch", "confirm"]


def test_two_that_tell_each_other_for_ever_are_caught() -> None:
    world = World()
    world.lives("a")

    def again(actor: Talker) -> None:
        actor.own.own.tell(again)

    world.tell("a", again)

    with pytest.raises(AssertionError, match="messages at one moment"):
        world.runtime.run_until(1)


def test_hooks_see_every_message_before_and_after() -> None:
    world = World()
    seen: list[Any] = []
    world.runtime.before.append(lambda name, message: seen.append(("before", name, message, len(world.keeper.kept))))
    world.runtime.after.append(lambda name, message: seen.append(("after", name, message, len(world.keeper.kept))))

    world.tell("keeper", "word")
    world.runtime.run_until_quiet(0)

    assert seen == [("before", "keeper", "word", 0), ("after", "keeper", "word", 1)]
    assert world.runtime.hops == 1


def test_something_outside_happens_at_its_moment_unless_called_off() -> None:
    world = World()
    world.runtime.after_ms(20, lambda: world.tell("keeper", "tick"))
    world.runtime.after_ms(20, lambda: world.tell("keeper", "never")).is_dead = True

    world.runtime.run_for(20)

    assert world.keeper.kept == [(20, "tick")]


def test_step_handles_one_message() -> None:
    world = World()
    world.runtime.run_until(0)  # on_start
    world.tell("keeper", "one")
    world.tell("keeper", "two")

    assert world.runtime.step()
    assert world.words() == ["one"]
    assert world.runtime.step()
    assert not world.runtime.step()


def test_an_ask_drives_the_world_until_the_answer_or_its_time_is_over() -> None:
    world = World()
    world.runtime.after_ms(100, lambda: world.tell("keeper", "tick"))

    assert ask(world.runtime.directory.find("keeper"), "word", timeout_s=1) == 1
    world.runtime.hang("keeper")
    with pytest.raises(NoAnswer):
        ask(world.runtime.directory.find("keeper"), "word", timeout_s=1)

    assert world.runtime.clock.monotonic_ms() == 1_000


def test_an_actor_that_asks_dies_of_it() -> None:
    world = World()
    world.lives("a")
    world.tell("a", lambda _: ask(world.runtime.directory.find("keeper"), "?", timeout_s=1))

    world.runtime.run_until_quiet(0)

    (ended,) = [what for what in world.ended if isinstance(what, Ended)]
    assert "only the edges ask" in ended.reason
