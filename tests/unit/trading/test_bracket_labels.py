"""A trade whose labels are used up: those of the guardian and of a panic are never taken instead."""

from dataclasses import replace

import pytest

from tests.unit.trading.bracket_facts import label
from tests.unit.trading.test_bracket_rows import entered
from trading.bracket import Close, Phase, Place, Tick
from trading.labels import LAST_RESORT_FROM
from trading.values import Leg


@pytest.mark.parametrize("attempts", [79, 80, 99])
def test_labels_that_are_used_up_end_with_a_person_and_never_with_a_label_of_the_guardians(attempts: int) -> None:
    """A person may ask for another round of closing again and again; a label has room for two digits."""
    life = entered()
    life.bracket = replace(life.bracket, attempts=((Leg.CLOSE, attempts),), forgiven=attempts)
    life.hears(Close(reason="x"))
    placed = [one.label for one in life.wants(Place) if one.leg is Leg.CLOSE]
    if attempts < LAST_RESORT_FROM:
        assert placed == [label(Leg.CLOSE, 79)]
    else:
        assert (placed, life.bracket.phase) == ([], Phase.QUARANTINED)
        assert "in 80 attempts" in life.bracket.reason or "in 99 attempts" in life.bracket.reason


def test_without_a_label_left_for_its_stop_a_trade_is_closed() -> None:
    life = entered()
    life.bracket = replace(life.bracket, attempts=((Leg.STOP, 80),), stops_forgiven=80, orders=life.bracket.orders[:1])
    life.hears(Tick())
    assert life.bracket.reason == "no_stop_accepted"
    assert [one.leg for one in life.wants(Place)][-1] is Leg.CLOSE
