"""Replay of recorded Deribit notifications: one JSON object per line, as received.

Tickers, quotes, trades, books and price indices move the markets; everything else is passed over. A line that
cannot be read is left out and reported by its number. The whole record is read at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from exchange.feeds.step import ENDED_MS, PastBar, Step
from exchange.instruments import Spec

PROBLEMS_MAX: Final = 100  # kept; more are only counted
_ARRIVAL_KEYS: Final = ("arrived_ms", "received_ms", "recv_ms", "arrival", "received", "ts", "t", "time")
_MILLIS_MAX: Final = 10**14  # a stamp from here on is in microseconds

_Table = Mapping[str, Any]


class _Picture:
    """What the record has said about one market so far."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.price: float | None = None
        self.index: float | None = None
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def step(self, time_ms: int, volume: float = 0.0) -> list[Step]:
        """Where the market stands, once a price is known."""
        if self.price is None:
            return []
        index = self.price if self.index is None else self.index
        return [Step(time_ms, self.spec.instrument_name, self.price, index, volume)]

    def ticker(self, time_ms: int, news: _Table) -> list[Step]:
        if news.get("index_price"):
            self.index = _positive(news["index_price"])
        bid, ask = news.get("best_bid_price"), news.get("best_ask_price")
        if bid and ask:
            self.price = (_positive(bid) + _positive(ask)) / 2.0
        elif news.get("last_price"):
            self.price = _positive(news["last_price"])
        return self.step(time_ms)

    def trades(self, time_ms: int, news: Sequence[_Table]) -> list[Step]:
        """A step for each trade. They may carry older times than the batch; what has been said stays said."""
        steps: list[Step] = []
        typical = float(self.spec.typical_amount)
        for trade in news:
            price, amount = _positive(trade["price"]), _positive(trade["amount"])
            if trade.get("index_price"):
                self.index = _positive(trade["index_price"])
            self.price = price
            steps += self.step(time_ms, amount / typical)
        return steps

    def book(self, time_ms: int, news: _Table) -> list[Step]:
        """A window of the book, a snapshot of it, or a change to it."""
        if news.get("type") != "change":
            self.bids, self.asks = {}, {}
        for side, levels in ((self.bids, news.get("bids") or []), (self.asks, news.get("asks") or [])):
            for level in levels:
                price, amount = _positive(level[-2]), float(level[-1])
                if level[0] == "delete" or amount <= 0:
                    side.pop(price, None)
                else:
                    side[price] = amount
        if self.bids and self.asks:
            self.price = (max(self.bids) + min(self.asks)) / 2.0
        return self.step(time_ms)


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise TypeError(f"{value!r} where a number above 0 belongs")
    return float(value)


class RecordedFeed:
    """The record as a feed. It begins at `start_ms`, whenever it was recorded, and keeps its own pace."""

    def __init__(
        self,
        source: Path | Iterable[str | bytes],
        *,
        instruments: Iterable[Spec],
        start_ms: int | None = None,
    ) -> None:
        self.problems: list[str] = []
        self.bad_lines = 0
        self._pictures = {spec.instrument_name: _Picture(spec) for spec in instruments}
        self._newest_ms = 0
        lines = source.read_bytes().splitlines() if isinstance(source, Path) else source
        steps: list[Step] = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                steps += self._read(number, line)
        shift_ms = 0 if start_ms is None or not steps else start_ms - steps[0].time_ms
        self._steps = [step._replace(time_ms=step.time_ms + shift_ms) for step in steps] if shift_ms else steps
        self._at = 0

    def next_due_ms(self) -> int:
        return self._steps[self._at].time_ms if self._at < len(self._steps) else ENDED_MS

    def take(self) -> Step:
        self._at += 1
        return self._steps[self._at - 1]

    def past(self, instrument_name: str) -> list[PastBar]:
        """Nothing: a record knows only what it saw."""
        del instrument_name
        return []

    def _read(self, number: int, line: str | bytes) -> list[Step]:
        """The steps of one line; none, and a problem, when it makes no sense."""
        try:
            return self._steps_of(msgspec.json.decode(line))
        except msgspec.DecodeError as error:
            self._complain(number, f"is not JSON: {error}")
        except KeyError as error:
            self._complain(number, f"lacks {error}")
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            self._complain(number, f"makes no sense: {error}")
        return []

    def _complain(self, number: int, reason: str) -> None:
        self.bad_lines += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(f"line {number} {reason}")

    def _steps_of(self, message: Any) -> list[Step]:
        if not isinstance(message, dict):
            raise TypeError("it is no object")
        notification = message.get("message", message)  # some recorders wrap what they received
        news = notification.get("params", notification)
        if not isinstance(news, dict) or "channel" not in news:
            return []  # a reply, a heartbeat
        kind, _, rest = str(news["channel"]).partition(".")
        content = news["data"]
        if kind == "deribit_price_index":
            return self._index(self._time(message, content), content)
        picture = self._pictures.get(rest.split(".")[0])
        if picture is None:
            return []
        readers: dict[str, Callable[[int, Any], list[Step]]] = {
            "ticker": picture.ticker,
            "incremental_ticker": picture.ticker,
            "quote": picture.ticker,
            "trades": picture.trades,
            "book": picture.book,
        }
        reader = readers.get(kind)
        return [] if reader is None else reader(self._time(message, content), content)

    def _index(self, time_ms: int, content: _Table) -> list[Step]:
        """A price index moves every market that is settled by it."""
        price = _positive(content["price"])
        steps: list[Step] = []
        for picture in self._pictures.values():
            if picture.spec.price_index == content["index_name"]:
                picture.index = price
                steps += picture.step(time_ms)
        return steps

    def _time(self, message: _Table, content: Any) -> int:
        """When it arrived, or else when it was sent; time never runs backwards."""
        stamp = next((message[key] for key in _ARRIVAL_KEYS if isinstance(message.get(key), int | float)), None)
        if stamp is None:
            newest = content[-1] if isinstance(content, list) else content
            stamp = newest.get("timestamp", self._newest_ms)
        time_ms = int(stamp) // 1000 if stamp >= _MILLIS_MAX else int(stamp)
        self._newest_ms = max(self._newest_ms, time_ms)
        return self._newest_ms
