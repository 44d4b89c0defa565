"""The desk: takes a person's commands, owns what is wanted of strategies and of the connection.

A command is on disk before it is answered. Wanted and actual are two things: the desk moves the actual towards the
wanted. `desk_link` is the connection, `desk_runners` the strategies, `desk_choices` what can be set while it runs.
"""

from random import Random
from typing import assert_never

from actors.base import Actor
from actors.clock import Clock
from actors.desk_choices import Choices
from actors.desk_link import Link, TryAgain
from actors.desk_memory import DeskMemory
from actors.desk_moves import Moves, WriteMoves
from actors.desk_parts import Addresses, DeskSettings, conflict, done
from actors.desk_runners import PREFIX, Runners
from actors.memory import MemoryFails
from actors.names import BROKER, GUARDIAN, ORDERS, RECONCILER
from actors.timers import Timers
from trading.bracket.effects import Severity
from trading.messages import broker, desk, guardian, journal, notices, orders, reconciler, strategy, supervision
from trading.notice_kinds import alert_key
from trading.values import Milliseconds, StrategyName

__all__ = ["Addresses", "Desk", "DeskSettings"]


UNRECORDED = (
    "entries are being cancelled and positions of ours closed, but none of it is recorded, and the halt ends with this"
    " process: halt again when the database takes writes"
)


class Desk(Actor):
    """Commands in, wanted states kept, connection policy."""

    def __init__(
        self, *, clock: Clock, timers: Timers, memory: DeskMemory, to: Addresses, settings: DeskSettings, rng: Random
    ) -> None:
        super().__init__()
        self._clock, self._memory, self._to, self._settings = clock, memory, to, settings
        self._link = Link(now=self._now, timers=timers, memory=memory, to=to, settings=settings, rng=rng, say=self._say)
        self._moves = Moves(now=self._now, timers=timers, memory=memory)
        self._runners = Runners(
            tuple(settings.instruments),
            now=self._now,
            memory=memory,
            to=to,
            link=self._link,
            moves=self._moves,
            braked=settings.braked,
        )
        self._choices = Choices(
            now=self._now, memory=memory, to=to, link=self._link, runners=self._runners, broker=settings.broker
        )

    def _now(self) -> Milliseconds:
        return Milliseconds(self._clock.now_ms())

    def on_start(self) -> None:
        """Take up what was wanted when the last life ended."""
        self._runners.begin()
        if self.incarnation is not None and self.incarnation.generation > 1:
            for address in self._to.strategies.values():
                address.tell(strategy.SayState())
            self._to.broker.tell(broker.TellStanding())
        if self._settings.braked:
            self._say(
                Severity.CRITICAL, "crash_loop", "too many starts in a short time: nothing trades until you resume"
            )
        self._link.begin()

    # --- what it is told

    def on_receive(self, message: desk.Message | TryAgain | WriteMoves) -> desk.Answer | None:
        """Commands answer; facts do not."""
        match message:
            case desk.ConnectionChanged(is_up=is_up, reason=reason):
                self._connection_changed(is_up=is_up, reason=reason)
            case desk.Reconciled():
                self._runners.put_right()
                if self._link.compared():
                    self._runners.go_on()
            case desk.StrategyMoved():
                self._runners.moved(message)
            case desk.StrategyIs(name=name, state=state):
                self._runners.lives(name, state)
            case desk.StrategyFailed():
                pass  # the supervisor's own notice tells the same, with the traceback
            case supervision.ChildStarted(child=child):
                self._child_started(child)
            case supervision.ChildFailed():
                self._child_failed(message)
            case supervision.ChildStopped(child=child):
                self._runners.stopped(StrategyName(child.removeprefix(PREFIX)))
            case TryAgain():
                self._link.try_again()
            case WriteMoves():
                self._moves.due()
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
            is_done = isinstance(message, desk.Panic)
            sentence = UNRECORDED if is_done else "not recorded, so not done"
            state = "halted" if is_done else ""
            answer = desk.Answer(ok=False, code="unavailable", state=state, sentence=f"{sentence}: {failure}")
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
                return self._runners.obey(message) if self._runners.knows(name) else _unknown(name)
            case desk.SetParameters(name=name):
                return self._runners.set_parameters(message) if self._runners.knows(name) else _unknown(name)
            case desk.Halt(reason=reason, by=by):
                self._memory.set_halt(reason, by=by, at=self._now())
                self._to.orders.tell(orders.SetHalt(on=True, reason=reason, by=by))
                return done("halted", "nothing opens anywhere until the halt is lifted")
            case desk.Unhalt(by=by):
                self._memory.set_halt(None, by=by, at=self._now())
                self._to.orders.tell(orders.SetHalt(on=False, reason="", by=by))
                return done("running", "the halt is lifted")
            case desk.Panic(by=by):
                self._to.orders.tell(orders.Panic(by=by))  # safety first: it goes out even if nothing can be recorded
                try:
                    self._memory.panic(by=by, at=self._now())
                finally:  # what failed may have been made: then it is to be done now, and not when it is found some day
                    self._to.orders.tell(orders.ExitWanted())
                return done("halted", "halted; entries are being cancelled and positions of ours closed at market")
            case desk.Connect() | desk.Reconnect():
                return self._link.connect(message)
            case desk.Disconnect(by=by):
                return self._link.disconnect(by)
            case desk.Reconcile():
                if not self._link.is_up:
                    return conflict("disconnected", "there is no connection to compare with")
                self._to.reconciler.tell(reconciler.Run(why="asked for"))
                return done("running", "database and exchange are being compared")
            case desk.Acknowledge(by=by):
                count = self._memory.acknowledge(by=by, at=self._now())
                return done("read", f"{count} alerts are marked as read")
            case desk.ResolveIssue(instrument=instrument, choice=choice, by=by):
                self._memory.choose(instrument, choice, by=by, at=self._now())
                self._to.orders.tell(orders.ResolveIssue(instrument=instrument, choice=choice, by=by))
                return done(choice, f"{instrument}: {choice}")
            case desk.SetRisk() | desk.ChangeSettings() | desk.SwitchBroker() | desk.CredentialsChanged():
                return self._choices.obey(message)
            case _:
                assert_never(message)

    # --- the others

    def _child_started(self, child: str) -> None:
        if child.startswith(PREFIX):
            self._runners.started(StrategyName(child.removeprefix(PREFIX)))
        else:
            self._newcomer(child)

    def _newcomer(self, child: str) -> None:
        """One of the permanent ones has a new life, and knows nothing of the connection."""
        if child == BROKER:
            self._link.watch()
            lost = "the broker had to be restarted"
            self._to.orders.tell(orders.ConnectionChanged(is_up=False, reason=lost))
            self._to.guardian.tell(guardian.ConnectionChanged(is_up=False))
            self._to.reconciler.tell(reconciler.ConnectionChanged(is_up=False))
            self._to.journal.tell(journal.ConnectionChanged(is_up=False, reason=lost))
            self._connection_changed(is_up=False, reason=lost)
        elif child in {ORDERS, GUARDIAN, RECONCILER}:
            self._to.broker.tell(broker.TellStanding())

    def _child_failed(self, failed: supervision.ChildFailed) -> None:
        """A strategy goes to ERROR and stays there; of the others the supervisor takes care."""
        if not failed.offender.startswith(PREFIX):
            return
        name = StrategyName(failed.offender.removeprefix(PREFIX))
        self._runners.failed(name)
        self._to.journal.tell(
            journal.StrategyFailed(
                name=name, generation=failed.generation, reason=failed.reason, traceback=failed.traceback
            )
        )
        text = f"{name} has failed and is in ERROR: {failed.reason}. Its trade stays protected. Only you can resume it."
        self._say(Severity.ERROR, "strategy_error", text)

    def _connection_changed(self, *, is_up: bool, reason: str) -> None:
        if not is_up:
            self._runners.pause_all()
        self._link.changed(is_up=is_up, reason=reason)

    def _say(self, severity: Severity, kind: str, text: str, about: str = "") -> None:
        """Tell the person; ``about`` tells one case of a trouble from another."""
        key = ":".join(filter(None, (alert_key(kind, text), about)))
        self._to.notifier.tell(notices.Notice(severity=severity, kind=kind, text=text, key=key, at=self._now()))


def _unknown(name: StrategyName) -> desk.Answer:
    return desk.Answer(ok=False, code="unknown", state="", sentence=f"there is no strategy {name}")
