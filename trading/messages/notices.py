"""What the notifier can be told: something a person should hear of, and that there is something to look at."""

from dataclasses import dataclass

from trading.bracket.effects import Severity
from trading.values import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth telling. The same key within the grouping time is told once, with a count."""

    severity: Severity
    kind: str
    """One of `trading.notice_kinds`: what a person switches on and off."""
    text: str
    key: str
    """What the trouble is, without a count or a time in it: an alert of the same key adds to the one that waits."""
    at: Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Something was put into the outbox; look there. Repeating it changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoudnessChanged:
    """A person chose how loud the kinds of notices are, and it is on disk. Repeating it changes nothing."""


Message = Notice | Outbox | LoudnessChanged
