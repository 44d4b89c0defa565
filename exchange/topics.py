"""A topic: one channel with those who watch it, and when it speaks.

Raw topics speak at once. The others gather what happens and speak at most once per interval.
"""

from typing import Any, Final, Protocol

from exchange import rpc
from exchange.channels import Channel
from exchange.engine import Engine
from exchange.outbox import Outbox
from exchange.sessions import Session, Sessions
from exchange.settings import Settings
from exchange.timers import Timers

_LONG_AGO_MS: Final = -(1 << 40)


class Stage(Protocol):
    """What topics need of the exchange."""

    settings: Settings
    engine: Engine
    timers: Timers
    outbox: Outbox
    sessions: Sessions


class Topic:
    """The base: throttled speaking. Subclasses say what there is to say."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        self.channel = channel
        self.name = channel.name
        self.stage = stage
        self.watchers: dict[int, Session] = {}
        self._interval_ms = channel.interval_ms
        self._spoke_ms = _LONG_AGO_MS
        self._planned = False

    def join(self, session: Session, now_ms: int) -> None:
        """A new watcher; it hears first what newcomers hear, and nobody else does."""
        self.watchers[session.id] = session
        first = self.greeting(now_ms)
        if first is not None:
            self.tell(session, first, now_ms)

    def leave(self, session_id: int) -> None:
        self.watchers.pop(session_id, None)

    def touch(self, now_ms: int) -> None:
        """Something of this topic has changed: speak now, or when the interval allows."""
        if now_ms - self._spoke_ms >= self._interval_ms:
            self.speak(now_ms)
        elif not self._planned:
            self._planned = True
            self.stage.timers.at(self._spoke_ms + self._interval_ms, self._speak_as_planned)

    def _speak_as_planned(self, now_ms: int) -> None:
        self._planned = False
        if self.watchers:
            self.speak(now_ms)

    def speak(self, now_ms: int) -> None:
        """Tell all watchers, if there is something to tell."""
        said = self.read(now_ms)
        if said is not None:
            self._spoke_ms = now_ms
            self.tell_all(said, now_ms)

    def tell_all(self, said: Any, now_ms: int) -> None:
        """The same to everybody. Public topics carry no labels, so they can share one message."""
        message = rpc.notification(self.name, said)
        push = self.stage.outbox.push
        for session in self.watchers.values():
            label = session.channels.get(self.name)
            push(session, self.name, message if label is None else rpc.notification(self.name, said, label), now_ms)

    def tell(self, session: Session, said: Any, now_ms: int) -> None:
        """Just this one."""
        message = rpc.notification(self.name, said, session.channels.get(self.name))
        self.stage.outbox.push(session, self.name, message, now_ms)

    def greeting(self, now_ms: int) -> Any:
        """What a newcomer hears at once; None: nothing."""
        del now_ms
        return None

    def read(self, now_ms: int) -> Any:
        """What there is to say now; None: nothing."""
        raise NotImplementedError
