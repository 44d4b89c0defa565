"""What the API is made of: everything it reads and the one door it knocks at, given by whoever wires it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from actors.address import Address, ask
from actors.clock import Clock
from actors.journal_board import Board
from actors.subscribers import Subscribers
from persistence.store import Store
from supervisor.health import TreeState
from trading.messages import desk
from webui.access import Access

ANSWER_S: Final = 5.0  # how long a command may take until somebody is told that it is not known

AskDesk = Callable[[desk.Command], desk.Answer]


def through(address: Address[desk.Message], timeout_s: float = ANSWER_S) -> AskDesk:
    """Ask the desk behind this address. Raises what ``actors.address.ask`` says."""

    def ask_desk(command: desk.Command) -> desk.Answer:
        answer = ask(address, command, timeout_s=timeout_s)
        assert isinstance(answer, desk.Answer), f"the desk answered {answer!r:.200}"
        return answer

    return ask_desk


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
    streams_max: int = 20
    open_metrics: bool = False


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
