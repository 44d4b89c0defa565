"""Getting out while nothing can be recorded: a panic is obeyed all the same (docs/decisions/0008)."""

from collections import deque
from collections.abc import Callable
from typing import Final

from actors.order_market import Market, OrderSettings
from actors.order_news import News
from actors.order_steps import Steps
from actors.timers import Timers
from trading import panic
from trading.bracket.effects import Severity
from trading.facts import Fill
from trading.marks import mark
from trading.messages import orders
from trading.values import Milliseconds

AGAIN_MS: Final = 1_000
TIMES_MAX: Final = 120
"""Then it is over with sending; the guardian still watches, and a person may press again."""
TOLD_MAX: Final = 500


class Flight:
    """Looks again and again, within bounds: an entry may have been on its way when the panic came."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        timers: Timers,
        steps: Steps,
        market: Market,
        news: News,
        settings: OrderSettings,
    ) -> None:
        self._now, self._timers, self._steps = now, timers, steps
        self._market, self._news, self._settings = market, news, settings
        self._times = self._left = 0
        self._told: deque[Fill] = deque(maxlen=TOLD_MAX)

    def saw(self, *fills: Fill) -> None:
        """Fills of ours: what is closed already must not be closed out of what others hold."""
        self._told.extend(fills)

    def begins(self, by: str) -> None:
        """A person panics, and the database takes nothing."""
        mark("panic-while-not-writing")
        self._left = TIMES_MAX
        sent = self._send()
        text = f"panic by {by}: {sent} requests sent, none of it recorded: the database does not take writes"
        self._news.notice(Severity.CRITICAL, "store_failing", text, key="panic")

    def goes_on(self) -> None:
        """Something may have come to light since."""
        self._left -= 1
        if self._left > 0:
            self._send()

    def _send(self) -> int:
        """Send what the exchange's own facts ask for; each closing order under a label of its own."""
        here = (*self._steps.open.values(), *self._steps.given_up)
        working, holdings = tuple(self._market.working.values()), self._market.holdings
        found = panic.way_out(here, working, holdings, self._told, times=self._times, now=self._now())
        self._times += bool(found)
        for instrument, wish in found:
            self._steps.submit(instrument, wish, self._settings.fill_condition)
        self._timers.start("flee", AGAIN_MS, orders.Flee())
        return len(found)
