"""What is known already, a line each in a file, so that a run can be stopped at any moment and goes on later."""

import hashlib
from pathlib import Path

import msgspec

from tools.mutants.lives import Fate
from tools.mutants.mutant import Mutant
from tools.mutants.trial import Round, Verdict


class Control(msgspec.Struct, frozen=True, kw_only=True, tag="control"):
    """A history lived with the unbroken code."""

    code: str
    round: Round
    fate: Fate


class Trial(msgspec.Struct, frozen=True, kw_only=True, tag="trial"):
    """A round lived with a fault."""

    code: str
    fault: str
    """A hash of the fault itself: another fault of the same name is another fault."""
    verdict: Verdict


Line = Control | Trial


class Record:
    """All lines of one file that speak of this code."""

    def __init__(self, path: Path | None, code: str) -> None:
        self._path, self._code = path, code
        self._controls: dict[tuple[str, float, int], Fate] = {}
        self._trials: dict[tuple[str, str], Verdict] = {}
        for line in path.read_bytes().splitlines() if path is not None and path.exists() else ():
            try:
                self._know(msgspec.json.decode(line, type=Line))
            except msgspec.DecodeError:  # cut short when the run was stopped
                continue

    def control(self, round_: Round, seed: int) -> Fate | None:
        """What became of a history with the unbroken code."""
        return self._controls.get((round_.faults, round_.days, seed))

    def trial(self, mutant: Mutant, round_: Round) -> Verdict | None:
        """What a round made of a fault."""
        return self._trials.get((_hash_of(mutant), str(round_)))

    def add_control(self, round_: Round, fate: Fate) -> None:
        """Remember; told again it counts once."""
        self._write(Control(code=self._code, round=round_, fate=fate))

    def add_trial(self, mutant: Mutant, verdict: Verdict) -> None:
        """Remember; told again it counts once."""
        self._write(Trial(code=self._code, fault=_hash_of(mutant), verdict=verdict))

    def _write(self, line: Line) -> None:
        self._know(line)
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(line) + b"\n")

    def _know(self, line: Line) -> None:
        if line.code != self._code:
            return
        if isinstance(line, Control):
            self._controls[line.round.faults, line.round.days, line.fate.seed] = line.fate
        else:
            self._trials[line.fault, str(line.verdict.round)] = line.verdict


def _hash_of(mutant: Mutant) -> str:
    return hashlib.sha256(msgspec.json.encode((mutant.name, mutant.changes))).hexdigest()[:16]
