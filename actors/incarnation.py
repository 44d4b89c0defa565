"""One life of a child: what it is handed at birth, and the fence that ends its influence.

Everything an incarnation gets (addresses, its own address, timers) goes through the fence. Once it is fenced, nothing
it tells arrives and none of its timers fires, whatever its thread still does. What it told before counts as told.
"""

import threading  # nondeterministic: one lock, so that no message slips through while the fence comes down
from typing import Any, TypeVar

from actors.address import Address, Directory, FencedAddress, Name
from actors.clock import Clock
from actors.inbox import Inbox
from actors.timers import OwnedTimers, Timers, Wheel

M = TypeVar("M")

TOLD_MAX = 1_000  # messages told while handling one; a higher number is a loop, not a thought


class Incarnation:
    """One life of a child; the spec's ``start`` is called with it."""

    __slots__ = (
        "_directory",
        "clock",
        "dropped",
        "fenced",
        "generation",
        "inbox",
        "lock",
        "name",
        "timers",
        "told",
        "told_max",
    )

    def __init__(
        self,
        *,
        name: str,
        generation: int,
        clock: Clock,
        wheel: Wheel,
        directory: Directory,
        told_max: int = TOLD_MAX,
    ) -> None:
        self.name = name
        self.generation = generation
        self.clock = clock
        self.timers: Timers = OwnedTimers(self, wheel)
        self.inbox: Inbox = _UNBORN
        self.told = 0  # while handling the present message
        self.told_max = told_max
        self.fenced = False
        self.dropped = 0  # what it told, or its timers, after it was fenced
        self.lock = threading.Lock()
        self._directory = directory

    def address(self, name: Name[M]) -> Address[M]:
        """Give another child's address, fenced by this incarnation; it may be started later or restarted.

        Raises:
            LookupError: there is no such child.
        """
        return FencedAddress(self, self._directory.find(name))

    @property
    def is_born(self) -> bool:
        """Whether its actor has been made, so that there is an inbox."""
        return self.inbox is not _UNBORN

    @property
    def own(self) -> Address[Any]:
        """Give the incarnation's own address, for itself and for threads that work for it (a socket's reader).

        What it is told there never reaches a successor. It is not counted: many may come while one is handled.
        """
        return _Own(self)

    def fence(self) -> None:
        """End its influence. After this has returned nothing of it arrives anywhere; final."""
        with self.lock:
            self.fenced = True


class _Own:
    """The inbox of an incarnation, which does not exist yet when the address is handed out."""

    __slots__ = ("_incarnation",)

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation

    def tell(self, message: Any) -> None:
        incarnation = self._incarnation
        with incarnation.lock:
            if incarnation.fenced:
                incarnation.dropped += 1
            else:
                incarnation.inbox.tell(message)


class _Unborn(Inbox):
    """Nobody's inbox: telling oneself before one exists is a mistake."""

    __slots__ = ()

    def tell(self, message: Any, reply: Any = None) -> None:
        raise AssertionError(f"told itself {message!r} ({reply}) before it was started; do it in on_start")


_UNBORN = _Unborn()
