"""Start-up and recovery are the same: load, compare with the exchange, then trade. The scenarios one by one."""

from decimal import Decimal

import pytest

from exchange.faults import Rule
from persistence.brackets import Which
from tests.simulation.service_scene import FAR, NEAR, Resting, Scene
from trading.bracket import Mode, Phase
from trading.messages import desk
from trading.values import FillCondition

OPENING = "private/buy|private/sell"


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_start_case_1_a_position_that_fully_matches_is_taken_up_as_it_is(mode: Mode) -> None:
    scene = Scene(seed=41, mode=mode)
    before = scene.opens()
    ids = {order.order_id for order in scene.ours}
    scene.crashes()
    scene.runs(5_000)
    (after,) = scene.brackets
    assert after.plan == before.plan
    assert {order.order_id for order in scene.ours} == ids, "nothing was sent, nothing cancelled"
    assert scene.row.state == "POSITION_OPEN"
    scene.check()


@pytest.mark.parametrize("which", ["s", "t", "st"])
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_start_case_2_protection_that_went_missing_while_away_is_put_back(mode: Mode, which: str) -> None:
    scene = Scene(seed=42, mode=mode)
    scene.opens()
    for letter in which:
        for order in scene.leg(letter):
            scene.hand_cancels(order)
    scene.excused = True  # nobody was there
    scene.crashes()
    scene.runs(600)
    scene.excused = False
    scene.runs(6_000)
    assert scene.cover >= abs(scene.position) > 0
    assert scene.leg("t")
    scene.check()


def test_start_case_3_an_entry_that_had_not_filled_when_it_died_ends_at_its_time() -> None:
    scene = Scene(seed=43, kind=Resting)
    scene.runs_until(lambda: scene.leg("e"))
    scene.runs(500)
    scene.crashes()
    scene.runs(12_000)
    assert not scene.ours
    assert [one.reason for one in scene.trades(Which.ENDED)][-1] == "entry_not_filled"
    scene.check()


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("way", ["by hand", "by its stop", "by its target"])
def test_start_case_4_a_position_closed_while_away_is_closed_with_its_real_price_and_the_rest_cancelled(
    way: str, mode: Mode
) -> None:
    scene = Scene(seed=44, mode=mode)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    scene.silent_crash(lambda: scene.ends(way, sign))
    scene.runs(3_000)
    trade = scene.trades()[-1]
    assert trade.reason == {"by hand": "manual", "by its stop": "stop", "by its target": "target"}[way]
    assert trade.pnl is not None
    assert not trade.pnl.estimated
    scene.check_orphans()
    scene.check_money()


def test_an_order_with_our_label_that_no_trade_explains_is_cancelled() -> None:
    scene = Scene(seed=45)
    scene.opens()
    lost = scene.hand(
        "buy", Decimal(1_000), type="limit", price=Decimal(63_500), label="tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa:e0"
    )
    scene.crashes()
    scene.runs(3_000)
    assert lost.order_id not in scene.account.live
    scene.check()


def test_an_orphan_whose_cancel_is_refused_is_cancelled_at_the_next_look() -> None:
    scene = Scene(seed=46)
    scene.opens()
    lost = scene.hand(
        "buy", Decimal(1_000), type="limit", price=Decimal(63_500), label="tb1:me:w1:fasttest:aaaaaaaaaaaaaaaa:e0"
    )
    scene.suffers(Rule(fault="refused", method="private/cancel", code=10047, count=2))
    scene.crashes()
    scene.runs(10_000)
    assert lost.order_id not in scene.account.live


def test_the_orders_of_another_worker_stay_untouched() -> None:
    scene = Scene(seed=47)
    scene.opens()
    theirs = scene.hand(
        "buy", Decimal(1_000), type="limit", price=Decimal(63_500), label="tb1:me:w2:fasttest:aaaaaaaaaaaaaaaa:e0"
    )
    scene.crashes()
    scene.runs(65_000)
    assert theirs.order_id in scene.account.live


def test_a_trade_the_exchange_knows_nothing_of_any_more_is_closed_as_a_ghost_with_an_estimate() -> None:
    scene = Scene(seed=48)
    scene.opens()

    def vanishes() -> None:
        scene.ends("by hand", 1 if scene.position > 0 else -1)
        scene.account.archive.trades.pop()

    scene.silent_crash(vanishes)
    scene.runs(15_000)
    trade = scene.trades()[-1]
    assert trade.reason == "ghost_trade_cleanup"
    assert trade.pnl is not None
    assert trade.pnl.estimated
    scene.check_orphans()


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("lost", ["reply_lost", "request_lost"])
def test_a_crash_right_after_sending_enters_once_or_never(lost: str, mode: Mode) -> None:
    scene = Scene(seed=49, mode=mode)
    scene.suffers(Rule(fault=lost, method=OPENING, count=1))  # type: ignore[arg-type]
    scene.runs_until(lambda: scene.brackets)
    scene.runs(100)
    scene.crashes()
    scene.runs(20_000)
    scene.check()
    scene.comes_to_rest()
    scene.check()


@pytest.mark.parametrize("seed", range(10), ids="seed_{}".format)
def test_dying_at_any_moment_loses_no_stop_no_order_and_no_memory(seed: int) -> None:
    modes, conditions = list(Mode), list(FillCondition)
    scene = Scene(
        seed=seed, mode=modes[seed % 2], condition=conditions[seed % 3], moving="wild", parameters=NEAR | {"every_s": 1}
    )
    for _ in range(6):
        scene.runs(scene._rng.randrange(200, 6_000))
        scene.excused = True
        scene.crashes()
        scene.runs(600)
        scene.excused = False
        scene.naked_ms = 0
    scene.comes_to_rest()
    scene.check()


def test_a_restart_resumes_what_ran_and_leaves_paused_what_a_person_paused() -> None:
    scene = Scene(seed=51)
    scene.opens()
    scene.crashes()
    scene.runs(3_000)
    assert scene.row.state == "POSITION_OPEN"
    assert scene.says(desk.PauseStrategy, name="fasttest").ok
    scene.crashes()
    scene.runs(3_000)
    assert scene.row.state == "PAUSED"
    scene.crashes()
    scene.runs(3_000)
    assert scene.row.state == "PAUSED", "and over one restart more"
    assert scene.says(desk.ResumeStrategy, name="fasttest").ok
    scene.runs(500)
    assert scene.row.state == "POSITION_OPEN"


def test_a_restart_after_a_lost_connection_goes_on_and_says_so_truly() -> None:
    scene = Scene(seed=52)
    scene.runs(3_000)
    scene.cuts()
    scene.runs(2_000)
    assert scene.row.state == "PAUSED"
    scene.crashes()
    scene.runs(3_000)
    assert scene.row.state not in {"PAUSED", "IDLE"}


def test_a_restart_leaves_the_connection_closed_that_a_person_closed() -> None:
    scene = Scene(seed=53)
    scene.opens()
    assert scene.says(desk.Disconnect).ok
    scene.crashes()
    scene.runs(70_000)
    assert not scene.pipe._transports
    assert scene.says(desk.Connect).ok
    scene.runs(3_000)
    assert scene.row.state == "POSITION_OPEN"


def test_a_strategy_that_a_person_stopped_is_not_started_by_a_restart() -> None:
    scene = Scene(seed=54)
    scene.opens()
    assert scene.says(desk.StopStrategy, name="fasttest").ok
    scene.crashes()
    scene.runs(5_000)
    assert scene.row.state == "IDLE"
    assert scene.cover >= abs(scene.position) > 0, "its trade stays protected"


def test_a_quarantined_trade_is_still_known_after_a_restart_and_closed_on_a_persons_word() -> None:
    scene = Scene(seed=55, parameters=FAR)
    scene.opens()
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs_until(lambda: scene.trades(Which.QUARANTINED), 400_000)
    scene.mended()
    scene.guardian_sleeps()
    scene.crashes()
    scene.runs(1_000)
    assert scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close").ok
    scene.runs(3_000)
    assert [trade.reason for trade in scene.trades()] == ["resolved: close"]
    scene.check_orphans()
    scene.check_money()


def test_panic_closes_a_quarantined_trade_too() -> None:
    scene = Scene(seed=56)
    bracket = scene.opens()
    before = scene.store.brackets.bracket(bracket.plan.bracket_id)
    assert before is not None
    assert before.phase is Phase.OPEN
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs_until(lambda: scene.trades(Which.QUARANTINED), 400_000)
    scene.mended()
    scene.guardian_sleeps()
    assert scene.says(desk.Panic).ok
    scene.runs(3_000)
    assert scene.position == 0
    scene.check_money()
