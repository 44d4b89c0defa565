"""Deliberate faults in a copy of the code, and the histories that look for them."""

from pathlib import Path

import pytest

from simulation.plan import draw
from tools.mutants.lives import Fate, planned
from tools.mutants.mutant import Mutant, catalogue
from tools.mutants.record import Record
from tools.mutants.trial import ROOT, Round, Verdict, code_of, copy_of_the_code, live, try_one

ROUND = Round(faults="none/partial_fill", days=0.01, first=1, last=2)
HARMLESS = Mutant(
    name="harmless",
    what="other words for people",
    file="trading/promises.py",
    old='"""A broken promise.',
    new='"""A promise that was broken.',
)


def _named(name: str) -> Mutant:
    return next(one for one in catalogue() if one.name == name)


def _good(_round: Round, seed: int) -> Fate:
    return Fate(seed=seed, hash="as it should be")


def test_a_fault_is_caught_by_a_history_and_the_checkout_stays_as_it_is() -> None:
    before = code_of(ROOT)
    verdict = try_one(_named("intents-not-written"), ROUND, _good)
    assert verdict.caught_by is not None
    assert verdict.caught_by.promise == "P6"
    assert code_of(ROOT) == before


def test_what_breaks_without_the_fault_too_proves_nothing() -> None:
    def broken(_round: Round, seed: int) -> Fate:
        return Fate(seed=seed, promise="P1", sentence="bare as it is")

    verdict = try_one(_named("intents-not-written"), ROUND, broken)
    assert verdict.caught_by is None
    assert verdict.lived == 0


def test_a_harmless_change_survives_and_its_history_is_that_of_the_unbroken_code() -> None:
    only = Round(faults=ROUND.faults, days=ROUND.days, first=1, last=1)
    verdict = try_one(HARMLESS, only, _good)
    with copy_of_the_code(None) as unbroken:
        (control,) = live(unbroken, only, [1])
    assert verdict.caught_by is None
    assert verdict.hashes == {1: control.hash}


def test_code_that_does_not_run_is_caught() -> None:
    fault = Mutant(
        name="no-code", what="", file=HARMLESS.file, old=HARMLESS.old, new=f"raise SystemExit\n{HARMLESS.old}"
    )
    verdict = try_one(fault, ROUND, _good)
    assert verdict.caught_by is not None
    assert verdict.caught_by.promise == "code"


def test_faults_that_are_named_strike_in_place_of_those_drawn() -> None:
    plan = planned(3, "crashes/reply_lost+push_lost", 0.02)
    storms = [one for one in plan.happenings if one.kind == "storm"]
    assert {rule["fault"] for storm in storms for rule in storm.what["rules"]} == {"reply_lost", "push_lost"}
    drawn = {one.kind for one in draw(3, faults="crashes", days=0.02).happenings}
    assert {one.kind for one in plan.happenings} == drawn | {"storm", "tend"}
    assert list(plan.happenings) == sorted(plan.happenings, key=lambda one: one.at_ms)
    with pytest.raises(ValueError, match="no fault called earthquake"):
        planned(3, "none/earthquake", 0.02)


def test_a_run_goes_on_where_it_was_stopped_and_forgets_what_was_found_with_other_code(tmp_path: Path) -> None:
    path, mutant = tmp_path / "record.jsonl", _named("no-timer")
    verdict = Verdict(name=mutant.name, round=ROUND, seconds=1.0, hashes={1: "a"})
    record = Record(path, "this code")
    record.add_trial(mutant, verdict)
    record.add_control(ROUND, Fate(seed=2, hash="b"))
    with path.open("ab") as file:
        file.write(b'{"type":"trial","code":"this c')

    again = Record(path, "this code")
    assert again.trial(mutant, ROUND) == verdict
    assert again.control(ROUND, 2) == Fate(seed=2, hash="b")
    assert again.trial(_named("sent-again"), ROUND) is None
    assert Record(path, "other code").trial(mutant, ROUND) is None
