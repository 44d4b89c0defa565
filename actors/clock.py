"""The time as actors see it. Which clock it is, real or virtual, is chosen where they are wired."""

from typing import Protocol


class Clock(Protocol):
    """Two readings: one for people and the exchange, one for measuring."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC. It may jump when the machine's clock is set."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed moment. It never goes back and means nothing to others."""
        ...
