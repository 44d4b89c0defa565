"""What is answered, as types: the document of the API is made of these, and tests hold the answers to them.

Money is text, times are whole milliseconds UTC. An answer may have more fields than are named here.
"""

from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

T = TypeVar("T")

Money = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="A number as text, every digit of it.")]
Time = Annotated[int, Meta(description="Milliseconds since 1970, UTC.")]


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


class Funds(Struct, frozen=True):
    """What the account is worth in one coin."""

    currency: str
    equity: Money
    available: Money
    at: Time


class Ticker(Struct, frozen=True):
    """The newest prices."""

    instrument: str
    bid: Money | None
    ask: Money | None
    last: Money | None
    mark: Money
    index: Money
    at: Time


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


class OpenTrade(Struct, frozen=True):
    """A trade that is not over: its plan, and what rests now."""

    bracket_id: str
    strategy: str
    instrument: str
    side: str
    phase: str
    amount: Money
    held: Money
    entry: Money | None
    stop: Money
    target: Money
    cover: Money
    targets_working: int
    unresolved: int
    naked_since: Time | None
    why: str
    reason: str
    began_at: Time


class StrategyWhole(Strategy, frozen=True):
    """A strategy with its open trades and the signals it was refused."""

    trades: list[OpenTrade]
    refusals: list[Refusal]


class Pnl(Struct, frozen=True):
    """What a trade made, by the exchange's own fills; `estimated` when it no longer has them."""

    currency: str
    gross: Money
    fees: Money
    funding: Money
    net: Money
    estimated: bool


class Trade(Struct, frozen=True):
    """A trade in a list."""

    id: str
    strategy: str
    worker: str
    instrument: str
    side: str
    status: str
    amount: Money
    held: Money
    entry: Money | None
    stop: Money
    target: Money
    average_entry: Money | None
    exit_price: Money | None
    pnl: Pnl | None
    why: str
    reason: str
    began_at: Time
    opened_at: Time | None
    closed_at: Time | None


class Order(Struct, frozen=True):
    """An order as the exchange reported it."""

    order_id: str
    instrument: str
    side: str
    type: str
    state: str
    amount: Money
    filled_amount: Money
    average_price: Money | None
    price: Money | None
    trigger: str | None
    trigger_price: Money | None
    reduce_only: bool
    is_dormant: bool
    label: str
    is_ours: bool
    bracket_id: str | None
    leg: str | None
    updated_at: Time


class Fill(Struct, frozen=True):
    """A part of an order that was executed."""

    fill_id: str
    order_id: str
    instrument: str
    side: str
    amount: Money
    price: Money
    fee: Money
    fee_currency: str
    profit_loss: Money
    bracket_id: str | None
    leg: str | None
    at: Time


class Request(Struct, frozen=True):
    """What was asked of the exchange: on disk before it left, and what became of it."""

    id: str
    purpose: str
    label: str | None
    order_id: str | None
    request: Any
    fate: str
    outcome: str | None
    detail: str
    sent_at: Time
    settled_at: Time | None


class Event(Struct, frozen=True):
    """Something that happened."""

    id: int
    at: Time
    kind: str
    subject: str
    text: str
    detail: Any


class TradeWhole(Trade, frozen=True):
    """A trade with all that led to it and became of it."""

    orders: list[Order]
    fills: list[Fill]
    requests: list[Request]
    phases: list[dict[str, Any]]
    timeline: list[Event]


class Resting(Struct, frozen=True):
    """A stop or target that rests on the exchange."""

    order_id: str
    amount: Money
    filled_amount: Money
    price: Money | None
    trigger_price: Money | None
    state: str


class Position(Struct, frozen=True):
    """A position, with what rests on the exchange to end it."""

    instrument: str
    side: str
    amount: Money
    average_price: Money
    mark_price: Money
    realized_funding: Money
    stops: list[Resting]
    targets: list[Resting]
    bracket_id: str | None
    strategy: str | None


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


class Point(Struct, frozen=True):
    """What one closed trade added."""

    at: Time
    net: Money
    total: Money


class Equity(Struct, frozen=True):
    """What the account is worth, and what closed trades made of it, by coin."""

    funds: list[Funds]
    closed_trades: dict[str, list[Point]]


class Candle(Struct, frozen=True):
    """One closed candle; `at` is its first millisecond."""

    instrument: str
    minutes: int
    at: Time
    open: Money
    high: Money
    low: Money
    close: Money
    volume: Money


class Backup(Struct, frozen=True):
    """A copy of the database."""

    file: str
    why: str
    size: int
    made_at: Time
