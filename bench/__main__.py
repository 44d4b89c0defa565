"""`python -m bench [--quick] [--json] [--write docs/performance.md] [group ...]`, or `python -m bench hour`."""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from bench import hour, report
from bench.figure import QUICK, THOROUGH, Effort, Missing, Result

# Word on the command line: title, module. A module that cannot be measured now says why instead of failing the rest.
GROUPS: Final = {
    "core": ("Orders, in process", "bench.core"),
    "market": ("Market, in process", "bench.market"),
    "roundtrip": ("Orders, over a socket", "bench.roundtrip"),
    "actors": ("Messages between actors", "bench.actors"),
    "store": ("Steps on disk", "bench.store"),
    "client": ("Tickers, received and read by our client", "bench.client"),
    "memory": ("Start and memory of the exchange", "bench.memory"),
    "service": ("Tick to order, the whole service", "bench.service"),
    "simulated": ("The simulated world, seconds for a day", "bench.simulated"),
    "life": ("Start, memory and load of the service", "bench.service_life"),
}


def main() -> int:
    """Measure what is asked for and say it."""
    if sys.argv[1:2] == ["hour"]:  # takes its time, so never with the others
        return hour.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("group", nargs="*", choices=[*GROUPS, []], help=f"which of {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page with all tables")
    chosen = parser.parse_args()
    effort = QUICK if chosen.quick else THOROUGH
    groups = {GROUPS[word][0]: _measure(GROUPS[word][1], effort) for word in chosen.group or GROUPS}
    if chosen.json:
        told = {"machine": report.machine(), "figures": groups}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told)).decode() + "\n")
    else:
        sys.stdout.write(report.lines(groups) + "\n")
    if chosen.write is not None:
        chosen.write.write_text(report.page(groups))
    return 0


def _measure(module: str, effort: Effort) -> list[Result]:
    try:
        run: Callable[[Effort], list[Result]] = importlib.import_module(module).run
        return run(effort)
    except (ImportError, AssertionError) as reason:
        return [Missing(name=module, reason=str(reason) or type(reason).__name__)]


if __name__ == "__main__":
    sys.exit(main())
