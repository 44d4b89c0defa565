"""Takes a trade of ours into care that the exchange shows and the database does not know."""

from collections.abc import Callable
from contextlib import suppress

from actors.memory import Memory
from actors.order_market import Market, OrderSettings
from actors.order_news import News
from actors.order_steps import Steps
from persistence.errors import NotOpened
from trading import adopt
from trading import bracket as brackets
from trading.findings import Adopt
from trading.values import BracketId, Milliseconds

WHY = "adopted: the exchange had it, the database not"


class Adopting:
    """On disk first, then in care: it is covered, or closed, like any other."""

    def __init__(
        self,
        *,
        now: Callable[[], Milliseconds],
        memory: Memory,
        steps: Steps,
        market: Market,
        news: News,
        settings: OrderSettings,
    ) -> None:
        self._now, self._memory, self._steps, self._market, self._news = now, memory, steps, market, news
        self._house = adopt.House(
            owner=settings.owner, worker=settings.worker, mode=settings.mode, fill_condition=settings.fill_condition
        )

    def adopt(self, found: Adopt) -> BracketId | None:
        """Adopt it, and give its id; None where it could not be: the next comparison asks again."""
        instrument = self._market.instruments.get(found.holding.instrument)
        if instrument is None or not self._steps.is_up:
            return None
        bracket = adopt.adopted(found, instrument, self._house, self._now())
        bracket_id = bracket.plan.bracket_id
        if bracket_id in self._steps.open:
            return bracket_id
        with suppress(NotOpened):  # another trade has the instrument: nothing is guessed
            if self._steps.remembers(lambda: self._memory.record_adoption(bracket, WHY, at=self._now())):
                self._steps.take_in(bracket)
                self._news.recorded()
                self._steps.tell(bracket_id, brackets.Tick())
                return bracket_id
        return None
