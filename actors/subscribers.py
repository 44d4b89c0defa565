"""Who listens to the journal now: a bounded queue each. One who does not keep up is dropped; nobody waits for him."""

import threading  # nondeterministic: one lock, so that two web threads that subscribe at once both count
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


class Subscriber:
    """One listener's queue. Filled by the journal, emptied by a thread of its own."""

    def __init__(self, waiting_max: int) -> None:
        self._queue: Queue[tuple[Told, ...]] = Queue(waiting_max)
        self.is_dropped = False

    def offer(self, handful: tuple[Told, ...]) -> bool:
        """Put messages in, or drop the listener when there is no room."""
        try:
            self._queue.put_nowait(handful)
        except Full:
            self.is_dropped = True
        return not self.is_dropped

    def next(self, timeout_s: float) -> tuple[Told, ...]:
        """Wait for the next messages; none when none came in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except Empty:
            return ()


class Subscribers:
    """All listeners. ``tail`` is the id up to which the log was told to them."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._all: tuple[Subscriber, ...] = ()  # replaced whole: the journal reads it without the lock
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
        """Tell everybody. Each listener is woken once, however many messages there are."""
        for subscriber in self._all:
            if not subscriber.offer(told):
                self.dropped += 1
                self.leave(subscriber)
