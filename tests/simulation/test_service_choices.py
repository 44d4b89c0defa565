"""What a person sets counts for the next trade, in the whole service, over a crash, too."""

from decimal import Decimal

from tests.simulation.service_scene import Scene
from trading.messages import desk
from trading.sizing import Risk, RiskMode

NAME = "fasttest"
SMALL = {"risk": Risk(mode=RiskMode.PERCENT, value=Decimal("0.02")), "leverage_max": None, "notional_max": None}


def opens_again(scene: Scene) -> Decimal:
    """Close what is open; give the amount of the next trade."""
    scene.says(desk.CloseStrategy, name=NAME)
    scene.runs_until(lambda: not scene.position)
    return abs(scene.opens().plan.amount)


def test_a_smaller_risk_makes_the_next_trade_smaller_and_leaves_the_open_one_as_it_is() -> None:
    scene = Scene(seed=301)
    first = scene.opens()
    assert scene.says(desk.SetRisk, **SMALL).ok
    scene.runs(1_000)
    assert abs(scene.position) == first.plan.amount

    second = opens_again(scene)

    assert Decimal(0) < second < first.plan.amount / 3
    scene.check()


def test_the_risk_that_was_set_counts_after_a_crash() -> None:
    scene = Scene(seed=302)
    first = scene.opens()
    assert scene.says(desk.SetRisk, **SMALL).ok
    scene.crashes()
    scene.runs(3_000)

    assert opens_again(scene) < first.plan.amount / 3


def test_parameters_count_in_the_next_life_and_not_while_a_trade_is_open() -> None:
    scene = Scene(seed=303)
    scene.opens()
    shown = {"parameters": {"stop_bps": "40"}, "shown": {"stop_bps": "40"}}
    refused = scene.says(desk.SetParameters, name=NAME, **shown)
    assert (refused.code, refused.state) == ("conflict", "POSITION_OPEN")

    scene.says(desk.StopStrategy, name=NAME)
    scene.says(desk.CloseStrategy, name=NAME)
    scene.runs_until(lambda: not scene.position)
    scene.runs(1_000)
    assert scene.says(desk.SetParameters, name=NAME, **shown).ok
    assert scene.says(desk.StartStrategy, name=NAME).ok
    plan = scene.opens().plan

    at = plan.entry or scene.brackets[-1].fills[0].price
    assert abs(at - plan.stop) / at > Decimal("0.003"), "40 basis points, not 12"
    scene.check()


def test_new_parameters_of_an_idle_strategy_begin_a_new_life_by_themselves() -> None:
    scene = Scene(seed=304)
    scene.runs_until(lambda: scene.row.state == "ANALYZING")
    before = scene.row.generation

    assert scene.says(desk.SetParameters, name=NAME, parameters={"every_s": 5}, shown={"every_s": 5}).ok
    scene.runs_until(lambda: scene.row.generation > before)

    scene.opens()
    scene.check()


def test_reconnecting_switched_on_while_the_line_is_cut_brings_it_back() -> None:
    scene = Scene(seed=305)
    scene.opens()
    scene.cuts()
    scene.runs(20_000)
    assert scene.row.state == "PAUSED", "lost stays lost"

    assert scene.says(desk.ChangeSettings, auto_reconnect=True).ok
    scene.runs(20_000)

    assert scene.row.state != "PAUSED"
    scene.check()
