"""`tradebaas simulate`: the proof. Seeded histories with faults, the promises looked at after every step."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from simulation.bounded import is_unending
from simulation.campaign import PHASES, Summary, WorkerDied, many
from simulation.code import code_of
from simulation.history import Lived
from simulation.plan import FAULTS, Plan, draw
from simulation.record import Campaign, NotThisRecord, Record
from simulation.recount import live_and_recount
from simulation.shrink import read_plan, shrink, write_plan
from tradebaas.commands.tables import print_json
from trading.marks import BY_TESTS, MARKS

SHOWN_MAX = 3  # failing histories that are made smaller and told; the others are only named
NAMED_MAX = 20


class Seeds(click.ParamType[range]):
    """``A..B``, or one seed."""

    name = "A..B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """Read it."""
        if isinstance(value, range):
            return value
        found = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", str(value))
        if found is None:
            self.fail(f"{value!r} is not a seed like 7, or a range of them like 1..200", param, ctx)
        first = int(found[1])
        last = int(found[2] or first)
        if last < first:
            self.fail(f"{value!r} runs backwards", param, ctx)
        return range(first, last + 1)


@click.command()
@click.option("--seeds", type=Seeds(), default="1..20", show_default=True, help="Which histories, A..B.")
@click.option("--days", type=click.FloatRange(0.01, 366), default=1.0, show_default=True, help="How long each is.")
@click.option("--faults", type=click.Choice(sorted(FAULTS)), default="all", show_default=True, help="What goes wrong.")
@click.option("--sparse", is_flag=True, help="A few trades in each, their exits near: many histories in little time.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many at once.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Keep a record; run again to go on.")
@click.option(
    "--plan", "plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Live this one."
)
@click.option("--tell", is_flag=True, help="Print what will happen in these histories, and live none.")
@click.option("--stop-at-first", is_flag=True, help="End with the first broken promise.")
@click.option("--no-shrink", is_flag=True, help="Do not make failing histories smaller.")
@click.option("--all-marks", is_flag=True, help="Exit with 1 if a defensive branch was never taken.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    *,
    seeds: range,
    days: float,
    faults: str,
    sparse: bool,
    jobs: int,
    out: Path | None,
    plan_file: Path | None,
    tell: bool,
    stop_at_first: bool,
    no_shrink: bool,
    all_marks: bool,
    as_json: bool,
) -> None:
    """Live seeded histories with faults, and check the promises after every step."""
    drawn = partial(draw, faults=faults, days=days, is_sparse=sparse)
    if tell:
        for seed in seeds:
            click.echo(drawn(seed).told() + "\n")
        return
    summary, began = Summary(), time.monotonic()
    recount: list[str] = []
    if plan_file is not None:
        lived, recount = live_and_recount(_read(plan_file))
        summary.add(lived)
    else:
        campaign = Campaign(code=code_of(), faults=faults, days=days, is_sparse=sparse)
        record = None if out is None else Record(out, campaign)
        for lived in _lived(seeds, partial(many, faults=faults, days=days, is_sparse=sparse, jobs=jobs), record):
            summary.add(lived)
            if stop_at_first and summary.found:
                break
    took_s = time.monotonic() - began
    if as_json:
        print_json({**summary.plain(), "took_s": round(took_s, 1)})
    else:
        click.echo(_told(summary, took_s))
    if plan_file is not None and summary.found:
        _tell_broken(summary.found[0], recount)
    if summary.found and plan_file is None and not no_shrink:
        for lived in summary.found[:SHOWN_MAX]:
            _tell_smaller(drawn(lived.seed), lived)
    untested = summary.marks_never if all_marks else ()
    if untested:
        click.echo(f"{len(untested)} defensive branches were never taken: {', '.join(untested)}", err=True)
    sys.exit(1 if summary.violations or untested else 0)


def _lived(seeds: range, lives: Callable[[list[int]], Iterator[Lived]], record: Record | None) -> Iterator[Lived]:
    """Those on record first, then the rest, with a bar where somebody looks."""
    known = {} if record is None else {lived.seed: lived for lived in _known(record) if lived.seed in seeds}
    yield from known.values()
    broken = sum(bool(lived.violations) for lived in known.values())
    left = [seed for seed in seeds if seed not in known]
    bar: Any
    with click.progressbar(
        length=len(seeds),
        label="histories",
        file=sys.stderr,
        show_pos=True,
        item_show_func=lambda _: f"{broken} broken" if broken else "",
        hidden=not sys.stderr.isatty(),
    ) as bar:
        bar.update(len(known))
        try:
            for lived in lives(left):
                if record is not None:
                    record.add(lived)
                broken += bool(lived.violations)
                bar.update(1, lived)
                yield lived
        except WorkerDied as error:
            more = "" if record is None else "; run the same again to go on"
            raise click.ClickException(f"{error}{more}") from error


def _known(record: Record) -> list[Lived]:
    try:
        return record.begin()
    except (NotThisRecord, OSError) as error:
        raise click.UsageError(str(error)) from error


def _told(summary: Summary, took_s: float) -> str:
    """The summary as people read it."""
    days = summary.simulated_ms / 86_400_000
    lines = [
        f"{summary.histories} histories, {days:.2f} simulated days in {took_s:.0f} s",
        (
            f"{summary.brackets} brackets, {summary.fills} fills, {summary.crashes} crashes,"
            f" {sum(summary.faults.values())} faults of {len(summary.faults)} kinds"
        ),
        f"longest without full cover: {summary.worst_naked_ms} ms (faults that hid it from the service included)",
        f"hash {summary.history_hash}",
        f"{summary.violations} violations",
        *_found_told(summary),
    ]
    lines += [f"  {kind:32} {count}" for kind, count in sorted(summary.faults.items())]
    return "\n".join([*lines, *_pairs_told(summary), *_marks_told(summary)])


def _found_told(summary: Summary) -> Iterator[str]:
    """Which histories broke what."""
    for lived in sorted(summary.found, key=lambda one: one.seed)[:NAMED_MAX]:
        yield from (f"  seed {lived.seed} {broken.promise}: {broken.sentence}" for broken in lived.violations)
    if len(summary.found) > NAMED_MAX:
        yield f"  and {len(summary.found) - NAMED_MAX} histories more, which --json has"


def _pairs_told(summary: Summary) -> Iterator[str]:
    """In how many histories each fault met a bracket in each phase."""
    rows = summary.met
    every = [count for row in rows.values() for count in row.values()]
    yield f"{sum(map(bool, every))} of {len(every)} pairs of a fault and a bracket's phase, each in so many histories"
    if rows:
        yield f"  {'':32} " + " ".join(f"{phase.value:>9}" for phase in PHASES)
    for fault, row in rows.items():
        yield f"  {fault:32} " + " ".join(f"{count or 'never':>9}" for count in row.values())


def _marks_told(summary: Summary) -> Iterator[str]:
    """Which defensive branches were taken, how often, and which never."""
    taken = [name for name in MARKS if name in summary.marks]
    yield f"{len(taken)} of {len(MARKS)} defensive branches taken"
    yield from (f"  {name:40} {summary.marks[name]}" for name in taken)
    by_tests = [name for name in MARKS if name in BY_TESTS and name not in summary.marks]
    if by_tests:
        yield f"{len(by_tests)} too rare for histories, each taken by a test of its own: {', '.join(by_tests)}"
    if summary.marks_never:
        yield f"{len(summary.marks_never)} never taken"
        yield from (f"  {name:40} {MARKS[name]}" for name in summary.marks_never)


def _tell_smaller(plan: Plan, lived: Lived) -> None:
    """A failing history, made smaller, and how to repeat it."""
    click.echo(f"\nseed {lived.seed} breaks {lived.violations[0].promise}: {lived.violations[0].sentence}", err=True)
    recount: list[str] = []
    if is_unending(lived):
        click.echo("it is not made smaller: each try would take as long", err=True)
        smaller, again = plan, lived
    else:
        smaller, again = shrink(plan)
        if again.violations and not is_unending(again):
            again, recount = live_and_recount(smaller)
    if not again.violations:
        click.echo("lived again it breaks no promise: it cannot be repeated, and no file is written", err=True)
        return
    path = Path(f"history-{lived.seed}.json")
    path.write_bytes(write_plan(smaller))
    click.echo(smaller.told(), err=True)
    _tell_broken(again, recount)
    click.echo(f"repeat it: tradebaas simulate --plan {path}", err=True)


def _tell_broken(lived: Lived, recount: list[str]) -> None:
    """What a history did last, and what it broke."""
    if recount:
        click.echo("what was done before:", err=True)
    for line in recount:
        click.echo(f"  {line}", err=True)
    for broken in lived.violations:
        click.echo(f"  -> {lived.at_ms / 1000:.3f} s: {broken.promise} {broken.sentence}", err=True)


def _read(path: Path) -> Plan:
    try:
        return read_plan(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise click.UsageError(f"{path} is not a history's plan: {error}") from error
