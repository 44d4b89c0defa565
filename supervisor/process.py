"""The process around the tree: signals in, exit code out. Used from the main thread.

A signal handler only puts a word into a queue, the one thing Python promises is safe there (an Event's lock could be
held by the very code that was interrupted); the main thread reads the words and does the work.
"""

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final, Protocol

from actors.base import Ended
from supervisor.launch import launch
from supervisor.runtime import Runtime
from supervisor.tree import STOP_MS_MAX, Supervisor
from supervisor.watch import pulse
from trading.errors import Refused
from trading.messages import supervision
from trading.restart import BrakeLimits, ProcessStart, brake

FAILED: Final = 1
LOOK_S: Final = 1.0  # between two looks at the supervisor itself
GRACE_S: Final = 2.0  # beyond the time for stopping everything, for the supervisor to say so
DEADLINE_MS: Final = 15_000  # for the supervisor to handle one message; its memory may be a slow disk

Log = Callable[[str], None]


class StartLog(Protocol):
    """The earlier starts of the process, kept by others on disk: the seam of the crash-loop brake."""

    def starts(self) -> Sequence[ProcessStart]:
        """Give the earlier starts that may still matter."""
        ...

    def began(self, at_ms: int) -> None:
        """Note that the process has started; on disk when it returns."""
        ...

    def ended_in_order(self) -> None:
        """Note that the last start noted has ended in order."""
        ...


def check_brake(log: StartLog, now_ms: int, limits: BrakeLimits | None = None) -> Refused | None:
    """Note this start, and give the reason not to trade after it, if the process is in a crash loop."""
    held = brake(log.starts(), now_ms, limits or BrakeLimits())
    log.began(now_ms)
    return held


@dataclass(frozen=True, slots=True)
class _Signalled:
    """A signal has come."""

    number: int


class Process:
    """Runs a supervisor until it has ended, in order or not."""

    def __init__(
        self,
        runtime: Runtime,
        supervisor: Supervisor,
        log: Log,
        *,
        stop_s_max: float = STOP_MS_MAX / 1000 + GRACE_S,
        deadline_ms: int = DEADLINE_MS,
    ) -> None:
        self._runtime = runtime
        self._supervisor = supervisor
        self._log = log
        self._stop_s_max = stop_s_max
        self._deadline_ms = deadline_ms
        self._words: SimpleQueue[_Signalled | Ended] = SimpleQueue()
        self._stop_by_s: float | None = None

    @property
    def was_signalled(self) -> bool:
        """Whether somebody outside wants it to end."""
        return self._stop_by_s is not None

    def run(self) -> int:
        """Launch the tree, wait for its end or a signal, and give the exit code. Signals are ours meanwhile."""
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            launch(self._runtime, self._supervisor, self._words.put)
            while True:
                code = self._turn()
                if code is not None:
                    return code
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._words.put(_Signalled(number))

    def _turn(self) -> int | None:
        """Read one word or see that there was none; give the exit code when it is known."""
        try:
            word = self._words.get(timeout=LOOK_S)
        except Empty:
            return self._look()
        if isinstance(word, Ended):
            return self._ended(word)
        if word.number == signal.SIGUSR1:
            self._log(stacks())
            return None
        name = signal.Signals(word.number).name
        if self._stop_by_s is not None:
            self._log(f"{name} again: ends at once, without waiting for who still stops")
            return FAILED
        self._log(f"{name}: stops in order")
        self._stop_by_s = self._runtime.now_s() + self._stop_s_max
        self._supervisor.actor_inbox.tell(supervision.StopEverything(reason=name))
        return None

    def _ended(self, ended: Ended) -> int:
        code = self._supervisor.exit_code
        if code is None:
            self._log(f"the supervisor itself has died: {ended.reason}\n{ended.traceback}")
            return FAILED
        return code

    def _look(self) -> int | None:
        """Watch the watcher: it must handle its messages, and stop in its time."""
        now_s = self._runtime.now_s()
        seen = pulse(self._supervisor, now_s)
        if seen.handling_ms is not None and seen.handling_ms > self._deadline_ms:
            self._log(f"the supervisor itself hangs in {seen.handling} since {seen.handling_ms} ms\n{stacks()}")
            return FAILED
        if seen.last_age_ms is not None and seen.last_age_ms > self._deadline_ms:
            self._log(f"the supervisor has not looked at anyone for {seen.last_age_ms} ms\n{stacks()}")
            return FAILED
        if self._stop_by_s is not None and now_s > self._stop_by_s:
            self._log(f"not stopped within {self._stop_s_max} s: ends at once\n{stacks()}")
            return FAILED
        return None


def stacks() -> str:
    """Say where every thread is now, by name."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"thread {names.get(ident, '?')}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - there is no other way to see them
    )
