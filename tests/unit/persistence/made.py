"""Brackets, orders and fills for the tests of the store, and any value of a dataclass for its round trips."""

import dataclasses
import types
import typing
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Any

from hypothesis import strategies as st

from persistence.steps import Recorded
from persistence.store import Store
from trading.bracket import Bracket, Effect, FillSeen, Limits, Message, Mode, Plan, begin, step
from trading.facts import Fill, Order
from trading.labels import bracket_id
from trading.values import (
    Currency,
    FillCondition,
    FillId,
    InstrumentName,
    Leg,
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

WORKER = WorkerId("w1")
BTC = InstrumentName("BTC-PERPETUAL")
NOW = Milliseconds(1_700_000_000_000)


def plan_of(signal: str = "1", **fields: Any) -> Plan:
    """A plan to buy, changed as asked."""
    name, instrument = fields.get("strategy", StrategyName("ema")), fields.get("instrument", BTC)
    plan = Plan(
        bracket_id=bracket_id(name, instrument, signal),
        strategy=StrategyName("ema"),
        owner="me",
        worker=WORKER,
        instrument=BTC,
        currency=Currency("BTC"),
        lot=Decimal(10),
        side=Side.BUY,
        amount=Decimal(100),
        entry=None,
        stop=Decimal("60000.5"),
        target=Decimal(70000),
        stop_trigger=TriggerSource.LAST_PRICE,
        mode=Mode.NATIVE,
        fill_condition=FillCondition.FIRST_HIT,
        entry_until=Milliseconds(NOW + 60_000),
        reason="crossed",
    )
    return replace(plan, **fields)


def fill_of(plan: Plan, number: int = 1, **fields: Any) -> Fill:
    """A fill of the entry, changed as asked."""
    fill = Fill(
        fill_id=FillId(f"{plan.bracket_id}-{number}"),
        order_id=OrderId(f"{plan.bracket_id}-e"),
        label=plan.label(Leg.ENTRY, 0),
        instrument=plan.instrument,
        side=plan.side,
        amount=Decimal(10),
        price=Decimal("65000.5"),
        fee=Decimal("0.00000011"),
        fee_currency=plan.currency,
        profit_loss=Decimal(0),
        liquidity=Liquidity.TAKER,
        at=NOW,
    )
    return replace(fill, **fields)


def order_of(plan: Plan, leg: Leg = Leg.ENTRY) -> Order:
    """A resting order of a leg."""
    return Order(
        order_id=OrderId(f"{plan.bracket_id}-{leg.value[0]}"),
        label=plan.label(leg, 0),
        instrument=plan.instrument,
        side=plan.side,
        type=OrderType.LIMIT,
        state=OrderState.OPEN,
        amount=plan.amount,
        price=plan.entry,
        updated_at=NOW,
    )


class Life:
    """A bracket on its way through the store, told one thing after the other."""

    def __init__(self, store: Store, signal: str = "1", **fields: Any) -> None:
        self.store = store
        self.plan = plan_of(signal, **fields)
        self.before: Bracket | None = None
        self.bracket, self.effects = begin(self.plan, NOW)

    def begins(self, **more: Any) -> Recorded:
        return self._record(None, **more)

    def is_told(self, message: Message, now: int = NOW, **more: Any) -> Recorded:
        self.before = self.bracket
        self.bracket, self.effects = step(self.bracket, message, Milliseconds(now), Limits())
        return self._record(message, **more)

    def becomes(self, message: Message | str, effects: tuple[Effect, ...] = (), **fields: Any) -> Recorded:
        """Any change at all, whether the state machine would make it or not."""
        self.before, self.bracket, self.effects = self.bracket, replace(self.bracket, **fields), effects
        return self._record(message)

    def fills(self, number: int = 1, **fields: Any) -> Recorded:
        return self.is_told(FillSeen(fill=fill_of(self.plan, number, **fields)))

    def again(self, **more: Any) -> Recorded:
        """Record the last step once more."""
        return self._record(None, **more)

    def _record(self, message: Message | str | None, **more: Any) -> Recorded:
        return self.store.record_step(self.before, self.bracket, message=message, effects=self.effects, at=NOW, **more)

    @property
    def remembered(self) -> Bracket | None:
        return self.store.brackets.bracket(self.plan.bracket_id)


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False) | st.from_regex(
    r"-?\d{1,30}\.\d{1,30}", fullmatch=True
).map(Decimal)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, by its annotations, so that a new field of a dataclass is tried without being named here."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if hasattr(kind, "__supertype__"):
        return any_of(kind.__supertype__)
    if origin in {typing.Union, types.UnionType}:
        return st.one_of([any_of(one) for one in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(any_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(one) for one in arguments))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field.name: any_of(hints[field.name]) for field in dataclasses.fields(kind)})
    plain: dict[Any, st.SearchStrategy[Any]] = {
        Decimal: DECIMALS,
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        str: st.text(max_size=20),
        type(None): st.none(),
    }
    if kind in plain:
        return plain[kind]
    assert issubclass(kind, Enum), f"no strategy for {kind}"
    return st.sampled_from(kind)
