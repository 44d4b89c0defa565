"""The door of the process: the API that people and programs knock at, and the supervisor's notices in the log."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger

from actors.journal_board import Board
from actors.measures import Measures
from actors.names import DESK, NOTIFIER
from actors.subscribers import Subscribers
from persistence.access import Scope
from persistence.store import Store
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from tradebaas import __version__
from tradebaas.broker_choice import BrokerRoom
from tradebaas.settings import Settings, shown
from trading.bracket.effects import Severity
from trading.messages import notices, supervision
from trading.values import Milliseconds
from webui import health
from webui.access import Access, LocalKey, Who, first_tokens
from webui.parts import About, Parts, through
from webui.server import WebServer


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
    measures: Measures,
    room: BrokerRoom,
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
            broker={
                "id": settings.broker.id,
                "configured": room.configured,
                "url": url,
                "auto_reconnect": settings.broker.auto_reconnect,
            },
            settings=shown(settings),
            reconcile_interval_s=settings.reconcile.interval_s,
            tick_age_s_max=settings.limits.tick_age_s_max,
            allowed_hosts=settings.web.allowed_hosts,
            cors_origins=settings.web.cors_origins,
            secure_cookies=settings.web.secure_cookies,
            trusted_proxy=settings.web.trusted_proxy,
            keys_of_file=room.keys_of_file,
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
        measures=measures,
        why_not=room.why_not,
        try_key=room.try_key,
        try_message=lambda: _try_message(settings),
        alert=_alert(runtime),
    )
    server = WebServer(parts, host=settings.web.host, port=settings.web.port)
    for scope, secret in made:
        # Not by the log, which hides keys: this is the one time that it can be seen.
        sys.stderr.write(f"the {scope.value} key, shown this once: {server.url}/?token={secret.reveal()}\n")
    return Door(server, local, parts)


def _try_message(settings: Settings) -> tuple[bool, str]:
    from tradebaas.telegram.trial import try_telegram  # its HTTP client is a sixth of a start

    return try_telegram(settings.telegram)


def _alert(runtime: ThreadsRuntime) -> Callable[[str, str], None]:
    """The way from the API to the notifier."""
    to = runtime.directory.address(NOTIFIER)

    def tell(kind: str, text: str) -> None:
        at = Milliseconds(runtime.clock.now_ms())
        to.tell(notices.Notice(severity=Severity.ERROR, kind=kind, text=text, key=kind, at=at))

    return tell


@dataclass(slots=True)
class Door:
    """The API server and the command line's key to it."""

    server: WebServer
    local: LocalKey
    parts: Parts

    def health(self) -> Mapping[str, Any]:
        """What `/health` says."""
        return health.examine(self.parts)

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
