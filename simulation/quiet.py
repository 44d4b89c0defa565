"""Let quiet time pass cheaply: prices that can do nothing to anybody are left out.

While something has just happened every step of the feed is shown. Later a step is shown when it comes near an order
that rests, and else one in every pause, so that strategies still look at the market. The steps left out are drawn all
the same: a price that is shown is the price that would have been shown. What is lost: in quiet hours the tape is thin,
and a strategy looks at the market less often before it enters.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Final

from exchange.accounts import Account
from exchange.engine import Engine
from exchange.feeds.step import ENDED_MS, Feed, PastBar, Step

NEAR: Final = 5e-5
"""So near to an order, as a part of its price, every step counts: the mark and the best price stand beside the mid."""
_NOWHERE: Final = (0.0, inf)

Bounds = Mapping[str, tuple[float, float]]
"""By instrument: strictly between these two prices of the feed nothing of anybody's is near."""


def bounds(engine: Engine, account: Account) -> Bounds:
    """Between which prices nothing can happen to what an account has resting."""
    found: dict[str, tuple[float, float]] = {}
    for order in account.live.values():
        level = order.trigger_price if order.order_state == "untriggered" else order.price
        if level is None or order.is_dormant:
            continue
        market = engine.markets[order.instrument_name]
        low, high = found.get(order.instrument_name, _NOWHERE)
        at, mid = float(level) / market.scale, market.mid / market.scale
        if at < mid:
            low = max(low, at * (1.0 + NEAR))
        else:
            high = min(high, at * (1.0 - NEAR))
        found[order.instrument_name] = low, high
    return found


class QuietFeed:
    """Another feed, thinned out while nothing can happen."""

    def __init__(self, inner: Feed, *, pause_ms: int) -> None:
        self._inner, self._pause_ms = inner, pause_ms
        self._ahead: deque[Step] = deque()  # drawn and not shown; those left out stay until their time is over
        self._at: int | None = None  # where the next one to show stands in it
        self._due_ms = ENDED_MS
        self._shown_ms = self._busy_ms = 0
        # Set by who sees the world, once there is one.
        self.busy_until_ms: Callable[[], int] = lambda: ENDED_MS
        self.bounds: Callable[[], Bounds] = dict
        self.now_ms: Callable[[], int] = lambda: 0

    def next_due_ms(self) -> int:
        """When the next step is shown."""
        busy_ms = self.busy_until_ms()
        if self._at is None or busy_ms != self._busy_ms:
            self._busy_ms = busy_ms
            self._look_ahead(self.now_ms())
        return self._due_ms

    def take(self) -> Step:
        """The step that is due."""
        self.next_due_ms()
        assert self._at is not None, "nothing is due"
        for _ in range(self._at):
            self._ahead.popleft()
        step = self._ahead.popleft()
        self._at, self._shown_ms = None, step.time_ms
        return step

    def past(self, instrument_name: str) -> list[PastBar]:
        """Nothing: nobody here asks for candles, and three days of minutes take longer than a quiet hour."""
        del instrument_name
        return []

    def _look_ahead(self, now_ms: int) -> None:
        """Find the next step to show. What lies behind by now was left out for good."""
        ahead, inner, near = self._ahead, self._inner, self.bounds()
        while ahead and ahead[0].time_ms < now_ms:
            ahead.popleft()
        shown_ms, busy_ms = self._shown_ms, self._busy_ms
        pause_over_ms = shown_ms + self._pause_ms
        for at, (time_ms, name, price, index, _) in enumerate(self._drawn(ahead, inner)):
            if time_ms < busy_ms or time_ms >= pause_over_ms or time_ms == shown_ms:
                self._at, self._due_ms = at, time_ms
                return
            if near:
                low, high = near.get(name, _NOWHERE)
                if not (low < price < high and low < index < high):
                    self._at, self._due_ms = at, time_ms
                    return
        self._at, self._due_ms = None, ENDED_MS

    @staticmethod
    def _drawn(ahead: deque[Step], inner: Feed) -> Iterator[Step]:
        """Those drawn already, and then one after the other."""
        yield from tuple(ahead)
        keep, take, due_ms = ahead.append, inner.take, inner.next_due_ms
        while due_ms() < ENDED_MS:
            step = take()
            keep(step)
            yield step
