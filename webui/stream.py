"""Server-sent events: what was missed, from the log, then what happens, as it happens.

Events of the log carry their id, so a page that was away asks from the last one it saw (`Last-Event-ID`). Passing
states (prices, orders) carry none. A listener that does not keep up, or missed too much, is told `reload`.
"""

import threading
from collections.abc import Generator, Iterator
from typing import Any, Final

import bottle

from actors.journal import event_row
from actors.subscribers import Subscriber, Told
from webui.answers import Problem, encode, header, query_as, wrong
from webui.bodies import ID_MAX, StreamQuery
from webui.parts import Parts
from webui.pushing import LINE, Line, Pushed, Pusher

REPLAY_MAX: Final = 1_000
LOOK_S: Final = 1.0  # how soon a vanished listener is noticed
QUIET_LOOKS_MAX: Final = 15  # looks without news until a comment keeps proxies from closing the line
RETRY_MS: Final = 2_000
STILL_HERE: Final = b": still here\n\n"


class Streams:
    """All open streams: so many at once and no more, because each holds a thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._room = threading.Semaphore(parts.about.streams_max)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.pusher = Pusher(parts.subscribers, of)
        self.open_now = 0

    def stop(self) -> None:
        """End every stream soon, and open none any more."""
        self._stopping.set()
        self.pusher.stop()

    @property
    def is_stopping(self) -> bool:
        """Whether the service ends."""
        return self._stopping.is_set()

    def open(self) -> bottle.HTTPResponse:
        """Answer a request for the stream."""
        last = _last_seen()
        if self.is_stopping:
            raise Problem(503, "stopping", "the service is stopping")
        if not self._room.acquire(blocking=False):
            raise Problem(503, "too_many_streams", "all streams are taken", retry_s=5)
        with self._lock:
            self.open_now += 1
        environ = bottle.request.environ
        gone = environ.get("waitress.client_disconnected", lambda: False)
        headers = {
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx passes it on at once
        }
        return bottle.HTTPResponse(_Stream(self._parts, self, last, gone, environ.get(LINE)), 200, headers)

    def closed(self) -> None:
        """Give a stream's room back."""
        with self._lock:
            self.open_now -= 1
        self._room.release()


class _Stream:
    """One stream. ``close`` is called by the server however it ends, also when it never began."""

    def __init__(self, parts: Parts, streams: Streams, last: int | None, gone: Any, line: Line | None) -> None:
        """Without a ``line`` to write to, as in a test without a server, it gives everything piece by piece."""
        self._parts, self._streams, self._last, self._gone, self._line = parts, streams, last, gone, line
        self._subscriber: Subscriber | None = None
        self._pieces = self._run()
        self._is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Listen no longer. Told twice it changes nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._pieces.close()
        if self._subscriber is not None:
            self._parts.subscribers.leave(self._subscriber)
        self._streams.closed()

    def _run(self) -> Generator[bytes, None, None]:
        # The first piece at once: bottle sends the headers with it.
        yield f"retry: {RETRY_MS}\n: hello\n\n".encode()
        events = self._parts.store.events
        newest = events.last_id()
        # Listening comes before reading, so that nothing falls between the two; what comes twice is known by its id.
        self._subscriber = self._parts.subscribers.join(newest)
        seen = newest if self._last is None else self._last
        if self._last is not None:
            missed = events.after(self._last, limit=REPLAY_MAX)
            if len(missed) == REPLAY_MAX or self._last > newest:
                yield piece("reload", {"reason": "too much was missed to tell it"}, newest)
                seen = newest
            else:
                for event in missed:
                    seen = event.id
                    yield piece(event.kind, event_row(event), event.id)
        self._parts.store.close_thread()  # a stream is long, and it reads no more
        yield piece("hello", {"last_id": seen, "mode": self._parts.about.mode}, None)
        subscriber = self._subscriber
        yield from self._wait(subscriber, self._line, seen) if self._line else self._listen(subscriber, seen)
        if subscriber.is_dropped:
            yield piece("reload", {"reason": "this listener did not keep up"}, None)
        else:
            yield b"event: bye\ndata: {}\n\n"

    def _wait(self, subscriber: Subscriber, line: Line, seen: int) -> Iterator[bytes]:
        """Have it written to from elsewhere until it ends."""
        pushed, quiet = Pushed(subscriber, line, seen), 0
        try:
            self._streams.pusher.add(pushed)
            while not (self._is_ending() or pushed.wait(LOOK_S)):
                pushed.push(of)  # what found no room
                quiet = 0 if pushed.has_written() else quiet + 1
                if quiet >= QUIET_LOOKS_MAX:
                    quiet = 0
                    yield STILL_HERE
        finally:
            self._streams.pusher.remove(pushed)

    def _listen(self, subscriber: Subscriber, seen: int) -> Iterator[bytes]:
        quiet = 0
        while not self._is_ending():
            handful = subscriber.next(LOOK_S)
            if handful is not None:
                quiet = 0
                new = handful.after(seen)
                seen = max([seen, *new.ids])
                if new.told:
                    yield new.written(of)
            elif subscriber.is_dropped:
                return
            else:
                quiet += 1
                if quiet >= QUIET_LOOKS_MAX:
                    quiet = 0
                    yield STILL_HERE

    def _is_ending(self) -> bool:
        return self._streams.is_stopping or bool(self._gone())


def of(told: Told) -> bytes:
    """Write what the journal told."""
    return piece(told.kind, told.content, told.id)


def piece(kind: str, content: object, event_id: int | None) -> bytes:
    """Write one event. JSON has no raw line breaks, so one data line holds it."""
    number_line = b"" if event_id is None else b"id: %d\n" % event_id
    return number_line + b"event: " + kind.encode() + b"\ndata: " + encode(content) + b"\n\n"


def _last_seen() -> int | None:
    """The id the page saw last: by its browser's header, or by a parameter when it begins anew."""
    asked = query_as(StreamQuery).last_event_id
    text = header("Last-Event-ID")
    if text is None:
        return asked
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > ID_MAX:
        raise wrong("last_event_id", f"must be a whole number up to {ID_MAX}")
    return int(text)
