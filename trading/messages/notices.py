"""What the notifier can be told: something a person should hear of."""

from dataclasses import dataclass

from trading.bracket.effects import Severity
from trading.values import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth telling. The same key within the grouping time is told once, with a count."""

    severity: Severity
    kind: str
    """trade_opened, trade_closed, stop_missing, disconnected, error ... : what a person switches on and off."""
    text: str
    key: str
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Something was put into the outbox; look there. Repeating it changes nothing."""


Message = Notice | Outbox
