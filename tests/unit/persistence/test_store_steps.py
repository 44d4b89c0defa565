"""One step, one transaction: what is written, what is refused, and what a repeated step does."""

from dataclasses import replace
from decimal import Decimal

import pytest

from persistence.errors import LostRace, NotOpened
from persistence.issues import Finding
from persistence.outbox import Notice
from persistence.scoreboard import Score
from persistence.steps import Figures, Outcome
from persistence.store import Store
from tests.unit.persistence.conftest import Open
from tests.unit.persistence.made import BTC, NOW, Life, order_of, plan_of
from trading.bracket import (
    Asked,
    Cancel,
    Closed,
    Done,
    OrderSeen,
    Phase,
    PlaceBracket,
    Quarantined,
    Refused,
    Unknown,
    Verdict,
)
from trading.bracket.effects import Severity
from trading.bracket.state import Fate
from trading.pnl import TradePnl
from trading.values import BracketId, InstrumentName, IntentId, Leg, Milliseconds, OrderState, WorkerId


@pytest.fixture
def life(store: Store) -> Life:
    return Life(store)


def _notice(text: str = "a stop is missing", key: str | None = None) -> Notice:
    return Notice(severity=Severity.CRITICAL, type="stop_missing", text=text, dedupe_key=key)


# --- writing


def test_a_bracket_comes_back_exactly_as_it_was_recorded(opens: Open) -> None:
    life = Life(opens())
    life.begins()
    life.fills(amount=Decimal("10.000"), fee=Decimal("1E-8"))

    (back,) = opens().open_brackets()

    assert back == life.bracket
    assert repr(back) == repr(life.bracket), "every digit, trailing zeros and exponents too"


def test_a_request_is_on_disk_whole_before_it_leaves(life: Life) -> None:
    life.begins(valid_until=Milliseconds(NOW + 5_000))

    (intent,) = life.store.unknown_intents()

    (wish,) = (effect for effect in life.effects if isinstance(effect, PlaceBracket))
    assert intent.request == wish
    assert (intent.bracket_id, intent.valid_until) == (life.plan.bracket_id, NOW + 5_000)
    assert (intent.fate, intent.outcome) == (Fate.SENT, None)


def test_a_step_whose_intent_has_no_request_is_a_mistake_and_leaves_nothing(life: Life) -> None:
    life.effects = ()

    with pytest.raises(AssertionError, match="no request"):
        life.begins()

    assert life.remembered is None
    assert life.store.events.last_id() == 0


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (Done(intent_id=plan_of().label(Leg.ENTRY, 0)), "done"),  # type: ignore[arg-type]
        (Refused(intent_id=plan_of().label(Leg.ENTRY, 0), code=10009, sentence="not_enough_funds"), "refused"),  # type: ignore[arg-type]
        (Asked(label=plan_of().label(Leg.ENTRY, 0), verdict=Verdict.NEVER), "never"),
        ("a person's choice", "settled"),
    ],
    ids=["done", "refused", "never", "settled"],
)
def test_what_became_of_a_request_is_written_with_the_step_that_settled_it(
    life: Life, message: Done | Refused | Asked | str, outcome: str
) -> None:
    life.begins()
    life.becomes(message, intents=())

    story = life.store.trade(life.plan.bracket_id)

    assert story is not None
    assert [intent.outcome for intent in story.intents] == [outcome]
    assert life.store.unknown_intents() == ()


def test_a_request_without_an_answer_stays_among_the_unknown(life: Life) -> None:
    life.begins()
    life.is_told(Unknown(intent_id=life.bracket.intents[0].intent_id))

    assert [intent.fate for intent in life.store.unknown_intents()] == [Fate.UNKNOWN]


def test_a_fill_told_twice_is_one_row(life: Life) -> None:
    life.begins()
    life.fills(1)
    life.fills(1)

    with life.store.picture():
        rows = life.store._database.sql("SELECT id, amount FROM fills").fetchall()
    assert rows == [(f"{life.plan.bracket_id}-1", "10")]


def test_the_timeline_tells_a_trade_from_signal_to_end(life: Life) -> None:
    life.begins()
    life.fills(1)
    life.becomes("closed by hand", (Closed(traded=True, reason="manual"),), phase=Phase.CLOSED, intents=())

    story = life.store.trade(life.plan.bracket_id)

    assert story is not None
    assert [event.kind for event in story.timeline] == [
        "bracket_begun",
        "fill_seen",
        "trade_opened",
        "step",
        "trade_closed",
    ]
    assert [move.target for move in story.moves] == ["entering", "closed"]
    assert "stop 60000.5" in story.timeline[0].text
    assert story.timeline[1].detail["message"]["FillSeen"]["fill"]["price"] == "65000.5"
    assert (story.trade.opened_at, story.trade.closed_at) == (NOW, NOW)


def test_figures_of_a_trade_keep_every_digit(life: Life) -> None:
    gross, fees = Decimal("0.123456789012345678901234567890"), Decimal("0.10")
    pnl = TradePnl(currency=life.plan.currency, gross=gross, fees=fees, funding=Decimal("-0.00"), estimated=False)
    life.begins()
    life.becomes("closed", phase=Phase.CLOSED)
    life.store.steps.settle(life.plan.bracket_id, Figures(average_entry=Decimal("65000.50"), pnl=pnl))

    (trade,) = life.store.trades().items

    assert repr(trade.pnl) == repr(pnl)
    assert str(trade.average_entry) == "65000.50"


def test_notices_and_figures_belong_to_the_step(life: Life) -> None:
    life.begins(notices=[_notice()], scores={Score.NAKED_MS: 120})

    assert [letter.notice.text for letter in life.store.outbox.due(NOW)] == ["a stop is missing"]
    assert life.store.scoreboard.newest()[Score.NAKED_MS] == 120


# --- repeating and losing


def test_the_same_step_told_twice_writes_nothing_the_second_time(life: Life) -> None:
    life.begins(notices=[_notice()])
    life.fills(1)
    last = life.store.events.last_id()

    assert life.again().outcome is Outcome.REPEATED

    assert life.store.events.last_id() == last
    assert life.store.trades().items[0].version == 2


def test_the_first_step_told_twice_is_known_too(life: Life) -> None:
    life.begins()

    assert life.again().outcome is Outcome.REPEATED


def test_a_step_that_changed_nothing_writes_only_its_notice_and_that_once(life: Life) -> None:
    life.begins()
    life.before, life.effects = life.bracket, ()

    told = [life.again(notices=[_notice()]) for _ in range(2)]

    assert [(one.outcome, one.version) for one in told] == [(Outcome.UNCHANGED, 1)] * 2
    assert life.store.outbox.waiting() == 1


def test_a_lost_race_changes_nothing_and_says_so(opens: Open) -> None:
    life = Life(opens())
    life.begins()
    other = Life(opens())
    other.fills(1)

    with pytest.raises(LostRace):
        life.fills(2)

    assert life.remembered == other.bracket
    assert len(life.store.events.of(life.plan.bracket_id)) == 3


def test_the_same_signal_again_opens_nothing(life: Life) -> None:
    life.begins()
    life.fills(1)

    with pytest.raises(LostRace):
        Life(life.store).begins()


# --- opening


def test_an_instrument_carries_one_open_bracket_whichever_instance_asks(opens: Open) -> None:
    Life(opens(), "1").begins()

    with pytest.raises(NotOpened) as refused:
        Life(opens(), "2").begins()

    assert refused.value.why.code == "instrument_taken"
    assert len(opens().open_brackets()) == 1


def test_another_worker_of_the_account_is_refused_too(opens: Open) -> None:
    Life(opens(), "1").begins()
    other = Life(opens(worker=WorkerId("w2")), "2", worker=WorkerId("w2"))

    with pytest.raises(NotOpened):
        other.begins()

    assert other.store.open_brackets() == [], "what another worker does is not ours to go on with"


def test_the_database_itself_refuses_a_second_open_bracket(opens: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the question before it were forgotten, the index would still say no."""
    Life(opens(), "1").begins()
    second = Life(opens(), "2")
    monkeypatch.setattr(second.store.steps, "_refusal", lambda *_, **__: None)

    with pytest.raises(AssertionError, match="UNIQUE"):
        second.begins()


def test_another_instrument_or_account_is_free(opens: Open) -> None:
    Life(opens(), "1").begins()

    Life(opens(), "2", instrument=InstrumentName("ETH-PERPETUAL")).begins()
    Life(opens(account="testnet"), "3").begins()

    assert len(opens().open_brackets()) == 2


@pytest.mark.parametrize("phase", [Phase.CLOSED, Phase.ENDED])
def test_a_bracket_that_is_over_frees_its_instrument(store: Store, phase: Phase) -> None:
    first = Life(store, "1")
    first.begins()
    first.becomes("over", phase=phase, intents=())

    assert Life(store, "2").begins().outcome is Outcome.WRITTEN


def test_a_late_fill_is_recorded_even_when_its_instrument_was_taken_since(store: Store) -> None:
    first = Life(store, "1")
    first.begins()
    first.becomes("over", phase=Phase.ENDED, intents=())
    Life(store, "2").begins()

    first.becomes("a late fill", phase=Phase.CLOSING)

    assert [trade.holds_instrument for trade in store.trades().items] == [True, False]
    assert len(store.open_brackets()) == 2


def test_a_bracket_that_lives_again_takes_its_instrument_back(store: Store) -> None:
    first = Life(store, "1")
    first.begins()
    first.becomes("over", phase=Phase.ENDED, intents=())
    first.becomes("a late fill", phase=Phase.CLOSING)

    with pytest.raises(NotOpened):
        Life(store, "2").begins()


def test_nothing_opens_under_halt(life: Life) -> None:
    life.store.halts.halt("enough", by="me", at=NOW)

    with pytest.raises(NotOpened, match="enough") as refused:
        life.begins()

    assert refused.value.why.code == "halted"


def test_what_is_open_goes_on_under_halt(life: Life) -> None:
    life.begins()
    life.store.halts.halt("enough", by="me", at=NOW)

    assert life.fills(1).outcome is Outcome.WRITTEN


def test_nothing_opens_on_an_instrument_with_a_finding_that_blocks(life: Life) -> None:
    issue, _ = life.store.issues.open(Finding(key="k", kind="orphan", text="whose is it?", instrument=BTC), at=NOW)

    with pytest.raises(NotOpened) as refused:
        life.begins()
    life.store.issues.resolve(issue.id, resolution="ignore", by="me", at=NOW)

    assert refused.value.why.code == "quarantined"
    assert life.begins().outcome is Outcome.WRITTEN


def test_a_quarantined_bracket_is_an_issue_and_keeps_its_instrument_until_a_person_chose(store: Store) -> None:
    first = Life(store, "1")
    first.begins()
    first.becomes("two stops", (Quarantined(why="two stops"),), phase=Phase.QUARANTINED, reason="two stops")

    (issue,) = store.issues.still_open()
    with pytest.raises(NotOpened):
        Life(store, "2").begins()
    assert store.open_brackets() == []
    assert store.brackets.quarantined_brackets() == [first.bracket]
    store.issues.resolve(issue.id, resolution="ignore", by="me", at=NOW)

    assert store.brackets.quarantined_brackets() == []
    assert Life(store, "2").begins().outcome is Outcome.WRITTEN


def test_a_bracket_of_another_worker_is_not_written(life: Life) -> None:
    life.bracket = replace(life.bracket, plan=plan_of(worker=WorkerId("w2")))

    with pytest.raises(AssertionError, match="w2"):
        life.begins()


# --- asking


def test_trades_come_in_pages_the_newest_first(store: Store) -> None:
    for number in range(5):
        life = Life(store, str(number))
        life.begins()
        life.becomes("over", phase=Phase.CLOSED if number % 2 else Phase.ENDED, intents=())

    first = store.trades(limit=2)
    second = store.trades(limit=2, before=first.next)
    last = store.trades(limit=2, before=second.next)

    assert [trade.seq for page in (first, second, last) for trade in page.items] == [5, 4, 3, 2, 1]
    assert last.next is None


def test_what_was_asked_for_is_known_and_what_never_was_is_not(life: Life) -> None:
    life.begins()

    assert life.store.brackets.knows(life.plan.bracket_id)
    assert not life.store.brackets.knows(BracketId("never"))
    assert life.store.trade(BracketId("never")) is None


def test_the_cancelling_of_an_orphan_is_an_intent_of_its_own_and_may_be_renewed(store: Store) -> None:
    order = order_of(plan_of())
    request = Cancel(intent_id=IntentId(f"orphan:{order.order_id}"), order_id=order.order_id)

    for _ in range(2):
        store.steps.intend_alone(request, order, at=NOW)
        (intent,) = store.unknown_intents()
        assert (intent.bracket_id, intent.request, intent.label) == (None, request, order.label)
        store.steps.settle_alone(request.intent_id, "done", at=NOW)

    assert store.unknown_intents() == ()


def test_working_orders_are_those_last_seen_to_rest(store: Store) -> None:
    life = Life(store)
    life.begins()
    stop, entry = order_of(life.plan, leg=Leg.STOP), order_of(life.plan)
    life.is_told(OrderSeen(order=stop))
    life.is_told(OrderSeen(order=replace(entry, filled_amount=Decimal("10.0"))))
    assert {(one.leg, str(one.filled_amount)) for one in store.brackets.working_orders()} == {
        (Leg.STOP, "0"),
        (Leg.ENTRY, "10.0"),
    }

    life.is_told(OrderSeen(order=replace(entry, state=OrderState.FILLED, filled_amount=Decimal(100))))

    assert [one.order_id for one in store.brackets.working_orders()] == [stop.order_id]
