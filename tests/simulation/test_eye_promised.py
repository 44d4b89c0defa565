"""What the eye holds a service to by what it has told a person, and by what strategies wish."""

from dataclasses import replace
from typing import Any

import pytest

from simulation.history import HANG_MS_MAX
from simulation.leaving import Leaving
from simulation.signals import Signals
from tests.simulation.lived_world import happens, history, runs
from tests.unit.trading.bracket_facts import plan
from trading.bracket import Bracket, Phase
from trading.messages import desk
from trading.values import BracketId, StrategyName

DONE = desk.Answer(ok=True, code="done", state="CLOSING", sentence="")


def bracket(number: str, phase: Phase = Phase.OPEN, **fields: Any) -> Bracket:
    return Bracket(plan=replace(plan(bracket_id=BracketId(number * 16)), **fields), phase=phase)


def test_what_was_to_be_closed_and_is_wanted_by_nothing_on_disk_any_more_is_found() -> None:
    with history() as made:
        runs(made, 1_000)
        here, other = bracket("a"), bracket("b", strategy=StrategyName("t"))
        made.store.open_brackets = lambda: [here, other]  # type: ignore[method-assign]
        leaving = Leaving(made.store)
        leaving.answered("CloseStrategy", {"name": "s"}, DONE)
        made.store.settings.put("exit:w1:s", "manual_close", by="me", at=made.world.now)
        assert not leaving.look([here, other]), "it is still wanted"
        made.store.settings.drop("exit:w1:s")
        (broken,) = leaving.look([here, other])
        assert (broken.promise, broken.about) == ("P6", here.plan.bracket_id)
        assert not leaving.look([replace(here, phase=Phase.CLOSING), other])
        assert not leaving.look([here, other]), "once on its way out it may be taken up again"


def test_a_close_that_was_refused_promises_nothing() -> None:
    with history() as made:
        made.store.open_brackets = lambda: [bracket("a")]  # type: ignore[method-assign]
        leaving = Leaving(made.store)
        leaving.answered("Panic", {}, replace(DONE, ok=False))
        leaving.answered("Panic", {}, None)
        assert not leaving.look([bracket("a")])
        leaving.answered("Panic", {}, DONE)
        assert leaving.look([bracket("a")])


def test_one_wish_traded_twice_is_found_and_two_wishes_are_not() -> None:
    signals = Signals()
    assert not signals.look([bracket("a", reason="period 1"), bracket("b", reason="period 2")])
    assert not signals.look([bracket("a", reason="period 1")])
    assert not signals.look([bracket("c", reason="adopted: x"), bracket("d", reason="adopted: x")])
    (broken,) = signals.look([bracket("e", reason="period 2")])
    assert (broken.promise, broken.about) == ("P3", "e" * 16)


@pytest.mark.parametrize("notices", [True, False])
def test_who_hangs_past_every_deadline_is_found_if_nobody_notices(*, notices: bool) -> None:
    with history() as made:
        runs(made, 5_000)
        if not notices:
            made.world.supervisor._rounds.is_well = lambda child: child is not None  # type: ignore[method-assign]
        happens(made, "hang", who="reconciler", ms=30_000)
        made.presses("Reconcile")
        if notices:
            runs(made, 40_000)
            return
        with pytest.raises(Exception, match="nobody has noticed"):
            runs(made, HANG_MS_MAX + 10_000)
