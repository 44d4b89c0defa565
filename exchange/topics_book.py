"""Public topics about the book: the chain of changes, and the grouped window."""

from decimal import Decimal
from typing import Any, Final

from exchange import shapes_market
from exchange.channels import Channel
from exchange.market import Market
from exchange.topics import Stage
from exchange.topics_market import MarketTopic

_STAMPED_JUMP: Final = 7  # change ids are shared by all instruments, so one book's own are never consecutive


def stamp(stage: Stage, market: Market) -> int:
    """A new change id for this market's book."""
    counters = stage.engine.counters
    counters.change += 1 + counters.change % _STAMPED_JUMP
    market.change_id = counters.change
    return market.change_id


class Book(MarketTopic):
    """book.*: a snapshot, then a chain of changes that each name the one before."""

    def __init__(self, channel: Channel, stage: Stage) -> None:
        super().__init__(channel, stage)
        self._told: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
        self._change_id = 0

    def _sides(self) -> dict[str, dict[Decimal, Decimal]]:
        return {name: dict(self.market.depth(name, 10_000)) for name in ("bids", "asks")}

    def greeting(self, now_ms: int) -> Any:
        if len(self.watchers) == 1:
            self._told = self._sides()
            self._change_id = stamp(self.stage, self.market)
        else:
            self.catch_up(now_ms)
        return {
            "type": "snapshot",
            "timestamp": self.market.now_ms,
            "instrument_name": self.market.spec.instrument_name,
            "change_id": self._change_id,
            "bids": [["new", price, amount] for price, amount in self._told["bids"].items()],
            "asks": [["new", price, amount] for price, amount in self._told["asks"].items()],
        }

    def read(self, now_ms: int) -> Any:
        fresh = self._sides()
        changes = {name: _changes(self._told[name], fresh[name]) for name in ("bids", "asks")}
        self._told = fresh
        if not changes["bids"] and not changes["asks"]:
            return None
        previous, self._change_id = self._change_id, stamp(self.stage, self.market)
        return {
            "type": "change",
            "timestamp": now_ms,
            "prev_change_id": previous,
            "instrument_name": self.market.spec.instrument_name,
            "change_id": self._change_id,
            **changes,
        }


def _changes(before: dict[Decimal, Decimal], after: dict[Decimal, Decimal]) -> list[list[Any]]:
    """What turns one side into the other."""
    rows: list[list[Any]] = [["delete", price, Decimal(0)] for price in before if price not in after]
    for price, amount in after.items():
        known = before.get(price)
        if known is None:
            rows.append(["new", price, amount])
        elif known != amount:
            rows.append(["change", price, amount])
    return rows


class GroupedBook(MarketTopic):
    """book.*.{group}.{depth}.*: the whole window each time."""

    _told: tuple[Any, ...] = ()

    def greeting(self, now_ms: int) -> Any:
        return self._window(now_ms, *self._sides())

    def read(self, now_ms: int) -> Any:
        sides = self._sides()
        if sides == self._told:
            return None
        self._told = sides
        return self._window(now_ms, *sides)

    def _sides(self) -> tuple[Any, Any]:
        channel = self.channel
        bids = shapes_market.side(self.market, "bids", channel.depth, channel.group)
        return bids, shapes_market.side(self.market, "asks", channel.depth, channel.group)

    def _window(self, now_ms: int, bids: Any, asks: Any) -> dict[str, Any]:
        return {
            "timestamp": now_ms,
            "instrument_name": self.market.spec.instrument_name,
            "change_id": stamp(self.stage, self.market),
            "bids": bids,
            "asks": asks,
        }
