"""The kinds of notices a person can tell apart, what each is about, and how loud it can be."""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class Loudness(StrEnum):
    """What a person wants of one kind of notice."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trade_opened": "an entry has filled",
        "trade_closed": "a trade is over, with its result",
        "bracket": "a bracket had to be helped: closed without its stop, filled after its end",
        "request_refused": "the exchange refused a stop, a target or a closing order",
        "orphan_order": "an order of ours without a trade was found and is cancelled",
        "quarantine": "something cannot be explained; nothing opens on its instrument until you decide",
        "naked_position": "a position of ours is without its stop for too long",
        "store_failing": "the database does not take writes; nothing new is opened",
        "strategy_error": "a strategy has failed and waits for you",
        "crash_loop": "the service was started too often; nothing trades until you resume it",
        "service_failing": "a part of the service had to be restarted",
        "disconnected": "the connection to the exchange is lost",
        "login_failed": "the exchange does not take the key",
        "scope": "the key may do too little, or too much",
        "cancel_on_disconnect": "a lost connection would take the stops away",
        "channels": "the exchange does not tell something it should",
        "maintenance": "the exchange begins or ends maintenance",
        "locked": "the exchange has locked or freed a currency",
        "silent": "nothing came from the exchange for too long",
        "error_told": "the exchange told an error",
        "check": "something could not be checked",
        "daily_summary": "what the day brought, every day: when it does not come, something is wrong",
        "telegram": "somebody else reads the bot's messages, or commands cannot be read",
        "login_locked": "too many wrong keys were brought to the page or the API",
        "test": "you asked for a test",
    }
)


ONE_TROUBLE: Final = frozenset({"disconnected", "login_failed", "silent"})
"""Kinds that are one trouble however it is worded: the reason, or how long it takes, differs from time to time."""


def alert_key(kind: str, text: str) -> str:
    """Give what tells one trouble from another: an alert of the same key adds to the one that waits."""
    return kind if kind in ONE_TROUBLE else f"{kind}:{text}"


def audible(wanted: Mapping[str, Loudness], kind: str, *, is_critical: bool) -> Loudness:
    """How loud a notice is. What is not named is on; a critical one cannot be switched off, only made silent."""
    loudness = wanted.get(kind, Loudness.ON)
    return Loudness.SILENT if is_critical and loudness is Loudness.OFF else loudness
