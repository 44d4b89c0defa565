"""The exchange's clock seen from here: an interval that certainly holds it, made narrower by every reply.

Picture two people calling the time to each other over a slow line: a reply stamped 12:00:05 was stamped after we
asked and before we heard it. Each reply gives such a window for the difference of the clocks; the true one lies in
all of them. Clocks drift, so a window grows with its age; a window that contradicts the others means a clock jumped.
"""

from dataclasses import dataclass

from trading.values import Milliseconds

_DRIFT_PPM = 200  # twice what a bad crystal does in a warm cupboard
_US = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The difference server minus local in microseconds lies between these, as measured at a local moment."""

    low: int
    high: int
    at: Milliseconds


class ServerClock:
    """Estimates the exchange's time; None until the first sample."""

    def __init__(self) -> None:
        self._window: Window | None = None
        self.jumps = 0
        """How often a sample contradicted all earlier ones."""

    def sample(self, *, sent: Milliseconds, received: Milliseconds, server_in_us: int, server_out_us: int) -> None:
        """Learn from one reply: when we sent and heard it, and when the exchange says it got and answered it."""
        # We know our own clock to the millisecond only: up to one may be missing at each end.
        fresh = Window(
            low=server_out_us - (received + 1) * _US,
            high=server_in_us - sent * _US + _US,
            at=received,
        )
        if fresh.low > fresh.high:
            return  # the exchange's own two stamps make no sense; a sample less is no harm
        known = self._window_at(received)
        if known is None:
            self._window = fresh
            return
        low, high = max(known.low, fresh.low), min(known.high, fresh.high)
        if low > high:
            self.jumps += 1
            self._window = fresh
        else:
            self._window = Window(low=low, high=high, at=received)

    def _window_at(self, now: Milliseconds) -> Window | None:
        if self._window is None:
            return None
        grown = max(now - self._window.at, 0) * _DRIFT_PPM // 1000
        return Window(low=self._window.low - grown, high=self._window.high + grown, at=now)

    def now(self, now: Milliseconds) -> Milliseconds | None:
        """Give the likeliest server time."""
        window = self._window  # it grows at both ends alike, so its middle stays
        return None if window is None else Milliseconds(now + (window.low + window.high) // 2 // _US)

    def at_least(self, now: Milliseconds) -> Milliseconds | None:
        """Give a server time that has certainly come: for saying that a deadline is over."""
        window = self._window_at(now)
        return None if window is None else Milliseconds(now + window.low // _US)

    def error_ms(self, now: Milliseconds) -> int | None:
        """Give how far the likeliest time may be wrong."""
        window = self._window_at(now)
        return None if window is None else -(-(window.high - window.low) // 2 // _US)
