"""Whether the code fails by itself: what an actor raises is caught and the actor replaced, so nobody else would see it.

A history has its own ways to fail one: it kills and hangs, a strategy's decision cannot be made, the process dies.
What is raised without any of these is a fault of the code, however well the supervisor mends it.
"""

from collections.abc import Iterable
from typing import Final

from actors.base import Ended
from persistence.errors import DiskTrouble, LostRace
from persistence.store import Store
from simulation.disk import Died
from simulation.runners import PLANNED
from trading.errors import Unavailable
from trading.messages.supervision import ChildFailed, Notice
from trading.promises import Violation
from trading.restart import Exit

TEXT_MAX: Final = 500
RAISED: Final = frozenset({Exit.RAISED, Exit.START_FAILED, Exit.NORMAL})
"""The others are what a history does to them: hung, flooded while it hung, gone without a word."""
DIED: Final = f"{Died.__module__}.{Died.__qualname__}: "
UNREAD: Final = f"{DiskTrouble.__module__}.{DiskTrouble.__qualname__}: "
LOST: Final = f"{LostRace.__module__}.{LostRace.__qualname__}: "

Failed = ChildFailed | Ended
"""A child, as the supervisor tells it; or the supervisor itself."""


class Listener:
    """Stands where whoever is told of everyone's trouble stands, and keeps what has failed."""

    def __init__(self, failed: list[Failed]) -> None:
        self._failed = failed

    def tell(self, notice: Notice) -> None:
        """Keep it if it is a failure."""
        if type(notice) is ChildFailed:
            self._failed.append(notice)


class Failing:
    """Judges failures, over all lives of a service.

    One of them follows from a disk that lies: who wrote a trade's step and was told that it failed goes on from the
    step before, finds another on disk (`LostRace`) and dies of it, to read what is there in its next life. So many
    commits as were told wrongly excuse so many of these. And whoever cannot read what it must know dies of it and is
    made anew: so many readings that failed excuse so many of those.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lost = self._unread = 0

    def faults(self, failed: Iterable[Failed]) -> tuple[Violation, ...]:
        """Those that nobody planned. A process that dies dies in one of its actors: what follows belongs to that."""
        found = []
        for one in failed:
            if DIED in one.reason:
                break
            if isinstance(one, Ended):
                if one.stage is not None:
                    found.append(fault(one.child, one.reason, one.traceback))
            elif one.exit in RAISED and PLANNED not in one.reason and not self._was_lied_to(one.reason):
                found.append(fault(one.offender, one.reason, one.traceback))
        return tuple(found)

    def _was_lied_to(self, reason: str) -> bool:
        disk = getattr(self._store._database, "disk", None)  # noqa: SLF001 - known to simulated disks alone
        if UNREAD in reason and disk is not None and disk.unread > self._unread:
            self._unread += 1
            return True
        if LOST not in reason or disk is None or disk.unsaid <= self._lost:
            return False
        self._lost += 1
        return True


def unanswered(command: str, error: Exception) -> tuple[Violation, ...]:
    """A person pressed a button, and somebody raised. That nobody was there is no fault: they press it once more."""
    if isinstance(error, Unavailable):
        return ()
    return (fault(command, f"{type(error).__name__}: {error}"),)


def fault(who: str, reason: str, traceback: str = "") -> Violation:
    """One of them, with the place in the code where it was raised."""
    places = [line.strip() for line in traceback.splitlines() if line.strip().startswith("File ")]
    where = f" ({places[-1]})" if places else ""
    return Violation(promise="code", about=who, sentence=f"{who} failed of {reason}{where}"[:TEXT_MAX])
