"""How fast messages go from actor to actor: through threads and through the simulated world, fences and all."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from actors.address import Address, Name
from actors.base import Actor, Ended
from actors.incarnation import Incarnation
from bench.figure import Effort, Figure, Result, per_second, percentile
from supervisor.launch import launch
from supervisor.memory import Forgetful
from supervisor.runtime import Runtime
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import ChildSpec
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from trading.restart import Budget, Restart

HOPS: Final = 60_000  # the simulated world takes more than 200 000 at one moment for a loop
GOAL_SIMULATED: Final = 200_000.0  # hops a second
CHAIN: Final = 3
PACE_S: Final = 0.003


def run(effort: Effort) -> list[Result]:
    """One producer and a chain of three in threads; rings of one and five in the simulated world."""
    count = effort.count(HOPS)
    paced = effort.count(1_000)
    return [
        Figure(
            name="threads: tell, one producer, end to end",
            unit="messages/s",
            runs=per_second(lambda: _threads_chain(1, count), effort.runs),
            better="more",
        ),
        Figure(
            name="threads: chain of three actors, saturated",
            unit="messages/s",
            runs=per_second(lambda: _threads_chain(CHAIN, count), effort.runs),
            better="more",
            note="each message makes three hops",
        ),
        _paced(effort.runs, paced),
        Figure(
            name="simulated: ring of one",
            unit="hops/s",
            runs=per_second(lambda: _simulated_ring(1, 1, count), effort.runs),
            better="more",
            goal=GOAL_SIMULATED,
        ),
        Figure(
            name="simulated: ring of five, three messages under way, order drawn from a seed",
            unit="hops/s",
            runs=per_second(lambda: _simulated_ring(5, 3, count), effort.runs),
            better="more",
            goal=GOAL_SIMULATED,
        ),
        Figure(
            name="simulated: timers, one after the other",
            unit="timers/s",
            runs=per_second(lambda: _simulated_timers(count // 2), effort.runs),
            better="more",
        ),
    ]


class _Link(Actor):
    """Passes on what it gets, the last one to whoever measures."""

    def __init__(self, to: Address[Any]) -> None:
        super().__init__()
        self._to = to

    def on_receive(self, message: Any) -> None:
        self._to.tell(message)


class _Countdown(Actor):
    """Starts one timer after the other."""

    def __init__(self, own: Incarnation) -> None:
        super().__init__()
        self._timers = own.timers

    def on_receive(self, left: int) -> None:
        if left > 0:
            self._timers.start("next", 1, left - 1)


class _Finish:
    """Notes when messages arrive and rings when all have."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.all_in = threading.Event()
        self.at_s: list[float] = []

    def tell(self, _message: Any) -> None:
        self.at_s.append(time.perf_counter())
        self._left -= 1
        if self._left == 0:
            self.all_in.set()


class _Ring:
    """Sends a message on until it has made its hops."""

    def __init__(self, to: Address[Any], hops: int) -> None:
        self._to = to
        self.left = hops

    def tell(self, message: Any) -> None:
        self.left -= 1
        if self.left > 0:
            self._to.tell(message)


def _spec(name: str, start: Any) -> ChildSpec:
    return ChildSpec(
        id=Name(name),
        start=start,
        restart=Restart.PERMANENT,
        shutdown_ms=1_000,
        deadline_ms=60_000,
        inbox_max=10_000_000,
    )


def _launched(runtime: Runtime, specs: list[ChildSpec]) -> tuple[Supervisor, list[Ended]]:
    ended: list[Ended] = []
    budgets = {"ground": Budget(intensity=1, period_ms=1_000)}
    supervisor = Supervisor(runtime=runtime, specs=specs, budgets=budgets, memory=Forgetful())
    launch(runtime, supervisor, ended.append)
    return supervisor, ended


def _chain(runtime: Runtime, length: int, finish: Address[Any]) -> Address[Any]:
    """Links that pass a message on, the last one to the finish; the address of the first."""
    names = [Name[Any](f"link {number}") for number in range(length)]

    def link(number: int) -> ChildSpec:
        return _spec(
            names[number],
            lambda own: _Link(own.address(names[number + 1]) if number + 1 < length else finish),
        )

    _launched(runtime, [link(number) for number in reversed(range(length))])
    return runtime.directory.address(names[0])


def _threads_chain(length: int, count: int) -> Callable[[], int]:
    runtime, finish = ThreadsRuntime(), _Finish(count)
    first = _chain(runtime, length, finish)
    _wait_for(first)

    def work() -> int:
        for number in range(count):
            first.tell(number)
        assert finish.all_in.wait(60)
        runtime.close()
        return count

    return work


def _wait_for(address: Any) -> None:
    until_s = time.monotonic() + 10
    while not address.is_attached:
        assert time.monotonic() < until_s, "the chain does not come up"
        time.sleep(0.001)


def _paced(runs: int, count: int) -> Figure:
    """From the first tell to the end of the chain, one message per 3 ms as ticks come."""
    half = []
    for _ in range(runs):
        runtime, finish = ThreadsRuntime(), _Finish(count)
        first = _chain(runtime, CHAIN, finish)
        _wait_for(first)
        sent_s = []
        for number in range(count):
            sent_s.append(time.perf_counter())
            first.tell(number)
            time.sleep(PACE_S)
        assert finish.all_in.wait(10)
        runtime.close()
        half.append(percentile([at - sent for sent, at in zip(sent_s, finish.at_s, strict=True)], 50) * 1e6)
    return Figure(
        name="threads: through a chain of three, one per 3 ms, p50", unit="us", runs=tuple(half), better="less"
    )


def _simulated_ring(length: int, under_way: int, count: int) -> Callable[[], int]:
    runtime = SimulatedRuntime(seed=1)
    first: Address[Any] = runtime.directory.address(Name[Any]("link 0"))
    ring = _Ring(first, count // length)
    _chain(runtime, length, ring)
    runtime.run_until(0)
    for number in range(under_way):
        first.tell(number)

    def work() -> int:
        before = runtime.hops
        runtime.run_until_quiet(0)
        return runtime.hops - before

    return work


def _simulated_timers(count: int) -> Callable[[], int]:
    runtime = SimulatedRuntime(seed=1)
    _launched(runtime, [_spec("countdown", _Countdown)])
    runtime.run_until(0)
    runtime.directory.find("countdown").tell(count)

    def work() -> int:
        runtime.run_until(count + 1)
        return count

    return work
