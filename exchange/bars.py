"""One-minute bars of one instrument, bounded, and the coarser bars and day statistics made of them."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from math import fsum
from operator import attrgetter
from typing import Final, NamedTuple

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
DAY_OPENS_MS: Final = 28_800_000  # Deribit's daily bars open at 08:00 UTC
_KEPT: Final = 5 * 1440  # minutes
_HOURS_KEPT: Final = 26  # a day's, with the one that has begun and the one that is ending
_HIGH, _LOW, _VOLUME, _COST = (attrgetter(name) for name in ("high", "low", "volume", "cost"))


class Bar(NamedTuple):
    """Prices and turnover of one stretch of time; `volume` in base coins, `cost` in the quote currency."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    cost: Decimal


class Minute:
    """The running minute and what it grows into. Prices are counted in ticks."""

    __slots__ = ("close", "cost", "high", "low", "open", "open_ms", "volume")

    def __init__(self, open_ms: int, tick: int) -> None:
        self.open_ms = open_ms
        self.open = self.high = self.low = self.close = tick
        self.volume = 0.0
        self.cost = 0.0


class Hour:
    """The minutes of one hour that are over, and what they come to."""

    __slots__ = ("cost", "high", "low", "minutes", "number", "volume")

    def __init__(self, number: int) -> None:
        self.number = number
        self.minutes: list[Minute] = []
        self.high, self.low = 0, 0
        self.volume = self.cost = 0.0

    def add(self, minute: Minute) -> None:
        self.high = max(self.high, minute.high) if self.minutes else minute.high
        self.low = min(self.low, minute.low) if self.minutes else minute.low
        self.volume += minute.volume
        self.cost += minute.cost
        self.minutes.append(minute)


class Bars:
    """The minutes of one instrument. A minute without a trade is flat at the last close."""

    __slots__ = ("_day", "_day_of", "_hours", "_minutes", "_tick_size")

    def __init__(self, tick_size: Decimal) -> None:
        self._minutes: deque[Minute] = deque(maxlen=_KEPT)
        self._tick_size = tick_size
        self._day: tuple[int, int, int, float, float] | None = None  # high, low, open, volume, cost of full minutes
        self._day_of: Minute | None = None
        self._hours: deque[Hour] = deque(maxlen=_HOURS_KEPT)

    def load(self, past: Iterable[tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]]) -> None:
        """Minutes from before the start: (open_ms, open, high, low, close, volume in base coins)."""
        size = self._tick_size
        for open_ms, opened, high, low, close, volume in past:
            minute = Minute(open_ms, round(opened / size))
            minute.high, minute.low, minute.close = round(high / size), round(low / size), round(close / size)
            minute.volume = float(volume)
            minute.cost = float(volume * close)
            self._open(minute)

    def touch(self, now_ms: int) -> Minute | None:
        """The running minute, opened flat (with those skipped) if time has passed; None before the first trade."""
        if not self._minutes:
            return None
        last = self._minutes[-1]
        if now_ms < last.open_ms + MINUTE_MS:
            return last
        open_ms = last.open_ms + MINUTE_MS
        newest = now_ms - now_ms % MINUTE_MS
        open_ms = max(open_ms, newest - (_KEPT - 1) * MINUTE_MS)
        while open_ms <= newest:
            self._open(Minute(open_ms, last.close))
            open_ms += MINUTE_MS
        return self._minutes[-1]

    def _open(self, minute: Minute) -> None:
        """A new minute begins; the one before it is over and counts with its hour."""
        if self._minutes:
            over = self._minutes[-1]
            number = over.open_ms // HOUR_MS
            if not self._hours or self._hours[-1].number != number:
                self._hours.append(Hour(number))
            self._hours[-1].add(over)
        self._minutes.append(minute)

    def trade(self, now_ms: int, tick: int, volume: float, cost: float) -> None:
        minute = self.touch(now_ms)
        if minute is None:
            minute = Minute(now_ms - now_ms % MINUTE_MS, tick)
            self._open(minute)
        minute.close = tick
        if tick > minute.high:
            minute.high = tick
        elif tick < minute.low:
            minute.low = tick
        minute.volume += volume
        minute.cost += cost

    def between(self, minutes: int, start_ms: int, end_ms: int) -> list[Bar]:
        """Bars of `minutes` (1440 = a day from 08:00 UTC) that open in [start_ms, end_ms]; the last may be running."""
        length_ms = minutes * MINUTE_MS
        shift = DAY_OPENS_MS if length_ms == DAY_MS else 0
        grown: list[Minute] = []
        for minute in self._minutes:
            open_ms = minute.open_ms - (minute.open_ms - shift) % length_ms
            if open_ms < start_ms or open_ms > end_ms:
                continue
            if not grown or grown[-1].open_ms != open_ms:
                bar = Minute(open_ms, minute.open)
                bar.high, bar.low = minute.high, minute.low
                grown.append(bar)
            bar = grown[-1]
            bar.high, bar.low, bar.close = max(bar.high, minute.high), min(bar.low, minute.low), minute.close
            bar.volume += minute.volume
            bar.cost += minute.cost
        return [self._shown(bar) for bar in grown]

    def _shown(self, bar: Minute) -> Bar:
        size = self._tick_size
        return Bar(
            bar.open_ms,
            bar.open * size,
            bar.high * size,
            bar.low * size,
            bar.close * size,
            Decimal(f"{bar.volume:.8f}").normalize() + 0,
            Decimal(f"{bar.cost:.4f}").normalize() + 0,
        )

    def _full_day(self, running: Minute) -> tuple[int, int, int, float, float]:
        """Over the minutes of the last 24 hours that are over: whole hours at once, of the oldest what is left."""
        from_ms = running.open_ms - DAY_MS
        inside: list[Hour | Minute] = []
        first: int | None = None
        for hour in self._hours:
            begins = hour.minutes[0]
            if hour.minutes[-1].open_ms <= from_ms:
                continue
            if begins.open_ms > from_ms:
                inside.append(hour)
            else:
                left = [minute for minute in hour.minutes if minute.open_ms > from_ms]
                inside += left
                begins = left[0]
            first = begins.open if first is None else first
        return (
            max(map(_HIGH, inside), default=running.high),
            min(map(_LOW, inside), default=running.low),
            running.open if first is None else first,
            fsum(map(_VOLUME, inside)),  # the same digits under every version of Python
            fsum(map(_COST, inside)),
        )

    def day(self) -> tuple[int, int, int, float, float] | None:
        """(high, low, first, volume, cost) of the last 24 hours; the full minutes are summed once a minute."""
        if not self._minutes:
            return None
        running = self._minutes[-1]
        if self._day_of is not running:
            self._day_of = running
            self._day = self._full_day(running)
        assert self._day is not None
        high, low, first, volume, cost = self._day
        return max(high, running.high), min(low, running.low), first, volume + running.volume, cost + running.cost
