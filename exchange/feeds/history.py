"""What a made-up market did before it began: minutes that end at its start price."""

from decimal import Decimal
from math import exp, sqrt
from random import Random
from typing import Final

from exchange.feeds.regimes import REGIMES, Profile
from exchange.feeds.step import PastBar
from exchange.instruments import Spec

PAST_MINUTES: Final = 3 * 1440
_MINUTE_MS: Final = 60_000
_VOLUME_UNIT: Final = Decimal("0.0001")
_VOLUME_PER_MINUTE: Final = 17.0  # typical amounts


def past_of_coin(
    draw: Random, profile: Profile, *, start_ms: int, start_price: Decimal, spec: Spec, minutes: int
) -> list[PastBar]:
    """The minutes before `start_ms`, oldest first, whole ticks, the last close at `start_price`.

    Drawn backwards from the start, so that fewer minutes are the same minutes.
    """
    tick_size = spec.tick_size
    one = float(tick_size)
    level = float(start_price)
    close = int(start_price / tick_size)
    volume_scale = float(spec.typical_amount) * _VOLUME_PER_MINUTE
    if spec.is_inverse:
        volume_scale /= level
    rand, gauss = draw.random, draw.gauss
    open_ms = start_ms // _MINUTE_MS * _MINUTE_MS - _MINUTE_MS
    bars: list[PastBar] = []
    left = 0
    sigma = drift = activity = 0.0
    for _ in range(minutes):
        if left <= 0:
            (regime,) = draw.choices(REGIMES, profile.inclination)
            left = 1 + int(draw.expovariate(1.0) * regime.minutes)
            sigma = profile.daily_volatility * regime.volatility * sqrt(1 / 1440)
            drift = regime.drift / 1440
            activity = regime.activity * volume_scale
        left -= 1
        level *= exp(-drift - gauss(0.0, sigma))
        opened = max(1, round(level / one))
        reach = sigma * level / one
        high = max(opened, close) + int(rand() * reach)
        low = max(1, min(opened, close) - int(rand() * reach))
        volume = Decimal(int(activity * (0.2 + 1.6 * rand()) * 10_000) + 1) * _VOLUME_UNIT
        bars.append(PastBar(open_ms, opened * tick_size, high * tick_size, low * tick_size, close * tick_size, volume))
        close = opened
        open_ms -= _MINUTE_MS
    bars.reverse()
    return bars
