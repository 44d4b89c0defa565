"""What the desk can be told: a person's commands, and what the rest reports about strategies and the connection.

A command is answered only when it is on disk, with the state that followed. Each may be repeated: told again, it
changes nothing more and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from trading.lifecycle import Event, PauseCause, State
from trading.messages import supervision
from trading.notice_kinds import Loudness
from trading.sizing import Risk
from trading.values import InstrumentName, StrategyName


@dataclass(frozen=True, slots=True, kw_only=True)
class StartStrategy:
    """Let a strategy trade. Trading already, it changes nothing."""

    name: StrategyName
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseStrategy:
    """Open nothing new; open trades stay managed. Paused already, it changes nothing."""

    name: StrategyName
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeStrategy:
    """Go on after a pause or an error, after an error in a new incarnation. Repeating it changes nothing."""

    name: StrategyName
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStrategy:
    """End the strategy and leave its trade protected. Stopped already, it changes nothing."""

    name: StrategyName
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStrategy:
    """Flatten the strategy's trade. While that is under way, repeating it changes nothing."""

    name: StrategyName
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Open nothing anywhere until it is lifted. Halted already, it changes nothing."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhalt:
    """Lift the halt. Lifted already, it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """Halt, cancel every entry, flatten everything of ours. Repeating it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Connect to the broker. Connected already, it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """Close the connection, and keep it closed over restarts. Resting orders stay. Repeating it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Connect again after a lost connection; with ``resume`` the strategies it paused go on. Harmless when repeated."""

    by: str
    resume: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcile:
    """Compare database and exchange now. It may be repeated."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIssue:
    """Choose what becomes of a quarantined finding, one of those it offers. Repeating it changes nothing."""

    instrument: InstrumentName
    choice: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """A person has read the alerts told so far: critical ones need not be repeated. Repeating it changes nothing."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameters:
    """Give a strategy new parameters, for its next life; idle, it begins that at once. Repeating it begins anew."""

    name: StrategyName
    parameters: Mapping[str, object]
    """All that was chosen, checked already; what is not named is as configured."""
    shown: Mapping[str, object]
    """All parameters as they then are, for people."""
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRisk:
    """Choose what the next trades may lose, and how large they may be. Repeating it changes nothing."""

    risk: Risk
    leverage_max: Decimal | None
    notional_max: Decimal | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Choose what is not None. Repeating it changes nothing."""

    by: str
    auto_reconnect: bool | None = None
    language: str | None = None
    loudness: Mapping[str, Loudness | None] = field(default_factory=lambda: MappingProxyType({}))
    """By kind of notice; None there is as configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchBroker:
    """Trade elsewhere: refused while connected or while anything of ours is open. Active already, nothing changes."""

    broker: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsChanged:
    """A broker's key was kept or forgotten: of the active one while disconnected, the house begins anew. Repeatable."""

    broker: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanged:
    """The connection came up or went down. Repeating it changes nothing."""

    is_up: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A comparison is done; after the first one trading may begin. Repeating it changes nothing."""

    is_clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMoved:
    """A strategy is in another state. Repeating it changes nothing."""

    name: StrategyName
    generation: int
    event: Event
    state: State
    cause: PauseCause | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyIs:
    """A strategy was asked where it is: it lives, and is there. Repeating it changes nothing."""

    name: StrategyName
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFailed:
    """A strategy raised, hung or flooded; it stays in ERROR until a person resumes it. Repeating it changes nothing."""

    name: StrategyName
    generation: int
    reason: str
    traceback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person hears. ``code`` is for programs: done, refused, unknown, conflict."""

    ok: bool
    code: str
    state: str
    sentence: str


Command = (
    StartStrategy
    | PauseStrategy
    | ResumeStrategy
    | StopStrategy
    | CloseStrategy
    | Halt
    | Unhalt
    | Panic
    | Connect
    | Disconnect
    | Reconnect
    | Reconcile
    | ResolveIssue
    | Acknowledge
    | SetParameters
    | SetRisk
    | ChangeSettings
    | SwitchBroker
    | CredentialsChanged
)
Message = Command | ConnectionChanged | Reconciled | StrategyMoved | StrategyIs | StrategyFailed | supervision.Notice
