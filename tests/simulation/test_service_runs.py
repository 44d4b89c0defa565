"""Left alone, it trades: what the database says was earned is what the exchange's own fills say, to the last digit."""

import pytest

from exchange.switches import Switches
from tests.simulation.service_scene import INVERSE, LINEAR, Scene
from trading.bracket import Mode
from trading.values import FillCondition


@pytest.mark.parametrize("condition", list(FillCondition), ids=str)
@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_several_trades_are_opened_and_closed_and_the_money_agrees(
    instrument: str, mode: Mode, condition: FillCondition
) -> None:
    scene = Scene(seed=11, instrument=instrument, mode=mode, condition=condition, moving="wild")
    scene.runs(90_000)
    assert len(scene.trades()) >= 3
    scene.comes_to_rest()
    scene.check()
    assert not scene.alerts("bracket")


@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_the_money_agrees_where_a_fill_counts_from_the_last_settlement(instrument: str) -> None:
    switches = Switches(trade_result_counts_from="settlement")
    scene = Scene(seed=12, instrument=instrument, switches=switches, moving="wild")
    scene.runs(60_000)
    scene.comes_to_rest()
    assert scene.trades()
    scene.check()
