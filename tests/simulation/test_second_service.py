"""A second service in the world of the first: both keep their promises, and neither touches what is the other's."""

import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from exchange.faults import Rule
from exchange.records import Order
from exchange.settings import Settings
from simulation.beside import Beside
from simulation.campaign import one
from simulation.happenings import FAULTS, PEOPLE, SECOND
from simulation.history import live
from simulation.plan import draw
from simulation.plan_more import SECONDS
from simulation.second import KEY, WORKER, SharedExchange
from simulation.world import Options, World
from strategies.registry import discover
from tests.simulation.service_scene import FAR
from tools.repository import ROOT
from trading.labels import parse

ETH = "ETH-PERPETUAL"
DAYS = 0.03
SEED = 123
"""It has a second service that crashes once, in a history with thirty troubles."""
RUNNER = {
    "name": "beside",
    "is_patient": False,
    "instrument": ETH,
    "parameters": {"stop_bps": "100", "target_bps": "100", "every_s": 60, "cooldown_s": 5},
}


class Two:
    """A world with both, on two instruments."""

    def __init__(self, seed: int) -> None:
        plan = msgspec.structs.replace(draw(1, faults="none", days=DAYS), seed=seed)
        settings = Settings(seed=seed, keys=(*Settings().keys, KEY))
        self.first = World(
            Options(seed=seed, exchange=settings, opens=SharedExchange, kind=discover()["fasttest"], parameters=FAR)
        )
        self.beside = Beside(self.first, plan, {"runner": RUNNER})
        self.second = self.beside.world

    def runs(self, ms: int) -> None:
        """Time passes for both, and the second is looked at."""
        runtime = self.first.runtime
        end = runtime.clock.elapsed_ms + ms
        while runtime.step(end):
            assert not self.beside.look()
        runtime.clock.elapsed_ms = end

    def runs_until(self, what: Callable[[], object], limit_ms: int = 120_000) -> None:
        for _ in range(limit_ms // 100):
            if what():
                return
            self.runs(100)
        raise AssertionError(f"not so after {limit_ms} ms")

    def held_by_both(self) -> None:
        self.runs_until(lambda: all(self.stops(worker) and self.held(worker) for worker in ("w1", WORKER)))

    def held(self, worker: str) -> Decimal:
        name = ETH if worker == WORKER else "BTC-PERPETUAL"
        amount: Decimal = self.first.exchange.engine.accounts["main"].amount(name)
        return amount

    def stops(self, worker: str) -> list[Order]:
        """Its stops that rest."""
        live = self.first.exchange.engine.accounts["main"].live.values()
        named = [(order, parse(order.label)) for order in live if order.trigger and not order.is_dormant]
        return [order for order, label in named if label is not None and label.worker == worker]

    def sessions(self, key: str) -> set[int]:
        return {one.id for one in self.first.exchange.sessions if one.client_id == key}


def test_both_trade_each_under_its_own_label_and_login() -> None:
    two = Two(501)
    two.held_by_both()
    assert two.sessions("paper")
    assert two.sessions("second")
    assert two.sessions("paper").isdisjoint(two.sessions("second"))
    assert {bracket.plan.instrument for bracket in two.first.store.open_brackets()} == {"BTC-PERPETUAL"}
    assert {bracket.plan.instrument for bracket in two.second.store.open_brackets()} == {ETH}


def test_a_line_that_was_made_slow_is_trouble_for_the_second_too() -> None:
    """Seed 8451: its judge knew of its lines only who they were."""
    two = Two(505)
    two.held_by_both()
    two.first.exchange.set_faults((Rule(fault="slow", every_ms=500, count=1, delay_ms=1_000, duration_ms=30_000),))
    two.runs(20_000)
    assert two.beside.eye.struck_at >= two.first.pipe.now - 1_000


def test_the_first_dies_again_and_again_and_the_second_trades_on() -> None:
    two = Two(502)
    two.held_by_both()
    before = two.sessions("second")
    for _ in range(3):
        two.first.crashes()
        two.second.follows()
        two.runs(4_000)
    assert two.sessions("second") == before
    assert two.stops(WORKER)
    now = two.first.pipe.now
    assert two.second.now == pytest.approx(now, abs=1_000), "the same time for both"
    two.beside.presses("CloseStrategy", name="beside")
    two.runs_until(lambda: not two.held(WORKER))
    assert two.held("w1"), "what the first holds is its own"


def test_the_second_dies_alone_and_finds_its_trade_again() -> None:
    two = Two(503)
    two.held_by_both()
    mine, others = two.sessions("second"), two.sessions("paper")
    (bracket,) = two.second.store.open_brackets()
    two.beside.crashes()
    two.runs(10_000)
    assert two.sessions("paper") == others
    assert two.sessions("second"), "it is on the line again"
    assert two.sessions("second").isdisjoint(mine)
    assert [one.plan.bracket_id for one in two.second.store.open_brackets()] == [bracket.plan.bracket_id]
    assert two.stops(WORKER)


def test_a_panic_of_one_leaves_the_other_as_it_is() -> None:
    two = Two(504)
    two.held_by_both()
    two.beside.presses("Panic")
    two.runs_until(lambda: not two.held(WORKER))
    two.runs(5_000)
    assert two.held("w1")
    assert two.stops("w1")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("private/cancel", lambda order: {"order_id": order.order_id}),
        ("private/edit", lambda order: {"order_id": order.order_id, "amount": 10}),
        ("private/cancel_by_label", lambda order: {"label": order.label}),
        ("private/cancel_all", lambda _order: {}),
    ],
    ids=["cancel", "edit", "by label", "everything"],
)
def test_a_request_to_change_what_is_the_others_is_seen(method: str, params: Callable[[Order], Any]) -> None:
    two = Two(505)
    two.held_by_both()
    (session,) = two.sessions("paper")
    for worker, is_seen in (("w1", method == "private/cancel_all"), (WORKER, True)):
        message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params(two.stops(worker)[0])}
        two.first.exchange.receive(session, message, two.first.pipe.now)
        assert [broken.promise for broken in two.second.touched()] == ["others"] * is_seen
        two.runs_until(lambda: two.stops(worker))  # noqa: B023 - asked at once


def test_what_the_second_leaves_bare_is_seen() -> None:
    two = Two(506)
    two.held_by_both()
    for child in ("orders", "guardian"):
        two.second.runtime.hang(child)
    engine, now = two.first.exchange.engine, two.first.pipe.now
    for order in two.stops(WORKER):
        engine.cancel(engine.accounts["main"], order.order_id, now)
    two.first.pipe.pump()
    with pytest.raises(AssertionError, match="P1"):
        two.runs(9_000)


# --- in histories


def test_a_history_with_both_breaks_no_promise_and_is_the_same_in_another_process() -> None:
    plan = draw(SEED, days=DAYS)
    assert [happening.kind for happening in plan.happenings].count(SECOND) == 1
    lived = one(SEED, faults="all", days=DAYS)
    assert not lived.violations
    assert lived.faults["second"] == lived.faults["second_crash"] == 1
    code = f"from simulation.campaign import one; print(one({SEED}, faults='all', days={DAYS}).hash)"
    for salt in ("0", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == lived.hash


def test_one_history_of_six_has_one_where_people_are_and_on_an_instrument_of_its_own() -> None:
    seeds = range(300)
    plans = [draw(seed, days=DAYS) for seed in seeds]
    having = [plan for plan in plans if any(one.kind == SECOND for one in plan.happenings)]
    assert len(having) == pytest.approx(len(seeds) / SECONDS, rel=0.3)
    for plan in having:
        (begins,) = (one for one in plan.happenings if one.kind == SECOND)
        assert begins.what["runner"]["instrument"] not in {one.instrument for one in plan.runners}
        assert begins.at_ms >= plan.length_ms // 2
    for faults, sorts in FAULTS.items():
        if PEOPLE not in sorts:
            kinds = {one.kind for seed in range(20) for one in draw(seed, faults=faults, days=DAYS).happenings}
            assert SECOND not in kinds


def test_without_its_beginning_a_crash_of_it_is_nothing() -> None:
    plan = draw(SEED, days=DAYS)
    numbers = [number for number, one in enumerate(plan.happenings) if one.kind != "second_crash"]
    lived = live(plan.without(numbers))
    assert lived.faults == {"second_crash": 1}
    assert not lived.violations
