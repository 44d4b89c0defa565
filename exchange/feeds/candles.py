"""Replay of candle files: inside each bar the price goes from the open over both extremes to the close.

Nothing that is stepped depends on what comes later in the file: which extreme is first is drawn from the seed and
the bar's time alone, never guessed from its close, and no bar is looked at before it has opened. Between bars that
are missing the market stands still.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from decimal import Decimal
from heapq import merge
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

from exchange.feeds import candle_file
from exchange.feeds.candle_file import Candles, Row
from exchange.feeds.step import ENDED_MS, PastBar, Step
from exchange.instruments import Spec

POINTS_MIN: Final = 4  # open, two extremes, close
PAST_MINUTES_MAX: Final = 5 * 1440
_MINUTE_MS: Final = 60_000
_NOMINAL_VOLUME: Final = 1.0  # typical amounts in a bar, when the file knows nothing of volume
_BITS: Final = 2**64 - 1
_FAINT_VOLUME: Final = 1e-6  # a bar in which the price moves has traded, whatever its volume says


def _mixed(number: int) -> int:
    """64 well-stirred bits of a number (splitmix64): a seeded draw for each bar without a generator for each bar."""
    mixed = (number + 0x9E3779B97F4A7C15) & _BITS
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _BITS
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _BITS
    return mixed ^ (mixed >> 31)


def path_of(row: Row, points: int, seed: int) -> tuple[list[float], list[float]]:
    """The way through one bar: prices, and what part of the volume is traded at each.

    Drawn from the seed and the bar's opening time; each extreme is reached when it is stepped and not before.
    """
    bits = _mixed(seed ^ row.open_ms)
    first, second = (row.high, row.low) if bits & 1 else (row.low, row.high)
    prices = [row.open, first, second, row.close]
    if points > POINTS_MIN:
        prices = _smoother(prices, points - POINTS_MIN, Random(bits))
    weights = [128 + ((bits >> (shift % 56 + 1)) & 255) for shift in range(0, 8 * points, 8)]
    whole = sum(weights)
    return prices, [weight / whole for weight in weights]


def _smoother(anchors: list[float], more: int, draw: Random) -> list[float]:
    """So many points more between the anchors, each on the way from one to the next."""
    prices = anchors[:1]
    for number, (start, end) in enumerate(pairwise(anchors)):
        extra = more // 3 + (number < more % 3)
        prices.extend(start + (end - start) * share for share in sorted(draw.random() for _ in range(extra)))
        prices.append(end)
    return prices


class _Track:
    """One instrument's file, from the bar in which the replay begins (or the first one after that)."""

    def __init__(self, spec: Spec, candles: Candles, *, from_ms: int, points: int, seed: int) -> None:
        self.spec = spec
        self.candles = candles
        self._points = points
        self._seed = Random(f"{seed}:candles:{spec.instrument_name}").getrandbits(64)
        self._from_ms = from_ms
        self._offsets_ms = [number * candles.bar_ms // points for number in range(points)]
        self.first = bisect_right(candles.opens_ms, from_ms - candles.bar_ms)

    def steps(self, shift_ms: int, span_ms: int | None) -> Iterator[Step]:
        """From the beginning of the replay; again and again, `span_ms` later each time, when it loops."""
        factor = 1.0
        while self.first < len(self.candles):
            begins_ms = self._from_ms + shift_ms
            opening: Step | None = None  # where the market stands when the replay begins
            step: Step | None = None
            for number in range(self.first, len(self.candles)):
                for step in self._bar(self.candles.row(number), shift_ms, factor):
                    if step[0] <= begins_ms:
                        opening = step._replace(time_ms=begins_ms)
                        continue
                    if opening is not None:
                        yield opening
                        opening = None
                    yield step
            if opening is not None:
                yield opening
            if span_ms is None or step is None:
                return
            # The next round goes on at the price at which this one ended.
            factor = step.price / self.candles.row(self.first).open
            shift_ms += span_ms

    def _bar(self, row: Row, shift_ms: int, factor: float) -> list[Step]:
        """The steps of one bar."""
        new, step, name = tuple.__new__, Step, self.spec.instrument_name
        opens_ms = row.open_ms + shift_ms
        prices, shares = path_of(row, self._points, self._seed)
        volume = self._typical_volume(row, factor)
        return [
            new(step, (opens_ms + offset_ms, name, price * factor, price * factor, volume * share))
            for offset_ms, price, share in zip(self._offsets_ms, prices, shares, strict=True)
        ]

    def _typical_volume(self, row: Row, factor: float) -> float:
        """Of a bar, in typical amounts of the instrument."""
        if row.volume is None:
            return _NOMINAL_VOLUME
        amount = row.volume * row.open * factor if self.spec.is_inverse else row.volume  # the close is not known yet
        return max(amount / float(self.spec.typical_amount), _FAINT_VOLUME)

    def past(self, shift_ms: int, minutes: int) -> list[PastBar]:
        """Whole minutes before the replay, as they would have been stepped; a minute without a step is flat."""
        end_ms = self._from_ms // _MINUTE_MS * _MINUTE_MS
        bars = self.candles.opens_ms
        since_ms = end_ms - minutes * _MINUTE_MS
        rows = range(bisect_right(bars, since_ms - self.candles.bar_ms), min(self.first + 1, len(bars)))
        made: list[PastBar] = []
        for number in rows:
            row = self.candles.row(number)
            prices, shares = path_of(row, self._points, self._seed)
            for offset_ms, price, share in zip(self._offsets_ms, prices, shares, strict=True):
                if row.open_ms + offset_ms < end_ms:
                    _add(made, row.open_ms + offset_ms + shift_ms, price, (row.volume or 0.0) * share)
        if made:
            _fill(made, end_ms + shift_ms)
        return made[-minutes:]


def _add(made: list[PastBar], time_ms: int, exactly: float, coins: float) -> None:
    """Grow the minutes by one step."""
    open_ms = time_ms // _MINUTE_MS * _MINUTE_MS
    price = Decimal(repr(exactly))
    volume = Decimal(f"{coins:.8f}")
    if made:
        _fill(made, open_ms)
    if made and made[-1].open_ms == open_ms:
        bar = made[-1]
        made[-1] = bar._replace(
            high=max(bar.high, price), low=min(bar.low, price), close=price, volume=bar.volume + volume
        )
    else:
        made.append(PastBar(open_ms, price, price, price, price, volume))


def _fill(made: list[PastBar], until_ms: int) -> None:
    """Flat minutes up to, and without, the one that opens at `until_ms`."""
    bar = made[-1]
    skipped = (until_ms - bar.open_ms) // _MINUTE_MS - 1
    flat = PastBar(0, bar.close, bar.close, bar.close, bar.close, Decimal(0))
    first = max(1, skipped - PAST_MINUTES_MAX)
    made.extend(flat._replace(open_ms=bar.open_ms + n * _MINUTE_MS) for n in range(first, skipped + 1))


class CandleFeed:
    """Candle files as a feed, one instrument each.

    The replay begins at `from_ms` of the files' time (their common beginning when None) and runs as if that moment
    were `start_ms`, shifted by whole minutes so that minutes stay minutes. With `start_ms == from_ms` it runs in the
    files' own time.
    """

    def __init__(
        self,
        files: Mapping[str, Path | Candles],
        *,
        instruments: Mapping[str, Spec],
        start_ms: int,
        seed: int,
        from_ms: int | None = None,
        points: int = POINTS_MIN,
        loop: bool = False,
        past_minutes: int = PAST_MINUTES_MAX,
    ) -> None:
        candles = {
            name: source if isinstance(source, Candles) else candle_file.read(source) for name, source in files.items()
        }
        begins_ms = max(one.opens_ms[0] for one in candles.values()) if from_ms is None else from_ms
        self._shift_ms = start_ms // _MINUTE_MS * _MINUTE_MS - begins_ms // _MINUTE_MS * _MINUTE_MS
        # The moment of the files' time that is start_ms: past begins_ms by what whole minutes leave over.
        file_start_ms = start_ms - self._shift_ms
        self._past_minutes = past_minutes
        self._tracks = {
            name: _Track(instruments[name], one, from_ms=file_start_ms, points=max(points, POINTS_MIN), seed=seed)
            for name, one in candles.items()
        }
        span_ms = None
        if loop:
            span_ms = max(one.opens_ms[-1] + one.bar_ms for one in candles.values()) - file_start_ms
            span_ms = max(_MINUTE_MS, -(-span_ms // _MINUTE_MS) * _MINUTE_MS)
        self._steps = merge(*(track.steps(self._shift_ms, span_ms) for track in self._tracks.values()))
        self._next: Step | None = next(self._steps, None)

    def next_due_ms(self) -> int:
        return ENDED_MS if self._next is None else self._next[0]

    def take(self) -> Step:
        step = self._next
        assert step is not None, "the feed has ended"
        self._next = next(self._steps, None)
        return step

    def past(self, instrument_name: str) -> list[PastBar]:
        track = self._tracks.get(instrument_name)
        return [] if track is None else track.past(self._shift_ms, self._past_minutes)
