"""What must leave: messages and closings, in order, until somebody drains them; and what delays or eats them.

Without fault rules and slow sessions a message goes straight into the list.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from exchange.faults import Action, FaultPlan
from exchange.timers import Timers

if TYPE_CHECKING:
    from exchange.sessions import Session

_HELD_MAX: Final = 10_000


class Send(NamedTuple):
    """A message for one session. Several sessions may be sent the same dict: nobody may change it."""

    session_id: int
    message: dict[str, Any]


class Close(NamedTuple):
    """The session has ended on our side. `abrupt`: without a closing frame."""

    session_id: int
    code: int
    reason: str
    abrupt: bool = False


Outgoing = list[Send | Close]
Perform = Callable[[Iterable[Action], "Session", int], None]


class Outbox:
    """The way out of the exchange."""

    def __init__(self, timers: Timers) -> None:
        self.items: Outgoing = []
        self.pushes = 0
        self.perform: Perform = _nothing  # carries out what a fault rule wants beyond the message itself
        self.plan: FaultPlan | None = None  # None: no rules, nobody to ask
        self._timers = timers
        self._troubled: dict[int, Session] = {}  # deaf or slow
        self._overdue: list[Send] = []  # have been late for long enough
        self._held: dict[tuple[int, str], int] = {}  # (session, channel) -> earlier ones leave at this time

    def take_count(self) -> int:
        """Notifications since somebody last asked."""
        count, self.pushes = self.pushes, 0
        return count

    def drain(self, now_ms: int) -> Outgoing:
        """Everything that must leave now; it is the caller's from here on."""
        items, self.items = self.items, []
        if self._troubled:
            items = [*self._overdue, *(item for item in items if self._leaves(item, now_ms))]
            self._overdue = []
            self._troubled = {number: session for number, session in self._troubled.items() if not session.ended}
        return items

    def send(self, session: "Session", message: dict[str, Any]) -> None:
        """A reply, a heartbeat, a word unasked."""
        if session.troubled:
            self._troubled[session.id] = session
        self.items.append(Send(session.id, message))

    def push(self, session: "Session", channel: str, message: dict[str, Any], now_ms: int) -> None:
        """A notification."""
        self.pushes += 1
        if self.plan is None and not self._held:
            self.send(session, message)
            return
        self._push_through_faults(session, channel, message, now_ms)

    def close(self, session: "Session", code: int, reason: str, *, abrupt: bool = False) -> None:
        self.items.append(Close(session.id, code, reason, abrupt))

    def _leaves(self, item: Send | Close, now_ms: int) -> bool:
        """Half open: lost without a word. Slow: later, behind everything that is late already."""
        session = self._troubled.get(item.session_id)
        if session is None or isinstance(item, Close):
            return True
        if session.is_deaf(now_ms):
            return False
        due_ms = session.delayed_until(now_ms)
        if due_ms > now_ms:
            self._timers.at(due_ms, lambda _at_ms: None if session.ended else self._overdue.append(item))
        return due_ms <= now_ms

    def _push_through_faults(self, session: "Session", channel: str, message: dict[str, Any], now_ms: int) -> None:
        fate = None if self.plan is None else self.plan.on_push(channel, session.client_id, now_ms)
        key = session.id, channel
        due_ms = self._held.get(key, 0)
        if due_ms and due_ms <= now_ms:
            del self._held[key]
            due_ms = 0
        copies = 1
        if fate is not None:
            copies = 0 if fate.lost else fate.copies
            if fate.delay_ms and fate.in_order and len(self._held) < _HELD_MAX:
                due_ms = self._held[key] = max(due_ms, now_ms + fate.delay_ms)
            elif fate.delay_ms:
                due_ms = max(due_ms, now_ms + fate.delay_ms)
        for _ in range(copies):
            if due_ms > now_ms:
                self._timers.at(due_ms, lambda _at_ms: self._send_open(session, message))
            else:
                self.send(session, message)
        if fate is not None and (actions := fate.actions):
            # A moment later: whoever tells the news must not lose a listener in the middle of it.
            self._timers.at(now_ms + 1, lambda at_ms: self.perform(actions, session, at_ms))

    def _send_open(self, session: "Session", message: dict[str, Any]) -> None:
        if not session.ended:
            self.send(session, message)


def _nothing(_actions: Iterable[Action], _session: "Session", _now_ms: int) -> None:
    """Before somebody listens."""
