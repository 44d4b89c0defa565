"""Live a sample of seeded histories twice, simulated and by the real process over a real socket, and compare the ends.

    python -m tools.socket_check --seeds 1..10 --seconds 60

Exit 1 when two ends are not of the same class, or a promise was broken in either world.
"""

import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from simulation.plan import Plan
from tools.socket_check.lived import SocketSide
from tools.socket_check.simulated import SimulatedSide
from tools.socket_check.squeeze import squeezed
from tools.socket_check.verdict import differences, end_of


class Seeds(click.ParamType[range]):
    """``A..B``, or one number."""

    name = "A..B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> range:
        """Read it."""
        found = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", str(value))
        if found is None:
            self.fail(f"{value!r} is not seeds like 1..10", param, ctx)
        first = int(found[1])
        return range(first, int(found[2] or first) + 1)


def compared(plan: Plan, folder: Path) -> dict[str, Any]:
    """One plan in both worlds: the ends, the figures, and where they differ."""
    began = time.monotonic()
    (folder / "simulated").mkdir()
    simulated = SimulatedSide(plan, folder / "simulated")
    try:
        here = end_of(simulated)
    finally:
        simulated.close()
    real = SocketSide(plan, folder)
    try:
        there = end_of(real)
    finally:
        real.close()
    broken = [f"{one.promise}: {one.sentence}" for one in real.broken]
    return {
        "seed": plan.seed,
        "took_s": round(time.monotonic() - began),
        "world": f"{plan.mode}, {plan.fill_condition}, {len(plan.runners)} strategies",
        "happenings": dict(Counter(one.kind for one in plan.happenings)),
        "simulated": {"state": asdict(here.state), "why": here.why, **simulated.figures()},
        "socket": {"state": asdict(there.state), "why": there.why, **real.figures()},
        "broken": broken,
        "differences": differences(here.state, there.state),
    }


def tell(found: dict[str, Any]) -> bool:
    """Print one comparison; whether it is as it should be."""
    is_same = not found["differences"] and not found["broken"]
    figures = {side: {key: value for key, value in found[side].items() if key not in {"state", "why"}}
               for side in ("simulated", "socket")}  # fmt: skip
    print(f"seed {found['seed']}: {'same' if is_same else 'DIFFERENT'}, {found['took_s']} s, {found['world']}")
    print("  happenings " + ", ".join(f"{kind} {times}" for kind, times in found["happenings"].items()))
    for side, seen in figures.items():
        print(f"  {side:9} " + ", ".join(f"{key} {value}" for key, value in seen.items()))
    for one in (*found["differences"], *found["broken"]):
        print(f"  {one}")
    if not is_same:
        for side in ("simulated", "socket"):
            for sentence in found[side]["why"]:
                print(f"  {side}: {sentence}")
    sys.stdout.flush()
    return is_same


@click.command(help=__doc__)
@click.option("--seeds", type=Seeds(), default="1..10", show_default=True, help="Which histories.")
@click.option("--seconds", type=click.IntRange(6, 600), default=60, show_default=True, help="How long trouble lasts.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A line of JSON for each, added.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep logs and databases here.")
def main(*, seeds: range, seconds: int, out: Path | None, keep: Path | None) -> None:
    """Compare them all."""
    wrong, left_out = 0, Counter[str]()
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="socket-check-") as name:
            folder = Path(name) if keep is None else keep / f"seed-{seed}"
            folder.mkdir(parents=True, exist_ok=keep is None)
            plan, gone = squeezed(seed, seconds)
            left_out += gone
            found = compared(plan, folder)
        wrong += not tell(found)
        if out is not None:
            with out.open("ab") as file:
                file.write(msgspec.json.encode(found) + b"\n")
    gone_too = ", ".join(f"{kind} {times}" for kind, times in sorted(left_out.items()))
    print(f"socket-check: {len(seeds)} histories, {wrong} not the same in both worlds; left out of both: {gone_too}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
