"""The line between the service's broker and the exchange in the same process: every message takes its time."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from brokers.inprocess_transport import InProcessTransport
from brokers.transport import Message
from exchange.exchange import Close, Exchange, Send, TooManyConnections
from supervisor.simulated import Call, SimulatedRuntime
from trading.errors import Unavailable


class Pipe:
    """The exchange as a peer of in-process transports, stepped by the simulated runtime's clock."""

    def __init__(
        self,
        exchange: Exchange,
        runtime: SimulatedRuntime,
        rng: Random,
        delay_ms: tuple[int, int],
        *,
        skew_ms: int = 0,
    ) -> None:
        self._exchange, self._runtime, self._rng, self._delay_ms = exchange, runtime, rng, delay_ms
        self._transports: dict[int, InProcessTransport] = {}
        self._deaf: set[int] = set()
        """Half-open connections: what either end sends is lost, and nobody is told."""
        self._pending: InProcessTransport | None = None
        self._inbound_at = self._outbound_at = 0
        self.is_refusing = False
        self.skew_ms = skew_ms
        """How far the exchange's clock stands before ours."""
        self._woken_at = 0
        self._woken: Call | None = None
        self._wake()

    def transport(self) -> InProcessTransport:
        """A fresh pipe."""
        return _Remembered(self, lambda made: setattr(self, "_pending", made))

    # --- what a transport does to its peer

    def connect(self) -> int:
        """Open a session."""
        if self.is_refusing or self._pending is None:
            raise Unavailable("connection refused")
        try:
            session = self._exchange.connect(self.now)
        except TooManyConnections as refusal:
            raise Unavailable("too many connections") from refusal
        self._transports[session] = self._pending
        return session

    def receive(self, connection: int, message: Message) -> None:
        """A request sets out. Requests of one socket keep their order."""
        self._inbound_at = max(self._inbound_at, self._runtime.clock.elapsed_ms + self._delay())
        delay = self._inbound_at - self._runtime.clock.elapsed_ms
        self._runtime.after_ms(delay, lambda: self._arrives(connection, message), background=False)

    def disconnect(self, connection: int) -> None:
        """The service closed it."""
        known = self._transports.pop(connection, None) is not None
        if connection in self._deaf:
            self._deaf.discard(connection)  # the exchange finds out by itself, when nobody answers it
        elif known:
            self._exchange.disconnected(connection, self.now)
            self.pump()

    # --- trouble of the line

    @property
    def is_deaf(self) -> bool:
        """Whether a connection is half-open."""
        return bool(self._deaf)

    def goes_deaf(self) -> None:
        """From now on nothing gets through the connections there are."""
        self._deaf.update(self._transports)

    def cut(self) -> None:
        """All connections break, and both ends know it; what was under way is lost."""
        for session, transport in tuple(self._transports.items()):
            self.disconnect(session)
            transport.cut("connection reset")

    # --- the exchange's side

    @property
    def now(self) -> int:
        """The exchange's clock."""
        return self._runtime.clock.now_ms() + self.skew_ms

    def _delay(self) -> int:
        low, high = self._delay_ms
        return self._rng.randint(low, high)

    def _arrives(self, connection: int, message: Message) -> None:
        if connection in self._transports and connection not in self._deaf:
            self._exchange.receive(connection, message, self.now)
            self.pump()

    def pump(self) -> None:
        """Send on what the exchange has to say."""
        for item in self._exchange.drain():
            match item:
                case Send(session_id=session, message=message):
                    self._sets_out(session, partial(_deliver, message))
                case Close(session_id=session, reason=reason):
                    self._sets_out(session, partial(_cut, reason), last=True)
        self._wake()

    def _sets_out(self, session: int, what: Callable[[InProcessTransport], Any], *, last: bool = False) -> None:
        self._outbound_at = max(self._outbound_at, self._runtime.clock.elapsed_ms + self._delay())

        def arrive() -> None:
            if session in self._deaf:
                return
            pipe = self._transports.pop(session, None) if last else self._transports.get(session)
            if pipe is not None:
                what(pipe)

        self._runtime.after_ms(self._outbound_at - self._runtime.clock.elapsed_ms, arrive)

    def _wake(self) -> None:
        """Be called when the exchange has something due."""
        due = max(self._exchange.next_due_ms(), self.now)
        if self._woken is not None:
            if self._woken_at <= due:
                return
            self._woken.is_dead = True  # else every earlier call would live on beside this one, and make more
        self._woken_at = due
        self._woken = self._runtime.after_ms(due - self.now, self._advance)

    def _advance(self) -> None:
        self._woken = None
        self._exchange.advance(self.now)
        self.pump()


def _deliver(message: Message, pipe: InProcessTransport) -> None:
    pipe.deliver(message)


def _cut(reason: str, pipe: InProcessTransport) -> None:
    pipe.cut(reason)


class _Remembered(InProcessTransport):
    """Says who it is before it connects, so that the peer can answer it."""

    def __init__(self, pipe: Pipe, about_to_connect: Callable[[InProcessTransport], None]) -> None:
        super().__init__(pipe)
        self._about_to_connect = about_to_connect

    def open(self, listener: Any) -> None:
        """Connect."""
        self._about_to_connect(self)
        super().open(listener)
