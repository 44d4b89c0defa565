"""The real world: a thread for each actor, one more for all timers, the machine's clock."""

import heapq
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import pykka

from actors.address import Answer, Directory, NoAnswer
from actors.base import Actor, Report
from actors.incarnation import Incarnation
from actors.timers import Due

CLOSE_S = 1.0  # the thread does nothing that takes time
TIMERS_MAX = 10_000  # for the whole service; each strategy and order has a handful


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000


class ThreadsWheel:
    """One thread and one heap for all timers. Delivering is an append to an inbox, so one thread is enough."""

    def __init__(self, timers_max: int = TIMERS_MAX) -> None:
        self._max = timers_max
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Due]] = []
        self._started = 0
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def schedule(self, delay_ms: int, due: Due) -> None:
        with self._changed:
            if len(self._heap) >= self._max:
                self._sweep()
            self._started += 1  # keeps timers of one moment in the order they were started in
            at_s = time.monotonic() + delay_ms / 1000
            heapq.heappush(self._heap, (at_s, self._started, due))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is due:
                self._changed.notify()

    def close(self) -> None:
        """End the thread; no timer fires any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def waiting(self) -> int:
        """How many timers are kept, those already cancelled among them."""
        return len(self._heap)

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if not entry[2].is_dead]
        heapq.heapify(self._heap)
        assert len(self._heap) < self._max, f"{len(self._heap)} timers run at once: somebody starts them in a loop"

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._is_closed:
                    return
                wait_s = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait_s is None or wait_s > 0:
                    self._changed.wait(wait_s)
                    continue
                due = heapq.heappop(self._heap)[2]
            due.deliver()


class ThreadsRuntime:
    """Pykka's threads, started and watched by us."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.wheel = ThreadsWheel()
        self.directory = Directory(self.wait)
        self.now_s: Callable[[], float] = time.monotonic
        self._threads: dict[str, threading.Thread] = {}  # by the actor's urn
        self._inside = threading.local()

    def bind(self, actor: Actor, incarnation: Incarnation, report: Report) -> None:
        actor.actor_inbox.bind(self.now_s)
        actor.bind(incarnation, report, self.now_s)

    def spawn(self, actor: Actor) -> None:
        incarnation = actor.incarnation
        assert incarnation is not None, f"{actor} is bound before it is spawned"
        name = f"{incarnation.name}-{incarnation.generation}"
        thread = threading.Thread(target=self._live, args=(actor,), name=name, daemon=actor.use_daemon_thread)
        self._threads[actor.actor_urn] = thread
        pykka.ActorRegistry.register(actor.actor_ref)
        thread.start()

    def is_running(self, actor: Actor) -> bool:
        thread = self._threads.get(actor.actor_urn)
        return thread is not None and thread.is_alive()

    def stack(self, actor: Actor) -> str:
        thread = self._threads.get(actor.actor_urn)
        frame = None if thread is None or thread.ident is None else sys._current_frames().get(thread.ident)  # noqa: SLF001
        return "".join(traceback.format_stack(frame)) if frame is not None else ""

    def wait(self, answer: Answer, timeout_s: float) -> Any:
        assert not getattr(self._inside, "is_actor", False), "actors tell; only the edges ask"
        try:
            return answer.get(timeout=timeout_s)
        except pykka.Timeout:
            raise NoAnswer(f"no answer within {timeout_s} s") from None

    def close(self) -> None:
        """End the timers. Threads of actors end by themselves or are daemons."""
        self.wheel.close()

    def _live(self, actor: Actor) -> None:
        self._inside.is_actor = True
        try:
            actor._actor_loop()  # noqa: SLF001 - pykka's name for what its own thread runs
        finally:
            del self._threads[actor.actor_urn]
