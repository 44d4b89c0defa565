"""The supervisor: starts the children in order, watches them, restarts or fences them off, and stops them in order.

It is an actor like its children and does nothing but send and receive: a start, a stop or a restart is begun, and its
outcome comes back as a message or as a timer. So it hears "stop" at any moment, and the same code runs in both worlds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from actors.address import Address
from actors.base import Actor, Ended, Stage, Started
from actors.timers import Timers
from supervisor import commands
from supervisor.children import Child, Hospice
from supervisor.health import TreeState
from supervisor.memory import Memory
from supervisor.notes import Notes
from supervisor.policy import Policy
from supervisor.rounds import Rounds
from supervisor.runtime import Runtime
from supervisor.shutdown import Shutdown
from supervisor.spec import SUPERVISOR, AddChild, ChildSpec, problems
from supervisor.watch import pulse
from trading.errors import ConfigError, Refused
from trading.marks import mark
from trading.messages import supervision
from trading.messages.supervision import Accepted, Notice, Phase
from trading.restart import Budget, Exit, Verdict

LOOK_MS: Final = 250  # between two looks at everyone's progress
STOP_MS_MAX: Final = 10_000  # for stopping everything; supervisord waits longer before it kills


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """It is time to look at everyone's progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _StartNext:
    """The child before has come through its start, or will not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Retry:
    """It is time to restart a child."""

    child: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShutdownOver:
    """A child has had its time to stop."""

    child: str
    generation: int


Message = supervision.Message | AddChild | Started | Ended | _Look | _StartNext | _Retry | _ShutdownOver


class Supervisor(Actor):
    """The root of the tree. ``launch`` sets it going; ``state`` may be read from any thread."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        specs: Sequence[ChildSpec],
        budgets: Mapping[str, Budget],
        memory: Memory,
        notices: Iterable[Address[Notice]] = (),
        look_ms: int = LOOK_MS,
        may_wait_ms: Callable[[], int] = int,
        stop_ms_max: int = STOP_MS_MAX,
    ) -> None:
        """Check the specs; an address that was handed out for a child nobody starts is a mistake, too.

        ``may_wait_ms``: so much longer a simulated world lets it wait between two looks. Raises ConfigError.
        """
        super().__init__()
        wrong = problems(specs, budgets, runtime.directory.names())
        if wrong:
            raise ConfigError(wrong)
        self._runtime, self._memory = runtime, memory
        self._policy = Policy(budgets)
        self._notes = Notes(str(SUPERVISOR), runtime.clock, notices)
        self._look_ms, self._may_wait_ms, self._waits_ms = look_ms, may_wait_ms, 0
        self._stop_ms_max = stop_ms_max
        self._children = {str(spec.id): self._child(spec) for spec in specs}  # replaced whole: others read it
        self._hospice = Hospice()
        self._phase = Phase.STARTING
        self._to_start = [child for child in self._children.values() if child.spec.autostart]
        self._rounds = Rounds(runtime, look_ms)
        self._being_started: Child | None = None
        self._shutdown: Shutdown | None = None
        self.exit_code: int | None = None  # known once everything has stopped

    def on_start(self) -> None:
        for child in self._children.values():
            error = self._memory.error(child.id)
            if error is not None:
                child.enter(Phase.ERROR, self._now_ms(), error)
        self._look_later()
        self._start_next()

    def on_receive(self, message: Message) -> Accepted | Refused | None:
        match message:
            case Started():
                self._on_started(message)
            case Ended():
                self._on_ended(message)
            case _Look():
                self._look()
            case _StartNext():
                self._start_next()
            case _Retry(child=name):
                self._retry(name)
            case _ShutdownOver():
                self._on_shutdown_over(message)
            case supervision.StopEverything(reason=reason, exit_code=exit_code):
                self._stop_everything(reason, exit_code)
                return None
            case AddChild(spec=spec):
                return self._add(spec)
            case (
                supervision.StartChild()
                | supervision.StopChild()
                | supervision.ResumeChild()
                | supervision.RemoveChild()
            ):
                return self._obey(message)
            case _:
                assert_never(message)
        return None

    def state(self) -> TreeState:
        """Give everything's state, without a question to anyone; from any thread."""
        now_s = self._runtime.now_s()
        return TreeState(
            phase=self._phase,
            reason=self._shutdown.reason if self._shutdown else "",
            children=tuple(child.state(now_s) for child in self._children.values()),
            restarts=self._policy.restarts(),
            abandoned=self._hospice.abandoned(),
            fenced=self._hospice.said(),
            supervisor=pulse(self, now_s),
        )

    # Starting.

    def _start_next(self) -> None:
        """Start the next child in order; its report, not its start, calls for the one after it."""
        if self._phase is not Phase.STARTING:
            return
        while self._to_start:
            child = self._to_start.pop(0)
            if child.phase is Phase.IDLE:
                self._being_started = child
                self._begin(child)
                return
        self._phase = Phase.RUNNING

    def _begin(self, child: Child) -> None:
        child.enter(Phase.STARTING, self._now_ms())
        failure = child.make(self._runtime, self._memory.next_generation(child.id), self.actor_inbox.tell)
        if failure is not None:
            self._trouble(child, Exit.START_FAILED, failure.reason, failure.traceback)

    def _on_started(self, started: Started) -> None:
        child = self._children.get(started.child)
        if child is None or child.generation != started.generation or child.phase is not Phase.STARTING:
            mark("start-told-too-late")
            return  # it was stopped or cut off meanwhile
        child.enter(Phase.RUNNING, self._now_ms())
        self._notes.started(child)
        self._settled(child)

    def _settled(self, child: Child) -> None:
        """Go on with the start, if this was the child it waited for."""
        if child is self._being_started:
            self._being_started = None
            self.actor_inbox.tell(_StartNext())

    def _retry(self, name: str) -> None:
        child = self._children[name]
        if child.phase is Phase.RESTARTING:
            child.restarts += 1
            self._begin(child)

    # Ends, asked for or not.

    def _on_ended(self, ended: Ended) -> None:
        spoke = self._hospice.release(ended.child, ended.generation)
        if spoke is not None:
            self._notes.spoke(spoke)
        child = self._children.get(ended.child)
        if child is None:
            return
        child.mailbox.count_lost(ended.lost)
        if child.actor is None or child.generation != ended.generation:
            return
        child.part()
        exited = {None: Exit.NORMAL, Stage.START: Exit.START_FAILED}.get(ended.stage, Exit.RAISED)
        if child.phase is not Phase.STOPPING:
            self._trouble(child, exited, ended.reason, ended.traceback)
        elif exited is Exit.NORMAL:
            self._stopped(child)
        else:
            self._trouble(child, exited, ended.reason, ended.traceback)

    def _stopped(self, child: Child) -> None:
        """Note an end in order."""
        self._timers.cancel(f"shutdown {child.id}")
        child.enter(Phase.IDLE, self._now_ms())
        self._notes.stopped(child)
        self._settled(child)
        self._stop_next()

    def _trouble(self, child: Child, exited: Exit, reason: str, traceback: str) -> None:
        """Judge an end that nobody asked for, or that went wrong; the incarnation has been taken out already."""
        at_ms = self._runtime.clock.monotonic_ms()
        comes_up = child is self._being_started
        decision = self._policy.judge(child, exited, at_ms, tree=self._phase, comes_up=comes_up)
        verdict = decision.verdict
        if verdict is Verdict.LEAVE and exited is Exit.NORMAL:
            self._stopped(child)
            return
        self._timers.cancel(f"shutdown {child.id}")
        failed = self._notes.failure(child, exited, verdict, reason, traceback)
        match verdict:
            case Verdict.LEAVE | Verdict.ESCALATE:
                child.enter(Phase.IDLE, self._now_ms(), failed.reason)
            case Verdict.RESTART:
                child.enter(Phase.RESTARTING, self._now_ms(), failed.reason)
                self._timers.start(f"retry {child.id}", decision.delay_ms, _Retry(child=child.id))
            case Verdict.ERROR:
                hung, flooded = exited is Exit.HUNG, exited is Exit.FLOODED
                mark("strategy-hung" if hung else "strategy-flooded" if flooded else "strategy-failed")
                self._memory.put_in_error(failed)
                child.enter(Phase.ERROR, self._now_ms(), failed.reason)
            case _:
                assert_never(verdict)
        self._notes.tell(failed)
        if verdict is Verdict.ESCALATE:
            mark("restarts-used-up")
            self._stop_everything(f"{child.id}: {failed.reason}", exit_code=1)
        else:
            self._settled(child)
            self._stop_next()

    # Watching.

    def _look(self) -> None:
        self._memory.catch_up()
        self._rounds.begin(self._waits_ms)
        is_well = self._rounds.is_well
        for child in [child for child in self._children.values() if not is_well(child)]:
            self._notes.lost(child)
            found = self._rounds.look_at(child)
            if found is None:
                self._notes.crowded(child)
            elif found.exit is Exit.VANISHED:
                mark("actor-vanished")
                child.part().actor_inbox.is_closed = True
                self._trouble(child, found.exit, found.reason, found.stack)
            else:
                self._cut_off(child, found.exit, found.reason, found.stack)
        for spoke in self._hospice.newly_spoken():
            self._notes.spoke(spoke)
        self._look_later()

    def _look_later(self) -> None:
        self._waits_ms = self._may_wait_ms()
        self._timers.start("look", self._look_ms + self._waits_ms, _Look(), background=True)

    def look_now(self) -> None:
        """Have it look before its time."""
        self.actor_inbox.tell(_Look())

    def _cut_off(self, child: Child, exited: Exit, reason: str, stack: str) -> None:
        """Fence a living incarnation off; its thread may go on, but nobody hears it."""
        mark("hung-actor-fenced-off")
        self._hospice.take(child.part())
        if self._shutdown is not None:
            self._shutdown.abandoned.append(child.id)
        self._trouble(child, exited, reason, stack)

    # Stopping.

    def _tell_to_stop(self, child: Child, within_ms: int) -> None:
        actor = child.actor
        assert actor is not None
        child.enter(Phase.STOPPING, self._now_ms())
        actor.ask_to_stop()
        over = _ShutdownOver(child=child.id, generation=child.generation)
        self._timers.start(f"shutdown {child.id}", within_ms, over)

    def _on_shutdown_over(self, over: _ShutdownOver) -> None:
        child = self._children.get(over.child)
        if child is None or child.generation != over.generation or child.phase is not Phase.STOPPING:
            return
        actor = child.actor
        assert actor is not None
        reason = f"it did not stop within its time ({child.spec.shutdown_ms} ms at most)"
        self._cut_off(child, Exit.HUNG, reason, self._runtime.stack(actor))

    def _stop_everything(self, reason: str, exit_code: int) -> None:
        if self._shutdown is not None:
            return
        now_ms = self._runtime.clock.monotonic_ms()
        self._shutdown = Shutdown(reason, exit_code, now_ms, self._stop_ms_max, len(self._living()))
        self._phase = Phase.STOPPING
        self._to_start.clear()
        for child in self._children.values():
            if child.phase is Phase.RESTARTING:
                self._timers.cancel(f"retry {child.id}")
                child.enter(Phase.IDLE, self._now_ms(), child.reason)
        self._stop_next()

    def _stop_next(self) -> None:
        """Stop the last child in order that still lives; when there is none, end."""
        end = self._shutdown
        if end is None or self.exit_code is not None:
            return
        living = self._living()
        if living:
            child, others = living[-1], len(living) - 1
            if not end.is_waiting_for(child):
                self._tell_to_stop(child, end.within_ms(child, others, self._runtime.clock.monotonic_ms()))
            return
        for child in self._children.values():
            self._notes.lost(child)
        self.exit_code = end.exit_code
        self._notes.everything_stopped(end.reason, end.exit_code, end.abandoned)
        self.ask_to_stop()

    # Commands.

    def _obey(self, command: commands.Command) -> Accepted | Refused:
        child = self._children.get(command.child)
        if child is None:
            return commands.unknown(command.child, self._phase)
        refused = commands.refusal(command, child.spec.restart, child.phase, self._phase)
        if refused is not None:
            return refused
        match command:
            case supervision.StartChild():
                self._begin(child)
            case supervision.ResumeChild():
                self._memory.take_out_of_error(child.id)
                self._begin(child)
            case supervision.StopChild():
                self._stop_one(child)
            case supervision.RemoveChild():
                self._children = {name: other for name, other in self._children.items() if other is not child}
            case _:
                assert_never(command)
        return Accepted(child=child.id, phase=child.phase, generation=child.generation)

    def _stop_one(self, child: Child) -> None:
        if child.actor is not None and child.phase is not Phase.STOPPING:
            self._tell_to_stop(child, child.spec.shutdown_ms)
        elif child.phase is Phase.RESTARTING:
            self._timers.cancel(f"retry {child.id}")
            child.enter(Phase.IDLE, self._now_ms())

    def _add(self, spec: ChildSpec) -> Accepted | Refused:
        wrong = problems([spec], self._policy.budgets)
        if str(spec.id) in self._children:
            wrong.append(f"child {spec.id!r}: there is one of that id")
        if wrong:
            return Refused(code="bad_spec", sentence="; ".join(wrong))
        if self._phase is Phase.STOPPING:
            return commands.STOPPING
        child = self._child(spec)
        self._children = {**self._children, child.id: child}
        error = self._memory.error(child.id)
        if error is not None:
            child.enter(Phase.ERROR, self._now_ms(), error)
        elif spec.autostart:
            self._begin(child)
        return Accepted(child=child.id, phase=child.phase, generation=child.generation)

    # Small things.

    def _living(self) -> list[Child]:
        return [child for child in self._children.values() if child.actor is not None]

    def _child(self, spec: ChildSpec) -> Child:
        return Child(spec, self._runtime.directory, self._now_ms())

    @property
    def _timers(self) -> Timers:
        assert self.incarnation is not None, "a supervisor is launched, not started by hand"
        return self.incarnation.timers

    def _now_ms(self) -> int:
        return self._runtime.clock.now_ms()
