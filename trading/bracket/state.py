"""What is known of one bracket: its plan, its orders and fills as the exchange told them, its requests in flight."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique

from trading.facts import Fill, Order
from trading.labels import label_for, parse
from trading.marks import mark
from trading.values import (
    ZERO,
    BracketId,
    Currency,
    FillCondition,
    InstrumentName,
    IntentId,
    Kind,
    LabelText,
    Leg,
    Milliseconds,
    OrderId,
    Side,
    StrategyName,
    TriggerSource,
    WorkerId,
)


@unique
class Mode(StrEnum):
    """How the legs reach the exchange: as one request, or one after the other."""

    NATIVE = "native"
    SEQUENTIAL = "sequential"


@unique
class Phase(StrEnum):
    """Where the bracket stands. The last three are the end."""

    ENTERING = "entering"  # the entry is on its way or rests; it may have filled in part
    OPEN = "open"  # the entry is over and something is held
    CLOSING = "closing"  # out, for the reason given; nothing new but the way out
    CLOSED = "closed"  # it held something and is flat again
    ENDED = "ended"  # it never held anything, and nothing of it rests
    QUARANTINED = "quarantined"  # it cannot be explained; a person decides

    @property
    def is_over(self) -> bool:
        """Nothing more will be done for it."""
        return self in {Phase.CLOSED, Phase.ENDED, Phase.QUARANTINED}


@unique
class Purpose(StrEnum):
    """What a request is for."""

    BRACKET = "bracket"  # entry, stop and target in one
    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    CLOSE = "close"
    EDIT = "edit"
    CANCEL = "cancel"


BEGINNING = Milliseconds(0)
GONE = "not_found"
"""The cancel reason of an order that the exchange no longer knows and that left no other trace."""

UNSEEN = OrderId("unseen")
"""The order id of a fill that nobody showed us: its price is an estimate, its result unknown."""

PLACING = frozenset({Purpose.BRACKET, Purpose.ENTRY, Purpose.STOP, Purpose.TARGET, Purpose.CLOSE})


@unique
class Fate(StrEnum):
    """What is known of a request. UNKNOWN is left only by asking."""

    SENT = "sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request that is on disk and may be on its way. It is sent once, ever."""

    intent_id: IntentId
    purpose: Purpose
    fate: Fate
    sent_at: Milliseconds
    label: LabelText | None = None  # of what it places
    order_id: OrderId | None = None  # of what it changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A label that must be asked for: something about its orders is not known."""

    label: LabelText
    since: Milliseconds
    asked_at: Milliseconds | None = None
    asked: int = 0
    heard_of: tuple[OrderId, ...] = ()
    """Orders that were shown since it was asked: the answer may be older, and does not say that they are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was decided when the signal came; it never changes."""

    bracket_id: BracketId
    strategy: StrategyName
    owner: str
    worker: WorkerId
    instrument: InstrumentName
    currency: Currency
    lot: Decimal
    side: Side
    amount: Decimal
    entry: Decimal | None  # limit price; None: at market
    stop: Decimal
    target: Decimal
    stop_trigger: TriggerSource
    mode: Mode
    fill_condition: FillCondition
    entry_until: Milliseconds  # a resting entry is cancelled then
    reason: str = ""

    @property
    def kind(self) -> Kind:
        """How the contract pays: what settles in dollars is linear."""
        return Kind.LINEAR if self.currency.startswith("USD") else Kind.INVERSE

    def label(self, leg: Leg, attempt: int) -> LabelText:
        """The label of the n-th order for a leg: the same after every restart."""
        made = label_for(
            owner=self.owner,
            worker=self.worker,
            strategy=self.strategy,
            bracket=self.bracket_id,
            leg=leg,
            attempt=attempt,
        )
        return LabelText(str(made))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait, and how often to try. Everything has an end."""

    naked_ms_max: int = 2_000  # P1: the longest a position may be without cover
    hydrate_ms_max: int = 1_200  # how long the exchange may take with children of its own
    odd_ms_max: int = 15_000  # how long the news of an entry may be late
    ask_every_ms: int = 1_000
    asks_max: int = 120
    stop_attempts_max: int = 3
    target_attempts_max: int = 3
    close_attempts_max: int = 10
    retry_ms: int = 500  # between attempts after a refusal; twice as long each time while closing
    retry_ms_max: int = 30_000
    changes_max: int = 200  # edits and cancels in a bracket's life


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One bracket as far as we know."""

    plan: Plan
    phase: Phase = Phase.ENTERING
    orders: tuple[Order, ...] = ()
    fills: tuple[Fill, ...] = ()
    intents: tuple[Intent, ...] = ()
    attempts: tuple[tuple[Leg, int], ...] = ()  # orders placed so far, by leg
    forgiven: int = 0  # attempts to close that no longer count: a person asked once more
    stops_forgiven: int = 0  # likewise attempts to place a stop
    changes: int = 0  # edits and cancels so far: their intents are numbered by it
    changes_forgiven: int = 0
    inquiries: tuple[Inquiry, ...] = ()
    naked_since: Milliseconds | None = None
    odd_since: Milliseconds | None = None  # since when more seems closed than opened
    wait_until: Milliseconds = BEGINNING  # after a refusal: no new attempt before
    reason: str = ""  # why it is closing, or how it ended
    told_open: bool = False
    asked_for_children: bool = False  # native exits that nobody ever showed were asked for before it closes
    began_at: Milliseconds = BEGINNING

    # --- what follows from it

    @property
    def held(self) -> Decimal:
        """What is held, in the direction of the plan; negative is the wrong side.

        An order may show more filled than its fills have told so far, or the other way round: the larger counts.
        What a person trades by hand on the instrument counts as far as it closes ours: what they add is theirs, and
        so is what they sell beyond it.
        """
        filled: dict[OrderId, Decimal] = {}
        sides: dict[OrderId, Side] = {}
        for fill in self.fills:
            if self.is_own(fill):
                filled[fill.order_id] = filled.get(fill.order_id, ZERO) + fill.amount
                sides[fill.order_id] = fill.side
        for order in self.orders:
            if order.filled_amount > filled.get(order.order_id, ZERO):
                filled[order.order_id] = order.filled_amount
                sides[order.order_id] = order.side
        side = self.plan.side
        own = sum((amount if sides[one] is side else -amount for one, amount in filled.items()), ZERO)
        if own <= 0:
            return own
        return max(ZERO, own + min(ZERO, self.by_hand))

    def is_own(self, fill: Fill) -> bool:
        """Is this fill of an order of the bracket, or does it stand for one that nobody showed us?"""
        label = parse(fill.label)
        return fill.order_id == UNSEEN or (label is not None and label.bracket == self.plan.bracket_id)

    @property
    def by_hand(self) -> Decimal:
        """What others bought (sold: negative) in the direction of the plan since, and just before its first fill."""
        side = self.plan.side
        hand = (fill for fill in self.fills if not self.is_own(fill))
        return sum((fill.amount if fill.side is side else -fill.amount for fill in hand), ZERO)

    @property
    def counted(self) -> tuple[Fill, ...]:
        """The fills that make its result: its own, and those of a person's closing it."""
        counted: list[Fill] = []
        net = ZERO
        for fill in self.fills:
            if self.is_own(fill):
                counted.append(fill)
                continue
            net += fill.amount if fill.side is self.plan.side else -fill.amount
            if net < 0 and fill.side is not self.plan.side:
                counted.append(fill)
        return tuple(counted)

    @property
    def has_held(self) -> bool:
        """Did it ever hold anything?"""
        side = self.plan.side
        return any(fill.side is side and self.is_own(fill) for fill in self.fills) or any(
            order.filled_amount > 0 and order.side is side for order in self.orders
        )

    @property
    def untold(self) -> tuple[LabelText, ...]:
        """Labels of orders that show more filled than their fills have told."""
        told: dict[OrderId, Decimal] = {}
        for fill in self.fills:
            told[fill.order_id] = told.get(fill.order_id, ZERO) + fill.amount
        return tuple(order.label for order in self.orders if order.filled_amount > told.get(order.order_id, ZERO))

    def live(self, leg: Leg) -> tuple[Order, ...]:
        """The leg's orders that rest or wait, dormant children left out; oldest first."""
        return tuple(order for order in self.alive if leg_of(order) is leg)

    @property
    def alive(self) -> tuple[Order, ...]:
        """Every order of it that rests or waits by itself."""
        return tuple(order for order in self.orders if order.state.is_working and not order.is_dormant)

    @property
    def dormant(self) -> tuple[Order, ...]:
        return tuple(order for order in self.orders if order.state.is_working and order.is_dormant)

    @property
    def cover(self) -> Decimal:
        """How much of the position resting stops would close."""
        return sum((left_of(order) for order in self.live(Leg.STOP)), ZERO)

    def attempt(self, leg: Leg) -> int:
        """How many orders were placed for this leg."""
        return next((count for one, count in self.attempts if one is leg), 0)

    def in_flight(self, *purposes: Purpose) -> tuple[Intent, ...]:
        """Requests of these kinds whose outcome is not known yet."""
        return tuple(intent for intent in self.intents if intent.purpose in purposes)

    def order(self, order_id: OrderId) -> Order | None:
        return next((order for order in self.orders if order.order_id == order_id), None)

    def labelled(self, label: LabelText) -> tuple[Order, ...]:
        return tuple(order for order in self.orders if order.label == label)


def has_grown(before: Bracket | None, after: Bracket) -> bool:
    """Whether a trade that is over, and stays so, was told of another fill: its result is another."""
    return before is not None and before.phase is after.phase is Phase.CLOSED and before.fills != after.fills


def leg_of(order: Order) -> Leg | None:
    """Which leg an order is, by its label; None for somebody else's."""
    label = parse(order.label)
    return None if label is None else label.leg


def left_of(order: Order) -> Decimal:
    """What an order would still trade."""
    return order.amount - order.filled_amount


def latest(orders: Iterable[Order], new: Order) -> tuple[Order, ...]:
    """Take a picture of an order in. An older picture changes nothing, and an order that has ended stays ended.

    That one is gone was only our conclusion: shown at work, it is at work.
    """
    kept = []
    known = False
    for order in orders:
        if order.order_id != new.order_id:
            kept.append(order)
            continue
        known = True
        ended = not order.state.is_working and new.state.is_working and order.cancel_reason != GONE
        older = new.updated_at < order.updated_at or new.filled_amount < order.filled_amount
        if ended or older:
            mark("older-word-of-an-order")
        kept.append(order if ended or older else new)
    return tuple(kept) if known else (*kept, new)
