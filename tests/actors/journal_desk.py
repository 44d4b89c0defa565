"""A journal constructed and not started, with stand-ins around it: a log that can fail, timers that only remember."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from actors.journal import Journal
from actors.journal_board import Board, Picture
from actors.subscribers import Subscriber, Subscribers, Told
from tests.unit.persistence.made import BTC, NOW
from trading.errors import Unavailable
from trading.facts import Order, Ticker
from trading.messages import journal
from trading.values import LabelText, Milliseconds, OrderId, OrderState, OrderType, Side

UP, DOWN = journal.ConnectionChanged(is_up=True, reason=""), journal.ConnectionChanged(is_up=False, reason="reset")


def order(state: OrderState = OrderState.OPEN, number: str = "1", **fields: Any) -> Order:
    made = Order(
        order_id=OrderId(number),
        label=LabelText("mine"),
        instrument=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        state=state,
        amount=Decimal(10),
        price=Decimal("64000.50"),
        updated_at=NOW,
    )
    return replace(made, **fields)


def ticker(mark: str) -> Ticker:
    number = Decimal(mark)
    return Ticker(instrument=BTC, bid=None, ask=number, last=number, mark=number, index=number, at=NOW)


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event of the log in a test."""

    id: int
    at: int
    kind: str
    subject: str
    text: str
    detail: Any


class StandInLog:
    """A log that can fail."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.is_full = False
        self.is_shut = False

    def add(self, kind: str, subject: str, text: str, *, at: Milliseconds, detail: Any = None) -> Event:
        if self.is_full:
            raise Unavailable("no room")
        event = Event(id=len(self.events) + 1, at=at, kind=kind, subject=subject, text=text, detail=detail)
        self.events.append(event)
        return event

    def after(self, event_id: int, *, limit: int = 100) -> Sequence[Event]:
        if self.is_shut:
            raise Unavailable("locked")
        return self.events[event_id : event_id + limit]


class StandInTimers:
    """Remembers what was started."""

    def __init__(self) -> None:
        self.running: dict[str, Any] = {}

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        assert delay_ms > 0
        assert background, "a page must not keep a simulated world awake"
        self.running[name] = message

    def cancel(self, name: str) -> None:
        self.running.pop(name, None)


class Desk:
    """A journal constructed and not started, with everything around it."""

    def __init__(self) -> None:
        self.log, self.timers, self.board, self.subscribers = StandInLog(), StandInTimers(), Board(), Subscribers()
        self.elapsed = 0
        self.begins()

    def begins(self) -> None:
        """The journal is constructed, the first time or after its death: what runs and waits for it is gone then."""
        self.timers.running.clear()
        self.journal = Journal(
            clock=self, timers=self.timers, log=self.log, board=self.board, subscribers=self.subscribers
        )
        self.journal.on_start()

    def now_ms(self) -> int:
        return NOW + self.elapsed

    def monotonic_ms(self) -> int:
        return self.elapsed

    def told(self, *messages: journal.Message) -> Picture:
        for message in messages:
            self.journal.on_receive(message)
        self.gathers()
        return self.board.picture

    def gathers(self) -> None:
        """A moment passes, and listeners are told."""
        if "tell" in self.timers.running:
            self.journal.on_receive(self.timers.running.pop("tell"))

    def listener(self) -> Subscriber:
        return self.subscribers.join(len(self.log.events))


def heard(listener: Subscriber) -> list[Told]:
    found: list[Told] = []
    while handful := listener.next(0.001):
        found += handful.told
    return found
