"""Quiet time passes cheaply: which prices are shown, which are left out, and that none is another for it."""

from collections.abc import Iterable
from decimal import Decimal

import pytest

from exchange.exchange import Exchange
from exchange.feeds.step import ENDED_MS, PastBar, Step
from exchange.feeds.synthetic import SyntheticFeed
from exchange.records import Ticket
from exchange.settings import FeedSettings, Settings
from simulation.quiet import Bounds, QuietFeed, bounds

BTC, ETH = "BTC-PERPETUAL", "ETH-PERPETUAL"
PAUSE_MS = 10_000


class Told:
    """A feed that gives what it was told to."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = list(steps)

    def next_due_ms(self) -> int:
        return self._steps[0].time_ms if self._steps else ENDED_MS

    def take(self) -> Step:
        return self._steps.pop(0)

    def past(self, instrument_name: str) -> list[PastBar]:
        return [PastBar(0, *[Decimal(len(instrument_name))] * 5)]


def prices(*prices: float, name: str = BTC) -> list[Step]:
    """One a second, from the first second on."""
    return [Step(1000 * (number + 1), name, price, price, 0.0) for number, price in enumerate(prices)]


class Viewer:
    """Somebody who takes what is shown when it is due."""

    def __init__(self, steps: Iterable[Step], *, near: Bounds | None = None) -> None:
        self.now_ms = self.busy_until_ms = 0
        self.near: Bounds = near or {}
        self.feed = QuietFeed(Told(steps), pause_ms=PAUSE_MS)
        self.feed.busy_until_ms = lambda: self.busy_until_ms
        self.feed.bounds = lambda: self.near
        self.feed.now_ms = lambda: self.now_ms

    def sees(self, until_ms: int) -> list[int]:
        """In which seconds prices were shown."""
        seen = []
        while self.feed.next_due_ms() <= until_ms:
            self.now_ms = self.feed.next_due_ms()
            step = self.feed.take()
            assert step.time_ms == self.now_ms
            seen.append(step.time_ms // 1000)
        self.now_ms = until_ms
        return seen


def test_while_something_happens_every_step_is_shown() -> None:
    viewer = Viewer(prices(*[100.0] * 30))
    viewer.busy_until_ms = ENDED_MS
    assert viewer.sees(30_000) == list(range(1, 31))


def test_in_quiet_time_one_step_is_shown_in_every_pause() -> None:
    assert Viewer(prices(*[100.0] * 35)).sees(40_000) == [10, 20, 30]


def test_a_step_near_an_order_is_shown_and_so_is_each_one_after_it() -> None:
    """Within the bounds nothing can happen; on them it can."""
    viewer = Viewer(prices(100, 100, 99, 98, 97, 100, 100, 103, 100), near={BTC: (98.0, 103.0)})
    assert viewer.sees(9_000) == [4, 5, 8]


def test_an_index_near_an_order_is_shown_too() -> None:
    steps = [Step(1000, BTC, 100.0, 100.0, 0.0), Step(2000, BTC, 100.0, 97.0, 0.0)]
    assert Viewer(steps, near={BTC: (98.0, 103.0)}).sees(5_000) == [2]


def test_what_is_near_on_another_instrument_shows_nothing_of_this_one() -> None:
    assert Viewer(prices(97, 97, 97), near={ETH: (98.0, 103.0)}).sees(9_000) == []


def test_all_instruments_of_a_moment_are_shown_together() -> None:
    both = sorted([*prices(*[100.0] * 20), *prices(*[5.0] * 20, name=ETH)], key=lambda step: step.time_ms)
    assert Viewer(both).sees(20_000) == [10, 10, 20, 20]


def test_when_something_happens_the_next_step_is_shown_and_none_of_the_past() -> None:
    """Steps that were drawn ahead and left out are not lost: those that are still to come are shown."""
    viewer = Viewer(prices(*[100.0] * 40))
    assert viewer.sees(13_400) == [10]
    viewer.busy_until_ms = 17_000
    assert viewer.sees(40_000) == [14, 15, 16, 26, 36]


def test_a_feed_that_ends_ends_here_too() -> None:
    viewer = Viewer(prices(100, 100))
    assert viewer.sees(9_000) == []
    assert viewer.feed.next_due_ms() == ENDED_MS
    assert viewer.feed.past(BTC) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_price_that_is_shown_is_the_one_the_feed_would_have_shown(seed: int) -> None:
    def drawn() -> SyntheticFeed:
        return SyntheticFeed(seed=seed, start_ms=0, step_ms=1_000, past_minutes=0)

    whole, thin = drawn(), QuietFeed(drawn(), pause_ms=7_000)
    thin.busy_until_ms = lambda: 0
    every = {(step.time_ms, step.instrument_name): step for step in (whole.take() for _ in range(5_000))}
    shown = [thin.take() for _ in range(500)]
    assert all(every[step.time_ms, step.instrument_name] == step for step in shown)


def test_the_bounds_are_a_little_inside_the_orders_nearest_to_the_market() -> None:
    prices = {BTC: Decimal(64_000)}
    exchange = Exchange(
        settings=Settings(feed=FeedSettings(start_prices=prices)),
        feed=SyntheticFeed(seed=1, start_ms=0, start_prices=prices),
        start_ms=0,
    )
    engine = exchange.engine
    account = engine.accounts["main"]
    assert bounds(engine, account) == {}
    for side, price in (("buy", 63_500), ("buy", 63_800), ("sell", 64_300)):
        ticket = Ticket(instrument_name=BTC, direction=side, amount=Decimal(10), type="limit", price=Decimal(price))
        engine.place(account, ticket, 0)
    stop = Ticket(
        instrument_name=BTC,
        direction="sell",
        amount=Decimal(10),
        type="stop_market",
        trigger="mark_price",
        trigger_price=Decimal(63_900),
    )
    engine.place(account, stop, 0)
    low, high = bounds(engine, account)[BTC]
    assert [low, high] == pytest.approx([63_900 * 1.00005, 64_300 * 0.99995])
    engine.set_price(BTC, Decimal(32_000) * 2, 0)
    engine.markets[BTC].scale = 0.5  # as after a move by hand: the feed stands at twice the market's price
    assert list(bounds(engine, account)[BTC]) == pytest.approx([low * 2, high * 2])
