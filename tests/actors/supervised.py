"""A small tree in either world: one probe that does as it is told, one that listens, and words to drive them.

In the world of threads a fact is waited for with a deadline; in the simulated one virtual time passes until it holds.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from actors.address import Address, Name, ask
from actors.base import Actor, Ended
from actors.incarnation import Incarnation
from supervisor.health import ChildState
from supervisor.launch import launch
from supervisor.memory import Forgetful
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import SUPERVISOR, ChildSpec
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from trading.messages import supervision
from trading.messages.supervision import ChildFailed, Notice, Phase
from trading.restart import Budget, Restart

PROBE: Final = Name[Any]("probe")
LISTENER: Final = Name[Any]("listener")
WORLDS: Final = ("threads", "simulated")
FACT_MS: Final = 5_000  # until a fact must have come about
LOOK_MS: Final = 20
DEADLINE_MS: Final = 300


class Broken(Exception):
    """What a probe raises when told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    error: BaseException


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Pass the gate, where a thread hangs while it is shut; then say a word, and start a timer that says another."""

    word: str
    gate: threading.Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Say a word after a time."""

    word: str
    delay_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chatter:
    """Say as many words at once."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """End by yourself, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greet:
    """Answer with your generation."""


def passes(gate: threading.Event | None) -> None:
    """Go through, once it is open."""
    assert gate is None or gate.wait(20), "nobody opened the gate"


@dataclass
class Habits:
    """What goes wrong in a probe without being told."""

    start_raises: BaseException | None = None
    stop_raises: BaseException | None = None
    construct_raises: BaseException | None = None
    start_gate: threading.Event | None = None
    stop_gate: threading.Event | None = None
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)


class Probe(Actor):
    """Does what it is told."""

    def __init__(self, incarnation: Incarnation, habits: Habits, to: Address[Any]) -> None:
        super().__init__()
        if habits.construct_raises is not None:
            raise habits.construct_raises
        self.own = incarnation
        self.habits, self.to = habits, to

    def on_start(self) -> None:
        self.habits.starts.append(self.own.generation)
        passes(self.habits.start_gate)
        if self.habits.start_raises is not None:
            raise self.habits.start_raises

    def on_stop(self) -> None:
        passes(self.habits.stop_gate)
        self.habits.stops.append(self.own.generation)
        if self.habits.stop_raises is not None:
            raise self.habits.stop_raises

    def on_failure(self, *_: object) -> None:
        self.habits.failures.append(self.own.generation)

    def on_receive(self, message: Any) -> Any:
        match message:
            case Say(word=word):
                self.to.tell(f"{self.own.generation}:{word}")
            case Raise(error=error):
                raise error
            case Work(word=word, gate=gate):
                passes(gate)
                self.to.tell(f"{self.own.generation}:{word}")
                self.own.timers.start("late", 1, Say(word=f"{word}, later"))
                self.own.own.tell(Say(word=f"{word}, to myself"))
            case Later(word=word, delay_ms=delay_ms):
                self.own.timers.start("later", delay_ms, Say(word=word))
            case Chatter(count=count):
                for number in range(count):
                    self.to.tell(f"{self.own.generation}:{number}")
            case End():
                self.ask_to_stop()
            case Greet():
                return self.own.generation
            case _:
                return super().on_receive(message)
        return None


class Listener(Actor):
    """Keeps what it hears."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: str) -> None:
        self._heard.append(message)


class World:
    """A supervisor with a listener (permanent) and a probe, in one of the two worlds."""

    def __init__(self, kind: str) -> None:
        self.is_simulated = kind == "simulated"
        self.simulated = SimulatedRuntime(seed=7)
        self.threads = ThreadsRuntime()
        self.runtime: SimulatedRuntime | ThreadsRuntime = self.simulated if self.is_simulated else self.threads
        self.habits, self.memory = Habits(), Forgetful()
        self.gates: list[threading.Event] = []
        self.heard: list[str] = []
        self.notices: list[Notice] = []
        self.ended: list[Ended] = []
        self.supervisor: Supervisor

    # Building.

    def spec(self, restart: Restart, **more: Any) -> ChildSpec:
        def start(own: Incarnation) -> Actor:
            return Probe(own, self.habits, own.address(LISTENER))

        given: dict[str, Any] = {
            "id": PROBE,
            "start": start,
            "shutdown_ms": 200,
            "deadline_ms": DEADLINE_MS,
            "inbox_max": 1_000,
        }
        return ChildSpec(restart=restart, **(given | more))

    def listener(self) -> ChildSpec:
        return ChildSpec(
            id=LISTENER,
            start=lambda _: Listener(self.heard),
            restart=Restart.PERMANENT,
            shutdown_ms=500,
            deadline_ms=5_000,
            inbox_max=100_000,
        )

    def launches(self, *specs: ChildSpec, intensity: int = 3, stop_ms_max: int = 2_000) -> "World":
        self.supervisor = Supervisor(
            runtime=self.runtime,
            specs=[self.listener(), *specs],
            budgets={"ground": Budget(intensity=intensity, period_ms=60_000, delay_ms=1, delay_ms_max=4)},
            memory=self.memory,
            notices=[_Notepad(self.notices)],
            look_ms=LOOK_MS,
            stop_ms_max=stop_ms_max,
        )
        launch(self.runtime, self.supervisor, self.ended.append)
        return self

    def runs(self, restart: Restart, **more: Any) -> "World":
        """A launched tree whose probe runs."""
        intensity = more.pop("intensity", 3)
        self.launches(self.spec(restart, **more), intensity=intensity)
        self.until(lambda: self.supervisor.state().phase is Phase.RUNNING)
        assert self.probe.phase is Phase.RUNNING
        return self

    # Driving.

    def tell(self, message: Any) -> None:
        self.runtime.directory.find(PROBE).tell(message)

    def ask(self, message: Any, name: str = PROBE) -> Any:
        return ask(self.runtime.directory.find(name), message, timeout_s=5)

    def commands(self, message: supervision.Message) -> Any:
        return self.ask(message, SUPERVISOR)

    def stops(self, exit_code: int = 0) -> None:
        stop = supervision.StopEverything(reason="asked to", exit_code=exit_code)
        self.runtime.directory.address(SUPERVISOR).tell(stop)
        self.until(lambda: bool(self.ended))

    def hangs(self, word: str) -> Callable[[], None]:
        """Have the probe hang in its work; calling what is returned wakes it."""
        if self.is_simulated:
            wake = self.simulated.hang(PROBE)
            self.tell(Work(word=word))
            return wake
        gate = self.shut_gate()
        self.tell(Work(word=word, gate=gate))
        return gate.set

    def shut_gate(self) -> threading.Event:
        """A gate that is opened after the test at the latest."""
        self.gates.append(threading.Event())
        return self.gates[-1]

    def until(self, fact: Callable[[], bool]) -> None:
        """Go on until the fact holds; fail if it does not in its time."""
        if self.is_simulated:
            end_ms = self.simulated.clock.elapsed_ms + FACT_MS
            while not fact():
                assert self.simulated.step(), "nothing is left to happen"
                assert self.simulated.clock.elapsed_ms < end_ms, self.story()
        else:
            tries = threading.Event()
            for _ in range(FACT_MS):
                if fact():
                    return
                tries.wait(0.001)
            pytest.fail(self.story())

    def settle(self) -> None:
        """Let pass what is under way: some looks, and a word there and back."""
        if self.is_simulated:
            self.simulated.run_for(10 * LOOK_MS)
            return
        looks = self.supervisor.progress.handled
        self.until(lambda: self.supervisor.progress.handled > looks + 5)
        self.runtime.directory.find(LISTENER).tell("settled")
        self.until(lambda: "settled" in self.heard)
        self.heard.remove("settled")

    # Looking.

    @property
    def probe(self) -> ChildState:
        return self.supervisor.state().child(PROBE)

    def phase(self) -> Phase:
        return self.probe.phase

    def failed(self) -> ChildFailed:
        """The one report on the probe's failure."""
        (failed,) = (notice for notice in self.notices if isinstance(notice, ChildFailed))
        return failed

    def all_of(self, kind: type[Any]) -> list[Any]:
        return [notice for notice in self.notices if isinstance(notice, kind)]

    def story(self) -> str:
        return f"{self.supervisor.state()}\n{self.notices}\n{self.heard}"

    def close(self) -> None:
        for gate in self.gates:
            gate.set()
        if not self.is_simulated and not self.ended and hasattr(self, "supervisor"):
            self.stops()
        self.threads.close()


class _Notepad:
    def __init__(self, notices: list[Notice]) -> None:
        self._notices = notices

    def tell(self, message: Notice) -> None:
        self._notices.append(message)


def kinds(notices: Sequence[Notice]) -> list[str]:
    """The names of notices, in order."""
    return [type(notice).__name__ for notice in notices]
