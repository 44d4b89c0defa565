"""What can be set about notices: how loud each kind is, how much goes out, how often, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType


@unique
class Loudness(StrEnum):
    """What a person wants of one kind of notice."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierSettings:
    """How much, how often, how long."""

    kinds: Mapping[str, Loudness] = field(default_factory=lambda: MappingProxyType({}))
    """What is not named is on. A critical notice cannot be switched off, only made silent."""
    window_ms: int = 60_000
    window_ms_max: int = 1_800_000
    gather_ms: int = 1_000
    """What is not critical waits so long for others to go with it."""
    gap_ms: int = 3_000
    """Between two messages; Telegram takes 20 a minute in a group."""
    repeat_ms: int = 300_000
    retry_ms: int = 1_000
    retry_ms_max: int = 900_000
    retry_critical_ms_max: int = 60_000
    keep_trying_ms: int = 86_400_000
    """How old a notice must be before a failure is its last; a critical one is never given up."""
    waiting_max: int = 1_000
    """More than these, undelivered, takes warnings and below no longer; twice as many, nothing."""
