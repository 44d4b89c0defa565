"""A trade made again from what the exchange shows of it, and what of a given-up one is taken away."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.trading.bracket_facts import ID, NAME, T0, fill, label, order, plan
from trading.adopt import House, adopted
from trading.bracket import Adopt as TakeBack
from trading.bracket import Bracket, Cancel, Limits, Mode, Phase, Tick, step
from trading.bracket.state import UNSEEN
from trading.facts import Holding, Order
from trading.findings import Adopt, CancelOrphan, DatabasePicture, ExchangePicture, FindingKind, Report
from trading.instruments import Instrument
from trading.labels import parse
from trading.reconcile import reconcile
from trading.values import FillCondition, Leg, Milliseconds, OrderState, Side, TriggerSource, WorkerId

HOUSE = House(owner="me", worker=WorkerId("w1"), mode=Mode.SEQUENTIAL, fill_condition=FillCondition.FIRST_HIT)
STOP = order(
    Leg.STOP,
    "s",
    OrderState.UNTRIGGERED,
    trigger_price=Decimal(63_000),
    trigger=TriggerSource.MARK_PRICE,
    label=label(Leg.STOP, 2),
)
TARGET = order(Leg.TARGET, "t", price=Decimal(66_000))
OPEN_ENTRY = order(Leg.ENTRY, "e", amount=Decimal(300))


def _found(amount: int, *orders: Order, fills: int = 100, is_whole: bool = False) -> Adopt:
    named = parse(label(Leg.STOP))
    assert named is not None
    holding = Holding(
        instrument=NAME, amount=Decimal(amount), average_price=Decimal(64_000), mark_price=Decimal(64_100)
    )
    told = (fill(Leg.ENTRY, fills, "1", side=Side.BUY if amount > 0 else Side.SELL),) if fills else ()
    return Adopt(holding=holding, label=named, orders=orders, fills=told, is_whole=is_whole)


Makes = Callable[[Adopt], Bracket]


@pytest.fixture
def makes(btc_inverse: Instrument) -> Makes:
    return lambda found: adopted(found, btc_inverse, HOUSE, T0)


def test_stop_and_target_are_those_that_rest_and_labels_go_on_where_they_were(makes: Makes) -> None:
    bracket = makes(_found(100, STOP, TARGET))
    assert (bracket.plan.bracket_id, bracket.phase, bracket.held) == (ID, Phase.OPEN, Decimal(100))
    assert (bracket.plan.stop, bracket.plan.target) == (Decimal(63_000), Decimal(66_000))
    assert bracket.plan.stop_trigger is TriggerSource.MARK_PRICE
    assert (bracket.attempt(Leg.STOP), bracket.attempt(Leg.TARGET), bracket.attempt(Leg.CLOSE)) == (3, 1, 0)
    assert bracket.cover == 100


def test_what_a_guardian_closed_of_it_does_not_count_as_an_attempt_of_the_trade(makes: Makes) -> None:
    """Else its own next closing order would bear a label of the guardian's."""
    found = _found(100, STOP, TARGET)
    closed = replace(fill(Leg.CLOSE, 20, "2"), label=label(Leg.CLOSE, 91))
    own = replace(fill(Leg.CLOSE, 10, "3"), label=label(Leg.CLOSE, 4))
    assert makes(replace(found, fills=(*found.fills, closed))).attempt(Leg.CLOSE) == 0
    assert makes(replace(found, fills=(*found.fills, closed, own))).attempt(Leg.CLOSE) == 5


def test_what_nothing_shows_is_chosen_near_the_market_on_the_safe_side(makes: Makes) -> None:
    long, short = makes(_found(100)), makes(_found(-100))
    assert long.plan.stop < 64_100 < long.plan.target
    assert short.plan.target < 64_100 < short.plan.stop
    assert short.plan.side is Side.SELL
    assert abs(64_100 - long.plan.stop) == 641


def test_an_entry_that_still_rests_is_part_of_it_and_is_ended(makes: Makes) -> None:
    bracket = makes(_found(100, STOP, OPEN_ENTRY))
    assert bracket.phase is Phase.ENTERING
    _, effects = step(bracket, Tick(), Milliseconds(T0 + 1), Limits())
    assert [one.order_id for one in effects if isinstance(one, Cancel)] == ["e"]


def test_fills_that_are_not_shown_any_more_are_stood_in_for(makes: Makes) -> None:
    bracket = makes(_found(100, STOP, fills=0))
    assert bracket.held == 100
    assert bracket.fills[0].order_id == UNSEEN


def test_a_person_may_have_the_whole_position_taken_and_otherwise_it_is_what_the_fills_say(makes: Makes) -> None:
    assert makes(_found(300, STOP)).held == 100
    assert makes(_found(300, STOP, is_whole=True)).held == 300
    assert makes(_found(100, STOP, is_whole=True)).fills[-1].order_id != UNSEEN


def _given_up(*orders: Order) -> Bracket:
    return Bracket(plan=plan(), phase=Phase.QUARANTINED, orders=orders, fills=(fill(Leg.ENTRY, 100, "1"),), began_at=T0)


def test_a_bracket_that_was_given_up_takes_its_entries_back_and_leaves_its_stop() -> None:
    given_up = _given_up(STOP, OPEN_ENTRY)
    after, effects = step(given_up, Tick(), T0, Limits())
    assert [one.order_id for one in effects if isinstance(one, Cancel)] == ["e"]
    again, effects = step(after, Tick(), T0, Limits())
    assert not effects, "once, while it is on its way"
    spent = replace(again, intents=(), changes=Limits().changes_max + 20)
    assert not step(spent, Tick(), T0, Limits())[1], "and not for ever"


def test_taken_into_care_again_it_may_place_a_stop_once_more() -> None:
    tired = replace(_given_up(), attempts=((Leg.ENTRY, 1), (Leg.STOP, 3)), naked_since=Milliseconds(T0 - 60_000))
    after, effects = step(tired, TakeBack(), T0, Limits())
    assert after.phase is Phase.OPEN
    assert [one.leg for one in effects if hasattr(one, "leg")] == [Leg.STOP]
    assert step(replace(tired, phase=Phase.CLOSED), TakeBack(), T0, Limits())[0].phase is not Phase.OPEN


def _look(position: int, *orders: Order) -> Report:
    holding = Holding(
        instrument=NAME, amount=Decimal(position), average_price=Decimal(64_000), mark_price=Decimal(64_000)
    )
    database = DatabasePicture(owner="me", worker="w1", open=(), over=frozenset({ID}), given_up=(_given_up(),))
    picture = ExchangePicture(orders=orders, holdings=(holding,), fills=(), since=T0, at=T0)
    return reconcile(database, picture)


def test_what_protects_a_given_up_position_stays_and_the_rest_goes() -> None:
    closing = order(Leg.CLOSE, "c")
    report = _look(100, STOP, TARGET, OPEN_ENTRY, closing)
    assert [one.kind for one in report.findings] == [FindingKind.GIVEN_UP]
    assert [one.order.order_id for one in report.actions if isinstance(one, CancelOrphan)] == ["e"]
    flat = _look(0, STOP, TARGET)
    assert [one.order.order_id for one in flat.actions if isinstance(one, CancelOrphan)] == ["s", "t"]


def test_what_was_left_to_a_person_is_theirs() -> None:
    database = DatabasePicture(owner="me", worker="w1", open=(), over=frozenset(), released=frozenset({ID}))
    holding = _found(100).holding
    picture = ExchangePicture(orders=(STOP,), holdings=(holding,), fills=(fill(Leg.ENTRY, 100, "1"),), since=T0, at=T0)
    report = reconcile(database, picture)
    assert [one.kind for one in report.findings] == [FindingKind.FOREIGN_ORDER, FindingKind.FOREIGN_POSITION]
    assert not report.actions
