"""What the pump needs of its surroundings: outlets for messages, a memory, a log, and the event loop's timers."""

from collections.abc import Callable
from typing import Any, Protocol

Parcel = tuple[dict[str, Any], bytes]  # a message, and the same as JSON


class Outlet(Protocol):
    """Where the messages of one session leave."""

    def send(self, parcels: list[Parcel]) -> None: ...

    def close(self, code: int, reason: str, *, abrupt: bool) -> None: ...


class Memory(Protocol):
    """What must be on disk before anything leaves."""

    @property
    def broken(self) -> bool:
        """It could not write; nothing may leave and nothing may happen until it can."""
        ...

    def mark(self) -> None:
        """Notes where prices and time stand."""
        ...

    def mend(self) -> bool:
        """Tries again to write down everything; True when that worked."""
        ...


class NoMemory:
    """Nothing is kept, and nothing can fail to be."""

    broken = False

    def mark(self) -> None:
        pass

    def mend(self) -> bool:
        return True


class Log(Protocol):
    """Reads along: requests as they come, replies as they leave."""

    def heard(self, session_id: int, frame: bytes | str, method: str = "") -> None: ...

    def said(self, session_id: int, message: dict[str, Any]) -> None: ...

    def gone(self, session_id: int) -> None: ...


class Timer(Protocol):
    """A call that is planned and can be called off."""

    def cancel(self) -> None: ...

    def when(self) -> float: ...


class Loop(Protocol):
    """The event loop's clock and timers, as asyncio has them."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer: ...
