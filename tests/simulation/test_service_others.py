"""Others on the same account and instrument: what they hold is theirs, and neither trade nor guardian sells it.

Each history here broke a promise once; it was found by simulated histories and made as small as it would go.
"""

from decimal import Decimal

import pytest

from persistence.brackets import Which
from tests.simulation.service_scene import Resting, Scene
from trading.bracket import Mode

THEIRS = "tb1:me:w2:other:aaaaaaaaaaaaaaaa:e0"


@pytest.mark.parametrize("label", [THEIRS, ""], ids=["another worker", "a person"])
def test_what_others_added_outlives_our_trade(label: str) -> None:
    """The guardian took the rest for ours, and sold it."""
    scene = Scene(seed=61)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    lot: Decimal = scene.market.spec.contract_size
    scene.hand("buy" if sign > 0 else "sell", lot, label=label)
    scene.foreign = lot * sign
    scene.runs(2_000)
    scene.moves_by(150 * sign)
    scene.runs(10_000)
    assert scene.position == scene.foreign, "ours went by its target, theirs stayed"
    assert not [order for order in scene.account.archive.orders.values() if order.label.endswith(":c90")]


@pytest.mark.parametrize("label", [THEIRS, ""], ids=["another worker", "a person"])
def test_what_others_added_stays_theirs_when_the_line_was_cut_and_our_trade_ended_meanwhile(label: str) -> None:
    """The picture after a reconnect began late: it showed our exit alone, and what others held seemed ours."""
    scene = Scene(seed=62, auto_reconnect=True)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    lot: Decimal = scene.market.spec.contract_size
    scene.hand("buy" if sign > 0 else "sell", lot, label=label)
    scene.foreign = lot * sign
    scene.runs(70_000)
    scene.moves_by(150 * sign)
    scene.runs(400)
    scene.cuts()
    scene.runs(75_000)
    assert scene.position == scene.foreign
    assert not [order for order in scene.account.archive.orders.values() if order.label.endswith(":c90")]


def test_the_guardian_protects_ours_beside_another_workers_order() -> None:
    """The last label it saw was the other worker's, so it took the position for theirs and did nothing."""
    scene = Scene(seed=63)
    scene.opens()
    away = Decimal(60_000) if scene.position > 0 else Decimal(68_000)
    scene.runtime.hang("orders")
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.hand("buy" if scene.position > 0 else "sell", Decimal(10), type="limit", price=away, label=THEIRS)
    scene.runs(6_000)
    assert not scene.position
    assert scene.alerts("naked_position")


def test_a_person_takes_half_and_another_worker_gives_a_little_back_and_nothing_is_sold_for_it() -> None:
    """The trade did not count the other worker's fill and the guardian did: it sold that amount every five seconds."""
    scene = Scene(seed=64)
    scene.opens()
    lot: Decimal = scene.market.spec.contract_size
    along, against = ("buy", "sell") if scene.position > 0 else ("sell", "buy")
    scene.hand(against, abs(scene.position) / 2 // lot * lot)
    scene.runs(2_000)
    scene.hand(along, lot, label=THEIRS)
    held = scene.position
    scene.runs(70_000)
    assert scene.position == held, "nobody sold anything"
    assert not [order for order in scene.account.archive.orders.values() if ":c" in order.label]
    assert scene.cover >= abs(scene.position)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_another_worker_that_closes_our_position_ends_our_trade_with_its_real_price(mode: Mode) -> None:
    """It was found missing by the reconciler, and booked at an estimate."""
    scene = Scene(seed=65, mode=mode)
    scene.opens()
    scene.moves_by(10)
    scene.hand("sell" if scene.position > 0 else "buy", abs(scene.position), label=THEIRS)
    scene.runs(1_000)
    (trade,) = scene.trades()
    assert trade.reason == "manual"
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    assert not scene.ours
    scene.check_money()


@pytest.mark.parametrize("label", [THEIRS, ""], ids=["another worker", "a person"])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_what_others_open_beside_our_resting_entry_is_theirs(mode: Mode, label: str) -> None:
    """Nothing was held by us yet, so the guardian took it for ours, and closed it."""
    scene = Scene(seed=66, mode=mode, strategy="resting", kind=Resting)
    scene.runs_until(lambda: scene.leg("e"))
    lot: Decimal = scene.market.spec.contract_size
    scene.hand("sell", lot, label=label)
    scene.foreign = -lot
    scene.runs(70_000)
    assert scene.position == scene.foreign
    assert not scene.trades(Which.QUARANTINED)
