"""Each actor dies at each kind of message, hangs, or is flooded: what its child spec says happens, and nothing else.

The kinds are found by living a day once. Here a sample of the deaths of each actor; `make crash-points` dies them all.
"""

from random import Random

import pytest

from tests.simulation import actor_deaths
from tests.simulation.actor_deaths import CHILDREN, Death
from trading.bracket import Mode
from trading.messages.supervision import Phase

DEATHS = 1
"""Of each actor in each mode."""


@pytest.mark.parametrize("child", CHILDREN)
@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_an_actor_that_dies_at_a_message_comes_back_alone_and_no_promise_is_broken(mode: Mode, child: str) -> None:
    deaths = [death for death in actor_deaths.found(mode) if death.child == child]
    assert deaths
    for death in Random(f"deaths:{mode}:{child}").sample(deaths, min(DEATHS, len(deaths))):
        actor_deaths.dies(death)


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_the_list_has_every_actor_and_what_moves_money(mode: Mode) -> None:
    found = {(death.child, death.kind) for death in actor_deaths.found(mode)}
    assert {child for child, _ in found} == set(CHILDREN)
    for wanted in (
        ("orders", "OpenBracket"),
        ("orders", "RequestDone"),
        ("orders", "OrderFilled"),
        ("orders", "Panic"),
        ("broker", "Submit"),
        ("broker", "Heard reply"),
        ("guardian", "OrderFilled"),
        ("strategy:fasttest", "TradeOpened"),
    ):
        assert wanted in found


@pytest.mark.parametrize("child", CHILDREN)
def test_an_actor_that_hangs_is_cut_off_after_its_deadline_and_replaced(child: str) -> None:
    scene = actor_deaths.begun(Mode.SEQUENTIAL)
    actor_deaths.hangs(scene, child)
    actor_deaths.check_only(scene, child)


@pytest.mark.parametrize("child", CHILDREN)
def test_an_actor_that_is_flooded_is_cut_off_and_replaced_and_what_it_lost_is_counted(child: str) -> None:
    scene = actor_deaths.begun(Mode.NATIVE)
    actor_deaths.is_flooded(scene, child)
    actor_deaths.check_only(scene, child)
    assert scene.supervisor.state().child(child).lost > 1_000


def test_a_supervisor_that_dies_ends_the_process_and_the_stops_rest() -> None:
    for kind in actor_deaths.kinds_of_the_supervisor():
        scene = actor_deaths.supervisor_dies(kind)
        assert len(scene.ended) == 1, kind
        assert scene.ended[0].stage is not None, kind
        scene.crashes()
        actor_deaths.check_all_well(scene)


def test_a_death_that_does_not_come_fails_the_walk() -> None:
    with pytest.raises(AssertionError, match="never came"):
        actor_deaths.dies(Death(child="orders", kind="Nothing", is_handled=False, mode=Mode.NATIVE))


def test_a_strategy_that_dies_is_in_error_and_nobody_restarts_it() -> None:
    scene = actor_deaths.begun(Mode.NATIVE)
    actor_deaths.strikes(scene, Death(child="strategy:fasttest", kind="TickerChanged", is_handled=False))
    scene.runs(30_000)
    state = scene.supervisor.state().child("strategy:fasttest")
    assert (state.phase, state.restarts, state.generation) == (Phase.ERROR, 0, 1)
    assert scene.cover >= abs(scene.position) > 0, "its trade stays protected"
