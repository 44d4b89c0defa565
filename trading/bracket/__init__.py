"""The bracket: entry, stop-loss and take-profit, whole or not at all. A pure state machine.

    bracket, effects = step(bracket, message, now, limits)

`state` holds what is known (and what is not), `messages` what it can be told, `effects` what it can want,
`absorb` how a message changes what is known, `decide` what follows from it, `machine` puts the two together;
`set_back` is for a clock that was.

It is level-triggered: after every message it compares what should be with what is, so a message lost, late or
doubled, a restart and a first run all end in the same place.
"""

from trading.bracket.effects import (
    Alert,
    Ask,
    Cancel,
    Closed,
    Edit,
    Effect,
    Opened,
    Place,
    PlaceBracket,
    Quarantined,
    Severity,
    Wake,
)
from trading.bracket.machine import begin, learn, step
from trading.bracket.messages import (
    Adopt,
    Asked,
    Close,
    Done,
    FillSeen,
    Message,
    OrderSeen,
    Pictured,
    Reduced,
    Refused,
    Tick,
    Unknown,
    Verdict,
)
from trading.bracket.result import result
from trading.bracket.state import Bracket, Intent, Limits, Mode, Phase, Plan, Purpose

__all__ = [
    "Adopt",
    "Alert",
    "Ask",
    "Asked",
    "Bracket",
    "Cancel",
    "Close",
    "Closed",
    "Done",
    "Edit",
    "Effect",
    "FillSeen",
    "Intent",
    "Limits",
    "Message",
    "Mode",
    "Opened",
    "OrderSeen",
    "Phase",
    "Pictured",
    "Place",
    "PlaceBracket",
    "Plan",
    "Purpose",
    "Quarantined",
    "Reduced",
    "Refused",
    "Severity",
    "Tick",
    "Unknown",
    "Verdict",
    "Wake",
    "begin",
    "learn",
    "result",
    "step",
]
