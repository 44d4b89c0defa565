"""A strategy that fails on purpose, for the tests of the page."""

from dataclasses import dataclass
from typing import ClassVar

from strategies.base import Decision, Parameters, Strategy
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages.journal import Checkpoint
from trading.values import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class StumbleParameters(Parameters):
    """How many looks at the market it survives."""

    looks: int = 3


class Stumble(Strategy):
    """Looks at the market a few times and then falls over."""

    kind: ClassVar[str] = "stumble"
    parameters: ClassVar[type[Parameters]] = StumbleParameters

    def __init__(self, given: Parameters) -> None:
        super().__init__(given)
        self._looked = 0

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """Count, and fall."""
        given = self.given
        assert isinstance(given, StumbleParameters)
        self._looked += 1
        if self._looked > given.looks:
            raise ZeroDivisionError("stumbled on <purpose>")
        point = Checkpoint(name="looks", is_met=False, text=f"{self._looked} of {given.looks}")
        return Decision(text=f"looks at {instrument.name} at {ticker.mark}, {now}", checkpoints=(point,))
