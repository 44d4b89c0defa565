"""What a message asks for: a text in, a command or a sentence for the person out. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TEXT_MAX: Final = 200  # characters of a command; longer is a letter, not a command
WORDS_MAX: Final = 12
CODE: Final = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One command: how it is written, what it does, and whether it changes something."""

    usage: str
    does: str
    changes: bool = False


VERBS: Final[Mapping[str, Verb]] = MappingProxyType(
    {
        "status": Verb(usage="", does="all of it at a glance"),
        "positions": Verb(usage="", does="what is held, with stop, distance and unrealised result"),
        "orders": Verb(usage="", does="what rests on the exchange"),
        "strategies": Verb(usage="", does="each strategy, its state and why"),
        "issues": Verb(usage="", does="what needs your decision"),
        "pnl": Verb(usage="[days]", does="what closed trades made, in the last 1, 7 and 30 days, or in so many"),
        "daily": Verb(usage="", does="the summary of the last 24 hours"),
        "log": Verb(usage="[lines]", does="the newest events, 10 unless told"),
        "health": Verb(usage="", does="whether it does what it is for"),
        "version": Verb(usage="", does="which version runs, since when"),
        "start": Verb(usage="NAME|all", does="let a strategy trade", changes=True),
        "pause": Verb(usage="NAME|all", does="open nothing new; an open trade stays managed", changes=True),
        "resume": Verb(usage="NAME|all", does="go on after a pause or an error", changes=True),
        "stop": Verb(usage="NAME|all", does="end a strategy and leave its trade protected", changes=True),
        "close": Verb(usage="NAME", does="close a strategy's trade at market; asks for a code", changes=True),
        "halt": Verb(usage="[reason]", does="nothing opens anywhere until it is lifted", changes=True),
        "unhalt": Verb(usage="", does="lift the halt; asks for a code", changes=True),
        "panic": Verb(usage="", does="halt, cancel entries, close everything; asks for a code", changes=True),
        "reconnect": Verb(
            usage="[resume]", does="connect again; with resume, strategies go on, and it asks for a code", changes=True
        ),
        "reconcile": Verb(usage="", does="compare database and exchange now", changes=True),
        "ack": Verb(usage="", does="I have read the alerts: do not repeat them", changes=True),
        "help": Verb(usage="", does="this list"),
    }
)

STRATEGY_VERBS: Final = frozenset({"start", "pause", "resume", "stop", "close"})
EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is asked for. ``code`` is the one-time code at its end, if there is one."""

    verb: str
    words: tuple[str, ...] = ()
    code: str = ""

    @property
    def text(self) -> str:
        """The command without its code: what a code is bound to."""
        return " ".join((f"/{self.verb}", *self.words))

    @property
    def changes(self) -> bool:
        """Whether it changes something."""
        return VERBS[self.verb].changes

    @property
    def needs_code(self) -> bool:
        """Whether it is dangerous: it costs money at once, or lets trading begin again where it was stopped."""
        return self.verb in {"close", "panic", "unhalt"} or (self.verb == "reconnect" and self.words == ("resume",))


def parse(text: str, *, me: str = "") -> Command | str | None:
    """Give the command, a sentence for the person, or None for what is not meant for this bot.

    ``me`` is the bot's own name: in a group, a command can be addressed to another one.
    """
    text = text.strip()
    if not text.startswith("/"):
        return "commands begin with /; /help lists them"
    if len(text) > TEXT_MAX:
        return f"that is too long for a command; {TEXT_MAX} characters are the most"
    first, *words = text[1:].split()[:WORDS_MAX] or [""]
    verb, _, addressee = first.partition("@")
    if addressee and addressee.lower() != me.lower():
        return None
    verb = verb.lower()
    if verb == "start" and not words:
        verb = "help"  # what Telegram itself sends when somebody opens the chat
    if verb not in VERBS:
        return f"there is no command /{verb[:30]}; /help lists them"
    code = words.pop() if len(words) > _named(verb) and CODE.fullmatch(words[-1]) else ""
    return _checked(verb, words, code)


def _named(verb: str) -> int:
    """How many words come before a code: a strategy may be called 123456."""
    return 1 if verb in STRATEGY_VERBS else 0


def _checked(verb: str, words: list[str], code: str) -> Command | str:
    """See that the words fit the verb."""
    if verb in {"log", "pnl"} and code:
        words, code = [code], ""
    if verb == "halt" and code:
        words, code = [*words, code], ""
    if verb in STRATEGY_VERBS and len(words) != 1:
        return f"say which: /{verb} {VERBS[verb].usage}"
    if verb == "close" and words == [EVERYTHING]:
        return "one at a time: /close NAME; /panic closes everything"
    if verb == "reconnect":
        words = [word.lower() for word in words]
        if words not in ([], ["resume"]):
            return "it is /reconnect or /reconnect resume"
    elif verb in {"log", "pnl"}:
        if len(words) > 1 or not all(word.isascii() and word.isdigit() for word in words):
            return f"it is /{verb} {VERBS[verb].usage}, with a number"
    elif verb != "halt" and verb not in STRATEGY_VERBS and words:
        return f"/{verb} stands alone"
    return Command(verb=verb, words=tuple(words), code=code)


def help_text() -> str:
    """List every command."""
    lines = [f"/{name}{' ' + verb.usage if verb.usage else ''}: {verb.does}" for name, verb in VERBS.items()]
    return "\n".join(["What you can ask for", *lines])
