"""Let quiet time pass cheaply: while no order and no fault has moved anything for a while, most prices are left out.

The steps left out are drawn all the same, so a price that is shown is the price that would have been shown. As soon as
anything happens every step counts again. What is lost: in quiet hours prices come every few seconds, as if they gapped.
"""

from collections.abc import Callable

from exchange.feeds.step import Feed, PastBar, Step


class QuietFeed:
    """Another feed, thinned out while nobody has anything at stake."""

    def __init__(self, inner: Feed) -> None:
        self._inner = inner
        self._resume_ms = 0
        self.pause_ms: Callable[[], int] = lambda: 0
        """How long nothing need be shown now; 0 while something is under way. Set by who sees the world."""
        self.now_ms: Callable[[], int] = lambda: 0

    def next_due_ms(self) -> int:
        """When the next step is shown."""
        due_ms = self._inner.next_due_ms()
        if due_ms >= self._resume_ms:
            return due_ms
        if self.pause_ms():
            return self._resume_ms
        self._leave_out(self.now_ms())
        self._resume_ms = 0
        return self._inner.next_due_ms()

    def take(self) -> Step:
        """The step that is due."""
        self._leave_out(self._resume_ms)
        step = self._inner.take()
        if self._inner.next_due_ms() > step.time_ms:
            self._resume_ms = step.time_ms + self.pause_ms()
        return step

    def past(self, instrument_name: str) -> list[PastBar]:
        """Before the start."""
        return self._inner.past(instrument_name)

    def _leave_out(self, until_ms: int) -> None:
        inner = self._inner
        while inner.next_due_ms() < until_ms:
            inner.take()
