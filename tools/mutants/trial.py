"""Plant a fault in a copy of the code and live histories with it. The checkout itself is never touched."""

import shutil
import subprocess  # the histories are lived in a process of their own: its code is another
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from simulation.code import code_of as hash_over
from tools.mutants.lives import HISTORY_S_MAX, TO_THE_END, Fate
from tools.mutants.mutant import Mutant

ROOT: Final = Path(__file__).parents[2]
CODE: Final = (
    *("trading", "exchange", "brokers", "strategies", "persistence", "actors", "supervisor", "simulation"),
    *("webui", "tradebaas", "tools"),
)
TRIAL_S_MAX: Final = 900
"""For all histories of one round with one fault. More is a machine in trouble, or code that crawls."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """Some histories. `faults` may be ``directed``: then each fault has its own profile."""

    faults: str
    days: float
    first: int
    last: int

    @property
    def seeds(self) -> range:
        """All of them."""
        return range(self.first, self.last + 1)

    def of(self, mutant: Mutant) -> "Round":
        """The round as it is lived with this fault."""
        return msgspec.structs.replace(self, faults=mutant.faults) if self.faults == "directed" else self

    def __str__(self) -> str:
        """As it is given on the command line."""
        return f"{self.faults}:{self.days:g}:{self.first}..{self.last}"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one round of histories made of one fault."""

    name: str
    round: Round
    seconds: float
    hashes: dict[int, str]
    """Of the histories that were lived to their end, by seed."""
    caught_by: Fate | None = None

    @property
    def lived(self) -> int:
        """Histories, the one that caught it included."""
        return len(self.hashes) + (self.caught_by is not None)


def code_of(root: Path) -> str:
    """One hash over all code: verdicts of other code count for nothing."""
    return hash_over(root, CODE[:-1])


@contextmanager
def copy_of_the_code(mutant: Mutant | None, root: Path = ROOT) -> Iterator[Path]:
    """The packages in a folder of their own, with the fault in them."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for package in CODE:
            shutil.copytree(root / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
        for file, text in (mutant.planted(root) if mutant is not None else {}).items():
            (copy / file).write_text(text, encoding="utf-8")
        yield copy


def live(copy: Path, round_: Round, seeds: Sequence[int], *, to_the_end: bool = False) -> list[Fate]:
    """What becomes of these histories with the code in that folder, up to the first that is not as it should be."""
    command = [sys.executable, "-m", "tools.mutants.lives", round_.faults, str(round_.days)]
    command += [str(seed) for seed in seeds] + [TO_THE_END] * to_the_end
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, timeout=TRIAL_S_MAX, check=False)
        said, error, code = run.stdout, run.stderr, run.returncode
    except subprocess.TimeoutExpired as late:
        said, error, code = late.stdout or b"", b"", 0
    fates = [msgspec.json.decode(line, type=Fate) for line in said.splitlines() if line.endswith(b"}")]
    if code:  # it does not even begin, or was ended from outside: the next seed is the one that shows it
        last = (error.decode(errors="replace").strip().splitlines() or [f"exit code {code}"])[-1]
        following = seeds[min(len(fates), len(seeds) - 1)]
        fates.append(Fate(seed=following, promise="code", sentence=f"the code does not run: {last}"[:300]))
    return fates


def try_one(mutant: Mutant, round_: Round, control: Callable[[Round, int], Fate], root: Path = ROOT) -> Verdict:
    """Let one round of histories look for a fault.

    ``control`` lives a history with the unbroken code. One that is broken there as well proves nothing.
    """
    began, caught = time.monotonic(), None
    hashes: dict[int, str] = {}
    seeds = list(round_.seeds)
    with copy_of_the_code(mutant, root) as copy:
        while seeds and caught is None:
            fates = live(copy, round_, seeds)
            hashes |= {fate.seed: fate.hash for fate in fates if not fate.promise}
            caught = fates[-1] if fates and fates[-1].promise else None
            seeds = seeds[len(fates) :] if fates and caught is not None else []
            if caught is not None and control(round_, caught.seed).promise:
                caught = None
    seconds = round(time.monotonic() - began, 1)
    return Verdict(name=mutant.name, round=round_, seconds=seconds, hashes=hashes, caught_by=caught)


__all__ = ["CODE", "HISTORY_S_MAX", "ROOT", "Round", "Verdict", "code_of", "copy_of_the_code", "live", "try_one"]
