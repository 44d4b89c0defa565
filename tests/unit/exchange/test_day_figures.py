"""The figures of the last 24 hours are those of the minutes in them, however many are kept and whatever is missing."""

from decimal import Decimal
from random import Random

import pytest

from exchange.bars import DAY_MS, MINUTE_MS, Bars, Minute


@pytest.mark.parametrize("seed", range(8))
def test_the_day_is_the_sum_of_its_minutes(seed: int) -> None:
    """Counted the slow way from all minutes kept."""
    rng = Random(seed)
    bars, now_ms = Bars(Decimal("0.5")), 0
    if seed % 2:  # a past with holes in it, as a recorded one may have
        past = [number * MINUTE_MS for number in range(3_000) if rng.random() < 0.9]
        prices = [Decimal(100 + rng.randrange(50)) for _ in past]
        bars.load((at, one, one, one, one, Decimal(rng.randrange(9))) for at, one in zip(past, prices, strict=True))
        now_ms = 3_000 * MINUTE_MS
    for _ in range(2_000):
        now_ms += rng.choice((1_000, 20_000, 90_000, 600_000))
        bars.trade(now_ms, 200 + rng.randrange(100), rng.random(), rng.random())
        minutes = {minute.open_ms: minute for minute in bars._minutes}
        if rng.random() < 0.05:
            day, expected = bars.day(), _slowly(list(minutes.values()))
            assert day is not None
            assert day[:3] == expected[:3], (seed, now_ms)
            # Added up in another order: alike to far more digits than are shown.
            assert day[3:] == pytest.approx(expected[3:], rel=1e-12)


def _slowly(minutes: list[Minute]) -> tuple[int, int, int, float, float]:
    running = minutes[-1]
    full = [one for one in minutes[:-1] if one.open_ms > running.open_ms - DAY_MS]
    return (
        max([one.high for one in full] + [running.high]),
        min([one.low for one in full] + [running.low]),
        full[0].open if full else running.open,
        sum(one.volume for one in full) + running.volume,
        sum(one.cost for one in full) + running.cost,
    )
