"""What can be set about notices: how loud each kind is, how much goes out, how often, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, time, tzinfo
from types import MappingProxyType

from persistence.outbox import REPEAT_MS
from trading.notice_kinds import Loudness

__all__ = ["Loudness", "NotifierSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """How much, how often, how long."""

    kinds: Mapping[str, Loudness] = field(default_factory=lambda: MappingProxyType({}))
    """What is not named is on, and what a person has set since then counts more. Critical is never off."""
    daily_at: time | None = None
    """When the daily summary goes out, by the clock of the zone; None: there is none."""
    zone: tzinfo = UTC
    window_ms: int = 60_000
    window_ms_max: int = 1_800_000
    gather_ms: int = 1_000
    """What is not critical waits so long for others to go with it."""
    gap_ms: int = 3_000
    """Between two messages; Telegram takes 20 a minute in a group."""
    repeat_ms: int = REPEAT_MS
    """From the first delivery of an alert to the second; each further wait is twice as long, up to a bound."""
    retry_ms: int = 1_000
    retry_ms_max: int = 900_000
    retry_critical_ms_max: int = 60_000
    keep_trying_ms: int = 86_400_000
    """How old a notice must be before a failure is its last; a critical one is never given up."""
    waiting_max: int = 1_000
    """More than these, undelivered, takes warnings and below no longer; twice as many, nothing."""
