"""The actor every other actor is. It makes pykka's cases alike, and shows how far it has come.

Whatever is raised in ``on_start``, while handling a tell, while handling an ask, or in ``on_stop``, an exit or an
interrupt included: who asked gets the exception, the supervisor a report, and the actor ends. Half-done state never
handles another message. The same class runs in a thread of its own or constructed and not started, in a world with
one thread: ``begin``, ``handle`` and ``end`` are all that a runtime calls.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Any, TypeVar

import pykka
from pykka import messages

from actors.address import refuse
from actors.inbox import Envelope, Inbox, Progress
from actors.incarnation import Incarnation
from actors.timers import Due

T = TypeVar("T")
A = TypeVar("A")

TRACEBACK_MAX = 20_000  # characters; the last ones, where the error is
REASON_MAX = 500
MAY_END_MS = 20  # between two looks at whether an actor that was told to stop may end

Stop = messages._ActorStop  # noqa: SLF001 - what pykka's own references send to end an actor


@unique
class Stage(StrEnum):
    """Where in its life an actor failed."""

    START = "start"
    RECEIVE = "receive"
    STOP = "stop"


class DiedOf(Exception):
    """What an asker gets instead of an exit or interrupt, which would end the asker, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that was raised, in words."""

    reason: str
    traceback: str
    error: BaseException = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An actor has come through ``on_start``."""

    child: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An actor will not handle another message. Without a stage it ended in order."""

    child: str
    generation: int
    stage: Stage | None = None
    reason: str = ""
    traceback: str = ""
    lost: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # messages left in its inbox, by kind


Report = Callable[[Started | Ended], None]


def attempt(work: Callable[[A], T], argument: A, /) -> T | Failure:
    """Do it and give what it gives, or what it raised. The one place in the service that catches everything."""
    try:
        return work(argument)
    except BaseException as error:  # noqa: BLE001 - a strategy's sys.exit() must not end the service
        said = "".join(traceback.format_exception_only(error)).strip()
        told = "".join(traceback.format_exception(error))
        return Failure(reason=said[:REASON_MAX], traceback=told[-TRACEBACK_MAX:], error=error)


def _tell_nobody(_what: Started | Ended) -> None:
    """Stand in where no supervisor watches: an actor under test."""


class Actor(pykka.ThreadingActor):
    """The base of all actors. A subclass writes ``__init__`` (keyword arguments), ``on_start`` and ``on_receive``."""

    use_daemon_thread = True  # one that hangs for ever must not keep the process from ending
    actor_inbox: Inbox

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress()
        self.is_over = False
        self.incarnation: Incarnation | None = None
        self._report: Report = _tell_nobody
        self._now_s: Callable[[], float] = float
        self._ended: tuple[Stage, Failure] | None = None

    # What a subclass writes.

    def on_receive(self, message: Any) -> Any:
        """Handle one message; what it returns answers an ask."""
        raise NotImplementedError(f"{type(self).__name__} does not know {message!r:.200}")

    def may_end(self) -> bool:
        """Whether an orderly stop may be now. It is asked again until it may, or until its time for that is up."""
        return True

    # What a runtime and the supervisor call.

    def bind(self, incarnation: Incarnation, report: Report, now_s: Callable[[], float]) -> None:
        """Give it its identity, its supervisor and its time; before it is started."""
        self.incarnation = incarnation
        incarnation.inbox = self.actor_inbox
        self._report = report
        self._now_s = now_s

    def begin(self) -> None:
        """Run ``on_start`` and report how it went."""
        self._mark("on_start")
        result = attempt(lambda _: self.on_start(), None)
        self._unmark()
        if isinstance(result, Failure):
            self._die(Stage.START, result)
        elif self.incarnation is not None and not self.is_over:
            self._report(Started(child=self.incarnation.name, generation=self.incarnation.generation))

    def handle(self, envelope: Envelope) -> None:
        """Handle one message, whatever comes of it."""
        message, reply, _ = envelope
        progress = self.progress
        progress.handling = message
        progress.since_s = self._now_s()
        if self.incarnation is not None:
            self.incarnation.told = 0
        kind = type(message)
        if kind is Due:
            message = message.claim()
            kind = type(message)
        if kind is Stop:
            self._told_to_stop(message, reply)
        elif message is not None:
            answer = attempt(self.on_receive, message)
            if type(answer) is Failure:
                self._die(Stage.RECEIVE, answer, reply)
            elif reply is not None:
                reply.set(answer)
        progress.handled += 1
        progress.last_s = self._now_s()
        progress.since_s = progress.handling = None

    def put_back(self, envelope: Envelope) -> None:
        """Return a message that was taken after the end, to be counted with the others nobody reads."""
        self.actor_inbox.tell(envelope[0], envelope[1])

    def end(self) -> None:
        """Account for what was left in the inbox and report the end. The last thing an actor does."""
        pykka.ActorRegistry.unregister(self.actor_ref)
        lost, askers = self.actor_inbox.drain(Stop)
        refuse(askers, type(self).__name__)
        if self.incarnation is None:
            return
        stage, failure = self._ended or (None, None)
        self._report(
            Ended(
                child=self.incarnation.name,
                generation=self.incarnation.generation,
                stage=stage,
                reason=failure.reason if failure else "",
                traceback=failure.traceback if failure else "",
                lost=MappingProxyType(dict(lost)),
            )
        )

    def ask_to_stop(self) -> None:
        """Let it handle what waits, then end."""
        self.actor_inbox.tell(Stop())

    def abandon(self) -> None:
        """Have it end as soon as it looks up, handling nothing more. The caller has fenced it off."""
        self.is_over = True
        self.actor_stopped.set()
        self.actor_inbox.tell(Stop())  # wakes it, should it be waiting

    def _actor_loop(self) -> None:
        """Live, in a thread of its own."""
        self.begin()
        take = self.actor_inbox.take
        handle = self.handle
        is_over = self.actor_stopped.is_set
        while not is_over():
            envelope = take()
            if is_over():
                self.put_back(envelope)
            else:
                handle(envelope)
        self.end()

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        return Inbox()

    def _mark(self, doing: object) -> None:
        self.progress.handling = doing
        self.progress.since_s = self._now_s()

    def _unmark(self) -> None:
        self.progress.last_s = self._now_s()
        self.progress.since_s = self.progress.handling = None

    def _told_to_stop(self, message: Any, reply: pykka.Future[Any] | None) -> None:
        """End in order, or a little later if something must be done first."""
        if reply is None and self.incarnation is not None and attempt(lambda _: self.may_end(), None) is False:
            self.incarnation.timers.start("stop", MAY_END_MS, message)
            return
        self._end_in_order(reply)

    def _end_in_order(self, reply: pykka.Future[Any] | None) -> None:
        self.is_over = True
        self.actor_stopped.set()
        result = attempt(lambda _: self.on_stop(), None)
        if isinstance(result, Failure):
            self._die(Stage.STOP, result)
        if reply is not None:
            reply.set(None)

    def _die(self, stage: Stage, failure: Failure, reply: pykka.Future[Any] | None = None) -> None:
        self.is_over = True
        self.actor_stopped.set()
        self._ended = (stage, failure)
        error = failure.error
        if reply is not None:
            told = error if isinstance(error, Exception) else DiedOf(failure.reason)
            reply.set_exception((type(told), told, told.__traceback__))
        if self.incarnation is None or not self.incarnation.fenced:
            attempt(lambda _: self.on_failure(type(error), error, error.__traceback__), None)
