"""Made-up facts of one bracket: short words for orders and fills."""

from decimal import Decimal
from typing import Any

from trading.bracket import Bracket, Effect, Limits, Message, Mode, Plan, begin, step
from trading.facts import Fill, Order
from trading.values import (
    BracketId,
    Currency,
    FillCondition,
    FillId,
    InstrumentName,
    LabelText,
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

NAME = InstrumentName("BTC-PERPETUAL")
ID = BracketId("aaaaaaaaaaaaaaaa")
T0 = Milliseconds(1_790_000_000_000)
LIMITS = Limits()
_SIDES = {Leg.ENTRY: Side.BUY}
_TYPES = {Leg.STOP: OrderType.STOP_MARKET, Leg.TARGET: OrderType.LIMIT}


def plan(mode: Mode = Mode.SEQUENTIAL, **fields: Any) -> Plan:
    given: dict[str, Any] = {"bracket_id": ID, "entry": None} | fields
    return Plan(
        strategy=StrategyName("s"),
        owner="me",
        worker=WorkerId("w1"),
        instrument=NAME,
        currency=Currency("BTC"),
        lot=Decimal(10),
        side=Side.BUY,
        amount=Decimal(100),
        stop=Decimal(63500),
        target=Decimal(64500),
        stop_trigger=TriggerSource.LAST_PRICE,
        mode=mode,
        fill_condition=FillCondition.FIRST_HIT,
        entry_until=Milliseconds(T0 + 20_000),
        **given,
    )


def label(leg: Leg, attempt: int = 0) -> LabelText:
    return plan().label(leg, attempt)


def order(leg: Leg, order_id: str, state: OrderState = OrderState.OPEN, **fields: Any) -> Order:
    given: dict[str, Any] = {
        "label": label(leg),
        "side": _SIDES.get(leg, Side.SELL),
        "type": _TYPES.get(leg, OrderType.MARKET),
        "amount": Decimal(100),
        "reduce_only": leg is not Leg.ENTRY,
        "updated_at": T0,
    } | fields
    return Order(order_id=OrderId(order_id), instrument=NAME, state=state, **given)


def fill(leg: Leg | None, amount: int, fill_id: str, **fields: Any) -> Fill:
    """A fill of a leg, or of somebody's hand."""
    given: dict[str, Any] = {
        "order_id": OrderId(f"order-{leg}"),
        "side": Side.SELL if leg is None else _SIDES.get(leg, Side.SELL),
        "price": Decimal(64000),
        "fee": Decimal(0),
        "profit_loss": Decimal(0),
        "at": T0,
    } | fields
    return Fill(
        fill_id=FillId(fill_id),
        label=LabelText("") if leg is None else label(leg),
        instrument=NAME,
        amount=Decimal(amount),
        fee_currency=Currency("BTC"),
        liquidity=Liquidity.TAKER,
        **given,
    )


class Life:
    """A bracket being told things, one after the other."""

    def __init__(self, mode: Mode = Mode.SEQUENTIAL, **fields: Any) -> None:
        self.now = T0
        self.bracket: Bracket
        self.bracket, self.effects = begin(plan(mode, **fields), T0)
        self.wanted: list[Effect] = list(self.effects)

    def hears(self, message: Message, after_ms: int = 0) -> tuple[Effect, ...]:
        """What it wants when it hears this."""
        self.now = Milliseconds(self.now + after_ms)
        self.bracket, self.effects = step(self.bracket, message, self.now, LIMITS)
        self.wanted += self.effects
        return self.effects

    @property
    def phase(self) -> str:
        """Where it stands now, in a word."""
        return self.bracket.phase.value

    def wants(self, kind: type) -> list[Any]:
        """Everything of a kind it has wanted so far."""
        return [effect for effect in self.wanted if isinstance(effect, kind)]
