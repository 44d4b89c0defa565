"""What can go wrong on the way to an exchange and inside it, as rules drawn from a seed.

`rules` says what a rule is, `reading` reads them, `profiles` has ready lists of them, `actions` is what the
exchange is told to do, `plan` draws. All of it is pure: the exchange asks, the plan answers, nothing happens here.
"""

from exchange.faults.actions import (
    Action,
    Answer,
    CloseSockets,
    DrainCredits,
    ExpireTokens,
    HalfOpen,
    Jump,
    LockIndex,
    LoseSubscriptions,
    Maintain,
    Meddle,
    Push,
    SkipClock,
    Slow,
    Thin,
    Verdict,
)
from exchange.faults.plan import FaultPlan
from exchange.faults.profiles import PROFILES
from exchange.faults.reading import FaultSettings, load, parse
from exchange.faults.rules import FAULTS, Rule

__all__ = [
    "FAULTS",
    "PROFILES",
    "Action",
    "Answer",
    "CloseSockets",
    "DrainCredits",
    "ExpireTokens",
    "FaultPlan",
    "FaultSettings",
    "HalfOpen",
    "Jump",
    "LockIndex",
    "LoseSubscriptions",
    "Maintain",
    "Meddle",
    "Push",
    "Rule",
    "SkipClock",
    "Slow",
    "Thin",
    "Verdict",
    "load",
    "parse",
]
