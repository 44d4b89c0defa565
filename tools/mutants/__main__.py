"""Plant each fault in a copy of the code and let seeded histories look for it. Those that none notices are listed.

Round by round: what the first histories do not notice is shown to more of them. The unbroken code lives the same seeds;
a seed with which it breaks a promise itself proves nothing and is left out. Exit 1 when fewer than 95 % are caught.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import click
import msgspec

from tools.mutants.lives import Fate
from tools.mutants.mutant import Mutant, catalogue
from tools.mutants.record import Record
from tools.mutants.trial import ROOT, Round, Verdict, code_of, copy_of_the_code, live, try_one

CAUGHT_AT_LEAST: Final = 0.95
ROUNDS: Final = ("directed:0.02:1..30", "all:0.05:1..60", "directed:0.02:31..90")


class Rounds(click.ParamType[Round]):
    """``FAULTS:DAYS:A..B``."""

    name = "FAULTS:DAYS:A..B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Round:
        """Read it."""
        if isinstance(value, Round):
            return value
        found = re.fullmatch(r"([a-z_/+]+):(\d+(?:\.\d+)?):(\d+)\.\.(\d+)", str(value))
        if found is None or int(found[3]) > int(found[4]):
            self.fail(f"{value!r} is not a round like all:0.05:1..60", param, ctx)
        return Round(faults=found[1], days=float(found[2]), first=int(found[3]), last=int(found[4]))


@click.command(help=__doc__)
@click.option("--only", multiple=True, metavar="NAME", help="Only this fault; may be given several times.")
@click.option("--round", "rounds", type=Rounds(), multiple=True, default=ROUNDS, show_default=True, help="In turn.")
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="How many at once.")
@click.option(
    "--record",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default="var/mutants.jsonl",
    show_default=True,
    help="What is known already; run again to go on.",
)
@click.option("--json", "is_json", is_flag=True, help="Print the verdicts as JSON.")
def main(*, only: Sequence[str], rounds: Sequence[Round], jobs: int, path: Path, is_json: bool) -> None:
    """Try them and print the list."""
    mutants = [one for one in catalogue() if not only or one.name in only]
    unknown = sorted(set(only) - {one.name for one in mutants})
    if unknown or not mutants:
        raise click.UsageError(f"no fault is called {', '.join(unknown) or 'that'}: see tools/mutants/catalogue.toml")
    with copy_of_the_code(None) as unbroken:
        check = Check(Record(path, code_of(ROOT)), jobs, unbroken)
        for round_ in rounds:
            check.lives(round_, [one for one in mutants if one.name not in check.caught])
        click.echo(as_json(check, mutants) if is_json else told(check, mutants))
    sys.exit(0 if len(check.caught) >= CAUGHT_AT_LEAST * len(mutants) else 1)


class Check:
    """All rounds so far."""

    def __init__(self, record: Record, jobs: int, unbroken: Path) -> None:
        self._record, self._jobs, self._unbroken = record, jobs, unbroken
        self._lock = Lock()
        self.verdicts: dict[str, list[Verdict]] = {}
        self.guilty: dict[str, Fate] = {}
        """Histories that caught something and that the unbroken code does not live well either."""

    @property
    def caught(self) -> dict[str, Verdict]:
        """What was caught, and by which history."""
        return {name: rounds[-1] for name, rounds in self.verdicts.items() if rounds[-1].caught_by is not None}

    def lives(self, round_: Round, mutants: Sequence[Mutant]) -> None:
        """One round for those that are left."""
        waiting = []
        for mutant in mutants:
            known = self._record.trial(mutant, round_.of(mutant))
            if known is None:
                waiting.append(mutant)
            else:
                self.verdicts.setdefault(mutant.name, []).append(known)
        with _bar(f"{len(waiting)} faults, {round_}", len(waiting)) as bar, ThreadPoolExecutor(self._jobs) as pool:
            futures = {pool.submit(try_one, one, round_.of(one), self.control): one for one in waiting}
            for done in as_completed(futures):
                verdict = done.result()
                self._record.add_trial(futures[done], verdict)
                self.verdicts.setdefault(verdict.name, []).append(verdict)
                bar(line_of(verdict))

    def control(self, round_: Round, seed: int) -> Fate:
        """The unbroken code lives the same history."""
        with self._lock:
            fate = self._record.control(round_, seed)
        if fate is None:
            (fate,) = live(self._unbroken, round_, [seed])
            with self._lock:
                self._record.add_control(round_, fate)
        if fate.promise:
            self.guilty[f"{round_.faults} seed {seed}"] = fate
        return fate

    def changed(self, name: str) -> tuple[int, int]:
        """How many histories a survivor has lived, and how many went another way than with the unbroken code."""
        lived = [(one.round, seed, text) for one in self.verdicts[name] for seed, text in one.hashes.items()]
        return len(lived), sum(self.control(round_, seed).hash != text for round_, seed, text in lived)


@contextmanager
def _bar(label: str, length: int) -> Iterator[Any]:
    """A bar where somebody looks, lines where nobody does."""
    is_watched = sys.stderr.isatty()
    with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True, hidden=not is_watched) as bar:
        done = 0

        def advance(line: str) -> None:
            nonlocal done
            done += 1
            bar.update(1)
            if line and not is_watched:
                click.echo(f"{done}/{length} {line}", err=True)

        yield advance


def line_of(verdict: Verdict) -> str:
    """What became of one fault."""
    by = verdict.caught_by
    if by is None:
        return f"SURVIVED {verdict.name:36} {verdict.lived} histories, {verdict.seconds} s"
    return f"caught   {verdict.name:36} {verdict.round.faults} seed {by.seed}: {by.promise} {by.sentence}"


def told(check: Check, mutants: Sequence[Mutant]) -> str:
    """The list, survivors last."""
    caught = check.caught
    lines = [line_of(caught[one.name]) for one in mutants if one.name in caught]
    for one in (one for one in mutants if one.name not in caught):
        lived, changed = check.changed(one.name)
        lines.append(f"SURVIVED {one.name:36} {lived} histories, {changed} went another way: {one.what}")
        lines += [f"         {'':36} {one.explained}"] * bool(one.explained)
    lines += [f"passed over, the unbroken code fails: {where}: {fate.promise}" for where, fate in check.guilty.items()]
    lines.append(f"{len(caught)} of {len(mutants)} caught")
    return "\n".join(lines)


def as_json(check: Check, mutants: Sequence[Mutant]) -> str:
    """The same for programs."""
    rows = []
    for one in mutants:
        verdicts, last = check.verdicts[one.name], check.verdicts[one.name][-1]
        row: dict[str, Any] = {"name": one.name, "what": one.what, "file": one.file}
        row |= {"caught": last.caught_by is not None, "histories": sum(verdict.lived for verdict in verdicts)}
        row |= {"explained": one.explained} if one.explained else {}
        row |= {"round": str(last.round), "seconds": sum(verdict.seconds for verdict in verdicts)}
        row |= {"changed": check.changed(one.name)[1]} if last.caught_by is None else {"by": last.caught_by}
        rows.append(row)
    whole = {"caught": len(check.caught), "of": len(rows), "passed_over": check.guilty, "faults": rows}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1).decode()


if __name__ == "__main__":
    main()
