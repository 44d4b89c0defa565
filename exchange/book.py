"""The orders that accounts have resting on one instrument, best first, first come first served at a price.

Only accounts' orders live here; the depth everybody else would show is made up by `depth`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from exchange.records import Order


class BookSide:
    """One side. Entries are (key, priority, order); the key is the price in ticks, negated for bids."""

    __slots__ = ("_entries", "_sign")

    def __init__(self, direction: str) -> None:
        self._sign = -1 if direction == "buy" else 1
        self._entries: list[tuple[int, int, Order]] = []

    def add(self, order: Order, tick: int) -> None:
        insort(self._entries, (self._sign * tick, order.priority, order), key=_place)

    def remove(self, order: Order, tick: int) -> None:
        entry = (self._sign * tick, order.priority)
        at = bisect_left(self._entries, entry, key=_place)
        if at < len(self._entries) and self._entries[at][2] is order:
            del self._entries[at]

    def best(self) -> tuple[int, Order] | None:
        """(price in ticks, order) of the first in line."""
        if not self._entries:
            return None
        key, _, order = self._entries[0]
        return self._sign * key, order

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[int, Order]]:
        """(price in ticks, order), best first."""
        return ((self._sign * key, order) for key, _, order in self._entries)


def _place(entry: tuple[int, int, Order] | tuple[int, int]) -> tuple[int, int]:
    return entry[0], entry[1]


class Book:
    """Both sides of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide("buy")
        self.asks = BookSide("sell")

    def side(self, direction: str) -> BookSide:
        return self.bids if direction == "buy" else self.asks

    def opposite(self, direction: str) -> BookSide:
        return self.asks if direction == "buy" else self.bids
