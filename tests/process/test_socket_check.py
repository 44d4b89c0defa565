"""A history of the simulated world, lived again by the real process over a real socket: both end alike."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from simulation.plan import Happening, Plan, draw
from tools.socket_check.__main__ import compared
from tools.socket_check.squeeze import POSSIBLE, squeezed
from tools.socket_check.verdict import StateClass, differences

SECONDS = 12
STORM = [
    {"fault": "reply_late", "method": "private/*", "delay_ms": [100, 800]},
    {"fault": "reply_duplicated", "method": "private/*", "probability": 0.3},
    {"fault": "push_lost", "channel": "user.*", "probability": 0.3},
]
TROUBLES: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (2_000, "storm", {"ms": 5_000, "rules": STORM}),
    (5_000, "hand", {"what": "reduce", "instrument": "", "draw": 0.5}),
    (8_000, "crash", {"points": 0}),
    (9_500, "press", {"command": "Halt"}),
    (10_000, "press", {"command": "Disconnect"}),
    (10_500, "tend", {}),
    (11_500, "crash", {"points": 3}),
)


def _troubled(seed: int) -> Plan:
    """The world of a seed, and one trouble of most kinds in it, however seeds are drawn."""
    plan, _ = squeezed(seed, SECONDS)
    runner = msgspec.structs.replace(plan.runners[0], is_patient=False)
    happenings = tuple(
        Happening(at_ms=at_ms, kind=kind, what=what | ({"instrument": runner.instrument} if kind == "hand" else {}))
        for at_ms, kind, what in TROUBLES
    )
    return msgspec.structs.replace(plan, runners=(runner,), happenings=happenings)


@pytest.mark.process
@pytest.mark.slow
def test_the_real_process_over_a_socket_ends_in_the_same_state_as_the_simulated_one(tmp_path: Path) -> None:
    found = compared(_troubled(7), tmp_path)
    assert found["broken"] == []
    assert found["differences"] == (), (found["simulated"]["why"], found["socket"]["why"])
    for side in ("simulated", "socket"):
        assert found[side]["entries"] >= 1, f"{side}: it traded"
        assert found[side]["struck"] >= 1, f"{side}: the storm struck"
    assert found["socket"]["crashes"] == 2
    assert found["socket"]["looks"] > 50, "somebody looked"
    assert found["socket"]["answered"] >= 9, "commands were answered with success, and looked for on disk"


@pytest.mark.parametrize("name", [field.name for field in fields(StateClass)])
def test_two_ends_that_differ_in_anything_are_told_apart_with_both_sides(name: str) -> None:
    state = StateClass(line="up", strategies=("run0 at work",))
    other: Any = not getattr(state, name) if isinstance(getattr(state, name), bool) else "P1"
    assert differences(state, state) == ()
    (told,) = differences(state, replace(state, **{name: other}))
    assert name in told
    assert repr(other) in told


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_squeezed_plan_keeps_the_order_and_the_kinds_that_both_worlds_can_do(seed: int) -> None:
    plan, left_out = squeezed(seed, 60)
    drawn = [one.kind for one in draw(seed, faults="all", days=0.02).happenings]
    kept = [one.kind for one in plan.happenings]
    assert kept == [kind for kind in drawn if kind in POSSIBLE][: len(kept)]
    assert left_out.total() == sum(kind not in POSSIBLE for kind in drawn)
    times = [one.at_ms for one in plan.happenings]
    assert times == sorted(times)
    assert times[-1] < plan.length_ms == 60_000
