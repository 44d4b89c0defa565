"""What became of a request nobody answered, asked in every place by label."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import requests as ask
from brokers import resolve
from brokers.deribit import orders as wire_orders
from brokers.outcomes import (
    Acknowledged,
    Done,
    Doubt,
    FateUnknown,
    Fills,
    Orders,
    Outcome,
    Refused,
    Result,
    Triggering,
    Triggerings,
)
from brokers.resolve import MARGIN_MS, Ask, Found, NeverExisted, NotYetKnown, Search, Step
from tests.unit.brokers.venue import order, trade
from trading.facts import Fill, Order
from trading.values import ZERO, Currency, InstrumentName, LabelText, Milliseconds, OrderId

SENT = Milliseconds(1_790_000_000_000)
DEADLINE = Milliseconds(SENT + 2_500)
SAFE = Milliseconds(DEADLINE + MARGIN_MS + 1)
ENTRY, STOP, TARGET = LabelText("e"), LabelText("s"), LabelText("t")

Answer = Callable[[ask.Request], Result | None]


def an_order(label: str, order_id: str = "1", **changes: Any) -> Order:
    found = wire_orders.order(order(label=label, order_id=order_id, **changes))
    assert isinstance(found, Order)
    return found


def a_fill(label: str, fill_id: str = "f1", order_id: str = "1", at: int = SENT + 10) -> Fill:
    return wire_orders.fill(trade(label=label, trade_id=fill_id, order_id=order_id, timestamp=at))


def a_triggering(label: str, at: int = SENT + 10) -> Triggering:
    return Triggering(
        trigger_order_id=OrderId("SLMS-1"),
        order_id=None,
        label=LabelText(label),
        instrument=InstrumentName("BTC-PERPETUAL"),
        state="rejected:reduce_direction",
        request="trigger:order",
        amount=ZERO,
        at=Milliseconds(at),
    )


def begin(*labels: LabelText) -> Search:
    return resolve.begin(labels or (ENTRY,), Currency("BTC"), sent_at=SENT, deadline=DEADLINE)


def nothing(query: ask.Request) -> Result:
    match query:
        case ask.GetFills():
            return Fills(fills=(), has_more=False)
        case ask.GetTriggerHistory():
            return Triggerings(entries=(), continuation=None)
        case _:
            return Orders(orders=())


def unanswered(query: ask.Request) -> Outcome:
    return FateUnknown(ref=1, request=query, doubt=Doubt.NO_ANSWER, why="no answer")


def goes_round(search: Search, now: int, answer: Answer = nothing) -> tuple[Search, Step, list[ask.Request]]:
    """Ask and answer until there is something other to do; an answer of None is none."""
    asked: list[ask.Request] = []
    for _ in range(200):
        search, step = resolve.next_step(search, Milliseconds(now))
        if not isinstance(step, Ask):
            return search, step, asked
        asked.append(step.query)
        result = answer(step.query)
        outcome = unanswered(step.query) if result is None else Done(ref=1, request=step.query, result=result)
        search = resolve.answered(search, step.query, outcome)
    raise AssertionError("the search does not end")


def only(place: type, result: Result | None) -> Answer:
    return lambda query: result if isinstance(query, place) else nothing(query)


def test_every_place_is_asked_for_every_label() -> None:
    _, _, asked = goes_round(begin(ENTRY, STOP, TARGET), SAFE)

    for label in (ENTRY, STOP, TARGET):
        assert ask.GetOrdersByLabel(currency=Currency("BTC"), label=label) in asked
        assert ask.GetOpenOrdersByLabel(currency=Currency("BTC"), label=label) in asked
    assert len([query for query in asked if isinstance(query, ask.GetFills)]) == 1
    assert len([query for query in asked if isinstance(query, ask.GetTriggerHistory)]) == 1
    assert len(asked) == 8


PLACES: dict[str, tuple[type, Result]] = {
    "the state by label": (ask.GetOrdersByLabel, Orders(orders=(an_order("e"),))),
    "the open orders": (ask.GetOpenOrdersByLabel, Orders(orders=(an_order("e"),))),
    "the trades": (ask.GetFills, Fills(fills=(a_fill("e"),), has_more=False)),
    "the trigger history": (
        ask.GetTriggerHistory,
        Triggerings(entries=(a_triggering("e"),), continuation=None),
    ),
}


@pytest.mark.parametrize("now", [SENT, SAFE], ids=["before the deadline", "after it"])
@pytest.mark.parametrize(("place", "result"), PLACES.values(), ids=PLACES)
def test_a_trace_in_any_place_settles_it_at_any_time(place: type, result: Result, now: int) -> None:
    _, step, _ = goes_round(begin(), now, only(place, result))

    assert isinstance(step, Found)


def test_nothing_found_before_the_deadline_proves_nothing() -> None:
    search, step, _ = goes_round(begin(), SENT + 100)
    assert step == NotYetKnown(until=SAFE, why="it may still arrive")

    _, step, asked = goes_round(search, SAFE)
    assert step == NeverExisted()
    assert len(asked) == 4, "the proof needs a whole new round"


BOUNDARY = {
    "at the deadline": (DEADLINE, False),
    "within the margin": (DEADLINE + MARGIN_MS, False),
    "past the margin": (SAFE, True),
}


@pytest.mark.parametrize(("now", "is_proven"), BOUNDARY.values(), ids=BOUNDARY)
def test_absence_is_proven_only_by_a_round_begun_past_the_margin(now: int, is_proven: bool) -> None:
    _, step, _ = goes_round(begin(), now)

    assert isinstance(step, NeverExisted) is is_proven


def test_a_round_begun_before_the_margin_and_ended_after_it_proves_nothing() -> None:
    search, step = resolve.next_step(begin(), Milliseconds(SAFE - 2))

    while isinstance(step, Ask):
        search = resolve.answered(search, step.query, Done(ref=1, request=step.query, result=nothing(step.query)))
        search, step = resolve.next_step(search, Milliseconds(SAFE + 60_000))

    assert isinstance(step, NotYetKnown)


@pytest.mark.parametrize("place", [ask.GetOrdersByLabel, ask.GetOpenOrdersByLabel, ask.GetFills, ask.GetTriggerHistory])
def test_one_place_that_does_not_answer_keeps_absence_unproven(place: type) -> None:
    search, step, _ = goes_round(begin(), SAFE, only(place, None))
    assert isinstance(step, NotYetKnown)
    assert place.__name__ in step.why

    _, step, _ = goes_round(search, step.until)
    assert step == NeverExisted()


@pytest.mark.parametrize("place", [ask.GetOrdersByLabel, ask.GetOpenOrdersByLabel, ask.GetFills])
def test_a_triggering_does_not_tell_what_rests_now_where_another_place_was_silent(place: type) -> None:
    def answer(query: ask.Request) -> Result | None:
        if isinstance(query, ask.GetTriggerHistory):
            return Triggerings(entries=(a_triggering("e"),), continuation=None)
        return None if isinstance(query, place) else nothing(query)

    search, step, _ = goes_round(begin(), SAFE, answer)
    assert isinstance(step, NotYetKnown)

    _, step, _ = goes_round(search, step.until)
    assert isinstance(step, Found)
    assert step.is_whole


@pytest.mark.parametrize("place", [ask.GetOpenOrdersByLabel, ask.GetFills, ask.GetTriggerHistory])
def test_what_is_found_is_not_the_whole_where_a_place_was_silent(place: type) -> None:
    def answer(query: ask.Request) -> Result | None:
        if isinstance(query, ask.GetOrdersByLabel):
            return Orders(orders=(an_order("e"),))
        return None if isinstance(query, place) else nothing(query)

    _, step, _ = goes_round(begin(), SAFE, answer)
    assert isinstance(step, Found)
    assert not step.is_whole


def test_a_refused_question_proves_nothing_either() -> None:
    search, step = resolve.next_step(begin(), SAFE)
    assert isinstance(step, Ask)
    refused = Refused(ref=1, request=step.query, code=13021, message="forbidden")

    search = resolve.answered(search, step.query, refused)
    _, step, _ = goes_round(search, SAFE)

    assert isinstance(step, NotYetKnown)


def test_an_answer_of_another_kind_proves_nothing() -> None:
    _, step, _ = goes_round(begin(), SAFE, only(ask.GetFills, Acknowledged()))

    assert isinstance(step, NotYetKnown)


def test_a_leg_alone_is_a_trace_of_the_whole_bracket() -> None:
    """The primary may have been archived while a child rests."""
    child = Orders(orders=(an_order("s", "SLMS-1", order_type="stop_market", trigger="mark_price"),))
    _, step, _ = goes_round(
        begin(ENTRY, STOP),
        SAFE,
        lambda query: child if getattr(query, "label", "") == "s" else nothing(query),
    )

    assert isinstance(step, Found)
    assert [found.label for found in step.orders] == ["s"]


def test_other_peoples_orders_and_fills_are_no_trace() -> None:
    def strangers(query: ask.Request) -> Result:
        if isinstance(query, ask.GetFills):
            return Fills(fills=(a_fill("x", order_id="9"),), has_more=False)
        if isinstance(query, ask.GetTriggerHistory):
            return Triggerings(entries=(a_triggering("x"),), continuation=None)
        return Orders(orders=(an_order("x", "9"),))

    _, step, _ = goes_round(begin(), SAFE, strangers)

    assert step == NeverExisted()


def test_a_triggered_order_is_found_under_both_its_ids_and_each_once() -> None:
    old = an_order("e", "SLMS-1", order_state="triggered")
    new = an_order("e", "77", order_state="filled", trigger_order_id="SLMS-1")
    result = Orders(orders=(old, new))
    _, step, _ = goes_round(
        begin(), SENT, lambda query: result if isinstance(query, ask.GetOrdersByLabel) else nothing(query)
    )

    assert isinstance(step, Found)
    assert [found.order_id for found in step.orders] == ["SLMS-1", "77"]


def test_of_two_pictures_of_an_order_the_later_one_stays() -> None:
    newer = an_order("e", order_state="filled", last_update_timestamp=SENT + 20)
    older = an_order("e", order_state="open", last_update_timestamp=SENT + 10)

    def both(query: ask.Request) -> Result:
        if isinstance(query, ask.GetOrdersByLabel):
            return Orders(orders=(newer,))
        return Orders(orders=(older,)) if isinstance(query, ask.GetOpenOrdersByLabel) else nothing(query)

    _, step, _ = goes_round(begin(), SENT, both)

    assert isinstance(step, Found)
    assert step.orders == (newer,)


def test_fills_without_a_label_are_known_by_their_order() -> None:
    def answer(query: ask.Request) -> Result:
        if isinstance(query, ask.GetFills):
            return Fills(fills=(a_fill("", order_id="1"), a_fill("", "f2", order_id="9")), has_more=False)
        return Orders(orders=(an_order("e"),)) if isinstance(query, ask.GetOrdersByLabel) else nothing(query)

    _, step, _ = goes_round(begin(), SENT, answer)

    assert isinstance(step, Found)
    assert [fill.fill_id for fill in step.fills] == ["f1"]


def test_every_page_of_trades_is_read_and_a_fill_on_two_pages_counts_once() -> None:
    def pages(query: ask.Request) -> Result:
        if not isinstance(query, ask.GetFills):
            return nothing(query)
        if query.since < SENT:
            return Fills(fills=(a_fill("x", "f0"), a_fill("e", "f1", at=SENT + 50)), has_more=True)
        return Fills(fills=(a_fill("e", "f1", at=SENT + 50), a_fill("e", "f2", at=SENT + 60)), has_more=False)

    _, step, _ = goes_round(begin(), SENT, pages)

    assert isinstance(step, Found)
    assert [fill.fill_id for fill in step.fills] == ["f1", "f2"]


def test_pages_without_end_are_given_up_and_prove_nothing() -> None:
    endless = Fills(fills=(a_fill("x", order_id="9"),), has_more=True)

    _, step, asked = goes_round(begin(), SAFE, only(ask.GetFills, endless))

    assert isinstance(step, NotYetKnown)
    assert len(asked) < 60


def test_the_trigger_history_is_read_back_to_the_request_and_no_further() -> None:
    def pages(query: ask.Request) -> Result:
        if not isinstance(query, ask.GetTriggerHistory):
            return nothing(query)
        page = int(query.continuation or 0)
        entries = (a_triggering("x", at=SENT + 5_000 - page * 4_000),)
        return Triggerings(entries=entries, continuation=f"{page + 1}")

    _, step, asked = goes_round(begin(), SAFE, pages)

    assert step == NeverExisted()
    assert len([query for query in asked if isinstance(query, ask.GetTriggerHistory)]) == 3


def test_after_half_an_hour_the_archive_is_asked_too() -> None:
    _, _, asked = goes_round(begin(), SENT + 31 * 60_000)

    histories = [query.historical for query in asked if isinstance(query, ask.GetOrderHistory)]
    trades = [query.historical for query in asked if isinstance(query, ask.GetFills)]
    assert histories == trades == [False, True]


def test_an_answer_to_a_question_not_open_changes_nothing() -> None:
    search, _ = resolve.next_step(begin(), SENT)
    stranger = ask.GetOrdersByLabel(currency=Currency("BTC"), label=LabelText("x"))
    late = Done(ref=1, request=stranger, result=Orders(orders=(an_order("e"),)))

    assert resolve.answered(search, stranger, late) == search


@given(
    holes=st.lists(st.booleans(), min_size=4, max_size=4),
    lands_at=st.none() | st.integers(min_value=0, max_value=2_500),
    first_look=st.integers(min_value=0, max_value=20_000),
)
def test_whatever_is_lost_on_the_way_the_verdict_is_never_wrong(
    holes: list[bool], lands_at: int | None, first_look: int
) -> None:
    """The order may land at any time up to its deadline or never; places may fail to answer in the first round."""
    now = SENT + first_look
    search = begin()
    for attempt in range(5):
        is_there = lands_at is not None and SENT + lands_at <= now
        losses = iter(holes if attempt == 0 else [False] * 4)

        def answer(query: ask.Request, losses: Any = losses, is_there: bool = is_there) -> Result | None:
            if next(losses):
                return None
            is_order = isinstance(query, ask.GetOrdersByLabel | ask.GetOpenOrdersByLabel)
            return Orders(orders=(an_order("e"),)) if is_there and is_order else nothing(query)

        search, step, _ = goes_round(search, now, answer)
        if isinstance(step, NotYetKnown):
            now = max(now, step.until)
            continue
        assert isinstance(step, Found if lands_at is not None else NeverExisted)
        return
    raise AssertionError("no verdict after every place answered past the deadline")
