"""The commands of everyday: strategies, HALT, panic, the connection, issues."""

from collections.abc import Callable
from typing import Final

import bottle

from persistence.issues import Issue
from trading.messages import desk
from trading.values import InstrumentName, StrategyName
from webui.answers import Problem, missing, wrong
from webui.bodies import PANIC, HaltBody, Nothing, PanicBody, ReconnectBody, ResolveBody
from webui.commands import Commands, by
from webui.look import is_number
from webui.parts import Parts

STRATEGY_VERBS: Final[dict[str, Callable[[StrategyName, str], desk.Command]]] = {
    "start": lambda name, who: desk.StartStrategy(name=name, by=who),
    "pause": lambda name, who: desk.PauseStrategy(name=name, by=who),
    "resume": lambda name, who: desk.ResumeStrategy(name=name, by=who),
    "stop": lambda name, who: desk.StopStrategy(name=name, by=who),
    "close": lambda name, who: desk.CloseStrategy(name=name, by=who),
}
PLAIN: Final[dict[str, Callable[[str], desk.Command]]] = {
    "broker/connect": lambda who: desk.Connect(by=who),
    "broker/disconnect": lambda who: desk.Disconnect(by=who),
    "reconcile": lambda who: desk.Reconcile(by=who),
    "unhalt": lambda who: desk.Unhalt(by=who),
    "alerts/acknowledge": lambda who: desk.Acknowledge(by=who),
}

Handler = Callable[..., bottle.HTTPResponse]


class Operate:
    """Commands to the desk."""

    def __init__(self, parts: Parts, commands: Commands) -> None:
        self._parts, self._commands = parts, commands

    def strategy(self, verb: str) -> Handler:
        """Start, pause, resume, stop or close one strategy."""
        make = STRATEGY_VERBS[verb]

        def obey(_asked: Nothing, name: str) -> bottle.HTTPResponse:
            return self._commands.obey(make(StrategyName(name), by()))

        return obey

    def plain(self, path: str) -> Handler:
        """Give a command that needs nothing but who gave it."""
        make = PLAIN[path]
        return lambda _asked: self._commands.obey(make(by()))

    def halt(self, asked: HaltBody) -> bottle.HTTPResponse:
        """Open nothing anywhere."""
        return self._commands.obey(desk.Halt(reason=asked.reason, by=by()))

    def panic(self, asked: PanicBody) -> bottle.HTTPResponse:
        """Halt, cancel entries and flatten everything; only with the second confirmation."""
        if asked.confirm != PANIC:
            raise wrong("confirm", f'must be "{PANIC}": this closes every position of ours at market')
        return self._commands.obey(desk.Panic(by=by()))

    def reconnect(self, asked: ReconnectBody) -> bottle.HTTPResponse:
        """Connect again after a lost connection."""
        return self._commands.obey(desk.Reconnect(by=by(), resume=asked.resume))

    def resolve(self, asked: ResolveBody, name: str) -> bottle.HTTPResponse:
        """Choose what becomes of a finding."""
        issue = self._parts.store.issues.get(int(name)) if is_number(name) else None
        if issue is None:
            raise missing("issue", name)
        return self._commands.obey(lambda: self._resolution(issue, asked.choice))

    @staticmethod
    def _resolution(issue: Issue, choice: str) -> desk.Command:
        finding = issue.finding
        if issue.resolution is not None:
            sentence = f"this is resolved already: {issue.resolution} by {issue.resolved_by}"
            raise Problem(409, "conflict", sentence, state="resolved")
        if choice not in finding.actions:
            raise wrong("choice", f"must be one of {', '.join(finding.actions) or 'nothing: it goes by itself'}")
        if finding.instrument is None:
            raise Problem(409, "conflict", "this is about no instrument, so there is nothing to decide", state="open")
        return desk.ResolveIssue(instrument=InstrumentName(finding.instrument), choice=choice, by=by())
