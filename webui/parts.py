"""What the API is made of: everything it reads and the one door it knocks at, given by whoever wires it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from actors.address import Address, ask
from actors.clock import Clock
from actors.journal_board import Board
from actors.measures import Measures
from actors.subscribers import Subscribers
from persistence.secret import Secret
from persistence.store import Store
from supervisor.health import TreeState
from trading.errors import Unavailable
from trading.messages import desk
from webui.access import Access

ANSWER_S: Final = 5.0  # how long a command may take until somebody is told that it is not known

AskDesk = Callable[[desk.Command], desk.Answer]
TryKey = Callable[[str, str | None, Secret | None], Mapping[str, Any]]
TryMessage = Callable[[], tuple[bool, str]]


def through(address: Address[desk.Message], timeout_s: float = ANSWER_S) -> AskDesk:
    """Ask the desk behind this address. Raises what ``actors.address.ask`` says."""

    def ask_desk(command: desk.Command) -> desk.Answer:
        answer = ask(address, command, timeout_s=timeout_s)
        assert isinstance(answer, desk.Answer), f"the desk answered {answer!r:.200}"
        return answer

    return ask_desk


def _nobody_tries(_broker: str, _client_id: str | None, _secret: Secret | None) -> Mapping[str, Any]:
    raise Unavailable("nothing here can try a key")


def _nobody_sends() -> tuple[bool, str]:
    return False, "nothing here can send a message"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is fixed for the life of the process, and free of secrets."""

    mode: str
    version: str
    worker: str
    account: str
    started_at: int
    broker: Mapping[str, Any]  # id, url, auto_reconnect ...
    settings: Mapping[str, Any]  # the whole tree as people may see it
    reconcile_interval_s: int = 60
    tick_age_s_max: int = 30
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    secure_cookies: bool = False
    trusted_proxy: str = ""
    streams_max: int = 20
    open_metrics: bool = False
    keys_of_file: tuple[str, ...] = ()
    """The brokers whose key stands in the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `make_app` is given. ``log`` takes what went wrong in here, for the process's own log."""

    about: About
    store: Store
    board: Board
    subscribers: Subscribers
    tree: Callable[[], TreeState]
    ask: AskDesk
    access: Access
    clock: Clock
    log: Callable[[str], None] = field(default=lambda _text: None)
    why_not: Callable[[str], str] = field(default=lambda _broker: "")
    """Says why a broker must not become the active one; empty when it may."""
    try_key: TryKey = field(default=_nobody_tries)
    """Logs in once, with the kept key or the one given, and says what came of it."""
    try_message: TryMessage = field(default=_nobody_sends)
    """Sends one test message at once, and says in a sentence whether it arrived; it may take seconds."""
    alert: Callable[[str, str], None] = field(default=lambda _kind, _text: None)
    """Told the kind and text of what a person should hear of."""
    measures: Measures | None = None
