"""What is answered about trading: trades, orders, positions, prices. See `shapes`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

Money = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="A number as text, every digit of it.")]
Time = Annotated[int, Meta(description="Milliseconds since 1970, UTC.")]


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


class Point(Struct, frozen=True):
    """What one closed trade added."""

    at: Time
    net: Money
    total: Money


class Equity(Struct, frozen=True):
    """What the account is worth, and what closed trades made of it, by coin."""

    funds: list[Funds]
    closed_trades: dict[str, list[Point]]
