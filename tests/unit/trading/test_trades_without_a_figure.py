"""Figures that are nothing or unknown: nothing is made of nothing, and what is not known is said to be so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.trading.bracket_facts import NAME, T0, Life, fill, label, plan
from trading.adopt import House, adopted
from trading.bracket import Mode
from trading.bracket.effects import Closed, Opened
from trading.facts import Holding
from trading.findings import Adopt
from trading.instruments import Instrument
from trading.labels import parse
from trading.news import of_step
from trading.panic import way_out
from trading.pnl import profit
from trading.values import ZERO, FillCondition, Kind, Leg, Side, WorkerId


@pytest.mark.parametrize("kind", Kind)
def test_nothing_held_makes_nothing_whatever_the_price(kind: Kind) -> None:
    assert profit(kind, Side.BUY, ZERO, Decimal(64_000), Decimal(1)) == ZERO


def test_a_trade_opened_before_any_price_is_known_is_told_without_one() -> None:
    life = Life()
    (news,) = of_step(life.bracket, "shown", (Opened(),), at=T0)
    assert news.text.split("\n") == [
        "s bought 100 BTC-PERPETUAL",
        "stop 63500, target 64500",
        "100 are ordered; the rest may still fill",
    ]


def test_a_trade_closed_out_of_our_sight_says_that_its_prices_are_unknown() -> None:
    life = Life()
    (news,) = of_step(life.bracket, "over", (Closed(traded=True, reason="ghost_trade_cleanup"),), at=T0)
    assert "an unknown price to an unknown price" in news.text
    assert "why it was entered" not in news.text


@pytest.mark.parametrize("amount", [0, -100])
def test_in_a_panic_nothing_is_sent_for_a_trade_of_which_nothing_is_held(amount: int) -> None:
    life = Life()
    held = Holding(instrument=NAME, amount=Decimal(amount), average_price=ZERO, mark_price=ZERO)
    assert way_out([life.bracket], [], {NAME: held}, (), times=0, now=T0) == ()
    assert way_out([life.bracket], [], {}, (), times=0, now=T0) == ()


def test_a_fill_by_hand_in_an_adopted_trade_uses_up_no_label_of_ours(btc_inverse: Instrument) -> None:
    named = parse(label(Leg.STOP))
    assert named is not None
    holding = Holding(instrument=NAME, amount=Decimal(60), average_price=Decimal(64_000), mark_price=Decimal(64_000))
    by_hand = replace(fill(None, 40, "2"), at=T0)
    found = Adopt(holding=holding, label=named, orders=(), fills=(fill(Leg.ENTRY, 100, "1"), by_hand))
    house = House(owner="me", worker=WorkerId("w1"), mode=Mode.SEQUENTIAL, fill_condition=FillCondition.FIRST_HIT)
    bracket = adopted(found, btc_inverse, house, T0)
    assert bracket.held == 60
    assert [bracket.attempt(leg) for leg in Leg] == [1 if leg is Leg.ENTRY else 0 for leg in Leg]
    assert bracket.plan.label(Leg.STOP, 0) == plan().label(Leg.STOP, 0)
