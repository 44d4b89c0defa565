"""What a strategy wants: where in, where out, and why. The amount follows from the risk set, not from the strategy."""

from dataclasses import dataclass
from decimal import Decimal

from trading.labels import bracket_id
from trading.values import BracketId, InstrumentName, Side, StrategyName, TriggerSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A wish to trade. ``key`` says which signal it was (the candle's time and the side, for example).

    The same key gives the same bracket id, so a signal told twice, or again after a restart, opens nothing more.
    """

    strategy: StrategyName
    instrument: InstrumentName
    side: Side
    entry: Decimal | None
    """The limit price; None enters at market."""
    stop: Decimal
    target: Decimal
    entry_ms: int
    """How long a resting entry may wait."""
    key: str
    reason: str
    stop_trigger: TriggerSource = TriggerSource.LAST_PRICE

    @property
    def bracket_id(self) -> BracketId:
        """The bracket this signal stands for."""
        return bracket_id(self.strategy, self.instrument, self.key)
