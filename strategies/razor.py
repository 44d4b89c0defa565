"""Razor: buys a dip in a rising market and sells a bounce in a falling one, on one-minute candles.

Trend by two exponential averages; a dip is a close on the wrong side of the fast one while the trend stands; stop and
target in multiples of the average true range, so that a quiet market gets near exits and a wild one far ones.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategies.base import Decision, Parameters, Strategy, Wish
from trading.facts import Candle, Ticker
from trading.instruments import Instrument
from trading.messages.journal import Checkpoint
from trading.values import Milliseconds, Side

_KEPT = 200
_SHORTEST = 2  # candles; an average of one is the price itself
_ENTRY_MS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RazorParameters(Parameters):
    """Lengths in candles, distances in average true ranges."""

    fast: int = 9
    slow: int = 30
    range_length: int = 14
    stop_ranges: Decimal = Decimal("2.0")
    target_ranges: Decimal = Decimal("3.0")

    def problems(self) -> list[str]:
        """The fast average must be the faster one; exits must lie somewhere."""
        found = Parameters.problems(self)
        if not _SHORTEST <= self.fast < self.slow <= _KEPT // 2:
            found.append(f"fast and slow must be {_SHORTEST} <= fast < slow <= {_KEPT // 2}")
        if not _SHORTEST <= self.range_length <= _KEPT // 2:
            found.append(f"range_length must be between {_SHORTEST} and {_KEPT // 2}")
        if self.stop_ranges <= 0 or self.target_ranges <= 0:
            found.append("stop_ranges and target_ranges must be above 0")
        return found


class Razor(Strategy):
    """Trades with the trend, against the last candle."""

    kind: ClassVar[str] = "razor"
    parameters: ClassVar[type[Parameters]] = RazorParameters
    candle_minutes: ClassVar[int | None] = 1
    warm_up: ClassVar[int] = 60

    def __init__(self, given: Parameters) -> None:
        """No candle yet."""
        super().__init__(given)
        self._candles: deque[Candle] = deque(maxlen=_KEPT)

    def learn(self, candle: Candle) -> None:
        """Older than the last one known changes nothing."""
        if not self._candles or candle.opened_at > self._candles[-1].opened_at:
            self._candles.append(candle)

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """All conditions in the order a person would ask them."""
        given = self.given
        assert isinstance(given, RazorParameters)
        candles = list(self._candles)
        enough = len(candles) >= max(given.slow, given.range_length) + 1
        known = Checkpoint(name="candles", is_met=enough, text=f"{len(candles)} of {given.slow + 1}")
        if not enough:
            return Decision(text="waits for candles", checkpoints=(known,))
        closes = [candle.close for candle in candles]
        fast, slow = _average(closes, given.fast), _average(closes, given.slow)
        reach = _true_range(candles, given.range_length)
        side = Side.BUY if fast > slow else Side.SELL
        trend = Checkpoint(name="trend", is_met=abs(fast - slow) > reach / 4, text=f"{fast:.2f} against {slow:.2f}")
        last = candles[-1]
        dips = last.close < fast if side is Side.BUY else last.close > fast
        dip = Checkpoint(name="dip", is_met=dips, text=f"close {last.close} against {fast:.2f}")
        fresh = now - last.opened_at < 3 * 60_000
        age = Checkpoint(name="fresh", is_met=fresh, text=f"candle of {(now - last.opened_at) // 1000} s ago")
        checks = (known, trend, dip, age)
        if not all(check.is_met for check in checks):
            missing = next(check.name for check in checks if not check.is_met)
            return Decision(text=f"waits: {missing}", checkpoints=checks)
        price = ticker.ask if side is Side.BUY else ticker.bid
        if price is None or reach <= 0:
            return Decision(text="waits for a price", checkpoints=checks)
        away = reach * side.sign
        wish = Wish(
            side=side,
            entry=None,
            stop=price - away * given.stop_ranges,
            target=price + away * given.target_ranges,
            entry_ms=_ENTRY_MS,
            key=f"{last.opened_at}:{side}",
            reason=f"{'dip' if side is Side.BUY else 'bounce'} at {last.close}, range {reach:.2f}",
        )
        return Decision(text=f"enters {side} on {instrument.name}", checkpoints=checks, wish=wish)


def _average(closes: list[Decimal], length: int) -> Decimal:
    """The exponential average, begun with the first close known."""
    weight = Decimal(2) / (length + 1)
    average = closes[0]
    for close in closes[1:]:
        average += (close - average) * weight
    return average


def _true_range(candles: list[Candle], length: int) -> Decimal:
    """The mean of the last true ranges."""
    ranges = [
        max(new.high, old.close) - min(new.low, old.close)
        for old, new in zip(candles[-length - 1 : -1], candles[-length:], strict=True)
    ]
    return sum(ranges, Decimal(0)) / len(ranges)
