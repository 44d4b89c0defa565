"""An order that is found without all its fills is asked for them by its id: no clock of ours decides what is seen."""

from brokers import requests as ask
from brokers.outcomes import Fills, Orders, Result
from brokers.resolve import Found
from tests.unit.brokers.test_resolve import SENT, a_fill, an_order, begin, goes_round, nothing

FILLED = an_order("e", order_state="filled", filled_amount=a_fill("e").amount)


def test_fills_outside_of_the_span_are_asked_for_by_their_order() -> None:
    """Our clock was set meanwhile, so the span begins too late: the fill lies in the archive, and before it."""

    def answer(query: ask.Request) -> Result:
        if isinstance(query, ask.GetFillsOfOrder) and query.historical:
            return Fills(fills=(a_fill("e", at=SENT - 3_000_000),), has_more=False)
        if isinstance(query, ask.GetFills | ask.GetFillsOfOrder):
            return Fills(fills=(), has_more=False)
        return Orders(orders=(FILLED,)) if isinstance(query, ask.GetOrdersByLabel) else nothing(query)

    _, step, asked = goes_round(begin(), SENT, answer)

    assert isinstance(step, Found)
    assert [fill.fill_id for fill in step.fills] == ["f1"]
    assert [query.order_id for query in asked if isinstance(query, ask.GetFillsOfOrder)] == ["1", "1"]


def test_fills_that_nobody_shows_are_asked_for_once() -> None:
    def answer(query: ask.Request) -> Result:
        if isinstance(query, ask.GetFillsOfOrder):
            return Fills(fills=(), has_more=False)
        return Orders(orders=(FILLED,)) if isinstance(query, ask.GetOrdersByLabel) else nothing(query)

    _, step, asked = goes_round(begin(), SENT, answer)

    assert isinstance(step, Found)
    assert not step.fills
    assert len([query for query in asked if isinstance(query, ask.GetFillsOfOrder)]) == 2


def test_an_order_whose_fills_were_all_shown_is_not_asked_for_them() -> None:
    def answer(query: ask.Request) -> Result:
        if isinstance(query, ask.GetFills):
            return Fills(fills=(a_fill("e"),), has_more=False)
        return Orders(orders=(FILLED,)) if isinstance(query, ask.GetOrdersByLabel) else nothing(query)

    _, step, asked = goes_round(begin(), SENT, answer)

    assert isinstance(step, Found)
    assert not any(isinstance(query, ask.GetFillsOfOrder) for query in asked)
