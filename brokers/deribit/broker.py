"""The Deribit adapter joined to a transport: this is what fulfils the broker port."""

from brokers.deribit.session import DeribitSession, Phase
from brokers.deribit.settings import Settings
from brokers.port import Capabilities, News
from brokers.requests import Request
from brokers.transport import Listener, Message, Transport
from trading.errors import Unavailable
from trading.marks import mark
from trading.values import Milliseconds

CAPABILITIES = Capabilities(
    native_brackets=True,
    edit=True,
    valid_until=True,
    label_query=True,
    reduce_only=True,
    cancel_by_label=True,
)


class DeribitBroker:
    """Deribit's main net, its test net, or the embedded exchange: the transport decides which."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._session = DeribitSession(settings)
        self._transport = transport

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return CAPABILITIES

    @property
    def phase(self) -> Phase:
        """Where the connection stands, for people to see."""
        return self._session.phase

    def connect(self, listener: Listener) -> bool:
        """Begin to connect and say whether it did: not while a connection stands, is being made or being closed."""
        if self._session.phase is not Phase.IDLE:
            return False
        self._session.opening()
        self._transport.open(listener)
        return True

    def disconnect(self, reason: str) -> None:
        """Close now; ``ConnectionDown`` follows when the transport has closed."""
        if self._session.phase is not Phase.IDLE:
            self._session.line.close(reason)
            self._flush()

    def submit(self, request: Request, now: Milliseconds) -> int:
        """Send a request and give its number; raises Unavailable when it is certain that nothing was sent."""
        ref = self._session.submit(request, now)
        failed = self._flush()
        if ref in failed:
            raise Unavailable(failed[ref])
        return ref

    def opened(self, now: Milliseconds) -> None:
        """Hear that the socket stands."""
        self._session.opened(now)
        self._flush()

    def received(self, message: Message, now: Milliseconds) -> None:
        """Hear a message."""
        self._session.received(message, now)
        self._flush()

    def garbled(self, raw: str, why: str, now: Milliseconds) -> None:
        """Hear something unreadable."""
        self._session.garbled(raw, why, now)

    def closed(self, reason: str) -> None:
        """Hear that the socket is gone."""
        self._session.closed(reason)

    def tick(self, now: Milliseconds) -> None:
        """Do what is due."""
        self._session.tick(now)
        self._flush()

    def wake_at(self) -> Milliseconds | None:
        """When ``tick`` is next needed."""
        return self._session.wake_at()

    def take(self) -> list[News]:
        """Take what happened since the last time."""
        return self._session.line.take_news()

    def server_now(self, now: Milliseconds) -> Milliseconds | None:
        """The exchange's clock at this moment."""
        return self._session.line.clock.now(now)

    def server_at_least(self, now: Milliseconds) -> Milliseconds | None:
        """A moment the exchange's clock has certainly passed: for saying that a deadline is over."""
        return self._session.line.clock.at_least(now)

    def credits_left(self, now: Milliseconds) -> dict[str, int]:
        """How many requests each pool would pay for. Any thread may look."""
        return self._session.line.budget.left(now)

    def _flush(self) -> dict[int, str]:
        """Send what waits; give the numbers of those that certainly did not leave, and why."""
        line = self._session.line
        failed: dict[int, str] = {}
        for ref, message in line.take_outgoing():
            try:
                self._transport.send(message)
            except Unavailable as unavailable:
                # The transport tells the end of the connection itself; here only this request is known not to exist.
                mark("line-broke-while-sending")
                line.pending.forget(ref)
                failed[ref] = str(unavailable)
        if line.close_reason is not None and self._session.phase not in {Phase.CLOSING, Phase.IDLE}:
            self._session.closing()
            self._transport.close(line.close_reason)
        return failed
