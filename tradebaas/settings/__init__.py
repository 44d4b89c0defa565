"""Everything that can be set: one frozen tree, made of tradebaas.toml, the environment and flags.

`sections` says what there is and what it means, `load` reads it and reports every problem at once, `reference` writes
the two documents made of it, `live` is the second lock in front of real money.
"""

from tradebaas.settings.live import (
    Confirmations,
    confirm_live,
    is_doctor_clean,
    live_problems,
    note_clean,
    revoke_live,
)
from tradebaas.settings.load import Kinds, load
from tradebaas.settings.sections import (
    Broker,
    Limits,
    Log,
    LogFormat,
    Mode,
    Reconcile,
    Risk,
    Service,
    Settings,
    Strategy,
    Telegram,
    Web,
    shown,
)

__all__ = [
    "Broker",
    "Confirmations",
    "Kinds",
    "Limits",
    "Log",
    "LogFormat",
    "Mode",
    "Reconcile",
    "Risk",
    "Service",
    "Settings",
    "Strategy",
    "Telegram",
    "Web",
    "confirm_live",
    "is_doctor_clean",
    "live_problems",
    "load",
    "note_clean",
    "revoke_live",
    "shown",
]
