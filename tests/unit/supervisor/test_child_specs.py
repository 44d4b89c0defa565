"""Specs are checked at start, all at once, not at the first crash."""

from dataclasses import replace
from typing import Any

import pytest

from actors.address import Name
from actors.base import Actor
from supervisor.memory import Forgetful
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import ChildSpec, problems
from supervisor.tree import Supervisor
from trading.errors import ConfigError
from trading.restart import Budget, Restart

GOOD = ChildSpec(
    id=Name("broker"),
    start=lambda _: Actor(),
    restart=Restart.PERMANENT,
    shutdown_ms=1_000,
    deadline_ms=1_000,
    inbox_max=100,
)
BUDGETS = {"ground": Budget(intensity=3, period_ms=60_000)}


def test_a_good_list_has_no_problems() -> None:
    assert problems([GOOD, replace(GOOD, id=Name("journal"))], BUDGETS) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": Name("")}, "id"),
        ({"id": Name("supervisor")}, "id"),
        ({"group": "nowhere"}, "nowhere"),
        ({"shutdown_ms": -1}, "shutdown_ms"),
        ({"deadline_ms": 0}, "deadline_ms"),
        ({"inbox_max": 0}, "inbox_max"),
        ({"told_max": 0}, "told_max"),
        ({"autostart": False}, "permanent"),
    ],
    ids=str,
)
def test_a_bad_spec_says_what_is_wrong(change: dict[str, Any], word: str) -> None:
    (problem,) = problems([replace(GOOD, **change)], BUDGETS)

    assert word in problem


def test_the_supervisor_reports_everything_that_is_wrong_together() -> None:
    runtime = SimulatedRuntime()
    runtime.directory.address(Name("brokr"))

    with pytest.raises(ConfigError) as raised:
        Supervisor(
            runtime=runtime,
            specs=[GOOD, GOOD, replace(GOOD, id=Name("journal"), inbox_max=0)],
            budgets={"ground": Budget(intensity=-1, period_ms=1)},
            memory=Forgetful(),
        )

    said = str(raised.value)
    assert len(raised.value.problems) == 4
    assert all(word in said for word in ("two of that id", "inbox_max", "intensity", "'brokr': addressed"))
