"""The broker port: what the service needs of any broker, and what it may rely on.

One thread owns a broker. Nothing here blocks: ``connect`` and ``submit`` return at once and what follows is taken
with ``take``. Time is an argument everywhere: milliseconds of one clock that never jumps backwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from brokers.facts import Fact
from brokers.outcomes import LateOutcome, Outcome
from brokers.requests import Request
from brokers.transport import Listener, Message
from trading.values import Milliseconds

News = Fact | Outcome | LateOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this broker can do beyond the least; the rest of the service asks here and nowhere else."""

    native_brackets: bool
    edit: bool
    valid_until: bool
    label_query: bool
    reduce_only: bool
    cancel_by_label: bool


class Broker(Protocol):
    """One connection to one broker. It never reconnects by itself and never sends anything twice."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def connect(self, listener: Listener) -> bool:
        """Begin to connect; ends in ``ConnectionUp`` or ``ConnectionDown``.

        False means that nothing was begun, because a connection stands, is being made or being closed: then the
        listener will hear nothing, and the one before it still speaks.

        The listener is told by the transport's own thread and must bring what it hears back to the broker's
        thread. Give each attempt its own listener: an old one must not speak for a new connection.
        """
        ...

    def disconnect(self, reason: str) -> None:
        """Close now. Requests without an answer end as fate unknown; orders stay where they are."""
        ...

    def submit(self, request: Request, now: Milliseconds) -> int:
        """Send a request and give its number; raises Unavailable when it is certain that nothing was sent."""
        ...

    def opened(self, now: Milliseconds) -> None:
        """Hear from the transport that the socket stands."""
        ...

    def received(self, message: Message, now: Milliseconds) -> None:
        """Hear a message from the transport."""
        ...

    def garbled(self, raw: str, why: str, now: Milliseconds) -> None:
        """Hear from the transport that something unreadable came."""
        ...

    def closed(self, reason: str) -> None:
        """Hear from the transport that the socket is gone."""
        ...

    def tick(self, now: Milliseconds) -> None:
        """Do what is due: time-outs, renewals, the watch for silence. Call it at ``wake_at`` or more often."""
        ...

    def wake_at(self) -> Milliseconds | None:
        """When ``tick`` is next needed; None while nothing is pending."""
        ...

    def take(self) -> list[News]:
        """Take what happened since the last time, in order."""
        ...

    def server_at_least(self, now: Milliseconds) -> Milliseconds | None:
        """A moment the exchange's clock has certainly passed: for saying that a deadline is over."""
        ...

    def credits_left(self, now: Milliseconds) -> Mapping[str, int]:
        """How many requests of each kind could be sent now. Any thread may look; nothing is spent."""
        ...

    def server_now(self, now: Milliseconds) -> Milliseconds | None:
        """The exchange's clock at this moment; None until it was measured."""
        ...
