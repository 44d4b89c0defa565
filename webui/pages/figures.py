"""What is worked out for people to see: unrealised results, distances, the curve of what closed trades made.

Nothing of this is traded on. Where the exchange's own figure is known it is shown instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from persistence.brackets import Trade, Which
from trading.values import ZERO, Currency
from webui.pages.words import decimal
from webui.parts import Parts

DAY_MS: Final = 86_400_000
CURVE_MAX: Final = 500  # closed trades in the curve
FRESH_MS: Final = 2_000  # how long a curve is good for every page that asks


def currency_of(instrument: str) -> Currency:
    """The coin an instrument pays in."""
    name = instrument.split("-", 1)[0]
    return Currency(name.rsplit("_", 1)[1] if "_" in name else name)


def is_linear(instrument: str) -> bool:
    """Whether its amounts are coins, and not dollars."""
    return "_" in instrument.split("-", 1)[0]


def unit_of(instrument: str) -> str:
    """What its amounts are counted in."""
    return instrument.split("_", 1)[0] if is_linear(instrument) else "USD"


def result(instrument: str, side: str, amount: Any, entry: Any, price: Any) -> Decimal | None:
    """What a position makes at a price, without fees; None when something of it is not known."""
    size, begun, at = decimal(amount), decimal(entry), decimal(price)
    if size is None or not begun or not at:
        return None
    sign = 1 if side == "buy" else -1
    if is_linear(instrument):
        return sign * size * (at - begun)
    return sign * size * (1 / begun - 1 / at)


def apart(price: Any, other: Any) -> Decimal | None:
    """How far a price lies from another one, as a share of it."""
    here, there = decimal(price), decimal(other)
    return None if here is None or not there else here / there - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """What closed trades made in one coin: the running sum, and the sums of today and of seven days."""

    currency: str
    points: tuple[tuple[int, Decimal], ...] = ()
    today: Decimal = ZERO
    week: Decimal = ZERO
    won: int = 0
    lost: int = 0

    @property
    def total(self) -> Decimal:
        """The sum of everything shown."""
        return self.points[-1][1] if self.points else ZERO


@dataclass(slots=True)
class Curves:
    """The curves, worked out at most every other second however many pages are open."""

    parts: Parts
    _kept: tuple[int, Mapping[str, Curve]] | None = field(default=None)

    def now(self) -> Mapping[str, Curve]:
        """Give the curve of each coin."""
        moment = self.parts.clock.monotonic_ms()
        if self._kept is None or moment - self._kept[0] >= FRESH_MS:
            self._kept = (moment, self._draw())
        return self._kept[1]

    def _draw(self) -> Mapping[str, Curve]:
        page = self.parts.store.trades(which=Which.CLOSED, limit=CURVE_MAX)
        now = self.parts.clock.now_ms()
        by_coin: dict[str, list[tuple[int, Decimal]]] = {}
        for trade in page.items:
            if trade.pnl is not None and trade.closed_at is not None:
                by_coin.setdefault(trade.pnl.currency, []).append((int(trade.closed_at), trade.pnl.net))
        return {currency: _curve(currency, sorted(made), now) for currency, made in sorted(by_coin.items())}


def _curve(currency: str, made: list[tuple[int, Decimal]], now: int) -> Curve:
    total, points = ZERO, []
    for at, net in made:
        total += net
        points.append((at, total))
    midnight = now - now % DAY_MS
    return Curve(
        currency=currency,
        points=tuple(points),
        today=sum((net for at, net in made if at >= midnight), ZERO),
        week=sum((net for at, net in made if at >= now - 7 * DAY_MS), ZERO),
        won=sum(net > 0 for _, net in made),
        lost=sum(net < 0 for _, net in made),
    )


def held_ms(trade: Trade, now: int) -> int | None:
    """How long a trade held something."""
    if trade.opened_at is None:
        return None
    return int(trade.closed_at or now) - int(trade.opened_at)
