# ruff: noqa: INP001 - it is put beside the real strategies, not imported from here
"""Strategies for measuring only; the bench puts this folder beside the real ones, in a process of its own."""

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from bench import stamps
from strategies.base import Decision, Parameters, Strategy, Wish
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.values import Milliseconds, Side

_FAR = Decimal("0.97")
REST_MS = 100
"""Between the end of a trade and the next signal; strategies for trading have a cooldown of seconds at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeParameters(Parameters):
    """How often it signals at most. A cooldown of nothing is allowed here."""

    cooldown_s: int = 0
    tag: str = "probe"
    every_ms: int = 200

    def problems(self) -> list[str]:
        """Anything goes."""
        return []


class Probe(Strategy):
    """Enters far below the market, where nothing fills; the entry is cancelled after a moment."""

    kind: ClassVar[str] = "probe"
    parameters: ClassVar[type[Parameters]] = ProbeParameters

    def __init__(self, given: Parameters) -> None:
        super().__init__(given)
        self._next_ms = 0
        self._has_traded = False

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """Signal at a tick, when the last trade is over and written down, and the last signal long enough ago."""
        given = self.given
        assert isinstance(given, ProbeParameters)
        if self._has_traded:  # the first look since: what ended it is still being written
            self._has_traded, self._next_ms = False, max(self._next_ms, now + REST_MS)
        if now < self._next_ms or ticker.bid is None:
            return Decision(text="waits")
        self._next_ms, self._has_traded = now + given.every_ms, True
        key = str(ticker.at)
        came = stamps.TICKS[instrument.name, ticker.at]
        stamps.SIGNALS.append((given.tag, instrument.name, key, came, time.perf_counter()))
        entry = ticker.bid * _FAR
        wish = Wish(
            side=Side.BUY,
            entry=entry,
            stop=entry * _FAR,
            target=ticker.bid,
            entry_ms=40,
            key=key,
            reason="bench",
        )
        return Decision(text="signals", wish=wish)


class Watcher(Strategy):
    """Looks at every tick, reckons a little, never trades. With `talks_ms` its decision reads differently as often."""

    kind: ClassVar[str] = "watcher"

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Given(Parameters):
        """How often it says something new."""

        talks_ms: int = 0

    parameters: ClassVar[type[Parameters]] = Given

    def __init__(self, given: Parameters) -> None:
        super().__init__(given)
        self._mean = 0.0

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """Follow the price with a moving mean."""
        assert isinstance(self.given, Watcher.Given)
        self._mean += (float(ticker.mark) - self._mean) * 0.05
        talks_ms = self.given.talks_ms
        said = f"{instrument.name} in period {now // talks_ms}" if talks_ms else "watches"
        return Decision(text=said)
