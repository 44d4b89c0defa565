"""The desk: takes a person's commands, owns what is wanted of strategies and of the connection.

A command is on disk before it is answered. Wanted and actual are two things: the desk moves the actual towards the
wanted, but never out of ERROR, never out of a person's pause, and after a lost connection only if that was allowed.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import assert_never

from actors.address import Address
from actors.base import Actor
from actors.clock import Clock
from actors.desk_memory import DeskMemory, Wanted
from actors.memory import MemoryFails
from actors.names import BROKER, GUARDIAN, ORDERS, RECONCILER
from actors.timers import Timers
from trading.bracket.effects import Severity
from trading.lifecycle import PauseCause, State
from trading.messages import broker, desk, guardian, journal, notices, orders, reconciler, strategy, supervision
from trading.values import BracketId, InstrumentName, Milliseconds, StrategyName

PREFIX = "strategy:"
NO_BRACKET = BracketId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """The connection policy, and which strategies there are."""

    instruments: Mapping[StrategyName, InstrumentName]
    candle_minutes: int | None
    auto_reconnect: bool
    start_attempts_max: int = 10
    backoff_ms: int = 1_000
    backoff_ms_max: int = 60_000
    braked: bool = False
    """Too many starts in a short time: come up, and let nothing trade until a person says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom the desk tells."""

    broker: Address[broker.Message]
    orders: Address[orders.Message]
    guardian: Address[guardian.Message]
    reconciler: Address[reconciler.Message]
    notifier: Address[notices.Message]
    journal: Address[journal.Message]
    supervisor: Address[supervision.Message]
    strategies: Mapping[StrategyName, Address[strategy.Message]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _TryAgain:
    """Connect again."""


def _done(state: str, sentence: str) -> desk.Answer:
    return desk.Answer(ok=True, code="done", state=state, sentence=sentence)


def _conflict(state: str, sentence: str) -> desk.Answer:
    return desk.Answer(ok=False, code="conflict", state=state, sentence=sentence)


class Desk(Actor):
    """Commands in, wanted states kept, connection policy."""

    def __init__(
        self, *, clock: Clock, timers: Timers, memory: DeskMemory, to: Addresses, settings: DeskSettings, rng: Random
    ) -> None:
        super().__init__()
        self._clock, self._timers, self._memory, self._to, self._settings = clock, timers, memory, to, settings
        self._rng = rng
        self._states: dict[StrategyName, State] = dict.fromkeys(settings.instruments, State.IDLE)
        self._reasons: dict[StrategyName, str] = {}
        self._wanted: dict[StrategyName, Wanted] = {}
        self._paused_by_disconnect: set[StrategyName] = set()
        self._alive: set[StrategyName] = set()
        self._wants_connection = False
        self._is_up = self._has_been_up = self._is_ready = False
        self._resume_after = True
        self._attempts = 0

    @property
    def _now(self) -> Milliseconds:
        return Milliseconds(self._clock.now_ms())

    def on_start(self) -> None:
        """Take up what was wanted when the last life ended."""
        self._wanted = {name: self._memory.wanted(name) for name in self._settings.instruments}
        for name, error in self._memory.errors().items():
            if name in self._states:
                self._states[name], self._reasons[name] = State.ERROR, error
        self._wants_connection = self._memory.wants_connection()
        self._watch()
        if self.incarnation is not None and self.incarnation.generation > 1:
            for address in self._to.strategies.values():
                address.tell(strategy.SayState())
            self._to.broker.tell(broker.TellStanding())
        if self._settings.braked:
            self._say(
                Severity.CRITICAL, "crash_loop", "too many starts in a short time: nothing trades until you resume"
            )
        if self._wants_connection:
            self._to.broker.tell(broker.Connect())

    def _watch(self) -> None:
        instruments = tuple(dict.fromkeys(self._settings.instruments.values()))
        self._to.broker.tell(broker.Watch(instruments=instruments, candle_minutes=self._settings.candle_minutes))

    # --- what it is told

    def on_receive(self, message: desk.Message | _TryAgain) -> desk.Answer | None:
        """Commands answer; facts do not."""
        match message:
            case desk.ConnectionChanged(is_up=is_up, reason=reason):
                self._connection_changed(is_up=is_up, reason=reason)
            case desk.Reconciled():
                self._reconciled()
            case desk.StrategyMoved():
                self._strategy_moved(message)
            case desk.StrategyIs(name=name, state=state):
                self._alive.add(name)
                self._states[name] = state
            case desk.StrategyFailed():
                pass  # the supervisor's own notice tells the same, with the traceback
            case supervision.ChildStarted(child=child):
                self._child_started(child)
            case supervision.ChildFailed():
                self._child_failed(message)
            case supervision.ChildStopped(child=child):
                self._alive.discard(StrategyName(child.removeprefix(PREFIX)))
            case _TryAgain():
                if self._wants_connection and not self._is_up:
                    self._to.broker.tell(broker.Connect())
            case (
                supervision.ChildCrowded()
                | supervision.MessagesLost()
                | supervision.OldIncarnationSpoke()
                | supervision.EverythingStopped()
            ):
                pass
            case _:
                return self._command(message)
        return None

    def _command(self, message: desk.Command) -> desk.Answer:
        """Do what a person asked for; what cannot be recorded is not done."""
        try:
            answer = self._obey(message)
        except MemoryFails as failure:
            answer = desk.Answer(
                ok=False, code="unavailable", state="", sentence=f"not recorded, so not done: {failure}"
            )
        subject = str(getattr(message, "name", getattr(message, "instrument", "")))
        self._to.journal.tell(
            journal.Commanded(
                command=type(message).__name__,
                subject=subject,
                by=message.by,
                code=answer.code,
                sentence=answer.sentence,
            )
        )
        return answer

    def _obey(self, message: desk.Command) -> desk.Answer:
        match message:
            case (
                desk.StartStrategy(name=name)
                | desk.PauseStrategy(name=name)
                | desk.ResumeStrategy(name=name)
                | desk.StopStrategy(name=name)
                | desk.CloseStrategy(name=name)
            ):
                if name not in self._states:
                    return desk.Answer(ok=False, code="unknown", state="", sentence=f"there is no strategy {name}")
                return self._strategy_command(message)
            case desk.Halt(reason=reason, by=by):
                self._memory.set_halt(reason, by=by, at=self._now)
                self._to.orders.tell(orders.SetHalt(on=True, reason=reason, by=by))
                return _done("halted", "nothing opens anywhere until the halt is lifted")
            case desk.Unhalt(by=by):
                self._memory.set_halt(None, by=by, at=self._now)
                self._to.orders.tell(orders.SetHalt(on=False, reason="", by=by))
                return _done("running", "the halt is lifted")
            case desk.Panic(by=by):
                self._memory.set_halt("panic", by=by, at=self._now)
                self._to.orders.tell(orders.Panic(by=by))
                return _done("halted", "halted; entries are being cancelled and positions of ours closed at market")
            case desk.Connect() | desk.Reconnect():
                return self._connect(message)
            case desk.Disconnect(by=by):
                self._memory.set_wants_connection(wanted=False, by=by, at=self._now)
                self._wants_connection = False
                self._to.broker.tell(broker.Disconnect(reason=f"by {by}"))
                return _done("disconnected", "the connection is being closed; orders resting on the exchange stay")
            case desk.Reconcile():
                if not self._is_up:
                    return _conflict("disconnected", "there is no connection to compare with")
                self._to.reconciler.tell(reconciler.Run(why="asked for"))
                return _done("running", "database and exchange are being compared")
            case desk.Acknowledge(by=by):
                count = self._memory.acknowledge(by=by, at=self._now)
                return _done("read", f"{count} alerts are marked as read")
            case desk.ResolveIssue(instrument=instrument, choice=choice, by=by):
                self._to.orders.tell(orders.ResolveIssue(instrument=instrument, choice=choice, by=by))
                return _done(choice, f"{instrument}: {choice}")
            case _:
                assert_never(message)

    # --- strategies

    def _strategy_command(
        self,
        message: desk.StartStrategy | desk.PauseStrategy | desk.ResumeStrategy | desk.StopStrategy | desk.CloseStrategy,
    ) -> desk.Answer:
        name, by, state = message.name, message.by, self._states[message.name]
        match message:
            case desk.StartStrategy():
                if state is State.ERROR:
                    return _conflict(state, f"{name} has failed: read why, then resume it")
                self._want(name, Wanted.ACTIVE, by)
                self._begin(name)
                return _done(self._states[name], f"{name} is started")
            case desk.ResumeStrategy():
                return self._resume(name, by)
            case desk.PauseStrategy():
                if state is State.ERROR:
                    return _conflict(state, f"{name} has failed and trades nothing")
                self._want(name, Wanted.PAUSED, by)
                self._paused_by_disconnect.discard(name)
                self._to.strategies[name].tell(strategy.Pause(cause=PauseCause.PERSON))
                return _done(State.PAUSED, f"{name} opens nothing new; its trade stays managed")
            case desk.StopStrategy():
                self._want(name, Wanted.STOPPED, by)
                if name in self._alive:
                    self._to.strategies[name].tell(strategy.Stop())
                    self._to.supervisor.tell(supervision.StopChild(child=PREFIX + name))
                return _done(State.IDLE, f"{name} is stopped; its trade, if any, stays protected")
            case desk.CloseStrategy():
                reason = f"closed by {by}"
                self._to.strategies[name].tell(strategy.TradeClosing(reason=reason))
                self._to.orders.tell(orders.CloseTrade(strategy=name, reason="manual_close"))
                return _done(State.CLOSING, f"the trade of {name}, if any, is being closed at market")
            case _:
                assert_never(message)

    def _resume(self, name: StrategyName, by: str) -> desk.Answer:
        state = self._states[name]
        self._want(name, Wanted.ACTIVE, by)
        self._paused_by_disconnect.discard(name)
        if state is State.ERROR:
            self._memory.clear_error(name, at=self._now)
            self._states[name] = State.IDLE
            self._to.supervisor.tell(supervision.ResumeChild(child=PREFIX + name))
            return _done(State.IDLE, f"{name} is resumed in a new life")
        if name not in self._alive:
            self._begin(name)
        elif self._is_ready:
            self._to.strategies[name].tell(strategy.Resume(in_trade=self._memory.in_trade(name)))
        else:
            return _conflict(state, f"{name} goes on when the connection stands and was compared")
        return _done(self._states[name], f"{name} is resumed")

    def _want(self, name: StrategyName, wanted: Wanted, by: str) -> None:
        self._memory.set_wanted(name, wanted, by=by, at=self._now)
        self._wanted[name] = wanted

    def _begin(self, name: StrategyName) -> None:
        """Give a strategy life, if the world is ready for it."""
        if self._is_ready and name not in self._alive and self._states[name] is not State.ERROR:
            self._to.supervisor.tell(supervision.StartChild(child=PREFIX + name))

    def _child_started(self, child: str) -> None:
        if not child.startswith(PREFIX):
            self._newcomer(child)
            return
        name = StrategyName(child.removeprefix(PREFIX))
        self._alive.add(name)
        address = self._to.strategies[name]
        address.tell(strategy.Start(in_trade=self._memory.in_trade(name)))
        if self._wanted.get(name) is Wanted.PAUSED:
            address.tell(strategy.Pause(cause=PauseCause.PERSON))
        elif not self._is_up:
            address.tell(strategy.Pause(cause=PauseCause.DISCONNECT))
            self._paused_by_disconnect.add(name)
        self._to.broker.tell(broker.TellInstruments())

    def _newcomer(self, child: str) -> None:
        """One of the permanent ones has a new life, and knows nothing of the connection."""
        if child == BROKER:
            self._watch()
            lost = "the broker had to be restarted"
            self._to.orders.tell(orders.ConnectionChanged(is_up=False, reason=lost))
            self._to.guardian.tell(guardian.ConnectionChanged(is_up=False))
            self._to.reconciler.tell(reconciler.ConnectionChanged(is_up=False))
            self._to.journal.tell(journal.ConnectionChanged(is_up=False, reason=lost))
            self._connection_changed(is_up=False, reason=lost)
        elif child in {ORDERS, GUARDIAN, RECONCILER}:
            self._to.broker.tell(broker.TellStanding())

    def _strategy_moved(self, moved: desk.StrategyMoved) -> None:
        """Remember where it is; if that cannot be written, it is true all the same."""
        self._states[moved.name], self._reasons[moved.name] = moved.state, moved.reason
        with suppress(MemoryFails):
            self._memory.note_move(moved.name, moved.event, moved.generation, moved.cause, at=self._now)

    def _child_failed(self, failed: supervision.ChildFailed) -> None:
        """A strategy goes to ERROR and stays there; of the others the supervisor takes care."""
        if not failed.offender.startswith(PREFIX):
            return
        name = StrategyName(failed.offender.removeprefix(PREFIX))
        self._alive.discard(name)
        self._states[name], self._reasons[name] = State.ERROR, failed.reason
        self._to.journal.tell(
            journal.StrategyFailed(
                name=name, generation=failed.generation, reason=failed.reason, traceback=failed.traceback
            )
        )
        text = f"{name} has failed and is in ERROR: {failed.reason}. Its trade stays protected. Only you can resume it."
        self._say(Severity.ERROR, "strategy_error", text)

    # --- the connection

    def _connect(self, message: desk.Connect | desk.Reconnect) -> desk.Answer:
        self._memory.set_wants_connection(wanted=True, by=message.by, at=self._now)
        self._wants_connection, self._attempts = True, 0
        if self._is_up:
            return _done("connected", "connected already")
        self._resume_after = isinstance(message, desk.Reconnect) and message.resume
        self._to.broker.tell(broker.Connect())
        then = "; strategies paused by the disconnect go on" if self._resume_after else ""
        return _done("connecting", f"connecting{then}")

    def _connection_changed(self, *, is_up: bool, reason: str) -> None:
        was_up, self._is_up = self._is_up, is_up
        if is_up:
            self._attempts, self._has_been_up = 0, True
            return
        self._is_ready = False
        for name in self._alive:
            if self._states[name] not in {State.PAUSED, State.ERROR, State.IDLE}:
                self._paused_by_disconnect.add(name)
            self._to.strategies[name].tell(strategy.Pause(cause=PauseCause.DISCONNECT))
        if not self._wants_connection:
            return
        if was_up:
            then = "reconnecting" if self._settings.auto_reconnect else "nothing trades until you reconnect"
            self._say(Severity.CRITICAL, "disconnected", f"the connection is lost ({reason}): {then}. Stops rest.")
            self._resume_after = self._settings.auto_reconnect
        self._try_again(reason)

    def _try_again(self, reason: str) -> None:
        """Connect again by itself: always within bounds at a start, later only if that was switched on."""
        self._attempts += 1
        starting = not self._has_been_up and self._attempts <= self._settings.start_attempts_max
        if not starting and not self._settings.auto_reconnect:
            if not self._has_been_up and self._attempts == self._settings.start_attempts_max + 1:
                text = f"no connection after {self._settings.start_attempts_max} attempts ({reason}): connect by hand"
                self._say(Severity.CRITICAL, "disconnected", text)
            return
        settings = self._settings
        wait_ms = min(settings.backoff_ms * 2 ** min(self._attempts - 1, 16), settings.backoff_ms_max)
        self._timers.start("connect", wait_ms // 2 + self._rng.randrange(wait_ms // 2 + 1), _TryAgain())

    def _reconciled(self) -> None:
        """Connected and compared: what is wanted may go on."""
        self._put_right()
        if self._is_ready or not self._is_up:
            return
        self._is_ready = True
        if self._settings.braked:
            return
        if self._resume_after:
            for name in sorted(self._paused_by_disconnect):
                if self._wanted.get(name) is Wanted.ACTIVE:
                    self._to.strategies[name].tell(strategy.Resume(in_trade=self._memory.in_trade(name)))
            self._paused_by_disconnect.clear()
        self._resume_after = self._settings.auto_reconnect
        for name, wanted in self._wanted.items():
            if wanted is not Wanted.STOPPED:
                self._begin(name)

    def _put_right(self) -> None:
        """A strategy that waits for a trade that is over was not told: the teller died of something."""
        waiting = {State.ENTERING_POSITION, State.POSITION_OPEN, State.CLOSING}
        for name in sorted(self._alive):
            if self._states[name] in waiting and not self._memory.in_trade(name):
                self._to.strategies[name].tell(strategy.EntryEnded(bracket_id=NO_BRACKET))

    def _say(self, severity: Severity, kind: str, text: str) -> None:
        self._to.notifier.tell(
            notices.Notice(severity=severity, kind=kind, text=text, key=f"{kind}:{text}", at=self._now)
        )
