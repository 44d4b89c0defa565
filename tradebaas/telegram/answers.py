"""Does what a command asks, and gives the answer in words. Whatever it is, it ends within a bounded time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from actors.address import NoAnswer
from tradebaas.telegram.codes import LIFE_MS, Codes
from tradebaas.telegram.commands import EVERYTHING, STRATEGY_VERBS, VERBS, Command
from tradebaas.telegram.look import Look
from trading.errors import Unavailable
from trading.messages import desk
from trading.values import StrategyName

AskDesk = Callable[[desk.Command], desk.Answer]
"""Asks with a time limit; raises `NoAnswer` or `Unavailable`, as `actors.address.ask` says."""

SILENCE: Final = "No answer in time: it may still be done. Look (/status) before you send it again."

_VERBS: Final[Mapping[str, Callable[[StrategyName, str], desk.Command]]] = {
    "start": lambda name, by: desk.StartStrategy(name=name, by=by),
    "pause": lambda name, by: desk.PauseStrategy(name=name, by=by),
    "resume": lambda name, by: desk.ResumeStrategy(name=name, by=by),
    "stop": lambda name, by: desk.StopStrategy(name=name, by=by),
    "close": lambda name, by: desk.CloseStrategy(name=name, by=by),
}
_PLAIN: Final[Mapping[str, Callable[[str], desk.Command]]] = {
    "unhalt": lambda by: desk.Unhalt(by=by),
    "panic": lambda by: desk.Panic(by=by),
    "reconcile": lambda by: desk.Reconcile(by=by),
    "ack": lambda by: desk.Acknowledge(by=by),
}


class Answers:
    """Commands in, words out. Used by one thread."""

    def __init__(self, look: Look, ask: AskDesk, codes: Codes) -> None:
        self._look, self._ask, self._codes = look, ask, codes

    def answer(self, command: Command, *, by: str) -> str:
        """Do it, if it may be done, and say what came of it."""
        if not command.changes:
            return self._looked(command)
        if command.verb in STRATEGY_VERBS and command.words[0] not in {*self._look.names(), EVERYTHING}:
            return f"there is no strategy {command.words[0]}; there are {', '.join(self._look.names()) or 'none'}"
        if command.needs_code:
            if not command.code:
                code = self._codes.give(command.text, by=by)
                does = VERBS[command.verb].does.removesuffix("; asks for a code")
                seconds = LIFE_MS // 1000
                return (
                    f"Are you sure? {command.text}: {does}\nTo do it, send within {seconds} s:\n{command.text} {code}"
                )
            problem = self._codes.problem(command.code, command.text, by=by)
            if problem:
                return f"Not done: {problem}"
        return self._done(command, by)

    def _looked(self, command: Command) -> str:
        look, number = self._look, int(command.words[0]) if command.words else None
        try:
            match command.verb:
                case "pnl":
                    return look.pnl(number)
                case "log":
                    return look.log(number)
                case verb:
                    found: str = getattr(look, verb)()
                    return found
        except Unavailable as error:
            return f"the database cannot be read: {error}"

    def _done(self, command: Command, by: str) -> str:
        match command.verb:
            case "halt":
                return self._told(desk.Halt(reason=" ".join(command.words) or "by Telegram", by=by))
            case "reconnect":
                return self._told(desk.Reconnect(by=by, resume=bool(command.words)))
            case verb if verb in _PLAIN:
                return self._told(_PLAIN[verb](by))
            case verb:
                return self._each(
                    _VERBS[verb], self._look.names() if command.words[0] == EVERYTHING else command.words, by
                )

    def _each(self, make: Callable[[StrategyName, str], desk.Command], names: Sequence[str], by: str) -> str:
        """Ask for one after the other; where nobody answers, for no more."""
        said: list[str] = []
        for name in names:
            said.append(self._told(make(StrategyName(name), by)))
            if said[-1] == SILENCE:
                said.append("Not asked for any other.")
                break
        return "\n".join(said) or "there are none"

    def _told(self, command: desk.Command) -> str:
        """Ask the desk once; nothing is asked again by itself."""
        try:
            answer = self._ask(command)
        except NoAnswer:
            return SILENCE
        except Unavailable as error:
            return f"Not done: {error}."
        return answer.sentence if answer.ok else f"Not done: {answer.sentence}"
