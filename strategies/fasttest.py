"""Fasttest: trades often and means nothing by it. For trying the service out, never for money.

It enters at market whenever it may, long and short in turn, with stop and target so near that both are hit often.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from strategies.base import Decision, Parameters, Strategy, Wish
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages.journal import Checkpoint
from trading.values import Milliseconds, Side, plain

_BASIS_POINTS = Decimal(10_000)
_ENTRY_MS = 5_000
_NEAREST_BPS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FasttestParameters(Parameters):
    """How near stop and target lie, in basis points of the price, and how often it enters."""

    stop_bps: Decimal = Decimal(12)
    target_bps: Decimal = Decimal(12)
    every_s: int = 10

    def problems(self) -> list[str]:
        """Distances below the spread would be refused every time."""
        found = Parameters.problems(self)
        for name in ("stop_bps", "target_bps"):
            if not _NEAREST_BPS <= getattr(self, name) <= _BASIS_POINTS / 10:
                found.append(f"{name} must be between {_NEAREST_BPS} and 1000")
        if self.every_s < 1:
            found.append("every_s must be at least 1")
        return found


class Fasttest(Strategy):
    """Enters every few seconds, sides in turn."""

    kind: ClassVar[str] = "fasttest"
    parameters: ClassVar[type[Parameters]] = FasttestParameters

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """It is always time to trade, once in every period."""
        given = self.given
        assert isinstance(given, FasttestParameters)
        period = now // (given.every_s * 1000)
        price = ticker.mark
        if ticker.bid is None or ticker.ask is None:
            empty = Checkpoint(name="book", is_met=False, text="one side of the book is empty")
            return Decision(text="waits for a price on both sides", checkpoints=(empty,))
        side = Side.BUY if period % 2 == 0 else Side.SELL
        away = price / _BASIS_POINTS * side.sign
        wish = Wish(
            side=side,
            entry=None,
            stop=price - away * given.stop_bps,
            target=price + away * given.target_bps,
            entry_ms=_ENTRY_MS,
            key=f"{period}:{side}",
            reason=f"period {period}",
        )
        ready = Checkpoint(name="book", is_met=True, text=f"{plain(ticker.bid)} / {plain(ticker.ask)}")
        return Decision(text=f"enters {side} on {instrument.name}", checkpoints=(ready,), wish=wish)
