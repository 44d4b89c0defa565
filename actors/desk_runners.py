"""The desk's strategies: what is wanted of each, where each is, and the moves from the one to the other.

Never out of ERROR, never out of a person's pause, and out of a pause by a lost connection only if that was allowed.
"""

from collections.abc import Callable
from typing import assert_never

from actors.desk_link import Link
from actors.desk_memory import DeskMemory, Wanted
from actors.desk_moves import Moves
from actors.desk_parts import Addresses, conflict, done
from trading.lifecycle import PauseCause, State
from trading.messages import broker, desk, journal, orders, reconciler, strategy, supervision
from trading.values import BracketId, Milliseconds, StrategyName

PREFIX = "strategy:"
NO_BRACKET = BracketId("")
_BUSY = frozenset({State.SIGNAL_DETECTED, State.ENTERING_POSITION, State.POSITION_OPEN, State.CLOSING})

Command = desk.StartStrategy | desk.PauseStrategy | desk.ResumeStrategy | desk.StopStrategy | desk.CloseStrategy


class Runners:
    """The strategies by name."""

    def __init__(
        self,
        names: tuple[StrategyName, ...],
        *,
        now: Callable[[], Milliseconds],
        memory: DeskMemory,
        to: Addresses,
        link: Link,
        moves: Moves,
        braked: bool,
    ) -> None:
        self._now, self._memory, self._to, self._link, self._braked = now, memory, to, link, braked
        self._moves = moves
        self._states: dict[StrategyName, State] = dict.fromkeys(names, State.IDLE)
        self._causes: dict[StrategyName, PauseCause | None] = {}
        self._wanted: dict[StrategyName, Wanted] = {}
        self._paused_by_disconnect: set[StrategyName] = set()
        self._alive: set[StrategyName] = set()
        self._renewed: dict[StrategyName, PauseCause | None] = {}
        """Stopped to begin a new life with new parameters, and what they were paused by."""

    def begin(self) -> None:
        """Take up what was wanted when the last life ended."""
        self._wanted = {name: self._memory.wanted(name) for name in self._states}
        for name in self._memory.errors():
            if name in self._states:
                self._states[name] = State.ERROR

    def knows(self, name: StrategyName) -> bool:
        """Whether there is such a strategy."""
        return name in self._states

    # --- commands

    def obey(self, message: Command) -> desk.Answer:
        """Do what a person said; what is wanted is on disk before the answer."""
        self._moves.write()
        name, by, state = message.name, message.by, self._states[message.name]
        match message:
            case desk.StartStrategy():
                return self._begin(name, by)
            case desk.ResumeStrategy():
                return self._resume(name, by)
            case desk.PauseStrategy():
                if state is State.ERROR:
                    return conflict(state, f"{name} has failed and trades nothing")
                if self._is_stopped(name):
                    return conflict(state, f"{name} is stopped and trades nothing")
                self._want(name, Wanted.PAUSED, by)
                self._paused_by_disconnect.discard(name)
                self._to.strategies[name].tell(strategy.Pause(cause=PauseCause.PERSON))
                return done(State.PAUSED, f"{name} opens nothing new; its trade stays managed")
            case desk.StopStrategy():
                self._want(name, Wanted.STOPPED, by)
                self._renewed.pop(name, None)
                if name in self._alive:
                    self._to.strategies[name].tell(strategy.Stop())
                    self._to.supervisor.tell(supervision.StopChild(child=PREFIX + name))
                return done(State.IDLE, f"{name} is stopped; its trade, if any, stays protected")
            case desk.CloseStrategy():
                return self._close(name, by)
            case _:
                assert_never(message)

    def set_parameters(self, message: desk.SetParameters) -> desk.Answer:
        """Keep new parameters. A strategy that trades keeps the old ones: what it began it ends as it began it."""
        name = message.name
        state = self._states[name]
        if name in self._alive and (state in _BUSY or self._memory.in_trade(name)):
            return conflict(state, f"{name} is in a trade; its parameters change when that is over, or after a stop")
        self._memory.set_parameters(name, message.parameters, by=message.by, at=self._now())
        self._to.journal.tell(journal.ParametersChanged(name=name, parameters=message.shown))
        if name not in self._alive:
            return done(state, f"{name} has new parameters; they count from its next start")
        self._renewed[name] = self._causes.get(name) if state is State.PAUSED else None
        self._to.strategies[name].tell(strategy.Stop())
        self._to.supervisor.tell(supervision.StopChild(child=PREFIX + name))
        return done(state, f"{name} has new parameters and begins anew with them")

    def _close(self, name: StrategyName, by: str) -> desk.Answer:
        if not self._memory.may_close(name):
            return conflict(self._states[name], f"{name} has no open trade")
        try:
            self._memory.want_exit(name, by=by, at=self._now())
        finally:  # what failed may have been made: then it is to be done now, and not when it is found some day
            self._to.orders.tell(orders.ExitWanted())
        self._to.strategies[name].tell(strategy.TradeClosing(reason=f"closed by {by}"))
        return done(State.CLOSING, f"the trade of {name} is being closed at market")

    def _is_stopped(self, name: StrategyName) -> bool:
        """Nobody wants it to trade, and it does not live."""
        return name not in self._alive and self._wanted.get(name) is Wanted.STOPPED

    def _begin(self, name: StrategyName, by: str) -> desk.Answer:
        """Start it. What is paused is resumed instead: a start must not undo a pause, now or after a restart."""
        state, was = self._states[name], self._wanted.get(name)
        if state is State.ERROR:
            return conflict(state, f"{name} has failed: read why, then resume it")
        is_ending = name in self._alive and was is Wanted.STOPPED
        if was is Wanted.PAUSED or (state is State.PAUSED and name in self._alive and not is_ending):
            return conflict(State.PAUSED, f"{name} is paused, so a start does nothing: resume it")
        self._want(name, Wanted.ACTIVE, by)
        if is_ending:
            self._renewed[name] = None  # the life that is being ended is followed by the next
        self._start_asked(name)
        if name not in self._alive and not self._link.is_ready:
            return done(state, f"{name} starts when the connection stands and was compared")
        return done(state, f"{name} is started")

    def _resume(self, name: StrategyName, by: str) -> desk.Answer:
        state = self._states[name]
        if state is not State.ERROR and self._is_stopped(name):
            return conflict(state, f"{name} is stopped, so there is nothing to resume: start it")
        if state is not State.ERROR and name in self._alive and not self._link.is_ready:
            return conflict(state, f"{name} is resumed when the connection stands and was compared")
        self._want(name, Wanted.ACTIVE, by)
        self._paused_by_disconnect.discard(name)
        if state is State.ERROR:
            self._memory.clear_error(name, at=self._now())
            self._states[name] = State.IDLE
            self._to.supervisor.tell(supervision.ResumeChild(child=PREFIX + name))
            return done(State.IDLE, f"{name} is resumed in a new life")
        if name in self._alive:
            self._to.strategies[name].tell(strategy.Resume(in_trade=self._memory.in_trade(name)))
        else:
            self._start_asked(name)
        return done(self._states[name], f"{name} is resumed")

    def _want(self, name: StrategyName, wanted: Wanted, by: str) -> None:
        self._memory.set_wanted(name, wanted, by=by, at=self._now())
        self._wanted[name] = wanted

    def _start_asked(self, name: StrategyName) -> None:
        """A person starts it: what it finds is compared anew, as a connect does before it starts anybody."""
        if self._link.is_ready and name not in self._alive:
            self._to.reconciler.tell(reconciler.Run(why=f"{name} starts"))
        self._start(name)

    def _start(self, name: StrategyName) -> None:
        """Give a strategy life, if the world is ready for it."""
        if self._link.is_ready and name not in self._alive and self._states[name] is not State.ERROR:
            self._to.supervisor.tell(supervision.StartChild(child=PREFIX + name))

    def stop_all(self, by: str) -> None:
        """Want nothing of anybody: whoever is to trade is started anew by a person."""
        for name in self._states:
            self._want(name, Wanted.STOPPED, by)

    # --- what happens to them

    def started(self, name: StrategyName) -> None:
        """Its life begins: give it what it must know."""
        self._alive.add(name)
        cause = self._renewed.pop(name, None)
        address = self._to.strategies[name]
        address.tell(strategy.Start(in_trade=self._memory.in_trade(name)))
        if self._wanted.get(name) is Wanted.PAUSED:
            address.tell(strategy.Pause(cause=PauseCause.PERSON))
        elif not self._link.is_up:
            address.tell(strategy.Pause(cause=PauseCause.DISCONNECT))
            self._paused_by_disconnect.add(name)
        elif cause is not None:
            address.tell(strategy.Pause(cause=cause))
        self._to.broker.tell(broker.TellInstruments())

    def stopped(self, name: StrategyName) -> None:
        """Its life has ended in order; one that has new parameters begins the next."""
        self._alive.discard(name)
        if name in self._renewed and self._wanted.get(name) is not Wanted.STOPPED:
            self._start(name)

    def failed(self, name: StrategyName) -> None:
        """It goes to ERROR and stays there."""
        self._alive.discard(name)
        self._renewed.pop(name, None)
        self._moves.forget(name)
        self._states[name] = State.ERROR

    def moved(self, moved: desk.StrategyMoved) -> None:
        """Remember where it is; if that cannot be written, it is true all the same."""
        self._states[moved.name], self._causes[moved.name] = moved.state, moved.cause
        self._moves.add(moved)

    def lives(self, name: StrategyName, state: State) -> None:
        """It was asked where it is."""
        self._alive.add(name)
        self._states[name] = state

    # --- the connection

    def pause_all(self) -> None:
        """The connection is gone: nobody opens anything."""
        for name in sorted(self._alive):
            if self._states[name] not in {State.PAUSED, State.ERROR, State.IDLE}:
                self._paused_by_disconnect.add(name)
            self._to.strategies[name].tell(strategy.Pause(cause=PauseCause.DISCONNECT))

    def go_on(self) -> None:
        """Connected and compared: what is wanted may go on."""
        if self._braked:
            return
        if self._link.resume_after:
            for name in sorted(self._paused_by_disconnect):
                if self._wanted.get(name) is Wanted.ACTIVE:
                    self._to.strategies[name].tell(strategy.Resume(in_trade=self._memory.in_trade(name)))
            self._paused_by_disconnect.clear()
        self._link.settled()
        for name, wanted in self._wanted.items():
            if wanted is not Wanted.STOPPED:
                self._start(name)

    def put_right(self) -> None:
        """Write what was not taken. Who waits for a trade that is over was not told: the teller died of something."""
        self._moves.write()
        waiting = {State.ENTERING_POSITION, State.POSITION_OPEN, State.CLOSING}
        for name in sorted(self._alive):
            if self._states[name] in waiting and not self._memory.in_trade(name):
                self._to.strategies[name].tell(strategy.EntryEnded(bracket_id=NO_BRACKET))
