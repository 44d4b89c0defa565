"""The figures as a table for people, with the machine they were taken on and the command that takes them again."""

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.figure import Figure, Missing, Result

PACKAGES: Final = ("msgspec", "aiohttp", "websocket-client")


def machine() -> dict[str, str]:
    """What the figures depend on besides our code."""
    return {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def number(value: float) -> str:
    """Three figures that count, thousands apart."""
    if value >= 1000:
        return f"{round(value, 2 - len(str(int(value))) + 1):,.0f}"
    return f"{value:.3g}"


def row(result: Result) -> str:
    """One line of a table."""
    if isinstance(result, Missing):
        return f"| {result.name} | not measured: {result.reason} | | |"
    spread = f"{number(min(result.runs))} to {number(max(result.runs))}" if len(result.runs) > 1 else "one run"
    goal = ""
    if result.goal is not None:
        sign = ">=" if result.better == "more" else "<="
        goal = f"{sign} {number(result.goal)}{'' if result.meets_goal else ', missed'}"
    note = f" ({result.note})" if result.note else ""
    return f"| {result.name}{note} | {number(result.median)} {result.unit} | {spread} | {goal} |"


def table(results: list[Result]) -> str:
    """One group of figures."""
    head = ["| what | median | runs | goal |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *map(row, results)])


def page(groups: dict[str, list[Result]]) -> str:
    """The whole of docs/performance.md."""
    command = f"python -m bench {' '.join(sys.argv[1:])}".strip()
    facts = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    parts = "\n\n".join(f"## {title}\n\n{table(results)}" for title, results in groups.items())
    return PAGE.format(command=command, facts=facts, parts=parts)


PAGE: Final = """# Performance

How fast the service, the embedded exchange and the client are. Each figure is the median of several runs, with the
least and the most beside it. They are taken on a small, shared machine: they swing, and the spread says how much.

Written by `{command}`. `make bench` takes all figures again (three quarters of an hour), `python -m bench --quick` a
rough version of them.

{facts}

{parts}

## What the figures mean

- *engine* is the matching engine alone, called as the simulated world calls it; *protocol in process* adds requests,
  replies and notifications as objects, but no bytes; *over a socket* is a client, a socket and the exchange as a
  process of its own.
- What happens in process is counted per second of processor time: nothing waits there, and other work on a shared
  machine is not measured along. What goes through a socket or to a disk is counted by the clock on the wall.
- A *market step* moves one of the five markets: book, mark price, funding, bars, resting orders, triggers and
  liquidations of whoever holds a position.
- Memory is what the operating system counts as resident, for the process `tradebaas exchange` or `tradebaas run`.
- *Tick to order* is the running service in one process, `tradebaas exchange` in another, a real socket between them,
  the database on a real disk with `synchronous = FULL`, web server, journal, desk and notifier all on. A strategy of
  the bench enters far from the market, a whole native bracket each time, at the earliest 0.1 s after its last trade has
  ended (a real one rests a second at least). The clock starts when the reading thread hands over the decoded price
  (reading and decoding it take about 7 us and are not in it) and stops when the socket has taken the last byte of the
  order. In between lie the strategy's thread, the order manager's, the commit, and the broker's. The rows *of it* say
  where the time goes, from one more life with a stamp at each stage; their medians need not add up to the whole's.
- *A busy page*: 20 event streams that are told at least 20 events a second, and a scrape of `/metrics` each second, all
  from another process. *A process that computes*: an endless loop in Python on one of the cores.
- *Ticks sustained*: each price is handed on several times by the reading thread, more and more, until a message waits
  longer than said. The strategies look and reckon, and do not trade.
- `python -m bench hour` trades on paper for an hour beside a busy page and writes down the service's weight each minute
  (`var/bench-hour.json`); it is not part of the others. Last taken on 2026-11-21, beside other work: 72.6 MB in the
  first minute, 80.6 in the 16th, 83.2 in the 32nd, 81.6 in the 48th, 82.0 in the 59th, 2 to 4.5 % of a core: what is
  kept (trades shown, figures, caches) fills up for a quarter of an hour and does not grow afterwards. Without a page
  64.2, 75.0, 77.1, 77.6 and 77.8 MB. Earlier runs grew on and on: they measured the bench's own host, which keeps a
  stamp of every price.
"""


def lines(groups: dict[str, list[Result]]) -> str:
    """For the terminal."""
    told = []
    for title, results in groups.items():
        told.append(f"\n{title}")
        for result in results:
            if isinstance(result, Figure):
                told.append(f"  {_plain(result)}")
            else:
                told.append(f"  {result.name}: not measured: {result.reason}")
    return "\n".join(told).strip()


def _plain(figure: Figure) -> str:
    spread = f"  [{number(min(figure.runs))} to {number(max(figure.runs))}]" if len(figure.runs) > 1 else ""
    missed = f"  goal {number(figure.goal)} MISSED" if figure.goal is not None and not figure.meets_goal else ""
    return f"{number(figure.median):>10} {figure.unit:<9} {figure.name}{spread}{missed}"
