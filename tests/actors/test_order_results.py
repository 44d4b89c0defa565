"""The patience of what follows a trade: its result is asked for within bounds, and what fails is tried again."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.memory import MemoryFails
from actors.order_adopting import Adopting
from actors.order_flight import TIMES_MAX, Flight
from actors.order_market import Market, OrderSettings
from actors.order_results import TRIES_MAX, Results
from persistence.errors import NotOpened
from tests.actors.test_guardian_reconciler import Ear, Watch
from tests.unit.trading.bracket_facts import ID, NAME, T0, fill, label, order, plan
from trading.bracket import Bracket, Mode, Phase
from trading.bracket.state import UNSEEN
from trading.errors import Refused
from trading.facts import Holding, LedgerEntry
from trading.findings import Adopt
from trading.instruments import Instrument
from trading.labels import parse
from trading.messages import broker, journal, orders
from trading.pnl import Known, TradePnl
from trading.sizing import Risk, RiskMode
from trading.values import (
    ZERO,
    BracketId,
    Currency,
    FillCondition,
    InstrumentState,
    Kind,
    Leg,
    Milliseconds,
    WorkerId,
)

CLOSED = Bracket(
    plan=plan(),
    phase=Phase.CLOSED,
    fills=(fill(Leg.ENTRY, 100, "in"), fill(Leg.CLOSE, 100, "out")),
)
OTHER_PLAN = plan(bracket_id=BracketId("b" * 16))
OTHER = replace(
    CLOSED, plan=OTHER_PLAN, fills=tuple(replace(one, label=OTHER_PLAN.label(Leg.ENTRY, 0)) for one in CLOSED.fills)
)
SETTINGS = OrderSettings(
    owner="me",
    worker=WorkerId("w1"),
    mode=Mode.SEQUENTIAL,
    fill_condition=FillCondition.FIRST_HIT,
    risk=Risk(mode=RiskMode.PERCENT, value=Decimal(1)),
)


class Keeper:
    """Stands for the steps: says whether anybody can be reached, and whether the disk takes writes."""

    def __init__(self) -> None:
        self.is_up = self.store_works = True
        self.open: dict[BracketId, Bracket] = {}
        self.given_up: tuple[Bracket, ...] = ()
        self.sent: list[Any] = []
        self.told: list[Any] = []

    def remembers(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except MemoryFails:
            return False
        return True

    def submit(self, _instrument: object, wish: object, _condition: object) -> None:
        self.sent.append(wish)

    def take_in(self, bracket: Bracket) -> None:
        self.open[bracket.plan.bracket_id] = bracket

    def tell(self, bracket_id: BracketId, message: object) -> None:
        self.told.append((bracket_id, message))


class Diary:
    """A memory that may refuse."""

    def __init__(self) -> None:
        self.is_full = self.is_taken = False
        self.settled: list[tuple[TradePnl, Known, str]] = []

    def pending_results(self) -> list[Bracket]:
        return [CLOSED]

    def settle_result(self, _id: BracketId, pnl: TradePnl, known: Known, *, why: str, **_: object) -> None:
        if self.is_full:
            raise MemoryFails("no room")
        self.settled.append((pnl, known, why))

    def record_adoption(self, *_: object, **__: object) -> None:
        if self.is_taken:
            raise NotOpened(Refused(code="instrument_taken", sentence="taken"))
        if self.is_full:
            raise MemoryFails("no room")


class Room:
    """Results and all they can tell."""

    def __init__(self) -> None:
        self.watch, self.keeper, self.diary = Watch(), Keeper(), Diary()
        self.broker, self.journal = Ear(), Ear()

        class To:
            """Whom it concerns."""

            broker = self.broker
            journal = self.journal

        self.results = Results(
            now=lambda: T0,
            timers=self.watch,
            memory=self.diary,  # type: ignore[arg-type]
            steps=self.keeper,  # type: ignore[arg-type]
            to=To,  # type: ignore[arg-type]
        )

    @property
    def asked(self) -> list[BracketId]:
        return [one.bracket_id for one in self.broker.of(broker.ReadLedger)]

    def waits_ms(self, bracket_id: BracketId = ID) -> int:
        return self.watch.running[f"result:{bracket_id}"][0]


def _line(number: int, fill_id: str, funding: str = "0") -> LedgerEntry:
    return LedgerEntry(
        entry_id=str(number),
        type="trade",
        currency=Currency("BTC"),
        instrument=NAME,
        change=ZERO,
        balance=None,
        order_id=None,
        fill_id=fill_id,  # type: ignore[arg-type]
        at=Milliseconds(T0 + number),
        funding=Decimal(funding),
        position=Decimal(100) if fill_id == "in" else ZERO,
    )


WHOLE = (_line(1, "in"), _line(2, "out", "-0.5"))


def test_one_trade_is_asked_about_at_a_time_and_the_next_follows() -> None:
    room = Room()
    room.results.load()
    room.results.closed(OTHER)
    assert room.asked == [ID]
    room.results.read(ID, WHOLE)
    assert room.asked == [ID, OTHER.plan.bracket_id]
    ((pnl, known, _),) = room.diary.settled
    assert (pnl.funding, known) == (Decimal("-0.5"), Known.FINAL)
    assert room.journal.of(journal.BracketMoved)
    room.results.read(ID, WHOLE)
    room.results.unread(ID, "late")
    room.results.due(ID)
    assert len(room.diary.settled) == 1, "known already"


def test_while_nobody_can_be_reached_nothing_is_asked_and_then_it_is() -> None:
    room = Room()
    room.keeper.is_up = False
    room.results.closed(CLOSED)
    assert not room.asked
    room.keeper.is_up = True
    room.results.ask()
    room.results.disconnected()
    room.results.ask()
    assert room.asked == [ID, ID], "the first answer was lost with the line"


def test_an_answer_that_never_comes_counts_as_unread_and_each_wait_is_longer_within_bounds() -> None:
    room = Room()
    room.results.closed(CLOSED)
    waits = []
    for _ in range(TRIES_MAX - 1):
        room.results.due(ID)  # no answer in time
        waits.append(room.waits_ms())
        room.results.due(ID)  # and the wait is over
    assert waits == sorted(waits)
    assert waits[-1] == 600_000
    assert 30 * 60_000 < sum(waits) < 60 * 60_000
    room.results.due(ID)
    ((pnl, known, why),) = room.diary.settled
    assert (pnl.estimated, known, why) == (True, Known.ESTIMATED, "no answer")


def test_a_book_that_is_not_whole_is_asked_again_and_in_the_end_what_it_showed_counts() -> None:
    room = Room()
    room.results.closed(CLOSED)
    lines = (_line(1, "in"), _line(2, "", "-0.25"), _line(2, "in", "-0.25"))
    for _ in range(TRIES_MAX):
        room.results.read(ID, lines)
        room.results.due(ID)
    ((pnl, known, why),) = room.diary.settled
    assert (pnl.estimated, known) == (True, Known.ESTIMATED)
    assert why == "the book does not show 1 of its fills"


def test_what_the_database_does_not_take_is_asked_for_again() -> None:
    room = Room()
    room.diary.is_full = True
    room.results.closed(CLOSED)
    room.results.read(ID, WHOLE)
    assert not room.diary.settled
    room.diary.is_full = False
    room.results.due(ID)
    room.results.read(ID, WHOLE)
    assert room.diary.settled


def test_what_somebody_closed_out_of_our_sight_is_not_asked_for() -> None:
    room = Room()
    room.results.closed(replace(CLOSED, fills=(*CLOSED.fills, fill(Leg.CLOSE, 1, "x", order_id=UNSEEN))))
    room.results.closed(replace(CLOSED, fills=()))
    assert not room.asked


# --- adoption and flight


@pytest.fixture
def instrument() -> Instrument:
    return Instrument(
        name=NAME,
        kind=Kind.INVERSE,
        base=Currency("BTC"),
        quote=Currency("USD"),
        settlement=Currency("BTC"),
        price_index="btc_usd",
        tick_size=Decimal("0.5"),
        contract_size=Decimal(10),
        min_trade_amount=Decimal(10),
        maker_commission=Decimal(0),
        taker_commission=Decimal(0),
        max_leverage=Decimal(50),
        state=InstrumentState.OPEN,
        is_active=True,
    )


def _found() -> Adopt:
    named = parse(label(Leg.STOP))
    assert named is not None
    holding = Holding(instrument=NAME, amount=Decimal(100), average_price=Decimal(1), mark_price=Decimal(64_000))
    return Adopt(holding=holding, label=named, orders=(), fills=(fill(Leg.ENTRY, 100, "in"),))


def test_an_adoption_waits_for_specs_for_the_disk_and_for_the_instrument(instrument: Instrument) -> None:
    keeper, diary, market = Keeper(), Diary(), Market(SETTINGS)

    class News:
        """Nobody listens."""

        def recorded(self) -> None:
            """Nothing to do."""

    adopting = Adopting(
        now=lambda: T0,
        memory=diary,  # type: ignore[arg-type]
        steps=keeper,  # type: ignore[arg-type]
        market=market,
        news=News(),  # type: ignore[arg-type]
        settings=SETTINGS,
    )
    assert adopting.adopt(_found()) is None, "its specs are not known yet"
    market.instruments[NAME] = instrument
    diary.is_taken = True
    assert adopting.adopt(_found()) is None, "another trade has the instrument"
    diary.is_taken, diary.is_full = False, True
    assert adopting.adopt(_found()) is None, "not on disk, so not in care"
    assert not keeper.open
    diary.is_full = False
    assert adopting.adopt(_found()) == ID
    assert adopting.adopt(_found()) == ID
    assert len(keeper.told) == 1, "adopted already"


def test_a_flight_looks_again_and_again_within_its_bound() -> None:
    keeper, market, watch, told = Keeper(), Market(SETTINGS), Watch(), Ear()

    class News:
        """Tells the person."""

        def notice(self, *words: object, **_: object) -> None:
            told.tell(words)

    flight = Flight(
        now=lambda: T0,
        timers=watch,
        steps=keeper,  # type: ignore[arg-type]
        market=market,
        news=News(),  # type: ignore[arg-type]
        settings=SETTINGS,
    )
    market.order(order(Leg.ENTRY, "e"))
    market.order(order(Leg.STOP, "s"))
    flight.begins("me")
    assert [one.order_id for one in keeper.sent] == ["e"], "what protects stays"
    keeper.open[ID] = replace(CLOSED, phase=Phase.OPEN, fills=CLOSED.fills[:1])
    market.holdings[NAME] = _found().holding
    for _ in range(TIMES_MAX + 5):
        flight.goes_on()
    closing = [one for one in keeper.sent if hasattr(one, "label")]
    assert len(closing) == TIMES_MAX - 1
    assert all(one.reduce_only for one in closing)
    assert isinstance(watch.running["flee"][1], orders.Flee)
    assert len(told.heard) == 1
