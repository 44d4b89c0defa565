"""The moods of a made-up market: how it moves in each, how long each lasts, and three characters made of them.

Figures are chosen to look like bitcoin: 2 to 4 % a day when nothing happens, storms of a quarter of an hour.
"""

from typing import Final, NamedTuple


class Regime(NamedTuple):
    """One mood. Rates are per day unless they say otherwise."""

    volatility: float  # times the profile's
    drift: float  # of the price
    pull_per_hour: float  # back to where the regime began: what keeps a range a range
    minutes: float  # it lasts, on average
    activity: float  # traded volume, times the usual
    premium: float  # of perpetuals over the index, while it lasts


class Profile(NamedTuple):
    """A character of a market: how wild it is and what it is inclined to."""

    daily_volatility: float
    inclination: tuple[float, ...]  # weights of the regimes, in the order of `REGIMES`
    gaps_per_day: float  # the price stands elsewhere and stays there
    spikes_per_day: float  # the price goes away and comes back within a minute or so
    gap_size: float  # the typical one, of the price
    spike_size: float


REGIMES: Final = (
    Regime(volatility=0.6, drift=0.0, pull_per_hour=0.0, minutes=180.0, activity=0.6, premium=0.0),  # calm
    Regime(volatility=1.0, drift=0.12, pull_per_hour=0.0, minutes=120.0, activity=1.0, premium=0.0004),  # up
    Regime(volatility=1.1, drift=-0.12, pull_per_hour=0.0, minutes=120.0, activity=1.1, premium=-0.0003),  # down
    Regime(volatility=1.0, drift=0.0, pull_per_hour=2.0, minutes=180.0, activity=0.8, premium=0.0001),  # range
    Regime(volatility=3.5, drift=0.0, pull_per_hour=0.0, minutes=15.0, activity=4.0, premium=0.0),  # storm
)

PROFILES: Final = {
    "calm": Profile(0.022, (5.0, 1.0, 1.0, 4.0, 0.05), 0.2, 0.3, 0.004, 0.004),
    "lively": Profile(0.032, (2.0, 2.0, 2.0, 3.0, 0.6), 1.0, 2.0, 0.008, 0.007),
    "wild": Profile(0.055, (1.0, 2.0, 2.0, 1.0, 4.0), 6.0, 12.0, 0.015, 0.015),
}
