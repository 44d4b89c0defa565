"""Which command is obeyed in which phase: pure, so that a table of tests can go through all of it."""

from typing import Final, assert_never

from trading.errors import Refused
from trading.messages.supervision import Phase, RemoveChild, ResumeChild, StartChild, StopChild
from trading.restart import Restart

Command = StartChild | StopChild | ResumeChild | RemoveChild

STOPPING: Final = Refused(code="stopping", sentence="the service is stopping and takes no more commands")


def unknown(name: str, tree: Phase) -> Refused:
    """Refuse a command for a child that does not exist."""
    return (
        STOPPING if tree is Phase.STOPPING else Refused(code="unknown_child", sentence=f"no child is called {name!r}")
    )


def refusal(command: Command, restart: Restart, phase: Phase, tree: Phase) -> Refused | None:
    """Say why a command is refused, or None. ``restart`` and ``phase`` are the child's."""
    name = command.child
    if tree is Phase.STOPPING:
        return STOPPING
    match command:
        case StartChild():
            if phase is Phase.ERROR:
                return Refused(code="in_error", sentence=f"{name} is in ERROR: only a person's resume leads out of it")
            allowed = {Phase.IDLE}
        case ResumeChild():
            allowed = {Phase.ERROR}
        case StopChild():
            if restart is Restart.PERMANENT:
                return _permanent(name)
            if phase is Phase.ERROR:
                return Refused(code="in_error", sentence=f"{name} is in ERROR and does not run")
            return None
        case RemoveChild():
            if restart is Restart.PERMANENT:
                return _permanent(name)
            allowed = {Phase.IDLE, Phase.ERROR}
        case _:
            assert_never(command)
    if phase in allowed:
        return None
    return Refused(code=f"is_{phase}", sentence=f"{name} is {phase}")


def _permanent(name: str) -> Refused:
    return Refused(code="permanent", sentence=f"{name} belongs to the service and stops only with it")
