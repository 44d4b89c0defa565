"""One instrument as the world sees it: mid, depth, index, mark, funding, tape and bars.

Moves come from the feed. Prices are kept as ticks and floats and become exact Decimals when somebody asks:
a market that nobody looks at costs a few microseconds a step.
"""

from collections import deque
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from random import Random
from typing import Final

from exchange.bars import Bar, Bars
from exchange.book import Book
from exchange.depth import Depth
from exchange.instruments import Spec
from exchange.records import Counters, MarketMark, PublicTrade
from exchange.triggers import Triggers

Level = tuple[Decimal, Decimal]  # price, amount
_Print = tuple[int, int, int, int, Decimal, str, float, float, int, str | None]  # see `trade`

EIGHT_HOURS_MS: Final = 28_800_000
HOUR_MS: Final = 3_600_000
PREMIUM_EMA_MS: Final = 30_000
PREMIUM_LIMIT: Final = 0.005  # the mark stays this near to the index
BAND: Final = Decimal("0.015")  # orders further than this from the mark are refused
_DEAD_ZONE: Final = 0.00025
_TAPE: Final = 1000


class Market:
    """The moving picture of one instrument."""

    def __init__(self, spec: Spec, *, rng: Random, counters: Counters, start_ms: int) -> None:
        self.spec = spec
        self.state = "open"
        self.held = False
        self.book = Book()
        self.triggers = Triggers()
        self.bars = Bars(spec.tick_size)
        self.depth_source = Depth(rng, int(spec.typical_amount / spec.contract_size))
        self.settlement_price: Decimal = spec.start_price
        self.open_interest: Decimal = spec.typical_amount * 5000
        self.trade_seq = 100_000_000 + rng.randrange(10_000_000)
        self.change_id = 0
        self.scale = 1.0  # the price stands at this multiple of the feed's: moved by hand once
        self.funding_index = 0.0  # what one unit of position has paid since the start, in settlement coin
        self.funding_history: deque[tuple[int, float, float, float]] = deque(maxlen=24 * 31)
        self.now_ms = start_ms
        self._counters = counters
        self._tick = float(spec.tick_size)
        self._typical_lots = float(spec.typical_amount / spec.contract_size)
        self._inverse = spec.is_inverse
        self._price_digits = 2 if spec.tick_size >= Decimal("0.05") else 4
        self._prints: deque[_Print] = deque(maxlen=_TAPE)
        self._last_tick: int | None = None
        self._last_direction = 0
        self._premium = 0.0
        self._rate_8h = 0.0
        self._band: tuple[Decimal, Decimal] | None = None
        self._mark: Decimal | None = None
        self._hour = start_ms // HOUR_MS
        self._hour_index = float(spec.start_price)
        self.mid = float(spec.start_price)
        self.index = self.mark = self.mid
        self.depth_source.centre(round(self.mid / self._tick))

    # --- moving

    def move(self, now_ms: int, price: float, index: float) -> None:
        """The mid and the index stand here now; mark and funding follow."""
        elapsed_ms = now_ms - self.now_ms
        self.now_ms = now_ms
        if elapsed_ms > 0:
            paid = self._rate_8h * (elapsed_ms / EIGHT_HOURS_MS)
            self.funding_index += paid / self.mark if self._inverse else paid * self.mark
        self.mid, self.index = price, index
        premium = price / index - 1.0
        if elapsed_ms < PREMIUM_EMA_MS:
            self._premium += (premium - self._premium) * (elapsed_ms / PREMIUM_EMA_MS)
        else:
            self._premium = premium
        self._settle_mark()
        self.depth_source.centre(round(price / self._tick))
        hour = now_ms // HOUR_MS
        if hour != self._hour:
            self.funding_history.append((hour * HOUR_MS, index, self._hour_index, self._rate_8h))
            self._hour, self._hour_index = hour, index

    def jump(self, now_ms: int, price: float, index: float) -> None:
        """The whole market stands here at once, mark included: moved by hand."""
        self.move(now_ms, price, index)
        self._premium = price / index - 1.0
        self._settle_mark()

    def _settle_mark(self) -> None:
        premium = self._premium
        bounded = PREMIUM_LIMIT if premium > PREMIUM_LIMIT else max(premium, -PREMIUM_LIMIT)
        self.mark = self.index * (1.0 + bounded)
        self._mark = self._band = None
        if bounded > _DEAD_ZONE:
            self._rate_8h = min(bounded - _DEAD_ZONE, float(self.spec.funding_cap))
        elif bounded < -_DEAD_ZONE:
            self._rate_8h = max(bounded + _DEAD_ZONE, -float(self.spec.funding_cap))
        else:
            self._rate_8h = 0.0

    def trade(self, now_ms: int, direction: str, tick: int, amount: Decimal, liquidation: str | None = None) -> None:
        """One trade on the tape; the taker's direction. `newest_trade` shows it."""
        self.trade_seq += 1
        self._counters.trade += 1
        last = self._last_tick
        if last is None or tick == last:
            tick_direction = 1 if self._last_direction >= 0 else 3
        else:
            self._last_direction = 1 if tick > last else -1
            tick_direction = 0 if tick > last else 2
        self._last_tick = tick
        price = tick * self._tick
        if self._inverse:
            cost = float(amount)
            volume = cost / price
        else:
            volume = float(amount)
            cost = volume * price
        self.bars.trade(now_ms, tick, volume, cost)
        self._prints.append(
            (
                self._counters.trade,
                self.trade_seq,
                now_ms,
                tick,
                amount,
                direction,
                self.index,
                self.mark,
                tick_direction,
                liquidation,
            )
        )

    def resume(self, mark: MarketMark, now_ms: int) -> None:
        """Go on where the market stood before a restart; what the feed says counts from here."""
        self.scale *= float(mark.mid) / self.mid
        self.held = mark.held
        self.state = mark.state
        self.settlement_price = mark.settlement_price
        self.trade_seq = max(self.trade_seq, mark.trade_seq)
        self.funding_index = mark.funding_index
        self._last_tick = round(float(mark.last_price) / self._tick)
        self.now_ms = now_ms
        self.jump(now_ms, float(mark.mid), float(mark.index))

    # --- reading

    @property
    def price_step(self) -> Decimal:
        return self.spec.tick_size

    def price_at(self, tick: int) -> Decimal:
        return tick * self.spec.tick_size

    def printed_amount(self, volume: float) -> Decimal:
        """What `volume` typical amounts are, in whole lots, at least one."""
        return self.amount_of(max(1, int(volume * self._typical_lots)))

    def amount_of(self, lots: int) -> Decimal:
        return lots * self.spec.contract_size

    @property
    def last_tick(self) -> int | None:
        return self._last_tick

    @property
    def last_price(self) -> Decimal | None:
        return None if self._last_tick is None else self._last_tick * self.spec.tick_size

    @property
    def tick_direction(self) -> int:
        return self._prints[-1][8] if self._prints else 1

    @property
    def mark_price(self) -> Decimal:
        if self._mark is None:
            self._mark = self._exact(self.mark)
        return self._mark

    @property
    def index_price(self) -> Decimal:
        return self._exact(self.index)

    @property
    def min_price(self) -> Decimal:
        return self.band()[0]

    @property
    def max_price(self) -> Decimal:
        return self.band()[1]

    def band(self) -> tuple[Decimal, Decimal]:
        """What a sell may ask for at the least, what a buy may bid at the most."""
        if self._band is None:
            mark, step = self.mark_price, self.spec.tick_size
            low = (mark * (1 - BAND) / step).to_integral_value(ROUND_FLOOR) * step
            self._band = low, (mark * (1 + BAND) / step).to_integral_value(ROUND_CEILING) * step
        return self._band

    def _exact(self, price: float) -> Decimal:
        return Decimal(f"{price:.{self._price_digits}f}")

    @property
    def best_bid_tick(self) -> int:
        """Of everybody's bids, made-up and real."""
        own = self.book.bids.best()
        shown = self.depth_source.bid_tick
        return shown if own is None or own[0] < shown else own[0]

    @property
    def best_ask_tick(self) -> int:
        own = self.book.asks.best()
        shown = self.depth_source.ask_tick
        return shown if own is None or own[0] > shown else own[0]

    @property
    def best_bid(self) -> Level | None:
        return next(iter(self.depth("bids", 1)), None)

    @property
    def best_ask(self) -> Level | None:
        return next(iter(self.depth("asks", 1)), None)

    def depth(self, side: str, levels: int) -> list[Level]:
        """(price, amount) best first: what accounts have resting, over the depth of everybody else."""
        direction, sign = ("buy", -1) if side == "bids" else ("sell", 1)
        lots: dict[int, int] = {}
        for taken, (tick, left) in enumerate(self.depth_source.levels(direction)):
            if taken == levels:
                break
            lots[tick] = left
        own = self.book.side(direction)
        if not len(own):
            return [(self.price_at(tick), self.amount_of(left)) for tick, left in lots.items()]
        amounts = {tick: self.amount_of(left) for tick, left in lots.items()}
        for tick, order in own:
            shown = order.remaining
            if order.display_amount is not None:
                shown = min(shown, order.display_amount)
            amounts[tick] = amounts.get(tick, Decimal(0)) + shown
        best_first = sorted(amounts, key=lambda tick: sign * tick)[:levels]
        return [(self.price_at(tick), amounts[tick]) for tick in best_first]

    @property
    def current_funding(self) -> Decimal:
        return Decimal(f"{self._rate_8h:.8f}")

    @property
    def funding_8h(self) -> Decimal:
        recent = [rate for _, _, _, rate in list(self.funding_history)[-8:]] or [self._rate_8h]
        return Decimal(f"{sum(recent) / len(recent):.8f}")

    @property
    def interest_value(self) -> Decimal:
        return self.current_funding

    def stats(self) -> dict[str, Decimal | None]:
        """The last 24 hours. `price_change` is in percent."""
        day = self.bars.day()
        if day is None or self._last_tick is None:
            zero = Decimal(0)
            empty: dict[str, Decimal | None] = {"volume": zero, "volume_usd": zero, "volume_notional": zero}
            return empty | {"low": None, "high": None, "price_change": None}
        high, low, first, volume, cost = day
        turnover = Decimal(f"{cost:.2f}")
        return {
            "volume": Decimal(f"{volume:.8f}"),
            "volume_usd": turnover,
            "volume_notional": turnover,
            "low": self.price_at(low),
            "high": self.price_at(high),
            "price_change": Decimal(f"{(self._last_tick / first - 1) * 100:.4f}"),
        }

    def bars_between(self, resolution_min: int, start_ms: int, end_ms: int) -> list[Bar]:
        self.bars.touch(self.now_ms)
        return self.bars.between(resolution_min, start_ms, end_ms)

    @property
    def tape(self) -> list[PublicTrade]:
        """The last trades, oldest first."""
        return [self._public(row) for row in self._prints]

    @property
    def newest_numbers(self) -> tuple[int, int, int]:
        """(trade number, trade_seq, tick direction) of the last trade."""
        row = self._prints[-1]
        return row[0], row[1], row[8]

    @property
    def newest_trade(self) -> PublicTrade:
        return self._public(self._prints[-1])

    def _public(self, row: _Print) -> PublicTrade:
        number, seq, now_ms, tick, amount, direction, index, mark, tick_direction, liquidation = row
        return PublicTrade(
            trade_id=f"{self.spec.id_prefix}{number}",
            trade_seq=seq,
            instrument_name=self.spec.instrument_name,
            timestamp=now_ms,
            direction=direction,
            price=self.price_at(tick),
            amount=amount,
            index_price=self._exact(index),
            mark_price=self._exact(mark),
            tick_direction=tick_direction,
            liquidation=liquidation,
        )
