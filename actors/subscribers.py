"""Who listens to the journal now: a bounded queue each. One who does not keep up is dropped; nobody waits for him."""

import threading  # nondeterministic: one lock, so that two web threads that subscribe at once both count
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Any, Final

WAITING_MAX: Final = 256  # handfuls for one subscriber; past it, it is dropped and reads again from the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message for a subscriber. Without an id it is a passing state that is not in the log."""

    kind: str
    content: dict[str, Any]
    id: int | None = None


class Handful:
    """What was told at once, and how it is written: whoever needs that first writes it, and for all others, too."""

    __slots__ = ("_written", "ids", "told")

    def __init__(self, told: tuple[Told, ...]) -> None:
        self.told = told
        self.ids = tuple(each.id for each in told if each.id is not None)
        self._written: bytes | None = None

    def after(self, seen: int) -> "Handful":
        """Give what is new to somebody who has seen the log up to this id. Mostly that is all of it, as it is."""
        if not self.ids or self.ids[0] > seen:
            return self
        return Handful(tuple(each for each in self.told if each.id is None or each.id > seen))

    def written(self, write: Callable[[Told], bytes]) -> bytes:
        """Give it in bytes. Two who ask at the same moment may both write it: the same."""
        if self._written is None:
            self._written = b"".join(map(write, self.told))
        return self._written


class Subscriber:
    """One listener's queue. Filled by the journal, emptied by a thread of its own."""

    def __init__(self, waiting_max: int) -> None:
        self._queue: Queue[Handful] = Queue(waiting_max)
        self.is_dropped = False

    def offer(self, handful: Handful) -> bool:
        """Put messages in, or drop the listener when there is no room."""
        try:
            self._queue.put_nowait(handful)
        except Full:
            self.is_dropped = True
        return not self.is_dropped

    def next(self, timeout_s: float) -> Handful | None:
        """Wait for the next messages; None when none came in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except Empty:
            return None

    def now(self) -> Handful | None:
        """Give the next messages when there are any."""
        try:
            return self._queue.get_nowait()
        except Empty:
            return None


class Subscribers:
    """All listeners. ``tail`` is the id up to which the log was told to them; ``news`` is set with everything told."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._all: tuple[Subscriber, ...] = ()  # replaced whole: whoever counts them needs no lock
        self.news = threading.Event()
        self.tail = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._all)

    def join(self, last_id: int) -> Subscriber:
        """Listen from now on. ``last_id`` is the newest event in the log as the caller just read it."""
        subscriber = Subscriber(self._waiting_max)
        with self._lock:
            if not self._all:
                self.tail = last_id
            self._all = (*self._all, subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Listen no longer. Left already, it changes nothing."""
        with self._lock:
            self._all = tuple(each for each in self._all if each is not subscriber)

    def tell(self, *told: Told) -> None:
        """Tell everybody; what is of the log, in its order. Each is woken once, however many messages there are."""
        handful = Handful(told)
        with self._lock:
            # Both at once: who joins afterwards says himself from where on he has to be told.
            everybody, self.tail = self._all, max([self.tail, *handful.ids])
        for subscriber in everybody if told else ():
            if not subscriber.offer(handful):
                self.dropped += 1
                self.leave(subscriber)
        self.news.set()
