"""Puts the notifier and the phone together: who is told of what, by which way, and who answers."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from loguru import logger

from actors.clock import Clock
from actors.incarnation import Incarnation
from actors.journal_board import Board
from actors.names import DESK, JOURNAL, NOTIFIER
from actors.notifier import Notifier
from actors.notifier_settings import NotifierSettings
from actors.sending import LogSender, Sender
from persistence.secret import Redactor
from persistence.store import Store
from supervisor.threads import ThreadsRuntime
from tradebaas import __version__
from tradebaas.settings import Settings
from tradebaas.telegram.look import Facts, Look
from trading.bracket.effects import Severity
from trading.messages import notices
from trading.values import Milliseconds
from webui.parts import through

LEVELS: Final = {
    Severity.CRITICAL: "CRITICAL",
    Severity.ERROR: "ERROR",
    Severity.WARNING: "WARNING",
    Severity.INFO: "INFO",
}


def say(severity: Severity, text: str) -> None:
    """Write one line into the process's log."""
    logger.log(LEVELS[severity], "{}", text)


def notifier(settings: Settings, store: Store, board: Board, started_at: int, life: Incarnation) -> Notifier:
    """The actor that tells people: by Telegram if it is set up, by the log in any case."""
    telegram, wanted = settings.telegram, settings.notifications
    sender: Sender = LogSender(say)
    if telegram.token is not None and telegram.chat_id:
        from actors.telegram import TelegramSender  # its HTTP client is a sixth of a start

        sender = TelegramSender(token=telegram.token, chat_id=telegram.chat_id, base_url=telegram.base_url)
    look = _look(settings, store, board, started_at, life.clock)
    return Notifier(
        clock=life.clock,
        timers=life.timers,
        outbox=store.outbox,
        sender=sender,
        to_journal=life.address(JOURNAL),
        say=say,
        settings=NotifierSettings(kinds=wanted.kinds, daily_at=wanted.daily_time(), zone=wanted.zone()),
        notifying=store.notifying,
        summary=look.summary,
        clean=Redactor([] if telegram.token is None else [telegram.token]).clean,
        close=store.close_thread,
    )


class Phone:
    """The commands of one chat: started and stopped with the service, or nothing at all where it is not set up."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        board: Board,
        started_at: int,
        runtime: ThreadsRuntime,
        health: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._start: Callable[[], None] = lambda: None
        self._stop: Callable[[], None] = lambda: None
        telegram = settings.telegram
        if telegram.token is None or not telegram.chat_id or not telegram.commands:
            return
        from actors.telegram_api import BotApi
        from tradebaas.telegram.answers import Answers
        from tradebaas.telegram.codes import Codes
        from tradebaas.telegram.poller import Poller, Reader

        look = _look(settings, store, board, started_at, runtime.clock, health)
        codes = Codes(runtime.clock.monotonic_ms, lambda: f"{secrets.randbelow(10**6):06}")
        answers = Answers(look, through(runtime.directory.address(DESK)), codes)
        clean = Redactor(settings.secrets()).clean
        to_notifier = runtime.directory.address(NOTIFIER)
        poller = Poller(
            Reader(
                api=BotApi(token=telegram.token, base_url=telegram.base_url),
                chat_id=telegram.chat_id,
                answer=lambda command, by: clean(answers.answer(command, by=by)),
                notifying=store.notifying,
                clock=runtime.clock,
                say=say,
                tell=lambda key, text: to_notifier.tell(
                    _warning("telegram", text, key=key, at=Milliseconds(runtime.clock.now_ms()))
                ),
                close=store.close_thread,
            )
        )
        self._start, self._stop = poller.start, poller.stop

    def start(self) -> None:
        """Begin to read the chat; it does not wait for anything."""
        self._start()

    def stop(self) -> None:
        """Read it no more."""
        self._stop()


def _warning(kind: str, text: str, *, key: str, at: Milliseconds) -> notices.Notice:
    return notices.Notice(severity=Severity.WARNING, kind=kind, text=text, key=key, at=at)


def _look(
    settings: Settings,
    store: Store,
    board: Board,
    started_at: int,
    clock: Clock,
    health: Callable[[], Mapping[str, Any]] | None = None,
) -> Look:
    facts = Facts(
        mode=settings.service.mode.value,
        version=__version__,
        worker=settings.service.worker_id,
        broker=settings.broker.id,
        started_at=started_at,
        zone=settings.notifications.zone(),
    )
    return Look(facts=facts, board=board, store=store, clock=clock, health=health)
