"""Where an actor's messages wait, and how far it has come with them: both readable by others without asking.

Pykka's own inbox can neither say how long its oldest message has waited nor be driven by a simulated world, and is
slower. First in, first out, whoever tells.
"""

from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

import pykka

# One waiting message: itself, where the answer goes if it was asked, and when it came.
Envelope = tuple[Any, pykka.Future[Any] | None, float]


def _no_time() -> float:
    return 0.0


class Inbox:
    """A queue that any thread may fill and one actor empties."""

    __slots__ = ("_bell", "_now_s", "_ring", "_waiting", "is_closed")

    def __init__(self) -> None:
        self.is_closed = False  # nobody will ever read it again
        self._waiting: deque[Envelope] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._ring: Callable[[], None] = partial(self._bell.put, None)
        self._now_s: Callable[[], float] = _no_time

    def bind(self, now_s: Callable[[], float], ring: Callable[[], None] | None = None) -> None:
        """Take the runtime's time, and its way to learn of a new message. Before the first message only."""
        assert not self._waiting, "an inbox is bound before it is used"
        self._now_s = now_s
        if ring is not None:
            self._ring = ring

    def tell(self, message: Any, reply: pykka.Future[Any] | None = None) -> None:
        """Put a message last. Never blocks."""
        self._waiting.append((message, reply, self._now_s()))
        self._ring()

    def take(self) -> Envelope:
        """Wait for the next message, in a thread of its own."""
        self._bell.get()
        return self._waiting.popleft()

    def pop(self) -> Envelope:
        """Take the next message, known to be there; for a world with one thread."""
        return self._waiting.popleft()

    def depth(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def oldest_s(self) -> float | None:
        """When the message came that has waited longest, on the runtime's clock."""
        # Another thread may take the message between the question and the answer.
        try:
            return self._waiting[0][2]
        except IndexError:
            return None

    def drain(self, skip: type) -> tuple[Counter[str], list[pykka.Future[Any]]]:
        """Empty it for good: how many messages of each kind nobody will read, and who waits for an answer."""
        self.is_closed = True
        kinds: Counter[str] = Counter()
        askers: list[pykka.Future[Any]] = []
        while True:
            # Who drains the last late comers may be another thread than the actor's own.
            try:
                message, reply, _ = self._waiting.popleft()
            except IndexError:
                return kinds, askers
            if type(message) is not skip:
                kinds[type(message).__name__] += 1
            if reply is not None:
                askers.append(reply)

    # What pykka's references call.

    def put(self, envelope: Any, /) -> None:
        """Take an envelope of pykka's."""
        self.tell(envelope.message, envelope.reply_to)

    def get(self) -> Any:
        """Not used: our loop takes envelopes of our own."""
        raise NotImplementedError

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting


class Progress:
    """What an actor is doing. Written by its own thread alone, read by anyone; each field is whole at any moment."""

    __slots__ = ("handled", "handling", "last_s", "since_s")

    def __init__(self) -> None:
        self.handled = 0
        self.handling: object = None
        self.since_s: float | None = None
        self.last_s: float | None = None
