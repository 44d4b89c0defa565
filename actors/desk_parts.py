"""What the desk is made of: whom it tells, what it was given, and how it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from actors.address import Address
from trading.messages import broker, desk, guardian, journal, notices, orders, reconciler, strategy, supervision
from trading.values import InstrumentName, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """The connection policy, and which strategies there are."""

    instruments: Mapping[StrategyName, InstrumentName]
    candle_minutes: int | None
    candles_shown: int = 0
    """So many candles of each instrument are asked for when it is ready, for people to look at."""
    auto_reconnect: bool
    """What the file says; what a person has chosen since counts more."""
    start_attempts_max: int = 10
    backoff_ms: int = 1_000
    backoff_ms_max: int = 60_000
    braked: bool = False
    """Too many starts in a short time: come up, and let nothing trade until a person says so."""
    broker: str = ""
    """The broker this life is wired to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom the desk tells."""

    broker: Address[broker.Message]
    orders: Address[orders.Message]
    guardian: Address[guardian.Message]
    reconciler: Address[reconciler.Message]
    notifier: Address[notices.Message]
    journal: Address[journal.Message]
    supervisor: Address[supervision.Message]
    strategies: Mapping[StrategyName, Address[strategy.Message]]


def done(state: str, sentence: str) -> desk.Answer:
    """It is done."""
    return desk.Answer(ok=True, code="done", state=state, sentence=sentence)


def conflict(state: str, sentence: str) -> desk.Answer:
    """The state does not allow it."""
    return desk.Answer(ok=False, code="conflict", state=state, sentence=sentence)
