"""What the exchange has shown lately: best prices and equity. Between these the service has sized its trades.

The service hears of both a little later, and under faults much later, so each answer is a range: from the least to the
most that stood anywhere in a stretch of time.
"""

from collections import deque
from decimal import Decimal
from typing import Final

from exchange.changes import Changes
from exchange.exchange import Exchange
from exchange.instruments import Spec
from exchange.margin import account_summary
from trading.instruments import Instrument
from trading.values import Currency, InstrumentName, InstrumentState, Kind, Side

KEPT_MS: Final = 900_000
"""Longer than any answer looks back."""
Line = deque[tuple[int, Decimal]]
"""Figures and since when they stand, the oldest first."""


class Shown:
    """Prices and equity of one account, as they stood."""

    def __init__(self, exchange: Exchange, account: str, now: int) -> None:
        self._engine = exchange.engine
        self._account = exchange.engine.accounts[account]
        self._prices: dict[tuple[str, Side], Line] = {}
        self._equities: dict[str, Line] = {}
        for name, market in self._engine.markets.items():
            self._price(name, now)
            self._equity(market.spec.settlement_currency, now)

    def note(self, changes: Changes, now: int) -> None:
        """Take in what has changed. Equity moves with prices where something is held, and with wallets."""
        currencies = {currency for _, currency in changes.wallets}
        for name, market in changes.moved.items():
            self._price(name, now)
            if self._account.amount(name):
                currencies.add(market.spec.settlement_currency)
        for _, name in changes.positions:
            currencies.add(self._engine.markets[name].spec.settlement_currency)
        for currency in currencies:
            self._equity(currency, now)

    def entries(self, name: str, side: Side, since: int) -> tuple[Decimal, Decimal]:
        """The least and the most at which that side could have been entered at market."""
        return _range(self._prices.get((name, side), deque()), since)

    def equities(self, currency: str, since: int) -> tuple[Decimal, Decimal]:
        """The least and the most that the account was worth."""
        return _range(self._equities.get(currency, deque()), since)

    def instrument(self, name: str) -> Instrument:
        """The contract, by the exchange's own figures."""
        return _instrument(self._engine.markets[name].spec)

    def _price(self, name: str, now: int) -> None:
        market = self._engine.markets[name]
        for side, best in ((Side.BUY, market.best_ask), (Side.SELL, market.best_bid)):
            if best is not None:
                _add(self._prices.setdefault((name, side), deque()), now, best[0])

    def _equity(self, currency: str, now: int) -> None:
        equity = account_summary(self._engine, self._account, currency).equity
        _add(self._equities.setdefault(currency, deque()), now, equity)


def _add(line: Line, now: int, figure: Decimal) -> None:
    if line and line[-1][1] == figure:
        return
    line.append((now, figure))
    while len(line) > 1 and line[1][0] < now - KEPT_MS:
        line.popleft()


def _range(line: Line, since: int) -> tuple[Decimal, Decimal]:
    """Of the figures since then, and the one that stood at that moment."""
    found: list[Decimal] = []
    for at, figure in reversed(line):
        found.append(figure)
        if at < since:
            break
    return min(found), max(found)


def _instrument(spec: Spec) -> Instrument:
    return Instrument(
        name=InstrumentName(spec.instrument_name),
        kind=Kind.INVERSE if spec.is_inverse else Kind.LINEAR,
        base=Currency(spec.base_currency),
        quote=Currency(spec.quote_currency),
        settlement=Currency(spec.settlement_currency),
        price_index=spec.price_index,
        tick_size=spec.tick_size,
        contract_size=spec.contract_size,
        min_trade_amount=spec.min_trade_amount,
        maker_commission=spec.maker_commission,
        taker_commission=spec.taker_commission,
        max_leverage=Decimal(spec.max_leverage),
        state=InstrumentState.OPEN,
        is_active=True,
    )
