"""The simulated world: every actor on one thread, a virtual clock, and one seed for what the real world leaves open.

Kept from the real world: each actor reads its inbox in order of arrival, one message at a time. Left open there and
drawn from the seed here: which of the actors with waiting messages goes next. Handling takes no time; time passes only
when nobody has anything to do. Without a seed the actors take turns, which is a little faster.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from actors.address import Answer, Directory, NoAnswer
from actors.base import Actor, Report
from actors.inbox import Envelope
from actors.incarnation import Incarnation
from actors.timers import Due

EPOCH_MS = 1_767_225_600_000  # 2026-01-01: worlds begin alike unless they are told otherwise
HOPS_MAX = 200_000  # at one moment of virtual time; more means that two actors tell each other for ever
_LAST_HOPS = 200  # of these it is said who it was
_BEFORE = 1 << 40  # a timer that comes late comes before those that are due only then

Hook = Callable[[str, Any], None]


class SimulatedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start_ms: int) -> None:
        self.elapsed_ms = 0
        self._wall_ms = start_ms

    def now_ms(self) -> int:
        return self._wall_ms + self.elapsed_ms

    def monotonic_ms(self) -> int:
        return self.elapsed_ms

    def jump(self, by_ms: int) -> None:
        """Set the wall clock as an operator or NTP would; what measures time does not notice."""
        self._wall_ms += by_ms


class Cell:
    """One actor in this world."""

    __slots__ = ("_ready", "actor", "has_begun", "held", "is_hung", "is_ready", "name")

    def __init__(self, actor: Actor, name: str, ready: "list[Cell]") -> None:
        self.actor = actor
        self.name = name
        self.has_begun = False
        self.held: Envelope | None = None
        self.is_hung = False
        self.is_ready = False
        self._ready = ready

    def ring(self) -> None:
        """Get in line, unless it is in line or hangs."""
        if not self.is_ready and self.held is None:
            self.is_ready = True
            self._ready.append(self)


class Call:
    """Something outside the actors that happens at a moment: a feed's tick, a fault, a person's click."""

    __slots__ = ("_work", "background", "is_dead")

    def __init__(self, work: Callable[[], None], *, background: bool) -> None:
        self._work = work
        self.background = background
        self.is_dead = False

    def deliver(self) -> None:
        """Let it happen."""
        self._work()


class SimulatedRuntime:
    """Drive it with ``step``, ``run_until`` or ``run_until_quiet``; ask in it with ``actors.address.ask``."""

    def __init__(self, seed: int | None = 0, *, start_ms: int = EPOCH_MS) -> None:
        self.clock = SimulatedClock(start_ms)
        self.wheel = self
        self.directory = Directory(self.wait)
        self.now_s: Callable[[], float] = self._elapsed_s
        self.before: list[Hook] = []  # called with the child's name and the message, before it is handled
        self.after: list[Hook] = []
        self.hops = 0
        self._draw: Callable[[], float] | None = None if seed is None else Random(seed).random
        self._ready: list[Cell] = []
        self._at_hand = self._ready  # whom a turn may go to: nobody while the whole process stands still
        self._still_until_ms = 0
        self._after_still: list[Callable[[], None]] = []
        self._lateness: Callable[[], int] | None = None
        self._late_until_ms = 0
        self._timers_at_ms = -1  # when those that come late do come
        self._here = 0  # messages handled since time last passed
        self._busy: Counter[str] = Counter()
        self._cells: dict[str, Cell] = {}  # by the actor's urn, while it lives
        self._heap: list[tuple[int, int, Due | Call]] = []
        self._scheduled = 0
        self._is_stepping = False

    # What the supervisor uses: see Runtime.

    def bind(self, actor: Actor, incarnation: Incarnation, report: Report) -> None:
        cell = self._cells[actor.actor_urn] = Cell(actor, incarnation.name, self._ready)
        actor.actor_inbox.bind(self.now_s, cell.ring)
        actor.bind(incarnation, report, self.now_s)

    def spawn(self, actor: Actor) -> None:
        self._cells[actor.actor_urn].ring()

    def is_running(self, actor: Actor) -> bool:
        return actor.actor_urn in self._cells

    def stack(self, actor: Actor) -> str:
        return f"hangs in {actor.progress.handling!r:.200}, simulated"

    def wait(self, answer: Answer, timeout_s: float) -> Any:
        assert not self._is_stepping, "actors tell; only the edges ask"
        limit_ms = self.clock.elapsed_ms + int(timeout_s * 1000)
        while not answer.is_given:
            if not self._at_hand and not self._advance(limit_ms):
                self.clock.elapsed_ms = limit_ms
                raise NoAnswer(f"no answer within {timeout_s} s")
            self._hop()
        return answer.get(timeout=0)

    def schedule(self, delay_ms: int, due: Due | Call) -> None:
        """Keep a timer. One that is due at the same moment as another comes after it if it was started later."""
        self._scheduled += 1
        heapq.heappush(self._heap, (self.clock.elapsed_ms + delay_ms, self._scheduled, due))

    # What drives the world.

    def after_ms(self, delay_ms: int, work: Callable[[], None], *, background: bool = True) -> Call:
        """Have something outside the actors happen later; setting ``is_dead`` on what is returned calls it off."""
        call = Call(work, background=background)
        self.schedule(delay_ms, call)
        return call

    def step(self, until_ms: int | None = None) -> bool:
        """Let one actor handle one message, time passing first if need be. False if nothing is left to happen.

        Raises:
            AssertionError: the actors tell each other for ever.
        """
        if not self._at_hand and not self._advance(until_ms):
            return False
        self._hop()
        return True

    def run_until(self, at_ms: int) -> None:
        """Let everything happen that happens up to a moment of the world's monotonic clock, and stand there."""
        while self._settle() or self._advance(at_ms):
            pass
        self.clock.elapsed_ms = max(at_ms, self.clock.elapsed_ms)

    def run_for(self, duration_ms: int) -> None:
        """Run until so much later."""
        self.run_until(self.clock.elapsed_ms + duration_ms)

    def run_until_quiet(self, limit_ms: int) -> None:
        """Run until no message waits and no timer runs but background ones.

        Raises:
            AssertionError: that has not come about within the limit.
        """
        end_ms = self.clock.elapsed_ms + limit_ms
        self._settle()
        while self._pending():
            if not self._advance(end_ms):
                self.clock.elapsed_ms = end_ms
                raise AssertionError(f"not quiet after {limit_ms} ms: {', '.join(self._pending())}")
            self._settle()

    def hang(self, name: str) -> Callable[[], None]:
        """Have a living child get stuck in its next message. Calling what is returned lets it go on from there."""
        cell = self._living(name)
        cell.is_hung = True

        def wake() -> None:
            if self.stands_still:
                self._after_still.append(wake)
                return
            held, cell.held, cell.is_hung = cell.held, None, False
            if held is not None and cell.actor.actor_urn in self._cells:  # one that was killed meanwhile stays dead
                self._handle(cell, held)
            if cell.actor.actor_urn in self._cells and not cell.actor.actor_inbox.empty():
                cell.ring()

        return wake

    def stand_still(self, duration_ms: int) -> None:
        """Nobody handles anything for so long, as after SIGSTOP: timers and frames pile up, and the world goes on."""
        self._still_until_ms = max(self._still_until_ms, self.clock.elapsed_ms + duration_ms)
        self._at_hand = []
        self.after_ms(duration_ms, self._goes_on, background=False)

    @property
    def stands_still(self) -> bool:
        """Whether nobody handles anything."""
        return self._at_hand is not self._ready

    @property
    def is_handling(self) -> bool:
        """Whether an actor is at a message now."""
        return self._is_stepping

    def be_late(self, duration_ms: int, draw: Callable[[], int]) -> None:
        """For so long timers come late, as on a busy machine: by what is drawn, and never one before another."""
        self._late_until_ms = max(self._late_until_ms, self.clock.elapsed_ms + duration_ms)
        self._lateness = draw
        self.after_ms(duration_ms, self._in_time)

    def kill(self, name: str) -> None:
        """End a living child without a word, as a thread that is gone."""
        cell = self._living(name)
        cell.actor.is_over = True
        cell.actor.actor_stopped.set()
        if cell in self._ready:
            self._ready.remove(cell)
        cell.is_ready = True  # never again in line
        del self._cells[cell.actor.actor_urn]

    # Inside.

    def _goes_on(self) -> None:
        if self.clock.elapsed_ms < self._still_until_ms:
            return
        self._at_hand = self._ready
        waiting, self._after_still = self._after_still, []
        for wake in waiting:
            wake()

    def _in_time(self) -> None:
        if self.clock.elapsed_ms >= self._late_until_ms:
            self._lateness = None

    def _comes_late(self, due: Due) -> bool:
        """Whether a timer waits for the moment at which whoever keeps them looks next."""
        now_ms, draw = self.clock.elapsed_ms, self._lateness
        if draw is not None and now_ms > self._timers_at_ms:
            self._timers_at_ms = now_ms + draw()
        if now_ms >= self._timers_at_ms:
            return False
        self._scheduled += 1
        heapq.heappush(self._heap, (self._timers_at_ms, self._scheduled - _BEFORE, due))
        return True

    def _elapsed_s(self) -> float:
        return self.clock.elapsed_ms / 1000

    def _living(self, name: str) -> Cell:
        cells = [cell for cell in self._cells.values() if cell.name == name and not cell.actor.is_over]
        assert cells, f"no living child is called {name!r}"
        return cells[-1]

    def _pending(self) -> list[str]:
        """What keeps the world from being quiet."""
        waiting = [f"{cell.name} has messages" for cell in self._ready]
        timers = [
            f"timer {due.name!r}" if isinstance(due, Due) else "a call"
            for _, _, due in self._heap
            if not due.background and not due.is_dead
        ]
        return waiting + timers

    def _advance(self, limit_ms: int | None) -> bool:
        """Go to the next moment at which something is due and deliver all that is due then; False if none."""
        heap = self._heap
        while heap and heap[0][2].is_dead:
            heapq.heappop(heap)
        if not heap or (limit_ms is not None and heap[0][0] > limit_ms):
            return False
        at_ms = heap[0][0]
        if at_ms > self.clock.elapsed_ms:
            self.clock.elapsed_ms = at_ms
            self._here = 0
        while heap and heap[0][0] <= at_ms:
            due = heapq.heappop(heap)[2]
            if due.is_dead:
                continue
            may_be_late = self._lateness is not None or at_ms < self._timers_at_ms
            if not (may_be_late and isinstance(due, Due) and self._comes_late(due)):
                due.deliver()
        return True

    def _settle(self) -> bool:
        """Let everyone handle everything that can happen without time passing; False if there was nothing."""
        ready, hop = self._at_hand, self._hop
        if not ready:
            return False
        while ready:
            hop()
        return True

    def _hop(self) -> None:
        """Let one of those in line handle one message. Nobody in line is possible: time went by for a call."""
        ready = self._at_hand
        if not ready:
            return
        self._here += 1
        if self._here > HOPS_MAX - _LAST_HOPS:
            self._count_last(ready)
        count = len(ready)
        if count == 1:
            cell = ready.pop()
        elif self._draw is None:
            cell = ready.pop(0)
        else:
            index = int(self._draw() * count)
            cell = ready[index]
            ready[index] = ready[-1]
            ready.pop()
        cell.is_ready = False
        actor = cell.actor
        if not cell.has_begun:
            cell.has_begun = True
            self._is_stepping = True
            actor.begin()
            self._is_stepping = False
            self._leave(cell)
            return
        if actor.is_over:  # abandoned while it had nothing to do
            self._leave(cell)
            return
        envelope = actor.actor_inbox.pop()
        if cell.is_hung:
            cell.held = envelope
            actor.progress.handling, actor.progress.since_s = envelope[0], self._elapsed_s()
            return
        self._handle(cell, envelope)

    def _count_last(self, ready: list[Cell]) -> None:
        """Somebody goes on and on while no time passes: who, and at last that this will not end."""
        if self._here == HOPS_MAX - _LAST_HOPS + 1:
            self._busy.clear()
        self._busy.update(cell.name for cell in ready)
        names = ", ".join(name for name, _ in self._busy.most_common(5))
        assert self._here < HOPS_MAX, f"{self._here} messages at one moment, the last to or from {names}"

    def _handle(self, cell: Cell, envelope: Envelope) -> None:
        self.hops += 1
        for hook in self.before:
            hook(cell.name, envelope[0])
        self._is_stepping = True
        cell.actor.handle(envelope)
        self._is_stepping = False
        self._leave(cell)
        for hook in self.after:
            hook(cell.name, envelope[0])

    def _leave(self, cell: Cell) -> None:
        """Put the cell back in line if it has more to do, or take it out of the world if it is over."""
        actor = cell.actor
        if actor.is_over:
            if cell.is_ready:  # told something while it ended
                self._ready.remove(cell)
            cell.is_ready = True  # never again in line
            del self._cells[actor.actor_urn]
            actor.end()
        elif not actor.actor_inbox.empty():
            cell.ring()
