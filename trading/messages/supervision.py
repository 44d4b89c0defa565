"""What the supervisor can be told, and what it reports.

Commands are answered when asked, with ``Accepted`` or ``Refused``. Reports of trouble have OTP's four fields:
supervisor, context, reason, offender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from trading.restart import Exit, Verdict


@unique
class Phase(StrEnum):
    """Where a child, or the whole tree, is in its life."""

    IDLE = "idle"  # not started yet, or stopped
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    ERROR = "error"


@unique
class Context(StrEnum):
    """In which of the supervisor's affairs a child gave trouble."""

    START_ERROR = "start_error"
    CHILD_TERMINATED = "child_terminated"
    SHUTDOWN_ERROR = "shutdown_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartChild:
    """Start a child that is idle. Running already, or in ERROR, it is refused and changes nothing."""

    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopChild:
    """Stop a child that is not permanent. Idle already, it changes nothing; in ERROR it is refused."""

    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeChild:
    """A person's word: make a new incarnation of a child in ERROR. In any other phase it is refused."""

    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveChild:
    """Forget a child that is idle or in ERROR and not permanent. Its address leads nowhere from then on."""

    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopEverything:
    """Stop all children in reverse order, then the supervisor. Told again, it changes nothing."""

    reason: str
    exit_code: int = 0


Message = StartChild | StopChild | ResumeChild | RemoveChild | StopEverything


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The command is under way; the child is in this phase now."""

    child: str
    phase: Phase
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStarted:
    """A child has come through its start."""

    child: str
    generation: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildStopped:
    """A child has ended in order."""

    child: str
    generation: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFailed:
    """A child gave trouble; ``verdict`` says what follows. ``offender`` is its id, ``traceback`` may be empty."""

    supervisor: str
    context: Context
    reason: str
    offender: str
    generation: int
    exit: Exit
    verdict: Verdict
    traceback: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildCrowded:
    """More than half of the messages that may wait are waiting. Told once, until they have become few again."""

    child: str
    depth: int
    inbox_max: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesLost:
    """Messages were told to a child that was not alive; how many of each kind since the last such report."""

    child: str
    kinds: Mapping[str, int]
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OldIncarnationSpoke:
    """An incarnation that was fenced off has woken up and told something; all of it was dropped."""

    child: str
    generation: int
    dropped: int
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EverythingStopped:
    """The supervisor has ended. ``abandoned`` children did not stop in their time and were fenced off."""

    reason: str
    exit_code: int
    abandoned: tuple[str, ...]
    at_ms: int


Notice = (
    ChildStarted | ChildStopped | ChildFailed | ChildCrowded | MessagesLost | OldIncarnationSpoke | EverythingStopped
)
