"""The doors of the process: the API that people and programs knock at, and the way messages leave to a person."""

import os
import sys
from dataclasses import dataclass

from loguru import logger

from actors.incarnation import Incarnation
from actors.journal_board import Board
from actors.names import DESK, JOURNAL
from actors.notifier import Notifier
from actors.sending import LogSender, Sender
from actors.subscribers import Subscribers
from persistence.access import Scope
from persistence.secret import Redactor
from persistence.store import Store
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from tradebaas import __version__
from tradebaas.settings import Settings, shown
from trading.bracket.effects import Severity
from trading.messages import supervision
from trading.values import Milliseconds
from webui.access import Access, LocalKey, Who, first_tokens
from webui.parts import About, Parts, through
from webui.server import WebServer

LEVELS = {
    Severity.CRITICAL: "CRITICAL",
    Severity.ERROR: "ERROR",
    Severity.WARNING: "WARNING",
    Severity.INFO: "INFO",
}


class Logbook:
    """Where the supervisor's notices go besides the desk: the process's own log."""

    def tell(self, message: supervision.Notice) -> None:
        """Write it down; trouble with its traceback."""
        match message:
            case supervision.ChildFailed():
                logger.error(
                    "{} {} ({}): {}\n{}",
                    message.offender,
                    message.exit.value,
                    message.verdict.value,
                    message.reason,
                    message.traceback,
                )
            case supervision.ChildStarted(child=child, generation=generation):
                logger.debug("{} has started, generation {}", child, generation)
            case supervision.EverythingStopped(reason=reason, abandoned=abandoned):
                logger.info("all stopped: {}{}", reason, f"; abandoned {', '.join(abandoned)}" if abandoned else "")
            case _:
                logger.debug("{}", message)


def api(
    settings: Settings,
    store: Store,
    runtime: ThreadsRuntime,
    supervisor: Supervisor,
    board: Board,
    subscribers: Subscribers,
    *,
    url: str,
) -> "Door":
    """The HTTP API, listening and not answering yet."""
    now = Milliseconds(runtime.clock.now_ms())
    given = [
        (secret, Who(scope=scope, name=f"{scope.value} key of the settings"))
        for scope, secret in ((Scope.OPERATE, settings.web.operate_token), (Scope.OBSERVE, settings.web.observe_token))
        if secret is not None
    ]
    local = LocalKey(settings.service.data_dir)
    made = first_tokens(store.tokens, given=[who.scope for _, who in given], at=now)
    access = Access(store.tokens, [*given, (local.secret, local.who)], runtime.clock.now_ms)
    parts = Parts(
        about=About(
            mode=settings.service.mode.value,
            version=__version__,
            worker=settings.service.worker_id,
            account=settings.broker.id,
            started_at=now,
            broker={"id": settings.broker.id, "url": url, "auto_reconnect": settings.broker.auto_reconnect},
            settings=shown(settings),
            reconcile_interval_s=settings.reconcile.interval_s,
            tick_age_s_max=settings.limits.tick_age_s_max,
            allowed_hosts=settings.web.allowed_hosts,
            streams_max=settings.web.streams_max,
            open_metrics=settings.web.open_metrics,
        ),
        store=store,
        board=board,
        subscribers=subscribers,
        tree=supervisor.state,
        ask=through(runtime.directory.address(DESK)),
        access=access,
        clock=runtime.clock,
        log=lambda text: logger.error("{}", text),
    )
    server = WebServer(parts, host=settings.web.host, port=settings.web.port)
    for scope, secret in made:
        # Not by the log, which hides keys: this is the one time that it can be seen.
        sys.stderr.write(f"the {scope.value} key, shown this once: {server.url}/?token={secret.reveal()}\n")
    return Door(server, local)


@dataclass(slots=True)
class Door:
    """The API server and the command line's key to it."""

    server: WebServer
    local: LocalKey

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url

    def start(self) -> None:
        """Answer from now on, and let the command line in."""
        self.server.start()
        self.local.write(self.server.url, os.getpid())

    def stop(self) -> None:
        """Close."""
        self.local.remove()
        self.server.stop()


def notifier(settings: Settings, store: Store, life: Incarnation) -> Notifier:
    """The actor that tells people: by Telegram if it is set up, by the log in any case."""
    telegram = settings.telegram

    def say(severity: Severity, text: str) -> None:
        logger.log(LEVELS[severity], "{}", text)

    sender: Sender = LogSender(say)
    if telegram.token is not None and telegram.chat_id:
        from actors.telegram import TelegramSender  # its HTTP client is a sixth of a start

        sender = TelegramSender(token=telegram.token, chat_id=telegram.chat_id, base_url=telegram.base_url)
    return Notifier(
        clock=life.clock,
        timers=life.timers,
        outbox=store.outbox,
        sender=sender,
        to_journal=life.address(JOURNAL),
        say=say,
        clean=Redactor([] if telegram.token is None else [telegram.token]).clean,
        close=store.close_thread,
    )
