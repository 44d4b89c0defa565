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
from simulation.plan_more import more
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
    at_once = {"storm", "crash", "press", "hand", "disk", "kill", "hang", "clock", "tend"}
    more_of = {"line", "letter", "rest", "decide", "kills", "second", "second_crash"}
    assert kinds == at_once | more_of | {"late", "stall", "down", "stop", "io", "set"}
    assert all(not draw(seed, faults="none", days=DAYS).happenings for seed in range(5)), FAULTS["none"]


@pytest.mark.parametrize("faults", sorted(FAULTS))
def test_what_is_drawn_more_leaves_the_rest_as_it_was_drawn(faults: str) -> None:
    for seed in range(20):
        plan = draw(seed, faults=faults, days=DAYS)
        added = more(seed, faults, plan.length_ms, plan.runners)
        assert set(map(str, added)) <= set(map(str, plan.happenings))
        assert [one.at_ms for one in plan.happenings] == sorted(one.at_ms for one in plan.happenings)
        assert len([one for one in plan.happenings if one.kind == "kills"]) <= 1
    first = draw(3, faults="crashes", days=DAYS)
    assert not more(3, "crashes", first.length_ms, first.runners), "nothing was added to this sort"


def test_a_sparse_history_has_fewer_trades_and_the_same_troubles() -> None:
    for seed in range(20):
        dense = draw(seed, faults="all", days=DAYS)
        sparse = draw(seed, faults="all", days=DAYS, is_sparse=True)
        assert msgspec.structs.replace(dense, runners=()) == msgspec.structs.replace(sparse, runners=())
        pairs = list(zip(dense.runners, sparse.runners, strict=True))
        assert all(few.parameters["every_s"] >= many.parameters["every_s"] for many, few in pairs)
        assert all(few.parameters["target_bps"] < many.parameters["target_bps"] for many, few in pairs)
    assert not one(14, faults="all", days=DAYS, is_sparse=True).violations


@pytest.mark.parametrize("faults", ["network", "telegram"])
def test_a_history_of_one_sort_has_that_and_people_who_put_it_right(faults: str) -> None:
    kind = {"network": "line", "telegram": "letter"}[faults]
    kinds = {one.kind for seed in range(10) for one in draw(seed, faults=faults, days=DAYS).happenings}
    assert kinds == {kind, "tend"}
    lived = one(14, faults=faults, days=DAYS)
    assert not lived.violations
    assert any(fault.startswith(kind) for fault in lived.faults)


def test_a_failing_history_is_cut_down_to_what_matters() -> None:
    plan = draw(40, faults="all", days=DAYS)
    culprit = plan.happenings[len(plan.happenings) // 2]
    lived = live(draw(40, faults="none", days=0.01))

    def lives(candidate: Plan) -> Lived:
        broken = (Violation(promise="P1", about="x", sentence="planted"),) if culprit in candidate.happenings else ()
        return msgspec.structs.replace(lived, violations=broken, at_ms=culprit.at_ms)

    smaller, again = shrink(plan, lives=lives)
    assert smaller.happenings == (culprit,)
    assert again.violations
