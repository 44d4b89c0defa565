"""Reads the chat by long polling and answers it, in a thread of its own that owns nothing and nobody waits for.

How far it has read is on disk before a command is done: a command is done once at most, whatever dies when. One that
was begun and not finished is told of at the next start, and never done by itself.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from actors.base import Failure, attempt
from actors.clock import Clock
from actors.sending import Say
from actors.telegram import message
from actors.telegram_api import TOO_MANY, BotApi, Reply
from persistence.notifying import Notifying, Read
from tradebaas.telegram import words
from tradebaas.telegram.commands import Command
from tradebaas.telegram.mail import Answerable, Nothing, Stranger, TooOld, judge, update_id
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.news import lasted
from trading.values import Milliseconds

POLL_S: Final = 20  # Telegram holds a question so long when there is nothing to tell
SLACK_S: Final = 10.0
BATCH: Final = 20
STOP_S: Final = 1.0  # for the answer under way; the thread may sit in a question that nobody answers
BACKOFF_S, BACKOFF_S_MAX, REFUSED_S_MAX = 1.0, 60.0, 900.0
CONFLICT: Final = 409
CALM_MS: Final = 600_000  # without a second reader, until it is believed that there is none
PAUSE_S: Final = 0.5
STRANGERS_MS: Final = 600_000  # between two lines of the log about them
COMMANDS_MAX: Final = 30  # a minute, whoever sends them
MINUTE_MS: Final = 60_000

Answer = Callable[[Command, str], str]
Tell = Callable[[str, str], None]
"""Tells the person, by the notifier: what (a key), and the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the poller is given."""

    api: BotApi
    chat_id: str
    answer: Answer
    notifying: Notifying
    clock: Clock
    say: Say
    tell: Tell
    close: Callable[[], None]
    """Gives back what its thread holds of the store."""
    poll_s: int = POLL_S


class Poller:
    """One thread: started once, stopped once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telegram", daemon=True)
        self._me: str | None = None
        self._read: Read | None = None
        self._failures = 0
        self._conflict_at: int | None = None
        self._strangers = 0
        self._strangers_told: int | None = None
        self._recent: deque[int] = deque(maxlen=COMMANDS_MAX)

    # --- its life

    def start(self) -> None:
        """Begin to read; returns at once, whether Telegram can be reached or not."""
        self._thread.start()

    def stop(self) -> None:
        """Do no further command. The thread is waited for only shortly: it holds nothing anybody needs."""
        self._ended.set()
        self._thread.join(STOP_S)

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._ended.is_set():
            # Whatever is wrong in here must end neither the commands for good nor anything else.
            waits_s = attempt(lambda _: self._turn(), None)
            if isinstance(waits_s, Failure):
                self._reader.say(Severity.ERROR, f"reading commands failed: {waits_s.reason}")
                waits_s = BACKOFF_S_MAX
            self._ended.wait(waits_s)
        self._reader.api.close()
        self._reader.close()

    def _turn(self) -> float:
        """Ask once and do what came; give how long to wait before the next time."""
        try:
            if self._me is None and not self._greet():
                return self._backoff_s(REFUSED_S_MAX)
            self._begin()
            reply = self._ask()
        except Unavailable as error:
            self._failed(str(error))
            return self._backoff_s(BACKOFF_S_MAX)
        if not reply.is_ok:
            return self._refused(reply)
        self._works()
        return self._take(reply.result if isinstance(reply.result, list) else [])

    def _greet(self) -> bool:
        """Learn the bot's own name."""
        reply = self._reader.api.call("getMe", {})
        if not reply.is_ok:
            self._failed(reply.reason)
            return False
        known = reply.result if isinstance(reply.result, dict) else {}
        self._me = str(known.get("username", ""))
        return True

    def _begin(self) -> None:
        """Take up where the last life ended; a command it did not finish is told of."""
        if self._read is not None:
            return
        bot = self._reader.api.bot_id
        read = self._reader.notifying.read(bot)
        if read.doing:
            look = "Look (/status) whether it was done before you send it again."
            self._send(f"The service ended while it did {read.doing}\n{look}")
            read = replace(read, doing="")
            self._note(read)
        self._read = read

    def _ask(self) -> Reply:
        assert self._read is not None, "it has begun"
        body = {
            "offset": self._read.next_id,
            "timeout": self._reader.poll_s,
            "limit": BATCH,
            "allowed_updates": ["message"],
        }
        return self._reader.api.call("getUpdates", body, read_s=self._reader.poll_s + SLACK_S)

    # --- what came

    def _take(self, updates: list[Any]) -> float:
        """Do what came, in order; give how long to wait. What the end leaves undone comes again in the next life."""
        assert self._read is not None, "it has begun"
        read = replace(self._read, doing="")  # what broke in here was told of by the log; it is over
        now = self._reader.clock.now_ms()
        old: list[TooOld] = []
        for update in updates[:BATCH]:
            number = update_id(update)
            if number is None or number < read.next_id:
                continue  # told already
            if self._ended.is_set():
                return 0.0
            read = replace(read, next_id=number + 1)
            match judge(update, chat_id=self._reader.chat_id, me=self._me or "", now_s=now / 1000):
                case Stranger(chat=chat):
                    self._stranger(chat)
                case TooOld() as one:
                    old.append(one)
                case Answerable(asked=asked, by=by):
                    read = self._answer(read, asked, by)
                case Nothing():
                    pass
        if read != self._read:
            self._note(read)
        if old:
            listed = "\n".join(f"{one.text} ({lasted(one.age_s * 1000)} old)" for one in old)
            self._send(f"Too old, so not done; send again what you still want\n{listed}")
        # Each batch is a write: whoever fills the chat must not keep the disk busy.
        return PAUSE_S if updates else 0.0

    def _answer(self, read: Read, asked: Command | str, by: str) -> Read:
        """Note that it is read, do it, answer, and note that it is done."""
        if self._is_too_much():
            return read
        if isinstance(asked, str):
            self._note(read)
            self._send(asked)
            return read
        read = replace(read, doing=asked.text if asked.changes else "")
        self._note(read)
        text = self._reader.answer(asked, by)
        if read.doing:
            read = replace(read, doing="")
            with suppress(Unavailable):  # it is done, and the answer matters more; the next note says it, too
                self._note(read)
        self._send(text)
        return read

    def _is_too_much(self) -> bool:
        """Whether more came within a minute than a person sends. The first of them is told so."""
        now = self._reader.clock.monotonic_ms()
        recent = self._recent
        if len(recent) == COMMANDS_MAX and now - recent[0] < MINUTE_MS:
            return True
        recent.append(now)
        if len(recent) == COMMANDS_MAX and now - recent[0] < MINUTE_MS:
            self._send(f"That was the last of {COMMANDS_MAX} commands for this minute; more are not done.")
        return False

    def _stranger(self, chat: str) -> None:
        """Another chat: nothing is answered, and the log is not filled by whoever wants to fill it."""
        self._strangers += 1
        now, told = self._reader.clock.monotonic_ms(), self._strangers_told
        if told is None or now - told >= STRANGERS_MS:
            times = f" ({self._strangers} messages since the last such line)" if self._strangers > 1 else ""
            self._reader.say(Severity.WARNING, f"a message from the chat {chat}, which is not obeyed{times}")
            self._strangers, self._strangers_told = 0, now

    def _note(self, read: Read) -> None:
        self._reader.notifying.set_read(self._reader.api.bot_id, read, at=Milliseconds(self._reader.clock.now_ms()))
        self._read = read

    def _send(self, text: str) -> None:
        """Answer, twice at most. An answer that is lost can be asked for again; the command is done all the same."""
        reason = ""
        for _ in range(2):
            try:
                reply = self._reader.api.call("sendMessage", message(self._reader.chat_id, words.written(text)))
            except Unavailable as error:
                reason = str(error)
                continue
            if reply.is_ok:
                return
            reason = reply.reason
        self._reader.say(Severity.WARNING, f"an answer could not be sent by Telegram: {reason}")

    # --- when it does not go through

    def _refused(self, reply: Reply) -> float:
        if reply.status == TOO_MANY:
            self._failed(reply.reason)
            return reply.after_ms / 1000
        if reply.status == CONFLICT:
            self._conflicts(reply)
            return self._backoff_s(BACKOFF_S_MAX)
        self._failed(reply.reason)
        return self._backoff_s(REFUSED_S_MAX)

    def _conflicts(self, reply: Reply) -> None:
        """Two readers take turns at failing: it is said once, until there was none of it for a while."""
        self._failures += 1
        if self._conflict_at is None:
            text = (
                f"somebody else reads this bot's messages ({reply.reason}): commands may go there and not here."
                " Give each service a bot of its own, and remove a webhook if there is one"
            )
            self._reader.say(Severity.WARNING, text)
            self._reader.tell("telegram_conflict", text)
        self._conflict_at = self._reader.clock.monotonic_ms()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        if self._failures & (self._failures - 1) == 0:  # the 1st, 2nd, 4th, ...: not to fill the log
            self._reader.say(Severity.WARNING, f"commands cannot be read ({reason}), {self._failures} times in a row")

    def _backoff_s(self, most_s: float) -> float:
        return min(BACKOFF_S * 2.0 ** min(max(self._failures - 1, 0), 16), most_s)

    def _works(self) -> None:
        if self._conflict_at is not None:
            if self._reader.clock.monotonic_ms() - self._conflict_at > CALM_MS:
                self._conflict_at = None
                self._reader.say(Severity.INFO, "nobody else reads the bot's messages any more")
        elif self._failures:
            self._reader.say(Severity.INFO, f"commands are read again after {self._failures} failures")
        self._failures = 0
