"""P7: whether each new trade risks what is set, by what the exchange has shown when it was sized."""

from decimal import Decimal
from typing import Final

from simulation.shown import Shown
from simulation.world import RISK, World
from trading import promises
from trading.bracket import Bracket, Plan
from trading.promises import Violation
from trading.values import ZERO, BracketId

PRICE_MS, EQUITY_MS = 12_000, 20_000
"""A trade is sized by a price of 10 s at the most, and by an equity that was on its way here."""
HIDES_MS: Final = 60_000
"""So long after a fault both may be older: the news of them waited before somebody who hung, or got lost."""
HIDDEN_MS: Final = 120_000


class Sized:
    """Looks at each trade once, when it is new."""

    def __init__(self, world: World, account: str, *, way_ms: int) -> None:
        self.shown = Shown(world.exchange, account, world.pipe.now)
        self._reconcile_ms, self._way_ms = world.options.reconcile_ms, way_ms
        self._seen: set[BracketId] = set()

    def look(self, brackets: tuple[Bracket, ...], now: int, struck_at: int, *, is_silent: bool) -> list[Violation]:
        """Those that are new. What was adopted is as large as it was found."""
        plans = [one.plan for one in brackets if one.plan.bracket_id not in self._seen]
        self._seen.update(plan.bracket_id for plan in plans)
        found: list[Violation] = []
        for plan in plans:
            if not plan.reason.startswith("adopted"):
                found += self._one(plan, now, struck_at, is_silent=is_silent)
        return found

    def _one(self, plan: Plan, now: int, struck_at: int, *, is_silent: bool) -> list[Violation]:
        """At a limit the price is exact, at market one of those shown lately. No cap binds in these worlds.

        While the exchange is silent without a word, comparisons still read what the account is worth.
        """
        hides_ms = HIDES_MS + self._reconcile_ms  # an equity that was not told is read by the next comparison
        is_told = not is_silent and struck_at < now - hides_ms
        equity_ms = EQUITY_MS if is_told else HIDDEN_MS + self._reconcile_ms
        price_ms = PRICE_MS + self._way_ms if struck_at < now - HIDES_MS else HIDDEN_MS
        least, most = self.shown.equities(plan.currency, now - equity_ms)
        prices: tuple[Decimal, ...] = (plan.entry,) if plan.entry is not None else ()
        prices = prices or self.shown.entries(plan.instrument, plan.side, now - price_ms)
        away = [max(ZERO, (price - plan.stop) * plan.side.sign) for price in prices]
        near, far = (plan.stop + by * plan.side.sign for by in (min(away), max(away)))
        instrument = self.shown.instrument(plan.instrument)
        return [
            *promises.over_risk(plan, instrument, entry=near, risk_set=most * RISK.value / 100),
            *promises.under_risk(plan, instrument, entry=far, risk_set=least * RISK.value / 100),
        ]
