"""What a campaign tells beside the promises: which fault met a bracket in which phase, which branches were taken."""

import json

import msgspec
from click.testing import CliRunner, Result

from exchange.faults import Rule
from simulation.campaign import Summary
from simulation.history import Lived, live
from simulation.plan import Happening, draw
from tradebaas.commands.simulate import command
from trading.marks import BY_TESTS, MARKS

RARE = min(BY_TESTS)


def lived(seed: int, *, marks: dict[str, int], faults: dict[str, int], pairs: tuple[str, ...]) -> Lived:
    return Lived(
        seed=seed,
        simulated_ms=1,
        steps=1,
        brackets=0,
        fills=0,
        crashes=0,
        faults=faults,
        hash="",
        worst_naked_ms=0,
        marks=marks,
        pairs=pairs,
    )


def summed(*histories: Lived) -> Summary:
    summary = Summary()
    for one in histories:
        summary.add(one)
    return summary


def simulated(*words: str) -> Result:
    return CliRunner().invoke(command, ["--seeds", "2", "--days", "0.01", "--faults", "none", *words])


def test_a_fault_that_met_no_bracket_has_a_row_of_its_own() -> None:
    summary = summed(
        lived(1, marks={}, faults={"kill orders": 2, "nobody_there": 9}, pairs=("kill orders x open",)),
        lived(2, marks={}, faults={"kill orders": 1, "kill desk": 1}, pairs=("kill orders x open",)),
    )
    assert summary.met == {
        "kill desk": {"entering": 0, "open": 0, "closing": 0},
        "kill orders": {"entering": 0, "open": 2, "closing": 0},
    }


def test_a_fault_of_the_exchange_is_noted_with_the_phase_it_struck_in() -> None:
    """Once as a storm, whatever comes of it, and once for each fault that it brought."""
    rule = Rule(fault="reply_lost", method="private/buy|private/sell", count=1)
    storm = Happening(at_ms=0, kind="storm", what={"ms": 600_000, "rules": [msgspec.to_builtins(rule)]})
    lived = live(msgspec.structs.replace(draw(3, faults="none", days=0.01), happenings=(storm,)))
    assert lived.faults == {"reply_lost": 1, "storm": 1}
    assert lived.pairs == ("reply_lost x entering",)


def test_branches_never_taken_are_those_of_the_table_that_neither_a_history_nor_a_test_takes() -> None:
    summary = summed(
        lived(1, marks={"fate-unknown": 3, "of-an-older-record": 1}, faults={}, pairs=()),
        lived(2, marks={"ghost-trade": 1}, faults={}, pairs=()),
    )
    assert set(summary.marks_never) == set(MARKS) - BY_TESTS - {"fate-unknown", "ghost-trade"}
    assert summary.plain()["marks_never"] == summary.marks_never


def test_all_marks_ends_with_1_and_says_which_branches_no_history_took() -> None:
    plain, strict = simulated(), simulated("--all-marks")
    assert plain.exit_code == 0
    assert strict.exit_code == 1
    assert "defensive branches were never taken" in strict.stderr
    assert "guardian-closes" in strict.stderr
    assert RARE not in strict.stderr, "a test of its own takes it"


def test_both_ways_of_telling_have_marks_and_pairs() -> None:
    told, raw = simulated(), simulated("--json")
    assert f" of {len(MARKS)} defensive branches taken" in told.stdout
    assert "0 of 0 pairs of a fault and a bracket's phase" in told.stdout
    summary = json.loads(raw.stdout)
    assert summary["pairs"] == 0
    assert summary["met"] == {}
    assert "guardian-closes" in summary["marks_never"]
    assert set(summary["marks"]) <= set(MARKS)
