"""A signal reaches who trades before those who only write it down and show it; and these hear it in its order."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from actors.saying import SayNow
from actors.strategy import StrategyActor
from strategies.fasttest import Fasttest, FasttestParameters
from tests.unit.trading.bracket_facts import NAME, T0
from trading.errors import Refused
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.lifecycle import State
from trading.messages import desk, journal, orders, strategy
from trading.values import BracketId, Currency, InstrumentState, Kind, StrategyName, TriggerSource

BTC = Currency("BTC")
INSTRUMENT = Instrument(
    name=NAME,
    kind=Kind.INVERSE,
    base=BTC,
    quote=Currency("USD"),
    settlement=BTC,
    price_index="btc_usd",
    tick_size=Decimal("0.5"),
    contract_size=Decimal(10),
    min_trade_amount=Decimal(10),
    maker_commission=Decimal("0.00015"),
    taker_commission=Decimal("0.00035"),
    max_leverage=Decimal(50),
    state=InstrumentState.OPEN,
    is_active=True,
)
TICK = strategy.TickerChanged(
    ticker=Ticker(
        instrument=NAME,
        last=Decimal(64_000),
        mark=Decimal(64_000),
        index=Decimal(64_000),
        bid=Decimal(63_999),
        ask=Decimal(64_001),
        at=T0,
    )
)


@dataclass
class Room:
    """One strategy; ``heard`` is what all others are told, in one order, and ``timers`` what it started."""

    heard: list[Any] = field(default_factory=list)
    timers: dict[str, Any] = field(default_factory=dict)
    generation: int = 1

    def __post_init__(self) -> None:
        self.actor = StrategyActor(
            name=StrategyName("s"),
            instrument=NAME,
            generation=self.generation,
            clock=self,
            timers=self,
            decides=Fasttest(FasttestParameters()),
            stop_trigger=TriggerSource.LAST_PRICE,
            to_orders=self,
            to_broker=self,
            to_desk=self,
            to_journal=self,
        )
        self.actor.on_receive(strategy.InstrumentKnown(instrument=INSTRUMENT))
        self.actor.on_receive(strategy.Start(in_trade=False))
        self.heard.clear()

    def tell(self, message: Any) -> None:
        self.heard.append(message)

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        """Keep a timer; the test brings it."""
        assert delay_ms >= 0 or background
        self.timers[name] = message

    def cancel(self, name: str) -> None:
        """Forget a timer."""
        self.timers.pop(name, None)

    def now_ms(self) -> int:
        return int(T0)

    def monotonic_ms(self) -> int:
        return 0

    def states(self, kind: type[Any]) -> list[State]:
        """The states one of them was told, in order."""
        return [message.state for message in self.heard if isinstance(message, kind)]


ENTERING = [State.SIGNAL_DETECTED, State.ENTERING_POSITION]


def test_a_signal_is_told_to_who_trades_and_only_a_moment_later_to_who_shows_it() -> None:
    room = Room()
    room.actor.on_receive(TICK)
    room.actor.on_receive(TICK)
    assert [type(message) for message in room.heard] == [orders.OpenBracket], "prices bring nothing more"

    room.actor.on_receive(room.timers["say"])
    assert [type(message) for message in room.heard[:2]] == [orders.OpenBracket, journal.Decided]
    assert room.states(journal.StrategyMoved) == room.states(desk.StrategyMoved) == ENTERING
    said = list(room.heard)
    room.actor.on_receive(SayNow())
    assert room.heard == said, "once"


@pytest.mark.parametrize(
    ("follows", "state"),
    [
        (strategy.TradeOpened(bracket_id=BracketId("b")), State.POSITION_OPEN),
        (
            strategy.EntryRefused(bracket_id=BracketId("b"), why=Refused(code="no", sentence="no")),
            State.COOLDOWN,
        ),
    ],
)
def test_what_follows_a_signal_at_once_is_said_after_it(follows: strategy.Message, state: State) -> None:
    room = Room()
    room.actor.on_receive(TICK)
    room.actor.on_receive(follows)
    assert room.states(journal.StrategyMoved) == room.states(desk.StrategyMoved) == [*ENTERING, state]


def test_the_state_that_is_asked_for_comes_after_the_moves_to_it() -> None:
    room = Room()
    room.actor.on_receive(TICK)
    room.actor.on_receive(strategy.SayState())
    assert room.states(desk.StrategyMoved) == ENTERING
    assert room.heard[-1] == desk.StrategyIs(name=StrategyName("s"), state=State.ENTERING_POSITION)


def test_an_orderly_end_leaves_nothing_unsaid() -> None:
    room = Room()
    room.actor.on_receive(TICK)
    room.actor.on_stop()
    assert room.states(desk.StrategyMoved) == ENTERING


def test_a_later_life_finds_the_same_signal_under_the_same_id() -> None:
    """So whoever has taken it already takes it no second time."""
    first, later = Room(), Room(generation=2)
    for room in (first, later):
        room.actor.on_receive(TICK)
    assert first.heard == later.heard
    assert first.heard[0].signal.bracket_id == later.heard[0].signal.bracket_id
