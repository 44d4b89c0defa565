"""Where messages go. An address outlives the incarnations behind it, so others may hold it for life.

A ``Mailbox`` is the stable address of one child. A ``FencedAddress`` is the same address in one incarnation's hands:
once that incarnation is fenced off, whatever it still tells goes nowhere, so a hung thread that wakes up does no harm.
"""

import threading  # nondeterministic: locks only, held for one append; they order what has no order anyway
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import pykka

from actors.inbox import Inbox
from trading.errors import TradingError, Unavailable
from trading.marks import mark

if TYPE_CHECKING:
    from actors.incarnation import Incarnation

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

LOST_KINDS_MAX = 50  # kinds of lost messages told apart by name; the rest is counted together


class Address(Protocol[M_contra]):
    """Something that can be told messages of one union. Telling never blocks and never raises for the receiver."""

    def tell(self, message: M_contra) -> None:
        """Put the message into the inbox behind this address."""
        ...


class Name(str, Generic[M_contra]):
    """A child's id together with what it can be told: ``BROKER = Name[broker.Message]("broker")``."""

    __slots__ = ()


class NoAnswer(TradingError):
    """Asked in time, not answered in time. It may still happen: never ask for the same again without looking."""


class Answer(pykka.ThreadingFuture[Any]):
    """What an asker waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.is_given = False

    def set(self, value: Any = None) -> None:
        super().set(value)
        self.is_given = True

    def set_exception(self, exc_info: Any = None) -> None:
        super().set_exception(exc_info)
        self.is_given = True


class Mailbox(Generic[M]):
    """The stable address of one child. Without a living incarnation it counts what is told to it and drops it."""

    __slots__ = ("_former", "_inbox", "_lock", "_lost", "generation", "lost_total", "name", "wait")

    def __init__(self, name: str, wait: Callable[[Answer, float], Any]) -> None:
        self.name = name
        self.generation = 0  # of the incarnation behind it now, or of the last one
        self.wait = wait  # how an asker waits in this runtime
        self._inbox: Inbox | None = None
        self._former: Inbox | None = None
        self._lock = threading.Lock()
        self._lost: Counter[str] = Counter()
        self.lost_total = 0

    def tell(self, message: M) -> None:
        """Tell whoever lives behind it now."""
        inbox = self._inbox
        if inbox is None:
            self.count_lost({type(message).__name__: 1})
        else:
            inbox.tell(message)

    def put(self, message: M, answer: Answer) -> bool:
        """Tell it with a return address; False if nobody lives there."""
        inbox = self._inbox
        if inbox is None:
            return False
        inbox.tell(message, answer)
        return True

    @property
    def is_attached(self) -> bool:
        """Whether an incarnation lives behind it."""
        return self._inbox is not None

    def attach(self, inbox: Inbox, generation: int) -> None:
        """Lead to a new incarnation from now on."""
        assert self._inbox is None, f"{self.name} has two incarnations at once"
        assert generation > self.generation, f"{self.name} goes back to generation {generation}"
        self.sweep()
        self._former, self.generation = None, generation
        self._inbox = inbox

    def detach(self) -> None:
        """Lead nowhere until the next incarnation."""
        self._former, self._inbox = self._inbox, None

    @property
    def has_late_comers(self) -> bool:
        """Whether there is something to sweep."""
        former = self._former
        return former is not None and former.is_closed and former.depth() > 0

    def sweep(self) -> None:
        """Count what slipped into the last incarnation's inbox when that had ended already."""
        former = self._former
        if former is not None and self.has_late_comers:
            kinds, askers = former.drain(type(None))
            self.count_lost(kinds)
            refuse(askers, self.name)

    def count_lost(self, kinds: Mapping[str, int]) -> None:
        """Note messages nobody will read. Any thread; bounded."""
        with self._lock:
            for kind, count in kinds.items():
                known = kind in self._lost or len(self._lost) < LOST_KINDS_MAX
                self._lost[kind if known else "other"] += count
                self.lost_total += count

    def lost(self) -> dict[str, int]:
        """Give how many messages of each kind were told to the dead, since the beginning."""
        with self._lock:
            return dict(self._lost)


class FencedAddress(Generic[M]):
    """Another actor's address in the hands of one incarnation: valid for as long as that incarnation is."""

    __slots__ = ("_by", "_to")

    def __init__(self, by: "Incarnation", to: Address[M]) -> None:
        self._by = by
        self._to = to

    @property
    def generation(self) -> int:
        """The generation of the incarnation that holds it."""
        return self._by.generation

    def tell(self, message: M) -> None:
        """Tell it, unless the teller was fenced off. After ``fence`` has returned nothing more gets through."""
        by = self._by
        with by.lock:
            if by.fenced:
                mark("word-of-a-fenced-actor-dropped")
                by.dropped += 1
                return
            by.told += 1
            if by.told <= by.told_max:
                self._to.tell(message)
                return
        mark("flood-stopped")
        raise FloodedOthers(f"{by.name} told more than {by.told_max} messages while it handled one")


class FloodedOthers(AssertionError):
    """An actor told more messages while handling one than its spec allows; it dies of it, its victims do not."""


def refuse(askers: list[pykka.Future[Any]], name: str) -> None:
    """Answer those who asked an actor that ended first."""
    for asker in askers:
        error = Unavailable(f"{name} ended before it came to the message")
        asker.set_exception((Unavailable, error, None))


def ask(address: Address[M], message: M, *, timeout_s: float) -> Any:
    """Tell and wait for the answer. For the edges (web, command line, tests) only, never from an actor.

    Raises:
        Unavailable: nobody lives there, or it ended before it came to the message: nothing was done.
        NoAnswer: not answered in time; it may still be done.
        Exception: whatever the actor raised while handling it; the actor has died of it.
    """
    assert isinstance(address, Mailbox), "only a stable address can be asked; actors tell"
    answer = Answer()
    if not address.put(message, answer):
        raise Unavailable(f"{address.name} is not running")
    return address.wait(answer, timeout_s)


class Directory:
    """All mailboxes of a tree by name. Made before the actors, so that each can be handed the others' addresses."""

    def __init__(self, wait: Callable[[Answer, float], Any]) -> None:
        self._wait = wait
        self._mailboxes: dict[str, Mailbox[Any]] = {}

    def address(self, name: Name[M]) -> Mailbox[M]:
        """Give the stable address of a child, made if need be."""
        return self._mailboxes.setdefault(name, Mailbox(str(name), self._wait))

    def find(self, name: str) -> Mailbox[Any]:
        """Give the address of a child that is known to exist.

        Raises:
            LookupError: there is no such child.
        """
        found = self._mailboxes.get(name)
        if found is None:
            raise LookupError(f"there is no child called {name!r}")
        return found

    def names(self) -> list[str]:
        """Every name an address was made for."""
        return list(self._mailboxes)
