"""What a transport says, from its own thread, as messages in the broker's inbox."""

from dataclasses import dataclass

from actors.address import Address
from brokers.transport import Message as Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The transport of one attempt to connect has something to say."""

    attempt: int
    kind: str  # opened, received, garbled, closed
    frame: Frame | None = None
    text: str = ""
    raw: str = ""


class Ears:
    """What one attempt's transport speaks into, from its own thread."""

    def __init__(self, own: Address[object], attempt: int) -> None:
        self._own, self._attempt = own, attempt

    def opened(self) -> None:
        self._own.tell(Heard(attempt=self._attempt, kind="opened"))

    def received(self, message: Frame) -> None:
        self._own.tell(Heard(attempt=self._attempt, kind="received", frame=message))

    def garbled(self, raw: str, why: str) -> None:
        self._own.tell(Heard(attempt=self._attempt, kind="garbled", raw=raw, text=why))

    def closed(self, reason: str) -> None:
        self._own.tell(Heard(attempt=self._attempt, kind="closed", text=reason))
