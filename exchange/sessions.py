"""Sessions: who is connected, over what, as whom, and when a silent one has to go.

A session is one socket or one HTTP exchange. It ends here first; the shell is told by a `Close`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from exchange import rpc
from exchange.outbox import Outbox
from exchange.timers import Timers

if TYPE_CHECKING:
    from exchange.auth import Grant

IDLE_MS: Final = 60_000  # without traffic, subscription and heartbeat a socket is dropped
FIRST_TEST: Final = 1.2  # of the interval: when the first test_request comes, as measured
NEXT_TEST: Final = 1.06  # of the interval: and the following ones
ASKED_EACH: Final = 3  # in a simulated quiet: each third time for a sign of life, else only said that it lives
ANSWER_MS: Final = 10_000  # how long a test_request may stay unanswered
HEARTBEAT_CLOSE: Final = 4000
ABNORMAL_CLOSE: Final = 1006


class TooManyConnections(Exception):
    """This address has as many connections as it may have."""


class Session:
    """One connection and what belongs to it."""

    __slots__ = (
        "_deaf_until_ms",
        "_late_until_ms",
        "_slow_ms",
        "_slow_until_ms",
        "address",
        "answer_timer",
        "arrives_ms",
        "channels",
        "cod",
        "ended",
        "grant",
        "heard_ms",
        "heartbeat_s",
        "id",
        "is_ws",
        "opened_ms",
        "spared",
        "test_sent_ms",
        "troubled",
    )

    def __init__(self, session_id: int, *, is_ws: bool, address: str, now_ms: int) -> None:
        self.id = session_id
        self.is_ws = is_ws
        self.address = address
        self.opened_ms = self.heard_ms = now_ms
        self.arrives_ms = now_ms  # requests sent later do not arrive earlier than this
        self.grant: Grant | None = None
        self.channels: dict[str, str | None] = {}  # subscribed channel -> label
        self.heartbeat_s: float | None = None
        self.test_sent_ms: int | None = None  # of a test_request nobody has answered yet
        self.answer_timer = 0  # what happens if nobody does
        self.spared = 0  # how many questions were left out
        self.cod = False  # cancel on disconnect
        self.ended = False
        self.troubled = False  # a fault has made it deaf or slow once: look closer before sending
        self._deaf_until_ms = self._slow_until_ms = self._late_until_ms = 0
        self._slow_ms = 0

    @property
    def client_id(self) -> str:
        """The key it is logged in with; empty before."""
        return "" if self.grant is None else self.grant.client_id

    def go_deaf(self, until_ms: int) -> None:
        """Half open: nothing comes through in either direction, and nobody is told."""
        self.troubled = True
        self._deaf_until_ms = max(self._deaf_until_ms, until_ms)

    def go_slow(self, delay_ms: int, until_ms: int) -> None:
        """What is sent to it is late by this much, in order."""
        self.troubled = True
        self._slow_ms, self._slow_until_ms = delay_ms, until_ms

    def is_deaf(self, now_ms: int) -> bool:
        return now_ms < self._deaf_until_ms

    def is_slow(self, now_ms: int) -> bool:
        return now_ms < max(self._slow_until_ms, self._late_until_ms)

    def delayed_until(self, now_ms: int) -> int:
        """When something sent now leaves; never before what was sent earlier."""
        due_ms = now_ms + self._slow_ms if now_ms < self._slow_until_ms else now_ms
        self._late_until_ms = max(self._late_until_ms, due_ms)
        return self._late_until_ms


class Heartbeat(float):
    """An interval in seconds that is itself and no other of the same length."""

    __slots__ = ()


class Sessions:
    """All that are open, by id."""

    def __init__(self, *, timers: Timers, outbox: Outbox, per_address: int) -> None:
        self._timers = timers
        self._outbox = outbox
        self._per_address = per_address
        self._open: dict[int, Session] = {}
        self._at_address: Counter[str] = Counter()
        self.opened = 0
        """How many there have been."""
        self.changes = 0
        """How often one came or went."""
        self.on_end: Callable[[Session, int], None] = _nothing
        self.may_spare: Callable[[int], bool] = _never
        """Whether now the exchange may come to a client half as often, and ask for a sign of life each third time only.
        Simulated quiet would consist of it."""

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def get(self, session_id: int) -> Session | None:
        return self._open.get(session_id)

    def start_counting_from(self, session_id: int) -> None:
        """Ids never repeat, not even over a restart: orders remember the session they came over."""
        self.opened = max(self.opened, session_id)

    def open(self, *, is_ws: bool, address: str, now_ms: int) -> Session:
        """Raises TooManyConnections."""
        if self._at_address[address] >= self._per_address:
            raise TooManyConnections(address)
        self.opened += 1
        self.changes += 1
        self._at_address[address] += 1
        session = Session(self.opened, is_ws=is_ws, address=address, now_ms=now_ms)
        self._open[session.id] = session
        if is_ws:
            self._timers.at(now_ms + IDLE_MS, lambda at_ms: self._check_idle(session, at_ms))
        return session

    def end(self, session: Session, now_ms: int) -> None:
        """It is over: the peer went away, or `close` was called. Again is harmless."""
        if self._open.pop(session.id, None) is None:
            return
        session.ended = True
        self.changes += 1
        self._at_address[session.address] -= 1
        if not self._at_address[session.address]:
            del self._at_address[session.address]
        self.on_end(session, now_ms)

    def close(self, session: Session, now_ms: int, code: int, reason: str, *, abrupt: bool = False) -> None:
        """We end it, and the shell has to close the socket."""
        if not session.ended:
            self.end(session, now_ms)
            self._outbox.close(session, code, reason, abrupt=abrupt)

    def _check_idle(self, session: Session, now_ms: int) -> None:
        if session.ended:
            return
        again_ms = session.heard_ms + IDLE_MS
        if session.channels or session.heartbeat_s is not None:
            again_ms = now_ms + IDLE_MS
        if again_ms > now_ms:
            self._timers.at(again_ms, lambda at_ms: self._check_idle(session, at_ms))
        else:
            self.close(session, now_ms, ABNORMAL_CLOSE, "", abrupt=True)

    # --- heartbeats

    def set_heartbeat(self, session: Session, interval_s: float | None, now_ms: int) -> None:
        """Ask the client for a sign of life from time to time; None stops that."""
        self.answered(session)
        session.heartbeat_s = None
        if interval_s is not None:
            # A fresh object each time: the timers of an earlier setting see that they are no longer wanted.
            interval = session.heartbeat_s = Heartbeat(interval_s)
            due_ms = now_ms + int(interval * 1000 * FIRST_TEST)
            self._timers.at(due_ms, lambda at_ms: self._test(session, interval, at_ms))

    def _test(self, session: Session, interval: Heartbeat, now_ms: int) -> None:
        if session.ended or session.heartbeat_s is not interval:
            return
        next_ms = now_ms + int(interval * 1000 * NEXT_TEST)
        if self.may_spare(now_ms):
            next_ms += next_ms - now_ms
            session.spared += 1
            if session.spared % ASKED_EACH:
                self._outbox.send(session, rpc.heartbeat("heartbeat"))
                self._timers.at(next_ms, lambda at_ms: self._test(session, interval, at_ms))
                return
        else:
            self._outbox.send(session, rpc.heartbeat("heartbeat"))
        self._outbox.send(session, rpc.heartbeat("test_request"))
        if session.test_sent_ms is None:
            session.test_sent_ms = now_ms
            due_ms = now_ms + ANSWER_MS
            session.answer_timer = self._timers.at(due_ms, lambda at_ms: self._expect_answer(session, now_ms, at_ms))
        self._timers.at(next_ms, lambda at_ms: self._test(session, interval, at_ms))

    def answered(self, session: Session) -> None:
        """It has shown a sign of life, or none is wanted any more."""
        if session.test_sent_ms is not None:
            session.test_sent_ms = None
            self._timers.cancel(session.answer_timer)

    def _expect_answer(self, session: Session, sent_ms: int, now_ms: int) -> None:
        if session.test_sent_ms == sent_ms:
            self.close(session, now_ms, HEARTBEAT_CLOSE, "heartbeat close")


def _nothing(_session: Session, _now_ms: int) -> None:
    """Before somebody listens."""


def _never(_now_ms: int) -> bool:
    """As the exchange does it."""
    return False
