"""Strategies for simulated histories: one that enters at market, one that waits with limits, and how they fail."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Final

from strategies.base import Decision, Parameters, Strategy, Wish
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.values import Milliseconds, Side

_BASIS_POINTS = Decimal(10_000)
PLANNED: Final = "cannot be made"
"""So a history knows the failure that it asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerParameters(Parameters):
    """How often and how near. ``fails_every``: each so-manieth decision raises; 0 never."""

    stop_bps: Decimal = Decimal(20)
    target_bps: Decimal = Decimal(20)
    away_bps: Decimal = Decimal(5)
    every_s: int = 600
    entry_s: int = 60
    fails_every: int = 0
    again_s: int = 1800
    """The same wish again only so much later. It is refused, which costs a commit each time."""


class Eager(Strategy):
    """Enters at market once in every period, sides in turn."""

    kind: ClassVar[str] = "eager"
    parameters: ClassVar[type[Parameters]] = RunnerParameters
    is_patient: ClassVar[bool] = False

    def __init__(self, given: Parameters) -> None:
        """Begin to count."""
        super().__init__(given)
        self._decisions = 0
        self._wished: tuple[str, Milliseconds] = ("", Milliseconds(0))

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """It is always time to trade, once in every period."""
        given = self.given
        assert isinstance(given, RunnerParameters)
        self._decisions += 1
        if given.fails_every and self._decisions % given.fails_every == 0:
            raise ArithmeticError(f"decision {self._decisions} {PLANNED}")
        if ticker.bid is None or ticker.ask is None:
            return Decision(text="waits for a price on both sides")
        period = now // (given.every_s * 1000)
        side = Side.BUY if period % 2 == 0 else Side.SELL
        key, (wished, at) = f"{period}:{side}", self._wished
        if key == wished and 0 <= now - at < given.again_s * 1000:
            return Decision(text=f"has wished to enter {side} in this period")
        self._wished = key, now
        step = ticker.mark / _BASIS_POINTS * side.sign
        entry = instrument.round_price(ticker.mark - step * given.away_bps) if self.is_patient else None
        wish = Wish(
            side=side,
            entry=entry,
            stop=ticker.mark - step * (given.away_bps + given.stop_bps),
            target=ticker.mark + step * given.target_bps,
            entry_ms=given.entry_s * 1000,
            key=key,
            reason=f"period {period}",
        )
        return Decision(text=f"enters {side}", wish=wish)


class Patient(Eager):
    """Waits with a limit away from the market."""

    kind: ClassVar[str] = "patient"
    is_patient: ClassVar[bool] = True
