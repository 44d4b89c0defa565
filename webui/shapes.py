"""What is answered, as types: the document of the API is made of these, and tests hold the answers to them.

Money is text, times are whole milliseconds UTC. An answer may have more fields than are named here.
"""

from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from webui.shapes_trading import Funds, Money, OpenTrade, Ticker, Time

T = TypeVar("T")


class Wrong(Struct, frozen=True):
    """What is wrong. What does not apply is null."""

    code: Annotated[str, Meta(description="For programs.")]
    sentence: Annotated[str, Meta(description="For people.")]
    field: Annotated[str | None, Meta(description="Which input was wrong,")]
    reason: Annotated[str | None, Meta(description="and why.")]
    state: Annotated[str | None, Meta(description="The state that does not allow it.")]


class Error(Struct, frozen=True):
    """Everything that goes wrong has this shape."""

    error: Wrong


class Done(Struct, frozen=True):
    """A command that is on disk, and the state that followed."""

    ok: bool
    code: str
    state: str
    sentence: str


class Listed(Struct, Generic[T], frozen=True):
    """One page of a list; `next` goes into `before` of the next one."""

    items: list[T]
    next: str | None


class Reason(Struct, frozen=True):
    """Why it is not simply well."""

    code: str
    sentence: str
    fails: bool


class Counts(Struct, frozen=True):
    """Strategies by what they are about."""

    total: int
    active: int
    error: int
    paused: int


class Services(Struct, frozen=True):
    """The parts by which trading stands or falls."""

    broker: str
    database: str
    strategies: Counts


class Progress(Struct, frozen=True):
    """How long ago anything came, in seconds; null when it never did."""

    last_tick_s: float | None
    last_candle_s: float | None
    last_reconcile_s: float | None
    oldest_message_s: dict[str, float]


class Health(Struct, frozen=True):
    """Whether it does what it is for."""

    status: str
    mode: str
    version: str
    services: Services
    progress: Progress
    reasons: list[Reason]


class Link(Struct, frozen=True):
    """The active broker and the connection to it."""

    id: str
    configured: Annotated[str, Meta(description="What the file says; another `id` was chosen by a person.")]
    url: str
    auto_reconnect: bool
    is_up: bool
    is_wanted: bool
    reason: str
    since: Time | None
    last_message_s: float | None


class Broker(Struct, frozen=True):
    """A broker that can be traded with."""

    id: str
    title: str
    mode: str
    is_real_money: bool
    active: bool
    has_credentials: bool
    may_switch: bool
    why_not: str | None


class Trial(Struct, frozen=True):
    """What came of a login."""

    id: str
    ok: bool
    client_id: str
    url: str
    scopes: list[str]
    missing: list[str]
    excess: list[str]
    why: str


class Halt(Struct, frozen=True):
    """Why nothing opens."""

    reason: str
    by: str
    since: Time


class Alert(Struct, frozen=True):
    """Something a person was told."""

    severity: str
    kind: str
    text: str
    at: Time


class Refusal(Struct, frozen=True):
    """A signal that was not taken, and why."""

    strategy: str
    instrument: str
    side: str
    bracket_id: str
    code: str
    sentence: str
    at: Time


class Status(Struct, frozen=True):
    """Everything at a glance."""

    status: str
    reasons: list[Reason]
    mode: str
    version: str
    worker: str
    account: str
    started_at: Time
    now: Time
    broker: Link
    reconciled: bool
    progress: Progress
    halt: Halt | None
    scoreboard: dict[str, int]
    strategies: Counts
    positions: int
    orders: int
    trades_open: int
    issues: int
    funds: list[Funds]
    tickers: list[Ticker]
    last_report: dict[str, Any] | None
    alerts: list[Alert]
    refusals: list[Refusal]
    streams: int


class Checkpoint(Struct, frozen=True):
    """One condition of the last decision."""

    name: str
    is_met: bool
    text: str


class Strategy(Struct, frozen=True):
    """A strategy: where it is, since when and why, and what it saw last."""

    name: str
    strategy: str
    instrument: str
    parameters: dict[str, Any]
    state: str
    reason: str
    cause: str | None
    generation: int
    since: Time
    traceback: str
    decision: str
    decided_at: Time | None
    checkpoints: list[Checkpoint]


class StrategyWhole(Strategy, frozen=True):
    """A strategy with its open trades and the signals it was refused."""

    trades: list[OpenTrade]
    refusals: list[Refusal]


class Issue(Struct, frozen=True):
    """Something that needs, or needed, a person."""

    id: str
    kind: str
    instrument: str | None
    text: str
    blocks: bool
    evidence: Any
    choices: list[str]
    status: str
    opened_at: Time
    seen_at: Time
    resolution: str | None
    resolved_by: str | None
    resolved_at: Time | None


class Report(Struct, frozen=True):
    """A comparison of database and exchange."""

    id: str
    at: Time
    why: str
    took_ms: int
    findings: int
    detail: Any


class Risk(Struct, frozen=True):
    """What one trade may lose, and how large it may be. `chosen`: by a person, instead of what the file says."""

    mode: str
    value: Money
    leverage: Money | None
    notional: Money | None
    chosen: bool


class Chosen(Struct, frozen=True):
    """What counts now of what can be changed while it runs. A kind that is not named is on."""

    auto_reconnect: bool
    language: str | None
    notifications: dict[str, str]
    broker: str


class Settings(Struct, frozen=True):
    """The file's settings without secrets, a section each, and what was chosen since."""

    now: Chosen


class Backup(Struct, frozen=True):
    """A copy of the database."""

    file: str
    why: str
    size: int
    made_at: Time
