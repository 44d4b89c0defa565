"""What a feed gives, and what the engine asks of one."""

from decimal import Decimal
from typing import Final, NamedTuple, Protocol

ENDED_MS: Final = 2**62
"""`next_due_ms` of a feed that has nothing more to give: later than any clock will ever show."""


class Step(NamedTuple):
    """One market has moved."""

    time_ms: int
    instrument_name: str
    price: float  # the mid
    index: float  # type: ignore[assignment]  # hides tuple.index, which nobody misses here
    volume: float  # traded in this step, in typical amounts of the instrument; 0 = nothing traded


class PastBar(NamedTuple):
    """One minute that lies before the start; `volume` in base coins."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class Feed(Protocol):
    """What the engine asks of a feed."""

    def next_due_ms(self) -> int:
        """The time of the next step; `ENDED_MS` when there is none."""
        ...

    def take(self) -> Step:
        """The step that is due, and on to the next. Never called on a feed that has ended."""
        ...

    def past(self, instrument_name: str) -> list[PastBar]:
        """One-minute bars before the start, oldest first; empty when nothing is known."""
        ...
