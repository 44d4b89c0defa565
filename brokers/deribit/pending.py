"""Requests on their way: numbers, time-outs, and the memory of those that were given up.

Replies may overtake each other, come twice, or come after we stopped waiting. Each number is used once in the life
of the broker, so a reply is never matched to a later connection's request. Everything here has a bound.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum, unique

from brokers.requests import Request
from trading.values import Milliseconds

PENDING_MAX = 500
REMEMBERED_MAX = 2_000


@unique
class Errand(StrEnum):
    """Why the adapter itself asked something; a request of the service is ASKED."""

    ASKED = "asked"
    MEASURE = "measure"
    LOGIN = "login"
    REFRESH = "refresh"
    HEARTBEAT = "heartbeat"
    ANSWER_TEST = "answer_test"
    CHECK_DISCONNECT = "check_disconnect"
    CHECK_LIMITS = "check_limits"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request that left."""

    ref: int
    errand: Errand
    method: str
    sent_at: Milliseconds
    times_out_at: Milliseconds
    request: Request | None = None
    channels: tuple[str, ...] = ()
    subject: str = ""


@unique
class Standing(StrEnum):
    """What we know about the request a reply names."""

    WAITING = "waiting"
    GIVEN_UP = "given_up"
    ANSWERED = "answered"
    NEVER_ASKED = "never_asked"


class Pending:
    """The table of requests by number."""

    def __init__(self) -> None:
        self._next = 1
        self._waiting: dict[int, Sent] = {}
        self._given_up: OrderedDict[int, Sent] = OrderedDict()
        self._answered: OrderedDict[int, None] = OrderedDict()

    @property
    def is_full(self) -> bool:
        """Whether one more request would be one too many."""
        return len(self._waiting) >= PENDING_MAX

    @property
    def upcoming_ref(self) -> int:
        """The number the next request will get."""
        return self._next

    def next_ref(self) -> int:
        """Give a number that was never used."""
        ref = self._next
        self._next += 1
        return ref

    def add(self, sent: Sent) -> None:
        """Remember a request that leaves now."""
        self._waiting[sent.ref] = sent

    def forget(self, ref: int) -> None:
        """Drop a request that turned out never to have left."""
        self._waiting.pop(ref, None)

    def answer(self, ref: int) -> tuple[Standing, Sent | None]:
        """Take the request a reply belongs to, and say how it stood."""
        sent = self._waiting.pop(ref, None)
        standing = Standing.WAITING
        if sent is None:
            sent = self._given_up.pop(ref, None)
            standing = Standing.GIVEN_UP
        if sent is None:
            return (Standing.ANSWERED if ref in self._answered else Standing.NEVER_ASKED), None
        self._answered[ref] = None
        _keep(self._answered)
        return standing, sent

    def give_up_due(self, now: Milliseconds) -> list[Sent]:
        """Stop waiting for every request whose time is over, oldest first."""
        due = [sent for sent in self._waiting.values() if sent.times_out_at <= now]
        for sent in due:
            self._give_up(sent)
        return due

    def give_up_all(self) -> list[Sent]:
        """Stop waiting for everything: the connection is gone."""
        lost = list(self._waiting.values())
        for sent in lost:
            self._give_up(sent)
        return lost

    def first_time_out(self) -> Milliseconds | None:
        """When the next request times out."""
        if not self._waiting:
            return None
        return min(sent.times_out_at for sent in self._waiting.values())

    def _give_up(self, sent: Sent) -> None:
        del self._waiting[sent.ref]
        self._given_up[sent.ref] = sent
        _keep(self._given_up)


def _keep(memory: "OrderedDict[int, Sent] | OrderedDict[int, None]") -> None:
    while len(memory) > REMEMBERED_MAX:
        memory.popitem(last=False)
