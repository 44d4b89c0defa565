"""What others trade on an instrument after our signal and before our first fill.

From our first fill on the exchange's clock says what came later. Before it there is none to compare with, and a word
that comes late would be taken for news: so it is the position told in the same breath that says whether it is.
"""

from decimal import Decimal

from actors.order_market import Market
from actors.order_steps import Steps
from trading import bracket as brackets
from trading.bracket import Bracket
from trading.facts import Fill, Holding
from trading.marks import mark
from trading.values import ZERO, InstrumentName


class Others:
    """Collects the fills of a moment until the position after them is told."""

    def __init__(self, steps: Steps, market: Market) -> None:
        """Nothing has been told yet."""
        self._steps, self._market = steps, market
        self._told: dict[InstrumentName, tuple[Fill, ...]] = {}

    def filled(self, fill: Fill) -> None:
        """Keep it for a moment, where a trade waits for its first fill."""
        if self._waiting(fill.instrument) is not None:
            self._told[fill.instrument] = (*self._told.get(fill.instrument, ()), fill)

    def holds(self, holding: Holding) -> None:
        """The position, before it is taken for known: do the fills told with it lead there from what was known?"""
        fills = self._told.pop(holding.instrument, ())
        bracket = self._waiting(holding.instrument)
        if bracket is None or not fills:
            return
        known = self._market.holdings.get(holding.instrument)
        before = ZERO if known is None else known.amount
        if before + sum((fill.amount * fill.side.sign for fill in fills), ZERO) == holding.amount:
            self._count(bracket, fills)

    def _count(self, bracket: Bracket, fills: tuple[Fill, ...]) -> None:
        """What they add is theirs and stays theirs. What they open against us is no exit of ours: nothing is held."""
        beside = bracket.by_hand
        for fill in fills:
            moved: Decimal = fill.amount * fill.side.sign * bracket.plan.side.sign
            if beside + moved >= 0:
                mark("added-before-our-first-fill")
                beside += moved
                self._steps.tell(bracket.plan.bracket_id, brackets.FillSeen(fill=fill))

    def _waiting(self, instrument: InstrumentName) -> Bracket | None:
        """The trade on it that has not been filled yet."""
        of_it = (one for one in self._steps.open.values() if one.plan.instrument == instrument and not one.has_held)
        return next(of_it, None)
