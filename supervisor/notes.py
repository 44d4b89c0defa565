"""What the supervisor tells the others: the notices, made from what it knows."""

from collections.abc import Iterable
from typing import Final, get_args

from actors.address import Address
from actors.clock import Clock
from supervisor.children import Child
from supervisor.health import Abandoned
from trading.messages import strategy, supervision
from trading.messages.supervision import Context, Notice, Phase
from trading.restart import Exit, Verdict

_NOTICES: Final = frozenset(kind.__name__ for kind in get_args(Notice))
_MARKET: Final = frozenset(
    kind.__name__
    for kind in (strategy.TickerChanged, strategy.CandleClosed, strategy.CandlesKnown, strategy.InstrumentKnown)
)
_NO_LOSS: Final = _NOTICES | _MARKET
_CONTEXTS: Final = {Phase.STARTING: Context.START_ERROR, Phase.STOPPING: Context.SHUTDOWN_ERROR}


class Notes:
    """Tells every notice to everyone who wants them."""

    def __init__(self, name: str, clock: Clock, to: Iterable[Address[Notice]]) -> None:
        self._name = name
        self._clock = clock
        self._to = tuple(to)

    def tell(self, notice: Notice) -> None:
        for address in self._to:
            address.tell(notice)

    def started(self, child: Child) -> None:
        self.tell(supervision.ChildStarted(child=child.id, generation=child.generation, at_ms=self._clock.now_ms()))

    def stopped(self, child: Child) -> None:
        self.tell(supervision.ChildStopped(child=child.id, generation=child.generation, at_ms=self._clock.now_ms()))

    def failure(
        self, child: Child, exited: Exit, verdict: Verdict, reason: str, traceback: str
    ) -> supervision.ChildFailed:
        """Make the report on a child's trouble, as of the phase it is still in; it is told by the caller."""
        return supervision.ChildFailed(
            supervisor=self._name,
            context=_CONTEXTS.get(child.phase, Context.CHILD_TERMINATED),
            reason=reason or "it ended by itself",
            offender=child.id,
            generation=child.generation,
            exit=exited,
            verdict=verdict,
            traceback=traceback,
            at_ms=self._clock.now_ms(),
        )

    def crowded(self, child: Child) -> None:
        """Say that an inbox has become half full, once."""
        depth = 0 if child.actor is None else child.actor.actor_inbox.depth()
        if child.newly_crowded(depth):
            inbox_max, at_ms = child.spec.inbox_max, self._clock.now_ms()
            self.tell(supervision.ChildCrowded(child=child.id, depth=depth, inbox_max=inbox_max, at_ms=at_ms))

    def lost(self, child: Child) -> None:
        """Say what was told to the dead since the last time. A lost notice is counted, but not told about again.

        So is the market: prices go on for whoever is stopped, and who starts is told anew.
        """
        kinds = child.newly_lost()
        if kinds.keys() - _NO_LOSS:
            self.tell(supervision.MessagesLost(child=child.id, kinds=kinds, at_ms=self._clock.now_ms()))

    def spoke(self, who: Abandoned) -> None:
        at_ms = self._clock.now_ms()
        self.tell(
            supervision.OldIncarnationSpoke(
                child=who.child, generation=who.generation, dropped=who.dropped, at_ms=at_ms
            )
        )

    def everything_stopped(self, reason: str, exit_code: int, abandoned: Iterable[str]) -> None:
        at_ms = self._clock.now_ms()
        self.tell(
            supervision.EverythingStopped(reason=reason, exit_code=exit_code, abandoned=tuple(abandoned), at_ms=at_ms)
        )
