"""What others do on the same account in simulated worlds, and decisions on issues."""

from typing import Any

import pytest

from exchange.faults import Rule
from persistence.issues import Finding
from simulation.hands import AWAY
from simulation.history import History
from tests.simulation.lived_world import happens, history, runs
from trading.bracket import Phase
from trading.labels import parse
from trading.values import InstrumentName, WorkerId


def _rests(made: History, whose: str) -> Any:
    """An order of theirs comes to rest; give it."""
    before = set(made.world.exchange.engine.accounts["main"].live)
    instrument = made.plan.runners[0].instrument
    happens(made, "rest", of=whose, instrument=instrument, direction="buy", lots=2, draw=1)
    runs(made, 10)
    live = made.world.exchange.engine.accounts["main"].live
    (order,) = (
        order
        for key, order in live.items()
        if key not in before
        and order.price
        and order.order_type == "limit"
        and order.amount == 2 * made.world.exchange.engine.markets[instrument].spec.contract_size
    )
    return order


def _cancels(made: History, order_id: str) -> None:
    """Not a person's doing: by what the exchange shows it may as well have been the service."""
    engine = made.world.exchange.engine
    engine.cancel(engine.accounts["main"], order_id, made.world.pipe.now)
    made.world.pipe.pump()


@pytest.mark.parametrize("whose", ["w2", "nobody"])
def test_orders_of_others_rest_through_comparisons_a_crash_and_a_panic(whose: str) -> None:
    with history() as made:
        runs(made, 30_000)
        order = _rests(made, whose)
        runs(made, 330_000)
        made.crash()
        runs(made, 30_000)
        made.presses("Panic")
        runs(made, 60_000)
        assert order.is_live
        assert not made.hands.broken()


@pytest.mark.parametrize("whose", ["w2", "nobody"])
def test_an_order_of_others_that_somebody_else_took_away_is_found(whose: str) -> None:
    with history() as made:
        runs(made, 30_000)
        order = _rests(made, whose)
        _cancels(made, order.order_id)
        (broken,) = made.hands.broken()
        assert order.order_id in broken.sentence
        assert not made.hands.broken(), "it is told once"


def test_when_the_exchange_itself_has_meddled_nobody_is_blamed_for_what_rested_then() -> None:
    with history() as made:
        runs(made, 30_000)
        order = _rests(made, "w2")
        made.world.exchange.set_faults([Rule(fault="meddling", every_ms=1_000, client_id="person", what="cancel")])
        runs(made, 10_000)
        assert not order.is_live
        assert not made.hands.broken()
        made.world.exchange.clear_faults()
        later = _rests(made, "w2")
        _cancels(made, later.order_id)
        assert made.hands.broken(), "what comes to rest later is looked after again"


def test_an_order_of_others_that_somebody_else_changed_is_found() -> None:
    with history() as made:
        runs(made, 30_000)
        order = _rests(made, "w2")
        order.price *= 1 + AWAY / 10
        assert made.hands.broken()


def test_what_a_person_takes_away_is_their_own_affair() -> None:
    with history() as made:
        order = _rests(made, "nobody")
        for number in range(50):
            made.hands.trades("cancel", order.instrument_name, number / 50)
            runs(made, 10)
            if not order.is_live:
                break
        assert not order.is_live
        assert not made.hands.broken()


def test_an_order_by_hand_that_looks_like_ours_is_taken_away_and_counts_for_nothing_of_ours() -> None:
    with history() as made:
        runs(made, 30_000)
        order = _rests(made, "ours")
        label = parse(order.label)
        assert label is not None
        assert label.worker == WorkerId(made.world.options.worker)
        runs(made, made.plan.reconcile_ms + 30_000)
        assert not order.is_live
        assert not made.hands.broken()
        assert label.bracket not in made.eye.fills


@pytest.mark.parametrize(("must_offer", "decided"), [(True, False), (False, True)], ids=["if offered", "anyhow"])
def test_a_person_who_has_made_up_their_mind_waits_for_an_issue(*, must_offer: bool, decided: bool) -> None:
    with history() as made:
        runs(made, 30_000)
        happens(made, "decide", choice="adopt", must_offer=must_offer)
        runs(made, 15_000)
        assert made.mind == ("adopt", must_offer)
        instrument = InstrumentName(made.plan.runners[0].instrument)
        finding = Finding(
            key="planted", kind="orphan_position", text="planted", instrument=instrument, actions=("close",)
        )
        made.store.issues.open(finding, at=made.world.now)
        runs(made, 15_000)
        assert (made.mind is None) is decided


def test_a_storm_waits_for_the_trade_it_is_meant_for_or_comes_without_one() -> None:
    rule = {"fault": "refused", "method": "private/get_order_state", "code": 10019}
    with history() as made:
        happens(made, "storm", when="open", ms=5_000, rules=[rule])
        while not any(one.phase is Phase.OPEN for one in made.store.open_brackets()):
            assert not made.world.exchange.fault_state()["rules"]
            runs(made, 50)
        runs(made, 200)
        assert made.world.exchange.fault_state()["rules"]
        runs(made, 6_000)
        assert not made.world.exchange.fault_state()["rules"]
        happens(made, "storm", when="closing", ms=1_000_000, rules=[rule])
        runs(made, 61_000)
        assert made.world.exchange.fault_state()["rules"]


def test_an_actor_that_dies_six_times_in_a_minute_ends_the_process_which_starts_again() -> None:
    with history() as made:
        runs(made, 30_000)
        happens(made, "kills", who="desk")
        runs(made, 90_000)
        assert made.gave_up == 1
        assert made.crashes == 1
        runs(made, 60_000)
        assert made.gave_up == 1
