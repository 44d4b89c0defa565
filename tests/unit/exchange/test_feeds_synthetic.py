"""Made-up prices: the same for everyone with the same seed, alive, and never absurd."""

import statistics
from decimal import Decimal
from itertools import pairwise
from math import log
from random import Random

import pytest

from exchange.feeds import Step, SyntheticFeed
from exchange.feeds.coin import BLOCK, Coin, common_noise
from exchange.feeds.regimes import PROFILES
from exchange.instruments import LISTED

START_MS = 1_767_225_612_345
MINUTE_MS = 60_000
YEAR_MINUTES = 365 * 1440


def feed(seed: int = 1, **more: object) -> SyntheticFeed:
    return SyntheticFeed(seed=seed, start_ms=START_MS, **more)  # type: ignore[arg-type]


def take(source: SyntheticFeed, count: int) -> list[Step]:
    return [source.take() for _ in range(count)]


def test_the_same_seed_gives_the_same_steps_whatever_is_asked_in_between() -> None:
    one, other = feed(), feed()
    other.past("ETH-PERPETUAL")
    other.next_due_ms()

    assert take(one, 3 * BLOCK * len(LISTED)) == take(other, 3 * BLOCK * len(LISTED))


def test_another_seed_gives_other_steps() -> None:
    assert take(feed(1), 50) != take(feed(2), 50)


def test_a_step_does_not_depend_on_the_start_time_or_on_which_other_instruments_are_listed() -> None:
    whole = [step for step in take(feed(), 5000) if step.instrument_name == "ETH-PERPETUAL"]
    alone = SyntheticFeed(seed=1, start_ms=0, instruments=[LISTED[1]])

    assert [step[1:] for step in whole] == [alone.take()[1:] for _ in whole]


def test_every_instrument_steps_once_in_an_interval_and_time_never_runs_back() -> None:
    rounds = 2 * BLOCK + 5
    steps = take(feed(step_ms=1000), rounds * len(LISTED))

    assert [step.instrument_name for step in steps] == [spec.instrument_name for spec in LISTED] * rounds
    assert [step.time_ms - START_MS for step in steps] == [k * 1000 for k in range(1, rounds + 1) for _ in LISTED]


def test_the_time_of_the_next_step_is_known_before_it_is_taken() -> None:
    source = feed()

    for _ in range(2 * BLOCK * len(LISTED)):
        due_ms = source.next_due_ms()
        assert source.take().time_ms == due_ms


def test_two_perpetuals_of_one_coin_stay_together() -> None:
    steps = take(feed(3, step_ms=1000, profile="wild"), 60_000)
    inverse = [step.price for step in steps if step.instrument_name == "BTC-PERPETUAL"]
    linear = [step.price for step in steps if step.instrument_name == "BTC_USDC-PERPETUAL"]

    assert max(abs(one / other - 1) for one, other in zip(inverse, linear, strict=True)) < 0.005
    assert inverse != linear


@pytest.mark.parametrize("profile", PROFILES)
def test_a_perpetual_keeps_near_its_index(profile: str) -> None:
    assert all(abs(step.price / step.index - 1) < 0.004 for step in take(feed(2, profile=profile), 50_000))


def test_a_price_given_for_one_instrument_of_a_coin_holds_for_the_others() -> None:
    source = feed(start_prices={"BTC-PERPETUAL": Decimal(100_000)})
    prices = {step.instrument_name: step.price for step in take(source, len(LISTED))}

    assert prices["BTC-PERPETUAL"] == pytest.approx(100_000, rel=0.01)
    assert prices["BTC_USDC-PERPETUAL"] == pytest.approx(100_000, rel=0.01)
    assert prices["ETH-PERPETUAL"] == pytest.approx(2_500, rel=0.01)


def test_some_steps_trade_and_some_do_not() -> None:
    volumes = [step.volume for step in take(feed(), 20_000)]
    quiet = volumes.count(0.0) / len(volumes)

    assert 0.5 < quiet < 0.7
    assert min(volumes) == 0.0
    assert 0.01 < statistics.mean(volumes) < 0.5


def year_of(profile: str, seed: int) -> list[float]:
    """A coin's levels, one a minute."""
    coin, common = Coin(seed, "BTC", PROFILES[profile], MINUTE_MS), Random(f"{seed}:common").random
    levels: list[float] = []
    while len(levels) < YEAR_MINUTES:
        coin.move(common_noise(common))
        levels += coin.levels
    return levels


@pytest.mark.parametrize(
    ("profile", "low", "high"), [("calm", 0.015, 0.028), ("lively", 0.03, 0.045), ("wild", 0.065, 0.11)]
)
def test_a_year_stays_sane_and_its_days_move_as_the_profile_says(profile: str, low: float, high: float) -> None:
    levels = year_of(profile, 5)
    days = levels[::1440]

    assert min(levels) > 1 / 6
    assert max(levels) < 6
    assert low < statistics.stdev(log(later / earlier) for earlier, later in pairwise(days)) < high


@pytest.mark.parametrize("step_ms", [10, 250, 1000, 60_000])
def test_the_length_of_a_step_does_not_change_how_far_a_day_goes(step_ms: int) -> None:
    """Volatility is given per day: fine steps are small ones."""
    coin, common = Coin(1, "BTC", PROFILES["calm"], step_ms), Random("common").random
    moves: list[float] = []
    for _ in range(40):
        coin.move(common_noise(common))
        moves += [log(later / earlier) for earlier, later in pairwise(coin.levels)]
    per_day = statistics.median(abs(move) for move in moves) / 0.6745 * (86_400_000 / step_ms) ** 0.5

    assert 0.008 < per_day < 0.035


@pytest.mark.parametrize(("gaps", "spikes"), [(24.0, 1e-9), (1e-9, 24.0)], ids=["gaps", "spikes"])
def test_markets_jump_now_and_then(gaps: float, spikes: float) -> None:
    """Jumps are what stops slip on; a day of one an hour has about so many."""
    profile = PROFILES["wild"]._replace(gaps_per_day=gaps, spikes_per_day=spikes)
    coin, common = Coin(9, "BTC", profile, 1000), Random("9").random
    jumps = steps = 0
    while steps < 3 * 86_400:
        coin.move(common_noise(common))
        jumps += sum(abs(later / earlier - 1) > 0.006 for earlier, later in pairwise(coin.levels))
        steps += BLOCK

    assert 40 < jumps < 110


@pytest.mark.parametrize("spec", LISTED, ids=lambda spec: spec.instrument_name)
def test_the_past_is_three_whole_days_that_end_exactly_at_the_start_price(spec: object) -> None:
    listed = next(one for one in LISTED if one is spec)
    past = feed().past(listed.instrument_name)

    assert len(past) == 3 * 1440
    assert past[-1].close == listed.start_price
    assert past[-1].open_ms + MINUTE_MS <= START_MS < past[-1].open_ms + 2 * MINUTE_MS
    assert {later.open_ms - earlier.open_ms for earlier, later in pairwise(past)} == {MINUTE_MS}
    assert all(earlier.close == later.open for earlier, later in pairwise(past))
    assert all(0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in past)
    assert all(price % listed.tick_size == 0 for bar in past for price in bar[1:5])
    assert all(bar.volume > 0 for bar in past)


def test_a_shorter_past_is_the_end_of_the_longer_one() -> None:
    assert feed(past_minutes=60).past("BTC-PERPETUAL") == feed().past("BTC-PERPETUAL")[-60:]


def test_asking_for_the_past_twice_gives_the_same_past() -> None:
    source = feed()

    assert source.past("SOL_USDC-PERPETUAL") == source.past("SOL_USDC-PERPETUAL")
