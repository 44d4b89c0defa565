"""One thread that writes to all open streams.

Each stream has a thread of the server's, but that one only waits for the end. When every one of them was woken for
every event, twenty open pages cost a tenth of a processor, and for a millisecond all of them stood between a price and
the order it led to.
"""

import threading
from collections.abc import Callable
from typing import Final, Protocol

from actors.subscribers import Subscriber, Subscribers, Told

LINE: Final = "tradebaas.line"  # where in a request's environment the server puts it


class Line(Protocol):
    """What is written to a stream beside what its own thread gives. The server's; any thread."""

    def has_room(self) -> bool:
        """Whether so little waits for the listener that a write will not have to wait, too."""
        ...

    def write(self, piece: bytes) -> bool:
        """Write it; False when nobody is there any more."""
        ...


class Pushed:
    """One stream while it is written to from here."""

    def __init__(self, subscriber: Subscriber, line: Line, seen: int) -> None:
        """``seen`` is the event of the log it was told last."""
        self._subscriber, self._line, self._seen = subscriber, line, seen
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._has_written = False

    def push(self, write: Callable[[Told], bytes]) -> None:
        """Write what waits, as long as there is room. What finds none waits for the next time, up to a bound."""
        with self._lock:
            while not self._is_over.is_set() and self._line.has_room():
                handful = self._subscriber.now()
                if handful is None:
                    break
                new = handful.after(self._seen)
                self._seen = max([self._seen, *new.ids])
                if not new.told:
                    continue
                self._has_written = True
                if not self._line.write(new.written(write)):
                    self._is_over.set()
            if self._subscriber.is_dropped:
                self._is_over.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; False when it goes on."""
        return self._is_over.wait(timeout_s)

    def has_written(self) -> bool:
        """Whether it was written to since this was asked last."""
        found, self._has_written = self._has_written, False
        return found

    def wake(self) -> None:
        """Have its own thread look whether it ends."""
        self._is_over.set()

    def end(self) -> None:
        """Write no more; when this returns, nothing is being written."""
        with self._lock:
            self._is_over.set()


class Pusher:
    """The thread, and the streams it writes to. It begins with the first of them."""

    def __init__(self, subscribers: Subscribers, write: Callable[[Told], bytes]) -> None:
        self._subscribers, self._write = subscribers, write
        self._lock = threading.Lock()
        self._all: tuple[Pushed, ...] = ()  # replaced whole: the thread reads it without the lock
        self._thread: threading.Thread | None = None
        self._is_stopping = False

    def add(self, pushed: Pushed) -> None:
        """Write to it from now on, beginning with what waits for it already."""
        with self._lock:
            self._all = (*self._all, pushed)
            if self._thread is None and not self._is_stopping:
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()
        pushed.push(self._write)

    def remove(self, pushed: Pushed) -> None:
        """Write to it no more."""
        with self._lock:
            self._all = tuple(each for each in self._all if each is not pushed)
        pushed.end()

    def stop(self) -> None:
        """End the thread, and have every stream look whether it ends."""
        with self._lock:
            self._is_stopping = True
        self._subscribers.news.set()
        for pushed in self._all:
            pushed.wake()

    def _run(self) -> None:
        news = self._subscribers.news
        while not self._is_stopping:
            news.wait()
            news.clear()
            for pushed in self._all:
                pushed.push(self._write)
