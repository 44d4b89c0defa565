"""Each promise as a function fires on a picture in which it is broken, and keeps silent on the same picture mended."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.unit.trading.bracket_facts import ID, NAME, fill, label, order, plan
from trading import promises
from trading.bracket import Bracket, Phase, Purpose
from trading.bracket.state import Fate, Intent
from trading.instruments import Instrument
from trading.lifecycle import State
from trading.promises import Lasting, Picture, Resting, Result, Violation
from trading.values import BracketId, IntentId, Leg, Milliseconds, OrderId, Side, StrategyName

S = StrategyName("s")
HELD = {NAME: Decimal(100)}


def resting(leg: Leg = Leg.STOP, order_id: str = "s1", **fields: Any) -> Resting:
    given: dict[str, Any] = {
        "side": Side.BUY if leg is Leg.ENTRY else Side.SELL,
        "left": Decimal(100),
        "label": label(leg),
        "is_stop": leg is Leg.STOP,
        "reduce_only": leg is not Leg.ENTRY,
    } | fields
    return Resting(order_id=OrderId(order_id), instrument=NAME, **given)


def in_trade(**fields: Any) -> Bracket:
    """A long of 100 with its stop on the exchange."""
    given: dict[str, Any] = {
        "phase": Phase.OPEN,
        "orders": (order(Leg.STOP, "s1"),),
        "fills": (fill(Leg.ENTRY, 100, "1"),),
    } | fields
    return Bracket(plan=plan(), **given)


def picture(**fields: Any) -> Picture:
    """A trade as it should be."""
    given: dict[str, Any] = {"held": HELD, "resting": (resting(),), "open": (in_trade(),)} | fields
    return Picture(owner="me", worker="w1", **given)


def found(violations: tuple[Violation, ...]) -> list[tuple[str, str]]:
    return [(one.promise, one.about) for one in violations]


def test_a_trade_as_it_should_be_breaks_no_promise() -> None:
    whole = picture()
    assert not promises.naked(whole)
    assert not promises.orphans(whole)
    assert not promises.crowded(whole.open)
    assert not promises.untrue(whole)
    assert not promises.opposite_legs(whole.open)


# --- P1


@pytest.mark.parametrize(
    "cover",
    [
        (),
        (resting(left=Decimal(90)),),
        (resting(side=Side.BUY),),
        (resting(reduce_only=False),),
        (resting(Leg.TARGET),),
    ],
    ids=["no stop", "too small", "the wrong side", "could open a position", "only a target"],
)
def test_p1_a_position_that_resting_stops_would_not_close_whole_is_naked(cover: tuple[Resting, ...]) -> None:
    assert found(promises.naked(picture(resting=cover))) == [("P1", NAME)]


def test_p1_a_short_wants_a_stop_that_buys() -> None:
    short = {NAME: Decimal(-100)}
    assert found(promises.naked(picture(held=short))) == [("P1", NAME)]
    assert not promises.naked(picture(held=short, resting=(resting(side=Side.BUY),)))


def test_p1_two_stops_cover_together() -> None:
    halves = (resting(left=Decimal(60)), resting(order_id="s2", left=Decimal(40)))
    assert not promises.naked(picture(resting=halves))


@pytest.mark.parametrize("wrong", [{"side": Side.BUY}, {"reduce_only": False}], ids=["its side", "not reduce-only"])
def test_p1_an_exit_that_could_open_a_position_is_none(wrong: dict[str, Any]) -> None:
    bracket = in_trade(orders=(order(Leg.STOP, "s1", **wrong),))
    assert found(promises.opposite_legs((bracket,))) == [("P1", "s1")]


# --- P2


def test_p2_an_order_with_our_label_and_no_bracket_is_an_orphan() -> None:
    assert found(promises.orphans(picture(open=()))) == [("P2", "s1")]


def test_p2_orders_of_people_and_of_other_workers_are_none_of_our_business() -> None:
    others = (resting(label=""), resting(label="tb1:me:w2:s:bbbbbbbbbbbbbbbb:s0"), resting(label="by hand"))
    assert not promises.orphans(picture(resting=others, open=()))


# --- P3


def test_p3_a_second_entry_for_one_signal() -> None:
    other = BracketId("bbbbbbbbbbbbbbbb")
    assert found(promises.double_entries({ID: 2, other: 1})) == [("P3", ID)]


def test_p3_a_second_open_bracket_on_one_instrument() -> None:
    other = replace(in_trade(), plan=plan(bracket_id=BracketId("bbbbbbbbbbbbbbbb")))
    assert found(promises.crowded((in_trade(), other))) == [("P3", NAME)]
    assert not promises.crowded((in_trade(), replace(other, phase=Phase.CLOSED)))


# --- P4


def test_p4_a_ghost_trade_is_open_in_the_database_alone() -> None:
    assert ("P4", NAME) in found(promises.untrue(picture(held={})))


def test_p4_a_position_that_no_trade_explains() -> None:
    assert ("P4", NAME) in found(promises.untrue(picture(open=())))


def test_p4_a_position_of_another_size() -> None:
    assert found(promises.untrue(picture(held={NAME: Decimal(90)}))) == [("P4", NAME)]


def test_p4_an_order_that_rests_unknown_and_one_that_is_known_and_does_not_rest() -> None:
    assert found(promises.untrue(picture(resting=(resting(order_id="s2"),)))) == [("P4", "s2"), ("P4", "s1")]


@pytest.mark.parametrize("fate", list(Fate), ids=str)
def test_p4_a_request_of_which_nobody_knows_what_became(fate: Fate) -> None:
    intent = Intent(intent_id=IntentId("i1"), purpose=Purpose.STOP, fate=fate, sent_at=Milliseconds(0))
    assert found(promises.undecided(picture(open=(in_trade(intents=(intent,)),)))) == [("P4", "i1")]
    given_up = in_trade(intents=(intent,), phase=Phase.QUARANTINED)
    assert not promises.undecided(picture(open=(in_trade(), given_up))), "a person has it"


def test_p4_a_result_that_differs_in_its_last_digit() -> None:
    said = Result(gross=Decimal("0.00000002"), fees=Decimal("0.00000001"))
    assert not promises.untrue_results({ID: said}, {ID: said})
    for wrong in (
        replace(said, gross=Decimal("0.00000003")),
        replace(said, fees=Decimal(0)),
        replace(said, funding=Decimal("1E-8")),
    ):
        assert found(promises.untrue_results({ID: said}, {ID: wrong})) == [("P4", ID)]


# --- P5


@pytest.mark.parametrize("state", [state for state in State if state is not State.ERROR], ids=str)
def test_p5_no_state_but_error_follows_error_by_itself(state: State) -> None:
    assert found(promises.restarted({S: State.ERROR}, {S: state}, frozenset())) == [("P5", S)]
    assert not promises.restarted({S: State.ERROR}, {S: state}, frozenset({S})), "a person resumed it"


def test_p5_what_stays_in_error_and_what_never_failed_may() -> None:
    assert not promises.restarted({S: State.ERROR}, {S: State.ERROR}, frozenset())
    assert not promises.restarted({S: State.PAUSED}, {S: State.ANALYZING}, frozenset())


# --- P6


def test_p6_an_order_whose_label_is_on_no_disk() -> None:
    seen = [(OrderId("e1"), str(label(Leg.ENTRY)))]
    assert found(promises.unrecorded(seen, frozenset())) == [("P6", "e1")]
    assert not promises.unrecorded(seen, frozenset({str(label(Leg.ENTRY))}))


# --- P7


def test_p7_the_loss_at_the_stop_is_exact_for_both_kinds(btc_inverse: Instrument, eth_linear: Instrument) -> None:
    fee = Fraction("0.00035")
    inverse = promises.loss_at_stop(plan(), btc_inverse, Decimal(64000))
    first, last = Fraction(100, 64000), Fraction(100, 63500)
    assert inverse == last - first + (first + last) * fee
    linear = promises.loss_at_stop(plan(), eth_linear, Decimal(64000))
    assert linear == 100 * (500 + (64000 + 63500) * fee)


def test_p7_a_plan_that_would_lose_more_than_was_set_by_however_little(btc_inverse: Instrument) -> None:
    loss = promises.loss_at_stop(plan(), btc_inverse, Decimal(64000))
    above = Decimal(loss.numerator) / Decimal(loss.denominator) + Decimal("1E-20")
    assert not promises.over_risk(plan(), btc_inverse, entry=Decimal(64000), risk_set=above)
    broken = promises.over_risk(plan(), btc_inverse, entry=Decimal(64000), risk_set=above - Decimal("2E-20"))
    assert found(broken) == [("P7", ID)]


def test_p7_a_plan_that_could_have_been_a_lot_larger(btc_inverse: Instrument) -> None:
    larger = replace(plan(), amount=plan().amount + btc_inverse.lot)
    loss = promises.loss_at_stop(larger, btc_inverse, Decimal(64000))
    above = Decimal(loss.numerator) / Decimal(loss.denominator) + Decimal("1E-20")
    assert not promises.under_risk(larger, btc_inverse, entry=Decimal(64000), risk_set=above)
    assert not promises.under_risk(plan(), btc_inverse, entry=Decimal(64000), risk_set=above - Decimal("2E-20"))
    broken = promises.under_risk(plan(), btc_inverse, entry=Decimal(64000), risk_set=above)
    assert found(broken) == [("P7", ID)]


# --- what is broken only when it lasts


def test_what_lasts_is_measured_from_its_first_moment_and_forgotten_when_it_is_over() -> None:
    bare = promises.naked(picture(resting=()))
    lasting = Lasting().step(bare, 1_000).step(bare, 2_500)
    assert lasting.since == {("P1", NAME): 1_000}
    assert lasting.longest(3_100) == 2_100
    again = lasting.step((), 3_200).step(bare, 4_000)
    assert again.since == {("P1", NAME): 4_000}
    assert Lasting().longest(9) == 0


def test_a_violation_says_what_where_and_how_much() -> None:
    (one,) = promises.naked(picture(resting=(resting(left=Decimal(90)),)))
    assert one.sentence == "10 of 100 is without a stop"
