"""The depth that the rest of the world shows: levels around the mid, made up but never random on reading.

What rests on a level is a function of the seed and its price, so the same price shows the same depth, and a
reader costs the exchange nothing between moves. What takers have eaten stays eaten until the next move.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

LEVELS: Final = 40
_TABLE_SIZE: Final = 1024
_REACH: Final = 1e-5  # of the price: the unit of the distances between levels


class Depth:
    """The made-up levels of one instrument, counted in ticks and lots."""

    __slots__ = ("_eaten", "_gap", "_lots", "_table", "ask_tick", "bid_tick", "liquidity")

    def __init__(self, rng: Random, typical_lots: int) -> None:
        self._table = tuple(rng.random() + 0.5 for _ in range(_TABLE_SIZE))
        self._lots = max(1, typical_lots)
        self._eaten: dict[int, int] = {}
        self._gap = 1
        self.bid_tick = 0
        self.ask_tick = 0
        self.liquidity = 1.0  # turned down by faults: every level then holds this part of it

    def centre(self, mid_tick: int) -> None:
        """The market has moved: new levels around the new mid, nothing eaten."""
        self._gap = gap = max(1, int(mid_tick * _REACH))
        self.bid_tick = max(1, mid_tick - gap)
        self.ask_tick = mid_tick + gap
        if self._eaten:
            self._eaten = {}

    def lots(self, tick: int, level: int) -> int:
        """What is left on this level."""
        whole = int(self._lots * self._table[tick % _TABLE_SIZE] * (1.0 + 0.35 * level) * self.liquidity)
        return max(1, whole) - self._eaten.get(tick, 0)

    def eat(self, tick: int, lots: int) -> None:
        self._eaten[tick] = self._eaten.get(tick, 0) + lots

    def levels(self, direction: str) -> Iterator[tuple[int, int]]:
        """(price in ticks, lots) best first, of the side where `direction` orders rest."""
        sign, start = (-1, self.bid_tick) if direction == "buy" else (1, self.ask_tick)
        for level in range(LEVELS):
            tick = start + sign * self._gap * (level + level * level)
            if tick < 1:
                return
            left = self.lots(tick, level)
            if left > 0:
                yield tick, left
