"""The fair price of one coin: a walk through regimes, with gaps and spikes, held near a slow anchor.

`levels` are multiples of the start price. Noise is the sum of three uniform draws, which is near enough to normal
and four times as fast; the fat tails come from the regimes and the jumps.
"""

from collections.abc import Callable
from math import log, sqrt
from random import Random
from typing import Final

from exchange.feeds.regimes import REGIMES, Profile

BLOCK: Final = 256  # steps made at once
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_SHARED: Final = 0.75  # of the noise is that of the whole market; coins move together
_OWN: Final = sqrt(1.0 - _SHARED**2)
_ANCHOR_DAYS: Final = 30.0  # the price returns to its anchor in about this time
_HOME_DAYS: Final = 120.0  # and the anchor to where it all began
_ANCHOR_VOLATILITY: Final = 0.005  # of the anchor, per day
_RUN_MS: Final = 60_000  # drift is looked at anew after this long
_SPIKE_MEMORY_MS: Final = 15_000
_SPIKE_OVER: Final = 1e-5  # what is left of it is less than a tick
_JUMP_MAX: Final = 0.08
_STORM_SIZE: Final = 3.0  # traded in the step of a jump, times the usual


def common_noise(rand: Callable[[], float]) -> list[float]:
    """One block of the noise that all coins share, of variance 1."""
    return [(rand() + rand() + rand() - 1.5) * 2.0 for _ in range(BLOCK)]


class Coin:
    """The level of one coin, a block at a time."""

    def __init__(self, seed: int, name: str, profile: Profile, step_ms: int) -> None:
        self._draw = Random(f"{seed}:coin:{name}")
        self._profile = profile
        self._step_ms = step_ms
        self._run = max(1, _RUN_MS // step_ms)
        self._level = 1.0
        self._anchor = 0.0  # a logarithm, as `_home` is
        self._home = 0.0
        self._spike = 0.0
        self._regime = REGIMES[0]
        self._left = 0  # steps of the regime
        self._to_gap = self._wait(profile.gaps_per_day)
        self._to_spike = self._wait(profile.spikes_per_day)
        self.levels: list[float] = []
        self.premium = 0.0
        self.activity = 1.0

    def move(self, noise: list[float]) -> None:
        """The next block of levels."""
        self.levels = []
        self.activity = 0.0
        at = 0
        while at < BLOCK:
            if self._left <= 0:
                self._switch()
            if self._to_gap <= 0:
                self._level *= 1.0 + self._jump(self._profile.gap_size)
                self._to_gap = self._wait(self._profile.gaps_per_day)
            if self._to_spike <= 0:
                self._spike += self._jump(self._profile.spike_size)
                self._to_spike = self._wait(self._profile.spikes_per_day)
            length = max(1, min(self._run, BLOCK - at, self._left, self._to_gap, self._to_spike))
            self._walk(noise[at : at + length])
            self._left -= length
            self._to_gap -= length
            self._to_spike -= length
            self.activity += self._regime.activity * length / BLOCK
            at += length
        self.premium = self._regime.premium

    def _walk(self, noise: list[float]) -> None:
        """A run without a switch or a jump: constant drift and volatility."""
        days = self._step_ms / _DAY_MS
        regime = self._regime
        sigma = self._profile.daily_volatility * regime.volatility * sqrt(days)
        shared, own = sigma * _SHARED, sigma * _OWN * 2.0
        drift = regime.drift * days + self._back() - 1.5 * own + 1.0
        rand, level, levels = self._draw.random, self._level, self.levels
        add = levels.append
        if not self._spike:
            for common in noise:
                level *= drift + shared * common + own * (rand() + rand() + rand())
                add(level)
        else:
            spike, fade = self._spike, max(0.0, 1.0 - self._step_ms / _SPIKE_MEMORY_MS)
            for common in noise:
                level *= drift + shared * common + own * (rand() + rand() + rand())
                add(level * (1.0 + spike))
                spike *= fade
            self._spike = spike if abs(spike) > _SPIKE_OVER else 0.0
        self._level = level
        run_days = days * len(noise)
        self._anchor += (
            self._draw.gauss(0.0, _ANCHOR_VOLATILITY * sqrt(run_days)) - self._anchor * run_days / _HOME_DAYS
        )

    def _back(self) -> float:
        """The pull of one step: mildly to the anchor, and in a range firmly to where the range began."""
        where = log(self._level)
        days = self._step_ms / _DAY_MS
        # Three times as strong for each doubling away: no year ends at nothing or at the moon.
        away = self._anchor - where
        mild = away * (1.0 + 2.0 * away * away) * days / _ANCHOR_DAYS
        firm = (self._home - where) * min(0.5, self._regime.pull_per_hour * self._step_ms / _HOUR_MS)
        return min(0.01, max(-0.01, mild + firm))

    def _switch(self) -> None:
        (self._regime,) = self._draw.choices(REGIMES, self._profile.inclination)
        self._home = log(self._level)
        self._left = 1 + int(self._draw.expovariate(1.0) * self._regime.minutes * 60_000 / self._step_ms)

    def _jump(self, typical: float) -> float:
        size = min(_JUMP_MAX, typical * (0.5 + self._draw.expovariate(2.0)))
        return size * self._draw.choice((1.0, -1.0))

    def _wait(self, per_day: float) -> int:
        """Steps until the next one of so many a day."""
        return 1 + int(self._draw.expovariate(per_day) * _DAY_MS / self._step_ms)
