"""One bracket on the real matching engine, with everything between them that can go wrong.

The desk performs the bracket's wishes on the engine and tells it what happens, through a line that loses, delays and
doubles, and with crashes in which everything not recorded is forgotten. Checks are made on the engine alone.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import assert_never

import msgspec

from exchange import records
from exchange.editing import Edit
from exchange.errors import Refusal
from exchange.records import Leg as ExchangeLeg
from exchange.records import Ticket
from tests.unit.exchange.floor import Floor
from trading import bracket as brackets
from trading.bracket import Asked, Limits, Mode, Plan, Verdict
from trading.bracket.state import Fate
from trading.facts import Fill, Order
from trading.values import (
    BracketId,
    Currency,
    FillCondition,
    FillId,
    InstrumentName,
    LabelText,
    Liquidity,
    Milliseconds,
    OrderId,
    OrderState,
    OrderType,
    Side,
    StrategyName,
    TriggerSource,
    WorkerId,
)

VALID_MS = 2_000
MARGIN_MS = 1_000
ID = BracketId("aaaaaaaaaaaaaaaa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How bad the line is: the chance of each trouble, and how long an answer may take."""

    lost_request: float = 0.0
    lost_reply: float = 0.0
    refused: float = 0.0
    lost_push: float = 0.0
    late_ms: int = 30
    doubled: float = 0.0
    crash: float = 0.0


class Desk:
    """Performs a bracket's wishes on a floor."""

    def __init__(
        self, floor: Floor, *, seed: int, line: Line, mode: Mode, condition: FillCondition, entry: str
    ) -> None:
        self.floor = floor
        self.line = line
        self.rng = Random(seed)
        self.limits = Limits()
        self._later: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self.alerts: list[str] = []
        self.closed: list[brackets.Closed] = []
        self.naked_ms = 0
        self.naked_worst = 0
        self.crashes = 0
        self.entries = 0
        self.requests: list[str] = []
        plan = Plan(
            bracket_id=ID,
            strategy=StrategyName("desk"),
            owner="me",
            worker=WorkerId("w1"),
            instrument=InstrumentName(floor.instrument),
            currency=Currency(floor.market.spec.settlement_currency),
            lot=floor.market.spec.contract_size,
            side=Side.BUY,
            amount=floor.unit,
            entry=Decimal(entry),
            stop=Decimal(63500),
            target=Decimal(64500),
            stop_trigger=TriggerSource.LAST_PRICE,
            mode=mode,
            fill_condition=condition,
            entry_until=Milliseconds(floor.now_ms + 20_000),
        )
        self.bracket, effects = brackets.begin(plan, self.now)
        self._perform(effects)

    @property
    def now(self) -> Milliseconds:
        return Milliseconds(self.floor.now_ms)

    # --- running

    def runs(self, ms: int, step_ms: int = 20) -> None:
        """Time passes on both sides; what was pushed is told, and the cover is measured."""
        for _ in range(ms // step_ms):
            self.floor.waits(step_ms)
            self.pushes()
            while self._later and self._later[0][0] <= self.floor.now_ms:
                heapq.heappop(self._later)[2]()
            self.tell(brackets.Tick())
            self._measure(step_ms)
            if self.rng.random() < self.line.crash:
                self._crashes()

    def _after(self, delay_ms: int, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._later, (self.floor.now_ms + delay_ms, self._count, what))

    def _measure(self, step_ms: int) -> None:
        held = self.floor.bot.amount(self.floor.instrument)
        cover = sum(
            (
                order.remaining
                for order in self.floor.bot.live.values()
                if order.order_type == "stop_market" and not order.is_dormant
            ),
            Decimal(0),
        )
        self.naked_ms = 0 if cover >= held else self.naked_ms + step_ms
        self.naked_worst = max(self.naked_worst, self.naked_ms)

    def tell(self, message: brackets.Message) -> None:
        """Step, (record), adopt, perform."""
        self.bracket, effects = brackets.step(self.bracket, message, self.now, self.limits)
        self._perform(effects)

    def pushes(self) -> None:
        """What the engine has to say since the last time."""
        changes = self.floor.engine.changes
        orders = [order_of(order) for order in changes.orders.values() if order.account == "main"]
        fills = [fill_of(trade) for trade in changes.trades if trade.account == "main"]
        changes.clear()
        for order in orders:
            if self.rng.random() >= self.line.lost_push:
                self._after(self._delay(), lambda order=order: self.tell(brackets.OrderSeen(order=order)))  # type: ignore[misc]
        for fill in fills:
            if self.rng.random() >= self.line.lost_push:
                for _ in range(2 if self.rng.random() < self.line.doubled else 1):
                    self._after(self._delay(), lambda fill=fill: self.tell(brackets.FillSeen(fill=fill)))  # type: ignore[misc]

    def _delay(self) -> int:
        return self.rng.randrange(0, self.line.late_ms + 1)

    def _crashes(self) -> None:
        """All that was on its way to us is gone; what was sent is of unknown fate; the picture is taken anew."""
        self.crashes += 1
        self._later = [entry for entry in self._later if getattr(entry[2], "outgoing", False)]
        heapq.heapify(self._later)
        for intent in self.bracket.intents:
            if intent.fate is Fate.SENT:
                self.tell(brackets.Unknown(intent_id=intent.intent_id))
        self.picture()

    def picture(self) -> None:
        """Reconcile: everything of ours that rests, and every fill."""
        account = self.floor.bot
        self.tell(
            brackets.Pictured(
                orders=tuple(order_of(order) for order in account.live.values() if order.label.startswith("tb1:")),
                fills=tuple(fill_of(trade) for trade in account.archive.trades),
                position=account.amount(self.floor.instrument),
            )
        )

    # --- performing

    def _perform(self, effects: tuple[brackets.Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case brackets.Place() | brackets.PlaceBracket() | brackets.Edit() | brackets.Cancel():
                    self._send(effect)
                case brackets.Ask(label=label, sent_at=sent_at):
                    self._after(self._delay(), lambda label=label, sent_at=sent_at: self._answer(label, sent_at))  # type: ignore[misc]
                case brackets.Alert(text=text):
                    self.alerts.append(text)
                case brackets.Closed():
                    self.closed.append(effect)
                case brackets.Wake() | brackets.Opened() | brackets.Quarantined():
                    pass

    def _send(self, effect: brackets.effects.Request) -> None:
        intent_id = effect.intent_id
        deadline = self.floor.now_ms + VALID_MS
        self.requests.append(type(effect).__name__)
        if self.rng.random() < self.line.lost_request:
            self._after(3_000, lambda: self.tell(brackets.Unknown(intent_id=intent_id)))
            return

        def arrives() -> None:
            if self.floor.now_ms > deadline:
                return
            reply = self._execute(effect)
            if self.rng.random() < self.line.lost_reply:
                self._after(3_000, lambda: self.tell(brackets.Unknown(intent_id=intent_id)))
            else:
                self._after(self._delay(), lambda: self.tell(reply))

        arrives.outgoing = True  # type: ignore[attr-defined]
        self._after(self._delay(), arrives)

    def _execute(self, effect: brackets.effects.Request) -> brackets.Message:
        engine, account, now = self.floor.engine, self.floor.bot, self.floor.now_ms
        if self.rng.random() < self.line.refused and not isinstance(effect, brackets.Cancel):
            return brackets.Refused(intent_id=effect.intent_id, code=10019, sentence="made up")
        before = len(engine.changes.trades)
        try:
            match effect:
                case brackets.Place():
                    self.entries += effect.leg.value == "entry"
                    order, _ = engine.place(account, ticket_of(self.floor, effect), now)
                case brackets.PlaceBracket(entry=entry, stop=stop, target=target):
                    self.entries += 1
                    legs = (leg_of(stop), leg_of(target))
                    ticket = msgspec.structs.replace(
                        ticket_of(self.floor, entry),
                        linked_order_type="one_triggers_one_cancels_other",
                        trigger_fill_condition=self.bracket.plan.fill_condition.value,
                        legs=legs,
                    )
                    order, _ = engine.place(account, ticket, now)
                case brackets.Edit():
                    wish = Edit(
                        amount=effect.amount, price=effect.price, trigger_price=effect.trigger_price, reduce_only=True
                    )
                    order, _ = engine.edit(account, effect.order_id, wish, now)
                case brackets.Cancel():
                    order = engine.cancel(account, effect.order_id, now)
                case _:
                    assert_never(effect)
        except Refusal as refusal:
            return brackets.Refused(intent_id=effect.intent_id, code=refusal.code, sentence=refusal.message)
        fills = tuple(fill_of(trade) for trade in engine.changes.trades[before:] if trade.order_id == order.order_id)
        return brackets.Done(intent_id=effect.intent_id, orders=(order_of(order),), fills=fills)

    def _answer(self, label: LabelText, sent_at: int) -> None:
        """All the places where a label may have left a trace."""
        account, now = self.floor.bot, self.floor.now_ms
        live = [order for order in account.live.values() if order.label == label]
        closed = account.archive.recent_by_label(label, now)
        fills = tuple(fill_of(trade) for trade in account.archive.trades if trade.label == label)
        found = tuple(order_of(order) for order in [*live, *closed] if not (order.is_dormant and order.triggered))
        if found or fills:
            verdict = Verdict.FOUND
        else:
            verdict = Verdict.NEVER if now > sent_at + VALID_MS + MARGIN_MS else Verdict.NOT_YET
        self._after(self._delay(), lambda: self.tell(Asked(label=label, verdict=verdict, orders=found, fills=fills)))


def ticket_of(floor: Floor, place: brackets.Place) -> Ticket:
    return Ticket(
        instrument_name=floor.instrument,
        direction=place.side.value,
        amount=place.amount,
        type=place.type.value,
        label=place.label,
        price=place.price,
        trigger=None if place.trigger is None else place.trigger.value,
        trigger_price=place.trigger_price,
        reduce_only=place.reduce_only,
    )


def leg_of(place: brackets.Place) -> ExchangeLeg:
    return ExchangeLeg(
        direction=place.side.value,
        amount=place.amount,
        type=place.type.value,
        label=place.label,
        price=place.price,
        trigger=None if place.trigger is None else place.trigger.value,
        trigger_price=place.trigger_price,
        reduce_only=True,
    )


def order_of(order: records.Order) -> Order:
    return Order(
        order_id=OrderId(order.order_id),
        label=LabelText(order.label),
        instrument=InstrumentName(order.instrument_name),
        side=Side(order.direction),
        type=OrderType(order.order_type),
        state=OrderState(order.order_state),
        amount=order.amount,
        filled_amount=order.filled_amount,
        average_price=order.average_price,
        price=order.price,
        trigger=None if order.trigger is None else TriggerSource(order.trigger),
        trigger_price=order.trigger_price,
        reduce_only=order.reduce_only,
        oco_ref=order.oco_ref or "",
        trigger_order_id=None if order.trigger_order_id is None else OrderId(order.trigger_order_id),
        is_dormant=order.is_dormant,
        cancel_reason=order.cancel_reason or "",
        reject_reason=order.reject_reason or "",
        updated_at=Milliseconds(order.updated_ms),
    )


def fill_of(trade: records.Trade) -> Fill:
    return Fill(
        fill_id=FillId(trade.trade_id),
        order_id=OrderId(trade.order_id),
        label=LabelText(trade.label),
        instrument=InstrumentName(trade.instrument_name),
        side=Side(trade.direction),
        amount=trade.amount,
        price=trade.price,
        fee=trade.fee,
        fee_currency=Currency(trade.fee_currency),
        profit_loss=trade.profit_loss,
        liquidity=Liquidity(trade.liquidity),
        at=Milliseconds(trade.timestamp),
    )
