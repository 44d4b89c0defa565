"""Prices made from a seed: one process for each coin, and the coin's instruments close around it.

The k-th step depends on the seed and k alone. Steps are made in blocks, because a live exchange takes them one by
one and a simulated year needs millions: a step costs about a microsecond.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import exp, sqrt
from random import Random
from typing import Final

from exchange.feeds.coin import BLOCK, Coin, common_noise
from exchange.feeds.history import PAST_MINUTES, past_of_coin
from exchange.feeds.regimes import PROFILES
from exchange.feeds.step import PastBar, Step
from exchange.instruments import LISTED, Spec

_DAY_MS: Final = 86_400_000
_BASIS: Final = 0.00025  # how far, typically, a perpetual stands from its index
_BASIS_MEMORY_MS: Final = 300_000
_VOLUME_PER_SECOND: Final = 0.28  # typical amounts, when nothing happens
_QUIET: Final = 0.6  # this part of the steps trades nothing
_VOLUME_SCALE: Final = 5.0 / (1.0 - _QUIET**5)  # so that the fourth power of a draw, when not quiet, averages 1

_new_step = tuple.__new__


class _Instrument:
    """One market around its coin: a small premium that wanders, and what is traded."""

    __slots__ = ("_basis", "_keep", "_kick", "_price", "_rand", "_volume", "name")

    def __init__(self, seed: int, name: str, price: float, step_ms: int) -> None:
        self.name = name
        self._price = price
        self._rand = Random(f"{seed}:instrument:{name}").random
        self._basis = 0.0
        self._keep = exp(-step_ms / _BASIS_MEMORY_MS)
        self._kick = _BASIS * sqrt(12.0 * (1.0 - self._keep**2))
        self._volume = _VOLUME_PER_SECOND * step_ms / 1000.0 * _VOLUME_SCALE

    def steps(self, first_ms: int, step_ms: int, coin: Coin) -> list[Step]:
        """The block of steps that goes with the coin's block of levels."""
        rand, name, price, keep, kick, basis = self._rand, self.name, self._price, self._keep, self._kick, self._basis
        toward = coin.premium * (1.0 - keep) - 0.5 * kick
        volume_scale = self._volume * coin.activity
        quiet, step, new = _QUIET, Step, _new_step
        made: list[Step] = []
        add = made.append
        now_ms = first_ms
        for level in coin.levels:
            basis = basis * keep + toward + rand() * kick
            draw = rand()
            index = price * level
            add(
                new(
                    step,
                    (
                        now_ms,
                        name,
                        index * (1.0 + basis),
                        index,
                        volume_scale * draw * draw * draw * draw if draw > quiet else 0.0,
                    ),
                )
            )
            now_ms += step_ms
        self._basis = basis
        return made


class SyntheticFeed:
    """Every instrument steps once in `step_ms`, in the order they are listed. It never ends."""

    def __init__(
        self,
        *,
        seed: int,
        start_ms: int,
        instruments: Sequence[Spec] = LISTED,
        start_prices: Mapping[str, Decimal] | None = None,
        step_ms: int = 250,
        profile: str = "lively",
        past_minutes: int = PAST_MINUTES,
    ) -> None:
        prices = _start_prices(instruments, start_prices or {})
        self._seed = seed
        self._start_ms = start_ms
        self._step_ms = step_ms
        self._profile = PROFILES[profile]
        self._past_minutes = past_minutes
        self._specs = {spec.instrument_name: spec for spec in instruments}
        self._start_prices = prices
        self._common = Random(f"{seed}:common").random
        self._coins = {
            base: Coin(seed, base, self._profile, step_ms)
            for base in dict.fromkeys(spec.base_currency for spec in instruments)
        }
        self._instruments = [
            (_Instrument(seed, name, float(prices[name]), step_ms), self._coins[spec.base_currency])
            for name, spec in self._specs.items()
        ]
        self._next_ms = start_ms + step_ms
        self._steps: list[Step] = []
        self._at = -1
        self._refill()

    def next_due_ms(self) -> int:
        return self._steps[self._at][0]

    def take(self) -> Step:
        step = self._steps[self._at]
        self._at += 1
        if not self._at:
            self._refill()
        return step

    def past(self, instrument_name: str) -> list[PastBar]:
        """Minutes up to the start; the last one closes exactly at the start price."""
        spec = self._specs[instrument_name]
        base = spec.base_currency
        return past_of_coin(
            Random(f"{self._seed}:past:{base}"),
            self._profile,
            start_ms=self._start_ms,
            start_price=self._start_prices[instrument_name],
            spec=spec,
            minutes=self._past_minutes,
        )

    def _refill(self) -> None:
        """The next block of every instrument, in order of time. Counted from its end, so that 0 means: used up."""
        noise = common_noise(self._common)
        for coin in self._coins.values():
            coin.move(noise)
        columns = [market.steps(self._next_ms, self._step_ms, coin) for market, coin in self._instruments]
        self._steps = [step for row in zip(*columns, strict=True) for step in row]
        self._at = -len(self._steps)
        self._next_ms += BLOCK * self._step_ms


def _start_prices(instruments: Sequence[Spec], given: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Of every instrument. A price given for one instrument of a coin holds for the coin's others, too."""
    of_coin = {spec.base_currency: given[spec.instrument_name] for spec in instruments if spec.instrument_name in given}
    return {
        spec.instrument_name: given.get(spec.instrument_name, of_coin.get(spec.base_currency, spec.start_price))
        for spec in instruments
    }
