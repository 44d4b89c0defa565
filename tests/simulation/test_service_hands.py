"""A person trades on the same account: what is theirs stays untouched, what they close is closed, exactly."""

from decimal import Decimal

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from tests.simulation.service_scene import INVERSE, LINEAR, Scene
from trading.bracket import Mode
from trading.messages import journal


def _half(scene: Scene) -> Decimal:
    lot: Decimal = scene.market.spec.contract_size
    return (abs(scene.position) / 2 // lot) * lot


def _against(scene: Scene) -> str:
    return "sell" if scene.position > 0 else "buy"


def _along(scene: Scene) -> str:
    return "buy" if scene.position > 0 else "sell"


@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_close_by_hand_is_seen_at_once_with_its_real_price_and_the_reason_manual(mode: Mode, instrument: str) -> None:
    scene = Scene(seed=21, mode=mode, instrument=instrument)
    bracket = scene.opens()
    scene.moves_by(10)
    scene.hand(_against(scene), abs(scene.position))
    scene.runs(250)
    assert all(one.reason == "manual" for one in scene.brackets), "seen at once"
    scene.runs(750)
    assert not scene.ours, "stop and target are gone"
    (trade,) = scene.trades()
    assert (trade.bracket_id, trade.reason) == (bracket.plan.bracket_id, "manual")
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_money()


def test_a_close_by_hand_whose_push_is_lost_is_found_by_the_reconciler() -> None:
    scene = Scene(seed=22)
    scene.opens()
    scene.suffers(Rule(fault="push_lost", channel="user.*"))
    scene.hand(_against(scene), abs(scene.position))
    scene.runs(1_000)
    scene.mended()
    scene.runs(62_000)
    (trade,) = scene.trades()
    assert trade.reason == "manual"
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_money()
    scene.check_orphans()


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_part_closed_by_hand_leaves_stop_and_target_for_the_rest(mode: Mode) -> None:
    scene = Scene(seed=23, mode=mode)
    scene.opens()
    before, half = abs(scene.position), _half(scene)
    scene.hand(_against(scene), half)
    scene.runs(1_000)
    assert abs(scene.position) == before - half == scene.cover
    (target,) = scene.leg("t")
    assert target.remaining == before - half
    scene.moves_by(120 if scene.position > 0 else -120)
    scene.runs(2_000)
    (trade,) = scene.trades()
    assert trade.reason == "target"
    scene.comes_to_rest()
    scene.check()


def test_an_amount_added_by_hand_is_the_persons_and_nobody_closes_it() -> None:
    scene = Scene(seed=24)
    scene.opens()
    held, half = abs(scene.position), _half(scene)
    sign = 1 if scene.position > 0 else -1
    scene.hand(_along(scene), half)
    scene.foreign = half * sign
    scene.runs(70_000)
    assert abs(scene.position) == held + half, "the person's part is untouched"
    assert scene.cover >= held, "ours is covered"
    assert "wrong_size" in [issue.finding.kind for issue in scene.store.issues.still_open()]


def test_an_amount_added_and_taken_back_by_hand_leaves_our_stop_as_large_as_it_was() -> None:
    scene = Scene(seed=25)
    scene.opens()
    held, half, along, against = abs(scene.position), _half(scene), _along(scene), _against(scene)
    scene.hand(along, half)
    scene.runs(1_000)
    scene.hand(against, half)
    scene.runs(10_000)
    assert abs(scene.position) == held == scene.cover
    scene.check_positions()


def test_a_position_flipped_by_hand_ends_the_trade_and_the_rest_is_the_persons() -> None:
    scene = Scene(seed=26)
    scene.opens()
    held, half, against = abs(scene.position), _half(scene), _against(scene)
    sign = 1 if against == "buy" else -1
    scene.hand(against, held + half)
    scene.foreign = half * sign
    scene.runs(70_000)
    assert scene.position == half * sign
    assert not scene.ours
    (trade,) = scene.trades()
    assert trade.reason == "manual"
    assert not scene.trades(Which.QUARANTINED)


def test_a_person_trading_after_our_trade_has_ended_changes_nothing_of_it() -> None:
    scene = Scene(seed=27)
    scene.opens()
    against = _against(scene)
    scene.hand(against, abs(scene.position))
    scene.runs(400)
    (trade,) = scene.trades()
    scene.hand(against, _half(scene) or Decimal(1000))
    scene.runs(20_000)
    (after,) = [one for one in scene.trades() if one.bracket_id == trade.bracket_id]
    assert after.pnl == trade.pnl
    assert not scene.trades(Which.QUARANTINED)


def test_nothing_opens_on_an_instrument_where_a_person_holds_a_position() -> None:
    scene = Scene(seed=28)
    scene.hand("buy", Decimal(5_000))
    scene.foreign = Decimal(5_000)
    scene.runs(70_000)
    assert scene.position == 5_000, "not touched"
    assert not scene.entries()
    assert "position_held" in [told.why.code for told in scene.told if isinstance(told, journal.SignalRefused)]


def test_orders_of_a_person_stay_untouched() -> None:
    scene = Scene(seed=29)
    order = scene.hand("buy", Decimal(1_000), type="limit", price=Decimal(63_500))
    scene.opens()
    scene.runs(65_000)
    assert order.order_id in scene.account.live
    scene.check_positions()


def test_a_stop_taken_away_by_hand_is_put_back_within_the_window() -> None:
    scene = Scene(seed=30)
    scene.opens()
    (stop,) = scene.leg("s")
    scene.hand_cancels(stop)
    scene.runs(5_000)
    assert scene.cover >= abs(scene.position)
    assert scene.position, "the trade goes on"
    scene.check()


def test_a_target_taken_away_by_hand_is_put_back() -> None:
    scene = Scene(seed=31)
    scene.opens()
    (target,) = scene.leg("t")
    scene.hand_cancels(target)
    scene.runs(5_000)
    assert scene.leg("t")
    scene.check()
