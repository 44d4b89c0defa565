"""What a campaign of many histories is worth: its record is of one kind, no history ends it, and findings are told."""

import multiprocessing
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from simulation.bounded import bounded, is_unending, live_in_time
from simulation.campaign import WorkerDied, many
from simulation.code import DECIDING, code_of
from simulation.disk import Died
from simulation.history import Lived, live
from simulation.plan import Happening, Plan, draw
from simulation.record import Campaign, NotThisRecord, Record
from simulation.recount import LINES_MAX, live_and_recount
from simulation.shrink import shrink, write_plan
from tools.repository import ROOT
from tradebaas.commands.simulate import command
from trading.promises import Violation

CAMPAIGN = Campaign(code="this code", faults="none", days=0.01, is_sparse=False)
LONG_S = 60


def lived(seed: int, **changed: Any) -> Lived:
    blank = Lived(
        seed=seed, simulated_ms=1, steps=1, brackets=0, fills=0, crashes=0, faults={}, hash="h", worst_naked_ms=0
    )
    return msgspec.structs.replace(blank, **changed)


def broken(about: str = "x", promise: str = "P1") -> tuple[Violation, ...]:
    return (Violation(promise=promise, about=about, sentence="planted"),)


def simulated(*words: str) -> Result:
    return CliRunner().invoke(command, ["--seeds", "2", "--days", "0.01", "--faults", "none", *words])


def failing(at_ms: int = 630_000) -> Plan:
    """A history that trades, is ended by a person after ten minutes, and fails then."""
    plan = draw(2, faults="none", days=0.01)
    runners = tuple(
        msgspec.structs.replace(one, is_patient=False, parameters=one.parameters | {"every_s": 30, "cooldown_s": 5})
        for one in plan.runners
    )
    happenings = (
        Happening(at_ms=600_000, kind="press", what={"command": "Panic"}),
        Happening(at_ms=at_ms, kind="of no known kind"),
    )
    return msgspec.structs.replace(plan, runners=runners, happenings=happenings)


# --- the record


def test_a_record_goes_on_where_it_was_cut_off_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    record = Record(path, CAMPAIGN)
    assert record.begin() == []
    record.add(lived(1))
    record.add(lived(2))
    path.write_bytes(path.read_bytes()[:-20])

    again = Record(path, CAMPAIGN)
    assert [one.seed for one in again.begin()] == [1]
    again.add(lived(3))
    assert [one.seed for one in Record(path, CAMPAIGN).begin()] == [1, 3], "not written behind what was cut off"


@pytest.mark.parametrize("length", [0, 1, 10, 30, 60])
def test_a_record_cut_off_in_its_first_line_begins_anew(tmp_path: Path, length: int) -> None:
    path = tmp_path / "record.jsonl"
    Record(path, CAMPAIGN).begin()
    path.write_bytes(path.read_bytes()[:length])
    record = Record(path, CAMPAIGN)
    assert record.begin() == []
    record.add(lived(1))
    assert [one.seed for one in Record(path, CAMPAIGN).begin()] == [1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": "that code"}, "other code"),
        ({"days": 0.183}, r"--days 0.01 \(now 0.183\)"),
        ({"faults": "all"}, r"--faults none \(now all\)"),
        ({"is_sparse": True}, "without --sparse"),
    ],
)
def test_what_was_lived_otherwise_is_not_added_up_with_the_rest(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    path = tmp_path / "record.jsonl"
    Record(path, CAMPAIGN).begin()
    before = path.read_bytes()
    with pytest.raises(NotThisRecord, match=f"lived otherwise: {words}.*name another file"):
        Record(path, msgspec.structs.replace(CAMPAIGN, **changed)).begin()
    assert path.read_bytes() == before


def test_a_record_that_does_not_say_how_it_was_lived_is_refused_with_a_sentence_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_bytes(msgspec.json.encode(lived(1)) + b"\n")
    with pytest.raises(NotThisRecord, match=r"record of an older version.*name another file"):
        Record(path, CAMPAIGN).begin()


def test_the_code_is_all_that_a_history_is_lived_with(tmp_path: Path) -> None:
    for package in DECIDING:
        (tmp_path / package).mkdir()
        (tmp_path / package / "one.py").write_text("x = 1")
    before = code_of(tmp_path)
    for package in DECIDING:
        (tmp_path / package / "one.py").write_text("x = 2")
        after, before = before, code_of(tmp_path)
        assert after != before, package
    assert code_of() == code_of(ROOT) != before


def test_nothing_else_of_the_repository_is_loaded_for_a_history() -> None:
    code = "import sys, simulation.campaign; print(*(getattr(one, '__file__', None) for one in sys.modules.values()))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    files = (Path(file) for file in run.stdout.split() if file.startswith(f"{ROOT}/") and ".venv" not in file)
    assert {file.relative_to(ROOT).parts[0] for file in files} == set(DECIDING)


def test_the_command_goes_on_with_its_own_record_and_refuses_another_with_2(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    assert simulated("--out", str(path)).exit_code == 0
    lines = path.read_bytes().splitlines()
    assert len(lines) == 2
    again = simulated("--out", str(path))
    assert "1 histories" in again.stdout
    assert path.read_bytes().splitlines() == lines, "nothing was lived twice"
    other = simulated("--out", str(path), "--sparse")
    assert other.exit_code == 2
    assert "without --sparse (now with)" in other.stderr
    assert simulated("--out", str(tmp_path / "nowhere" / "record.jsonl")).exit_code == 2


# --- what fails


def test_a_history_that_does_not_fail_any_more_is_told_so_and_no_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.jsonl"
    simulated("--out", str(path))
    first, line = path.read_bytes().splitlines()
    failed = msgspec.structs.replace(msgspec.json.decode(line, type=Lived), violations=broken(), at_ms=1)
    path.write_bytes(first + b"\n" + msgspec.json.encode(failed) + b"\n")
    monkeypatch.chdir(tmp_path)
    again = simulated("--out", str(path))
    assert [one.name for one in tmp_path.iterdir()] == ["record.jsonl"]
    assert again.exit_code == 1
    assert "seed 2 P1: planted" in again.stdout
    assert "lived again it breaks no promise" in again.stderr
    assert "repeat it" not in again.stderr


def test_another_error_of_the_code_is_another_fault_and_no_smaller_one() -> None:
    plan = draw(40, faults="all", days=0.03)

    def lives(candidate: Plan) -> Lived:
        about = "KeyError" if candidate == plan else "ValueError"
        return lived(40, violations=broken(about, "code"), at_ms=plan.length_ms)

    assert shrink(plan, lives=lives)[0] == plan


class Lost(dict[str, Any]):
    """What cannot be looked up."""

    def __getitem__(self, key: str) -> Any:
        raise OSError(f"{key} is gone")


def test_whatever_a_history_raises_is_a_broken_promise_with_its_place_in_the_code() -> None:
    plan = msgspec.structs.replace(failing(), happenings=(Happening(at_ms=60_000, kind="clock", what=Lost()),))
    found = live(plan)
    (violation,) = found.violations
    assert (violation.promise, violation.about, found.at_ms) == ("code", "OSError", 60_000)
    assert violation.sentence.startswith("OSError: by_ms is gone (simulation/history.py:")
    assert "test_campaigns.py:" in violation.sentence


def test_a_world_that_cannot_be_made_is_told_with_its_seed() -> None:
    found = live_in_time(msgspec.structs.replace(draw(2, faults="none", days=0.01), mode="sideways"))
    assert found.seed == 2
    assert found.violations[0].promise == "code"
    assert "sideways" in found.violations[0].sentence


def test_a_campaign_goes_on_behind_what_cannot_be_lived() -> None:
    found = list(many([1, 2], faults="no such faults", days=0.01))
    assert [(one.seed, one.violations[0].about) for one in found] == [(1, "KeyError"), (2, "KeyError")]


@pytest.mark.parametrize("error", [Died("at a point"), SystemExit(3), OSError("disk")])
def test_nothing_that_is_raised_ends_a_campaign(error: BaseException) -> None:
    def lives() -> Lived:
        raise error

    assert bounded(7, lives).violations[0].about == type(error).__name__


def test_a_history_that_does_not_end_is_ended_and_told_with_its_place() -> None:
    def goes_round() -> Lived:
        while True:
            time.sleep(0)

    found = bounded(7, goes_round, limit_s=0.2)
    assert is_unending(found)
    assert "did not end within 0.2 s" in found.violations[0].sentence
    assert "goes_round" in found.violations[0].sentence


def test_a_history_that_was_rung_out_of_a_loop_and_went_on_is_told_as_well() -> None:
    def goes_on() -> Lived:
        with suppress(BaseException):  # as the shell of an actor does
            time.sleep(LONG_S)
        return lived(7)

    assert is_unending(bounded(7, goes_on, limit_s=0.2))


def test_a_process_that_is_killed_is_told_with_the_seeds_in_its_hands() -> None:
    campaign = many(range(1, 200), faults="none", days=0.01, jobs=2)
    next(campaign)
    for child in multiprocessing.active_children():
        child.kill()
    with pytest.raises(WorkerDied, match=r"one of the histories \d+, \d+") as gone:
        list(campaign)
    assert 0 < len(gone.value.seeds) <= 8


# --- what a person reads


def test_a_broken_promise_comes_with_what_was_done_in_the_two_minutes_before() -> None:
    found, told = live_and_recount(failing())
    assert found.at_ms == 630_000
    text = "\n".join(told)
    for sort in ("request bracket", "request close", "service halt_changed", "service alert", "exchange fill"):
        assert sort in text, sort
    assert "exchange order" in text
    assert "service strategy_status_changed run0" in text
    times = [float(line.split()[0]) for line in told if line.startswith(" ")]
    assert times == sorted(times)
    assert 510 <= times[0] < 600 <= times[-1] <= 630
    assert len(told) <= LINES_MAX + 1


def test_what_was_before_the_two_minutes_is_not_told() -> None:
    _, told = live_and_recount(failing(at_ms=715_000))
    times = [float(line.split()[0]) for line in told]
    assert times[0] == 600, "the panic; the entry was before"
    assert not any("request bracket" in line for line in told)


def test_a_history_that_is_as_it_should_be_has_nothing_to_tell() -> None:
    assert live_and_recount(draw(2, faults="none", days=0.01))[1] == []


def test_the_command_tells_it_for_a_plan(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(write_plan(failing()))
    told = CliRunner().invoke(command, ["--plan", str(path)])
    assert told.exit_code == 1
    assert "exchange fill" in told.stderr
    assert "-> 630.000 s: code AssertionError: of no known kind (simulation/" in told.stderr
    assert "seed 2 code: AssertionError" in told.stdout
