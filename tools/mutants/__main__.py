"""Plant each fault in a copy of the code and let the simulation look for it. Those it misses are listed.

    python -m tools.mutants [--only NAME ...] [--seeds 1..60] [--days D] [--jobs N] [--write FILE]

A fault is caught when a history breaks a promise, or the copy cannot live with it. Exit 1 when fewer than 95 % are.
"""

import argparse
import json
import shutil
import subprocess  # the simulation runs as a person would run it
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from tools.mutants.mutant import Mutant, catalogue

ROOT: Final = Path(__file__).parents[2]
CODE: Final = (
    "trading exchange brokers strategies persistence actors supervisor simulation webui tradebaas".split()  # noqa: SIM905
)
CAUGHT_AT_LEAST: Final = 0.95
LIMIT_S: Final = 900


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one fault. ``how`` is the first thing that was noticed."""

    name: str
    what: str
    file: str
    caught: bool
    how: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them and print the list."""
    asked = _asked(arguments)
    mutants = [one for one in catalogue() if not asked.only or one.name in asked.only]
    found: list[Verdict] = []
    is_watched = sys.stderr.isatty()
    innocent = try_one(None, asked.seeds, asked.days)
    if innocent.caught:
        sys.stderr.write(f"the code as it is fails already: {innocent.how}\n")
        return 1
    with (
        click.progressbar(length=len(mutants), label="mutants", file=sys.stderr, hidden=not is_watched) as bar,
        ThreadPoolExecutor(asked.jobs) as pool,
    ):
        for done in as_completed([pool.submit(try_one, one, asked.seeds, asked.days) for one in mutants]):
            found.append(done.result())
            bar.update(1)
            if not is_watched:
                sys.stderr.write(f"{len(found)}/{len(mutants)} {_line(found[-1])}\n")
    order = [one.name for one in mutants]
    found.sort(key=lambda one: order.index(one.name))
    text = report(found, asked)
    sys.stdout.write(text)
    if asked.write:
        asked.write.write_text(json.dumps(msgspec.to_builtins(found), indent=1) + "\n", encoding="utf-8")
    return 0 if sum(one.caught for one in found) >= CAUGHT_AT_LEAST * len(found) else 1


def try_one(mutant: Mutant | None, seeds: str, days: float) -> Verdict:
    """Let the simulation look for one fault; without one, at the code as it is."""
    began = time.monotonic()
    name = "none" if mutant is None else mutant.name
    with copy_of_the_code(mutant) as root:
        how = _simulated(root, seeds, days)
    return Verdict(
        name=name,
        what="" if mutant is None else mutant.what,
        file="" if mutant is None else mutant.file,
        caught=bool(how),
        how=how,
        seconds=round(time.monotonic() - began, 1),
    )


@contextmanager
def copy_of_the_code(mutant: Mutant | None) -> Iterator[Path]:
    """The packages in a folder of their own, with the fault in them."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = Path(folder)
        for package in CODE:
            shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            (root / mutant.file).write_text(mutant.planted(ROOT), encoding="utf-8")
        yield root


def _simulated(root: Path, seeds: str, days: float) -> str:
    """What the simulation noticed, or nothing."""
    command = [sys.executable, "-m", "tradebaas", "simulate", "--json", "--stop-at-first", "--no-shrink"]
    command += ["--seeds", seeds, "--days", str(days), "--faults", "all", "--jobs", "1"]
    try:
        run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f"the simulation did not end within {LIMIT_S} s"
    try:
        summary: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        last = (run.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return f"the code does not run: {last}"
    if not summary.get("violations"):
        return "" if run.returncode == 0 else f"exit code {run.returncode}"
    first: dict[str, Any] = next(iter(summary.get("found", ())), {})
    return f"seed {first.get('seed', '?')}: {first.get('promise', '')} {first.get('sentence', '')}".strip()


def report(found: Sequence[Verdict], asked: argparse.Namespace) -> str:
    """The list, survivors last."""
    caught = sum(one.caught for one in found)
    lines = [_line(one) for one in sorted(found, key=lambda one: not one.caught)]
    lines.append(f"{caught} of {len(found)} caught; seeds {asked.seeds}, {asked.days} days each")
    return "\n".join(lines) + "\n"


def _line(one: Verdict) -> str:
    return f"{'caught  ' if one.caught else 'SURVIVED'} {one.name:36} {one.seconds:6.1f} s  {one.how or one.what}"


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="only these")
    parser.add_argument("--seeds", default="1..60", help="where the simulation looks, A..B")
    parser.add_argument("--days", type=float, default=0.1, help="simulated days of each history")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--write", type=Path, default=None, metavar="FILE", help="the verdicts as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
