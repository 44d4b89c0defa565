"""What seeded histories found about an exchange that tells nothing any more, and about a clock that is set back.

Each history is shrunk to the few happenings that mattered.
"""

from typing import Any

import pytest

from exchange.faults import Rule
from tests.simulation.service_scene import Scene
from tests.simulation.test_found_by_histories import HOUR_MS, SILENT, Once, _guardians
from trading.bracket import Mode
from trading.messages import broker, desk
from trading.values import FillCondition, StrategyName

MINUTE_MS = 60_000


def test_the_guardian_has_the_account_read_before_it_closes_what_a_silent_exchange_covers() -> None:
    """Seed 68: the account was read while the stop was waking, nothing was pushed, and what it covered was sold."""
    scene = Scene(seed=68, strategy="once", kind=Once, condition=FillCondition.FIRST_HIT)
    scene.runs_until(lambda: scene.leg("e"))
    scene.suffers(SILENT)
    fell: list[Any] = []

    def fills_as_the_account_is_read(_who: str, message: Any) -> None:
        if isinstance(message, broker.TakePicture) and not fell:
            fell.append(message)
            scene.moves_by(-50)

    scene.runtime.before.append(fills_as_the_account_is_read)
    scene.runs_until(lambda: scene.position)
    assert fell
    held = scene.position
    scene.runs(15_000)
    assert scene.position == held
    assert scene.cover >= abs(held)
    assert not _guardians(scene)
    assert not scene.alerts("naked_position")


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_trade_goes_on_when_the_clock_was_set_back_an_hour_between_two_lives(mode: Mode) -> None:
    """Seed 45: what had been asked an hour later than now was asked again an hour after that."""
    scene = Scene(seed=45, mode=mode)
    scene.opens()
    scene.suffers(Rule(fault="reply_lost", method="private/*"))
    scene.ends("price", 1)
    scene.runs(3_500)
    scene.clock_jumps(-HOUR_MS)
    scene.silent_crash(scene.mended)
    scene.runs(1_000)
    scene.says(desk.StopStrategy, name=StrategyName("fasttest"))
    scene.runs_until(lambda: not scene.brackets, 90_000)
    scene.check_money()
    scene.check_entries()


def test_an_entry_that_rests_is_taken_back_when_the_clock_was_set_back() -> None:
    """Else it would rest an hour longer than its strategy meant it to."""
    scene = Scene(seed=7, strategy="once", kind=Once)
    scene.runs_until(lambda: scene.leg("e"))
    scene.clock_jumps(-HOUR_MS)
    scene.silent_crash(scene.mended)
    scene.runs(5_000)
    assert not scene.leg("e")


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_fills_from_before_the_clock_was_set_back_are_found_by_their_order(mode: Mode) -> None:
    """Seed 5622: by the clock as it was set the trade began after its exit, whose fills nobody found."""
    scene = Scene(seed=5622, mode=mode)
    scene.opens()
    sign = 1 if scene.position > 0 else -1

    def meanwhile() -> None:
        scene.ends("by its target", sign)
        scene.runtime.clock.jump(10 * MINUTE_MS)  # nobody is there for so long, and then the clock is set
        scene.clock_jumps(-9 * MINUTE_MS)

    scene.silent_crash(meanwhile)
    scene.runs(1_000)
    scene.says(desk.StopStrategy, name=StrategyName("fasttest"))
    scene.runs_until(lambda: not scene.brackets, 90_000)
    (trade,) = scene.trades()
    assert trade.reason == "target"
    scene.check_money()
    scene.check_entries()
