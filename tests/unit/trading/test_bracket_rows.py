"""The bracket's rows, each for its reason: what it hears and what it then wants."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.trading.bracket_facts import LIMITS, T0, Life, fill, label, order
from trading import bracket as brackets
from trading.bracket import (
    Alert,
    Ask,
    Asked,
    Cancel,
    Close,
    Closed,
    Done,
    Edit,
    FillSeen,
    Mode,
    OrderSeen,
    Phase,
    Pictured,
    Place,
    Quarantined,
    Reduced,
    Refused,
    Tick,
    Unknown,
    Verdict,
    learn,
)
from trading.values import IntentId, Leg, Milliseconds, OrderId, OrderState, OrderType, Side

FILLED = OrderState.FILLED


def entered() -> Life:
    """Sequential: the entry has filled, its stop and target rest."""
    life = Life()
    entry = order(Leg.ENTRY, "e", FILLED, filled_amount=Decimal(100))
    life.hears(
        Done(
            intent_id=IntentId(label(Leg.ENTRY)),
            orders=(entry,),
            fills=(fill(Leg.ENTRY, 100, "1", order_id=OrderId("e")),),
        )
    )
    life.hears(Done(intent_id=IntentId(label(Leg.STOP)), orders=(order(Leg.STOP, "s", OrderState.UNTRIGGERED),)))
    life.hears(Done(intent_id=IntentId(label(Leg.TARGET)), orders=(order(Leg.TARGET, "t"),)))
    assert life.bracket.phase is Phase.OPEN
    assert not life.bracket.intents
    return life


def test_the_stop_comes_after_the_fill_and_the_target_after_the_stop() -> None:
    life = entered()
    assert [place.leg for place in life.wants(Place)] == [Leg.ENTRY, Leg.STOP, Leg.TARGET]


def test_an_entry_refused_ends_it_and_nothing_else_was_sent() -> None:
    life = Life(Mode.NATIVE)
    life.hears(Refused(intent_id=IntentId(label(Leg.ENTRY)), code=10009, sentence="not enough"))
    assert life.bracket.phase is Phase.ENDED
    assert life.wants(Closed) == [Closed(traded=False, reason="entry_not_filled")]


def test_an_outcome_of_no_intent_changes_nothing() -> None:
    life = entered()
    before = life.bracket
    for message in (
        Refused(intent_id=IntentId("x"), code=1, sentence=""),
        Unknown(intent_id=IntentId("x")),
        Done(intent_id=IntentId("x")),
        Tick(),
    ):
        life.hears(message)
        assert life.bracket == before


def test_the_same_fill_twice_counts_once() -> None:
    life = entered()
    life.hears(FillSeen(fill=fill(Leg.ENTRY, 100, "1", order_id=OrderId("e"))))
    assert life.bracket.held == 100


def test_an_older_picture_of_an_order_changes_nothing() -> None:
    life = entered()
    stop = life.bracket.order(OrderId("s"))
    assert stop is not None
    life.hears(OrderSeen(order=replace(stop, amount=Decimal(10), updated_at=Milliseconds(T0 - 1))))
    assert life.bracket.cover == 100


def test_an_order_that_has_ended_stays_ended() -> None:
    life = entered()
    entry = life.bracket.order(OrderId("e"))
    assert entry is not None
    life.hears(OrderSeen(order=replace(entry, state=OrderState.OPEN, updated_at=Milliseconds(T0 + 9))))
    assert not life.bracket.live(Leg.ENTRY)


def test_a_stop_refused_at_its_trigger_closes_at_market() -> None:
    life = entered()
    life.hears(OrderSeen(order=order(Leg.STOP, "s", OrderState.REJECTED, updated_at=Milliseconds(T0 + 5))))
    assert life.bracket.reason == "stop_refused_at_its_trigger"
    assert life.wants(Place)[-1].leg is Leg.CLOSE
    assert life.wants(Alert)


def test_a_stop_never_accepted_closes_at_market() -> None:
    life = Life()
    entry = order(Leg.ENTRY, "e", FILLED, filled_amount=Decimal(100))
    own = fill(Leg.ENTRY, 100, "1", order_id=OrderId("e"))
    life.hears(Done(intent_id=IntentId(label(Leg.ENTRY)), orders=(entry,), fills=(own,)))
    for attempt in range(LIMITS.stop_attempts_max):
        life.hears(Refused(intent_id=IntentId(label(Leg.STOP, attempt)), code=1, sentence="no"))
        life.hears(Tick(), LIMITS.retry_ms)
    assert life.bracket.reason == "no_stop_accepted"


def test_a_target_never_accepted_leaves_a_trade_under_its_stop() -> None:
    life = entered()
    life.hears(OrderSeen(order=order(Leg.TARGET, "t", OrderState.CANCELLED, updated_at=Milliseconds(T0 + 1))))
    for attempt in range(1, LIMITS.target_attempts_max):
        life.hears(Refused(intent_id=IntentId(label(Leg.TARGET, attempt)), code=1, sentence="no"))
        life.hears(Tick(), LIMITS.retry_ms)
    life.hears(Tick(), 60_000)
    assert life.bracket.phase is Phase.OPEN
    assert not life.bracket.live(Leg.TARGET)


def test_closing_tries_again_after_twice_as_long_each_time_and_ends_with_a_person() -> None:
    life = entered()
    life.hears(OrderSeen(order=order(Leg.STOP, "s", OrderState.CANCELLED, updated_at=Milliseconds(T0 + 1))))
    life.hears(Close(reason="person"))
    life.hears(Unknown(intent_id=IntentId(label(Leg.STOP, 1))))
    waits = []
    for attempt in range(LIMITS.close_attempts_max):
        life.hears(Refused(intent_id=IntentId(label(Leg.CLOSE, attempt)), code=1, sentence="no"))
        waits.append(life.bracket.wait_until - life.now)
        _answer_all(life)
        life.hears(Tick(), max(waits[-1], 0))
    assert waits[:4] == [500, 1000, 2000, 4000]
    assert max(waits) == LIMITS.retry_ms_max
    assert life.phase == "quarantined"
    assert life.wants(Quarantined)
    placed = len(life.wants(Place))
    life.hears(Tick(), 1000)
    assert len(life.wants(Place)) == placed, "it waits for a person"
    life.hears(Close(reason="person again"))
    assert life.phase == "closing"
    assert len(life.wants(Place)) == placed + 1


def _answer_all(life: Life) -> None:
    for inquiry in life.bracket.inquiries:
        orders = life.bracket.labelled(inquiry.label)
        life.hears(Asked(label=inquiry.label, verdict=Verdict.FOUND, orders=orders))


def test_closing_twice_and_closing_what_is_over_changes_nothing() -> None:
    life = entered()
    life.hears(Close(reason="first"))
    life.hears(Close(reason="second"))
    assert life.bracket.reason == "first"
    over = replace(life.bracket, phase=Phase.CLOSED)
    assert learn(over, Close(reason="third"), life.now, LIMITS).phase is Phase.CLOSED


def test_an_order_whose_fill_was_not_told_is_asked_for_and_names_the_exit() -> None:
    life = entered()
    life.hears(
        OrderSeen(order=order(Leg.TARGET, "t", FILLED, filled_amount=Decimal(100), updated_at=Milliseconds(T0 + 5)))
    )
    assert life.bracket.reason == "target"
    assert label(Leg.TARGET) in [ask.label for ask in life.wants(Ask)]


def test_more_closed_than_opened_asks_first_and_then_gives_up() -> None:
    life = Life()
    life.hears(FillSeen(fill=fill(Leg.STOP, 50, "9")))
    assert life.bracket.held == -50
    assert life.wants(Ask)
    life.hears(Tick(), LIMITS.odd_ms_max)
    assert life.bracket.phase is Phase.QUARANTINED


def test_of_an_odd_trade_each_label_is_asked_for_once_a_second_however_soon_it_is_answered() -> None:
    life = Life()
    life.hears(FillSeen(fill=fill(Leg.STOP, 50, "9")))
    answered = 0
    for _ in range(25):  # answered at once; a tenth of a second each time
        asks = life.wants(Ask)
        for ask in asks[answered:]:
            life.hears(Asked(label=ask.label, verdict=Verdict.NEVER))
        answered = len(asks)
        life.hears(Tick(), 100)
    asked = [ask.label for ask in life.wants(Ask)]
    assert asked.count(label(Leg.ENTRY)) == 3


def test_the_late_news_of_the_entry_make_an_odd_trade_whole_again() -> None:
    life = Life()
    life.hears(FillSeen(fill=fill(Leg.STOP, 100, "9")))
    life.hears(FillSeen(fill=fill(Leg.ENTRY, 100, "1")), 100)
    assert life.bracket.odd_since is None
    assert life.bracket.held == 0


def test_a_fill_of_what_was_over_closes_it_again() -> None:
    life = Life()
    life.hears(Refused(intent_id=IntentId(label(Leg.ENTRY)), code=1, sentence="no"))
    assert life.phase == "ended"
    life.hears(FillSeen(fill=fill(Leg.ENTRY, 100, "1")), 1_000)
    assert life.phase == "closing"
    assert life.wants(Place)[-1].leg is Leg.CLOSE


def test_a_label_nobody_can_speak_of_ends_with_a_person() -> None:
    life = Life()
    life.hears(Unknown(intent_id=IntentId(label(Leg.ENTRY))))
    for _ in range(LIMITS.asks_max + 1):
        life.hears(Asked(label=label(Leg.ENTRY), verdict=Verdict.NOT_YET))
        life.hears(Tick(), LIMITS.ask_every_ms)
    assert life.bracket.phase is Phase.QUARANTINED


def test_an_exit_that_is_shown_as_filled_and_whose_fills_nobody_has_ends_with_a_person() -> None:
    life = entered()
    filled = order(Leg.TARGET, "t", FILLED, filled_amount=Decimal(100), updated_at=Milliseconds(life.now + 1))
    life.hears(OrderSeen(order=filled))
    for _ in range(LIMITS.asks_max):
        assert life.bracket.phase is not Phase.QUARANTINED
        life.hears(Asked(label=label(Leg.TARGET), verdict=Verdict.FOUND, orders=(filled,)), 500)
        life.hears(Tick(), LIMITS.ask_every_ms)
    assert life.bracket.phase is Phase.QUARANTINED
    assert len(life.wants(Ask)) == LIMITS.asks_max


def test_an_entry_that_never_arrived_is_never_sent_again() -> None:
    life = Life()
    life.hears(Unknown(intent_id=IntentId(label(Leg.ENTRY))))
    life.hears(Asked(label=label(Leg.ENTRY), verdict=Verdict.NEVER), 5_000)
    assert life.bracket.phase is Phase.ENDED
    assert len(life.wants(Place)) == 1


def test_an_entry_that_waits_too_long_is_cancelled() -> None:
    life = Life(entry=Decimal(63900))
    resting = order(Leg.ENTRY, "e", type=OrderType.LIMIT)
    life.hears(Done(intent_id=IntentId(label(Leg.ENTRY)), orders=(resting,)))
    life.hears(Tick(), 20_000)
    (cancel,) = life.wants(Cancel)
    assert cancel.order_id == "e"
    gone = replace(resting, state=OrderState.CANCELLED, updated_at=Milliseconds(life.now + 1))
    life.hears(Done(intent_id=cancel.intent_id, orders=(gone,)))
    assert life.bracket.phase is Phase.ENDED


def test_a_refused_cancel_is_asked_about() -> None:
    life = entered()
    life.hears(Close(reason="x"))
    life.hears(FillSeen(fill=fill(None, 100, "h")))
    life.hears(Refused(intent_id=life.wants(Place)[-1].intent_id, code=1, sentence="nothing to reduce"))
    _answer_all(life)
    life.hears(Tick(), 1_000)
    cancel = life.wants(Cancel)[-1]
    life.hears(Refused(intent_id=cancel.intent_id, code=11044, sentence="not open"))
    assert life.bracket.inquiries


@pytest.mark.parametrize(
    ("hands", "held"),
    [
        ([("sell", 40)], 60),
        ([("sell", 100)], 0),
        ([("sell", 150)], 0),
        ([("buy", 40)], 100),
        ([("buy", 40), ("sell", 40)], 100),
        ([("buy", 40), ("sell", 60)], 80),
        ([("sell", 40), ("buy", 40)], 100),
    ],
)
def test_what_a_hand_closes_is_gone_and_what_it_adds_is_its_own(hands: list[tuple[str, int]], held: int) -> None:
    life = entered()
    bracket = life.bracket
    for number, (side, amount) in enumerate(hands):
        message = FillSeen(fill=fill(None, amount, f"h{number}", side=Side(side), order_id=OrderId(f"h{number}")))
        bracket = learn(bracket, message, life.now, LIMITS)
    assert bracket.held == held
    assert len(bracket.counted) == 1 + (held < 100 and any(side == "sell" for side, _ in hands)) + (
        hands == [("sell", 40), ("buy", 40)]
    )


def test_a_part_closed_out_of_sight_is_an_estimate() -> None:
    life = entered()
    life.hears(Reduced(held=Decimal(100), price=Decimal(64100)))
    assert life.bracket.held == 100
    life.hears(Reduced(held=Decimal(0), price=Decimal(64100)))
    assert life.bracket.reason == "ghost_trade_cleanup"
    assert brackets.result(life.bracket).estimated
    assert not brackets.result(entered().bracket).estimated


def test_a_stop_too_large_or_too_small_is_moved_never_replaced() -> None:
    life = entered()
    life.hears(FillSeen(fill=fill(None, 40, "h")))
    sizes = {edit.order_id: edit.amount for edit in life.wants(Edit)}
    assert sizes == {"s": Decimal(60), "t": Decimal(60)}


def test_a_second_stop_is_taken_away() -> None:
    life = entered()
    life.hears(OrderSeen(order=order(Leg.STOP, "s2", OrderState.UNTRIGGERED, label=label(Leg.STOP, 1))))
    life.hears(OrderSeen(order=order(Leg.TARGET, "t2", label=label(Leg.TARGET, 1))))
    assert {cancel.order_id for cancel in life.wants(Cancel)} == {"s2", "t2"}


def test_what_is_missing_in_a_picture_is_asked_for() -> None:
    life = entered()
    life.hears(Pictured(orders=(), fills=(), position=Decimal(100)))
    assert {ask.label for ask in life.wants(Ask)} == {label(Leg.STOP), label(Leg.TARGET)}
    life.hears(Asked(label=label(Leg.STOP), verdict=Verdict.NEVER))
    assert not life.bracket.live(Leg.STOP)


def test_an_order_is_not_gone_while_some_place_did_not_say() -> None:
    """Found by one place alone, in a storm: the stop rests all the same, and a second one would stay for ever."""
    life = entered()
    life.hears(Pictured(orders=(), fills=(), position=Decimal(100)))
    life.hears(Asked(label=label(Leg.STOP), verdict=Verdict.FOUND, is_whole=False))
    assert [one.order_id for one in life.bracket.live(Leg.STOP)] == ["s"]
    assert [place.leg for place in life.wants(Place)] == [Leg.ENTRY, Leg.STOP, Leg.TARGET], "as at the beginning"


def test_an_order_taken_for_gone_is_ours_again_when_it_is_shown_at_work() -> None:
    """Else the exchange would have a stop that the database takes for cancelled, and nobody would cancel it."""
    life = entered()
    life.hears(Pictured(orders=(), fills=(), position=Decimal(100)))
    life.hears(Asked(label=label(Leg.STOP), verdict=Verdict.NEVER))
    assert not life.bracket.live(Leg.STOP)
    life.hears(Pictured(orders=(order(Leg.STOP, "s", OrderState.UNTRIGGERED),), fills=(), position=Decimal(100)))
    assert "s" in [one.order_id for one in life.bracket.live(Leg.STOP)]


def test_an_order_that_was_cancelled_stays_so_whatever_an_older_picture_shows() -> None:
    life = entered()
    ended = order(Leg.STOP, "s", OrderState.CANCELLED, cancel_reason="user_request", updated_at=Milliseconds(T0 + 5))
    life.hears(OrderSeen(order=ended))
    life.hears(Pictured(orders=(order(Leg.STOP, "s", OrderState.UNTRIGGERED),), fills=(), position=Decimal(100)))
    assert "s" not in [one.order_id for one in life.bracket.live(Leg.STOP)]


def test_unknown_fates_are_asked_for_with_every_picture() -> None:
    life = Life(Mode.NATIVE)
    life.bracket = replace(
        life.bracket, intents=tuple(replace(one, fate=brackets.state.Fate.UNKNOWN) for one in life.bracket.intents)
    )
    life.hears(Pictured(orders=(), fills=(), position=Decimal(0)))
    assert len(life.bracket.inquiries) == 3


def test_more_edits_than_any_life_needs_end_with_a_person() -> None:
    life = entered()
    life.bracket = replace(life.bracket, changes=LIMITS.changes_max)
    life.hears(FillSeen(fill=fill(None, 40, "h")))
    assert life.bracket.phase is Phase.QUARANTINED


def test_while_nobody_can_be_reached_it_learns_and_wants_nothing() -> None:
    life = entered()
    gone = order(Leg.STOP, "s", OrderState.CANCELLED, updated_at=Milliseconds(T0 + 1))
    after = learn(replace(life.bracket, naked_since=T0), OrderSeen(order=gone), life.now, LIMITS)
    assert not after.live(Leg.STOP)
    assert after.naked_since is None
    assert after.intents == ()


def test_a_stop_that_fired_is_followed_before_anything_is_placed() -> None:
    life = entered()
    life.hears(OrderSeen(order=order(Leg.STOP, "s", OrderState.TRIGGERED, updated_at=Milliseconds(T0 + 5))))
    assert label(Leg.STOP) in [ask.label for ask in life.wants(Ask)]
    assert [place.leg for place in life.wants(Place)] == [Leg.ENTRY, Leg.STOP, Leg.TARGET]
    child = order(
        Leg.STOP, "s'", FILLED, trigger_order_id=OrderId("s"), filled_amount=Decimal(100), type=OrderType.MARKET
    )
    life.hears(OrderSeen(order=child))
    life.hears(FillSeen(fill=fill(Leg.STOP, 100, "2", order_id=OrderId("s'"))))
    assert life.bracket.reason == "stop"


def test_an_answer_that_is_older_than_the_news_does_not_make_an_order_vanish() -> None:
    life = Life(Mode.NATIVE)
    life.hears(Unknown(intent_id=IntentId(label(Leg.ENTRY))))
    life.hears(OrderSeen(order=order(Leg.STOP, "s", OrderState.UNTRIGGERED)), 100)
    slot = order(Leg.STOP, "OTO-1", OrderState.UNTRIGGERED, is_dormant=True)
    life.hears(Asked(label=label(Leg.STOP), verdict=Verdict.FOUND, orders=(slot,)), 50)
    assert [one.order_id for one in life.bracket.live(Leg.STOP)] == ["s"]
