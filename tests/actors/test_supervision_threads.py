"""What only real threads can show: few, and each waits for facts, never for time to pass."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pykka
import pytest

from actors.address import FencedAddress, ask
from actors.base import Actor
from supervisor.threads import ThreadsRuntime, ThreadsWheel
from tests.actors.supervised import LISTENER, PROBE, Greet, Say, World
from trading.messages.supervision import ChildFailed, Phase
from trading.restart import Exit, Restart

ROOT = Path(__file__).resolve().parents[2]

# A service of two children; the second hangs, dies or behaves, as the argument says.
SERVICE = """
import sys, threading
from actors.address import Name
from actors.base import Actor
from supervisor.memory import Forgetful
from supervisor.process import Process
from supervisor.spec import ChildSpec
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from trading.restart import Budget, Restart

class Child(Actor):
    def __init__(self, way):
        super().__init__()
        self.way = way
    def on_start(self):
        if self.way == "raises":
            raise RuntimeError("no way")
        print("up", flush=True) if self.way else None
        if self.way == "kills":
            runtime.directory.find("supervisor").tell("nonsense")
    def on_stop(self):
        if self.way in ("hangs", "hangs for long"):
            threading.Event().wait()

class Printer:
    def tell(self, notice):
        print(type(notice).__name__, getattr(notice, "abandoned", ""), flush=True)

def spec(name, way):
    return ChildSpec(id=Name(name), start=lambda own: Child(way), restart=Restart.PERMANENT,
                     shutdown_ms=9000 if way == "hangs for long" else 100, deadline_ms=1000, inbox_max=100)

runtime = ThreadsRuntime()
supervisor = Supervisor(runtime=runtime, specs=[spec("ground", ""), spec("child", sys.argv[1])],
                        budgets={"ground": Budget(intensity=1, period_ms=1000)}, memory=Forgetful(),
                        notices=[Printer()])
sys.exit(Process(runtime, supervisor, lambda text: print(text, flush=True)).run())
"""


class Service:
    """The service above as a process."""

    def __init__(self, way: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVICE, way], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._at_last = threading.Timer(20, self.process.kill)  # whatever happens to the test
        self._at_last.start()

    def reads_until(self, word: str) -> str:
        assert self.process.stdout is not None
        read = ""
        for line in self.process.stdout:
            read += line
            if word in line:
                return read
        raise AssertionError(f"it ended without {word!r}:\n{read}")

    def ends(self) -> tuple[int, str]:
        said, _ = self.process.communicate()
        self._at_last.cancel()
        return self.process.returncode, said


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_process_in_order_with_exit_code_0(number: signal.Signals) -> None:
    service = Service("behaves")
    service.reads_until("up")

    os.kill(service.process.pid, number)
    code, said = service.ends()

    assert code == 0, said
    assert f"{number.name}: stops in order" in said
    assert said.count("ChildStopped") == 2
    assert "EverythingStopped ()" in said


@pytest.mark.process
def test_a_thread_that_never_ends_does_not_keep_the_process_from_ending() -> None:
    service = Service("hangs")
    service.reads_until("up")

    os.kill(service.process.pid, signal.SIGTERM)
    code, said = service.ends()

    assert code == 0, said
    assert "EverythingStopped ('child',)" in said


@pytest.mark.process
def test_a_tree_that_cannot_come_up_ends_with_exit_code_1_and_says_why() -> None:
    code, said = Service("raises").ends()

    assert code == 1, said
    assert "ChildFailed" in said


@pytest.mark.process
def test_a_second_signal_ends_the_process_at_once() -> None:
    service = Service("hangs for long")
    service.reads_until("up")

    os.kill(service.process.pid, signal.SIGINT)
    service.reads_until("stops in order")
    os.kill(service.process.pid, signal.SIGINT)
    code, said = service.ends()

    assert code == 1, said
    assert "SIGINT again" in said


@pytest.mark.process
def test_when_the_supervisor_itself_dies_the_process_says_so_and_ends_with_1() -> None:
    code, said = Service("kills").ends()

    assert code == 1, said
    assert "the supervisor itself has died" in said
    assert "nonsense" in said


@pytest.mark.process
def test_sigusr1_says_where_every_thread_is_and_changes_nothing() -> None:
    service = Service("behaves")
    service.reads_until("up")

    os.kill(service.process.pid, signal.SIGUSR1)
    service.reads_until("thread supervisor-1")
    os.kill(service.process.pid, signal.SIGTERM)
    code, said = service.ends()

    assert code == 0, said


@pytest.fixture
def threads() -> Iterator[World]:
    world = World("threads")
    yield world
    world.close()


def test_hung_in_on_start_it_is_cut_off(threads: World) -> None:
    threads.habits.start_gate = threads.shut_gate()
    threads.launches(threads.spec(Restart.TEMPORARY, deadline_ms=30))

    threads.until(lambda: threads.probe.phase is Phase.ERROR)
    threads.habits.start_gate.set()
    threads.until(lambda: threads.supervisor.state().abandoned == ())

    assert threads.failed().exit is Exit.HUNG
    assert threads.supervisor.state().phase is Phase.RUNNING


def test_a_message_is_told_before_the_fence_or_dropped_never_in_between(threads: World) -> None:
    """The teller may be stopped by the interpreter after it has passed the fence; the fence then waits for it."""
    threads.runs(Restart.TEMPORARY)
    incarnation = _probe(threads).incarnation
    assert incarnation is not None
    inside, go_on, is_down = threading.Event(), threading.Event(), threading.Event()

    class Slow:
        def tell(self, _message: str) -> None:
            inside.set()
            assert go_on.wait(5)

    def fences() -> None:
        incarnation.fence()
        is_down.set()

    address = FencedAddress(incarnation, Slow())
    teller = threading.Thread(target=address.tell, args=("on its way",))
    fencer = threading.Thread(target=fences)
    teller.start()
    assert inside.wait(5)
    fencer.start()

    assert not is_down.wait(0.05)
    go_on.set()
    assert is_down.wait(5)
    teller.join(5)
    fencer.join(5)
    address.tell("too late")

    assert incarnation.dropped == 1


def test_a_helper_thread_may_tell_its_own_actor_more_than_the_actor_may_tell_others(threads: World) -> None:
    """A socket's reader runs ahead of the actor it reads for; only the size of the inbox bounds it."""
    threads.runs(Restart.TEMPORARY, told_max=10)
    incarnation = _probe(threads).incarnation
    assert incarnation is not None
    own = incarnation.own

    for number in range(500):
        own.tell(Say(word=str(number)))
    threads.until(lambda: len(threads.heard) == 500)

    incarnation.fence()
    own.tell(Say(word="too late"))
    assert incarnation.dropped == 1


def test_first_in_first_out_from_each_of_many_tellers(threads: World) -> None:
    threads.runs(Restart.TEMPORARY)
    listener = threads.runtime.directory.find(LISTENER)

    def tells(who: int) -> None:
        for number in range(2_000):
            listener.tell(f"{who}:{number}")

    tellers = [threading.Thread(target=tells, args=(who,)) for who in range(4)]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(5)
    threads.until(lambda: len(threads.heard) == 8_000)

    for who in range(4):
        mine = [word for word in threads.heard if word.startswith(f"{who}:")]
        assert mine == [f"{who}:{number}" for number in range(2_000)]


def test_an_actor_that_asks_is_stopped_at_the_first_try(threads: World) -> None:
    """Two that ask each other wait for ever."""

    class Asker(Actor):
        def on_receive(self, _message: object) -> object:
            return ask(threads.runtime.directory.find(LISTENER), "?", timeout_s=1)

    threads.runs(Restart.TEMPORARY, start=lambda _: Asker())

    with pytest.raises(AssertionError, match="only the edges ask"):
        threads.ask(Say(word="please"))


def test_pykkas_own_reference_works_and_its_stop_all_does_not_wait_for_us(threads: World) -> None:
    threads.runs(Restart.TEMPORARY)
    reference = _probe(threads).actor_ref

    assert reference.ask(Greet(), timeout=5) == 1
    assert reference in pykka.ActorRegistry.get_all()
    reference.stop(timeout=5)
    threads.until(lambda: threads.probe.phase is Phase.IDLE)

    assert not reference.is_alive()
    assert reference not in pykka.ActorRegistry.get_all()


def test_a_thread_that_is_gone_without_a_word_is_noticed(threads: World) -> None:
    class Vanishing(Actor):
        def on_receive(self, _message: object) -> None:
            return None

        def end(self) -> None:
            """Say nothing."""

    threads.runs(Restart.TEMPORARY, start=lambda _: Vanishing())

    _probe(threads).actor_stopped.set()
    threads.tell(Say(word="wake up"))
    threads.until(lambda: bool(threads.all_of(ChildFailed)))

    assert threads.failed().exit is Exit.VANISHED


def test_timers_are_bounded_and_cancelled_ones_make_room() -> None:
    runtime = ThreadsRuntime()
    wheel = ThreadsWheel(timers_max=10)
    runtime.wheel = wheel
    world = World("threads")
    world.runtime = world.threads = runtime
    world.runs(Restart.TEMPORARY)
    incarnation = _probe(world).incarnation
    assert incarnation is not None

    for _ in range(1_000):
        incarnation.timers.start("same", 60_000, "late")
    room = 10 - 2  # the look of the supervisor, and the last of the same
    for number in range(room):
        incarnation.timers.start(f"timer {number}", 60_000, "late")
    with pytest.raises(AssertionError, match="timers run at once"):
        incarnation.timers.start("one too many", 60_000, "late")

    assert wheel.waiting() == 10
    for number in range(room):
        incarnation.timers.cancel(f"timer {number}")
    world.close()


def _probe(world: World) -> Actor:
    (actor,) = [child.actor for child in world.supervisor._children.values() if child.id == PROBE]
    assert actor is not None
    return actor
