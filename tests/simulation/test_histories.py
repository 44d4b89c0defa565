"""A few seeded histories under every fault, and what makes them worth anything: they repeat, and they shrink."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from simulation.campaign import one
from simulation.history import Lived, live
from simulation.plan import FAULTS, Plan, draw
from simulation.shrink import read_plan, shrink, write_plan
from tools.repository import ROOT
from trading.promises import Violation

DAYS = 0.03
SEEDS = (2, 14, 26, 40, 45, 125)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_under_every_fault_breaks_no_promise(seed: int) -> None:
    lived = one(seed, faults="all", days=DAYS)
    assert not lived.violations, f"repeat it: tradebaas simulate --seeds {seed} --days {DAYS}"


def test_the_same_seed_lives_the_same_history_in_another_process() -> None:
    code = f"from simulation.campaign import one; print(one(14, faults='all', days={DAYS}).hash)"
    hashes = {one(14, faults="all", days=DAYS).hash}
    for salt in ("0", "4711"):
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        hashes.add(run.stdout.strip())
    assert len(hashes) == 1


def test_a_plan_is_data_and_comes_back_from_its_file() -> None:
    plan = draw(7, faults="all", days=DAYS)
    assert plan == draw(7, faults="all", days=DAYS)
    assert json.loads(write_plan(read_plan(write_plan(plan)))) == json.loads(write_plan(plan))
    assert len(plan.without([0]).happenings) == len(plan.happenings) - 1


def test_every_sort_of_trouble_is_drawn() -> None:
    kinds = {one.kind for seed in range(60) for one in draw(seed, faults="all", days=DAYS).happenings}
    assert kinds == {"storm", "crash", "press", "hand", "disk", "kill", "hang", "clock", "tend"}
    assert all(not draw(seed, faults="none", days=DAYS).happenings for seed in range(5)), FAULTS["none"]


def test_a_failing_history_is_cut_down_to_what_matters() -> None:
    plan = draw(40, faults="all", days=DAYS)
    culprit = plan.happenings[len(plan.happenings) // 2]
    lived = live(draw(40, faults="none", days=0.01))

    def lives(candidate: Plan) -> Lived:
        broken = (Violation(promise="P1", about="x", sentence="planted"),) if culprit in candidate.happenings else ()
        return msgspec.structs.replace(lived, violations=broken, at_ms=culprit.at_ms)

    smaller, again = shrink(plan, lives(plan), lives=lives)
    assert smaller.happenings == (culprit,)
    assert again.violations
