"""Tick in, order out: the running service on a real socket, everything on, the intent on disk before the order leaves.

A strategy of the bench enters far from the market once or twice a second, at a tick, with a whole native bracket.
"""

import time
from typing import Final

from bench.figure import Effort, Figure, Result, percentile
from bench.service_world import KEY, Service, World, world
from bench.stamps import SENT, STAGES

SIGNALS: Final = 120
EVERY_MS: Final = 250
WARM_UP: Final = 10  # signals that are not counted: the first ones fill caches and open connections
PACES: Final = {3: (0.9, 2.0), 100: (2.2, 4.0)}  # ms between ticks: goals for p50 and p99
BUSY: Final = (1.0, 2.5)

_PROBE: Final = f"""
[strategies.probe]
strategy = "probe"
instrument = "BTC-PERPETUAL"
autostart = true
tag = "probe"
every_ms = {EVERY_MS}
"""
_TALKER: Final = """
[strategies.talker]
strategy = "watcher"
instrument = "ETH-PERPETUAL"
autostart = true
talks_ms = 50
"""

TALK: Final = "the same news and no page"
"""A strategy that talks: what a page shows is there with it and without it."""

Run = tuple[list[float], list[float]]
"""Of one life: from tick to order, and from order to reply, in milliseconds."""


def run(effort: Effort) -> list[Result]:
    """Both paces alone, and one tick per 3 ms beside a busy page and beside a process that computes.

    What is compared is run in turns, so that what else this machine does is in all of it alike.
    """
    signals, fast = effort.count(SIGNALS), min(PACES)
    besides = {"": "", TALK: "talk", "a busy page": "page", "a process that computes": "spin"}
    turns = [{words: _once(fast, signals, how) for words, how in besides.items()} for _ in range(effort.runs)]
    runs = {words: [turn[words] for turn in turns] for words in besides}
    found: list[Result] = []
    for step_ms, goals in PACES.items():
        alone = runs[""] if step_ms == fast else [_once(step_ms, signals) for _ in range(effort.runs)]
        found += _rows(f"one tick per {step_ms} ms", alone, goals)
    found += _stages(fast, signals)
    trips = tuple(percentile(trip, 50) for _, trip in runs[""])
    found.append(Figure(name="order sent to reply, service's side, p50", unit="ms", runs=trips, better="less"))
    for words, others in {"a busy page": TALK, "a process that computes": ""}.items():
        found += _rows(f"one tick per {fast} ms, beside {words}", runs[words], BUSY)
        found += _ratios(f"beside {words} to {others or 'alone'}", runs[words], runs[others])
    return found


def _stages(step_ms: int, signals: int) -> list[Result]:
    """Where the time goes, in one more life with stamps on the way."""
    with world(step_ms) as around:
        service = around.service(_PROBE, "--stages")
        service.wait_until_well()
        time.sleep((signals + WARM_UP) * EVERY_MS / 1000)
        rows = service.stop().stages_s[WARM_UP:]
    assert rows, f"no order was stamped on its whole way: {service.log()}"
    return [
        Figure(
            name=f"of it, one tick per {step_ms} ms: until {stage}, p50",
            unit="ms",
            runs=(1000 * percentile(times, 50),),
            better="less",
        )
        for stage, times in zip((*STAGES, SENT), zip(*rows, strict=True), strict=True)
    ]


def _ratios(name: str, beside: list[Run], alone: list[Run]) -> list[Result]:
    """How many times as long it takes, turn by turn."""
    return [
        Figure(
            name=f"tick to order on the wire, {name}, p{percent}",
            unit="times",
            runs=tuple(
                percentile(mine, percent) / percentile(others, percent)
                for (mine, _), (others, _) in zip(beside, alone, strict=True)
            ),
            better="less",
        )
        for percent in (50, 99)
    ]


def _rows(name: str, runs: list[Run], goals: tuple[float, float]) -> list[Result]:
    note = f"{sum(len(times) for times, _ in runs)} orders"
    return [
        Figure(
            name=f"tick to order on the wire, {name}, p{percent}",
            unit="ms",
            runs=tuple(percentile(times, percent) for times, _ in runs),
            better="less",
            goal=goal,
            note=note,
        )
        for percent, goal in zip((50, 99), goals, strict=True)
    ]


def _once(step_ms: int, signals: int, beside: str = "") -> Run:
    """One service's life: milliseconds from tick to order, and from order to reply."""
    with world(step_ms) as around:
        service = around.service(_PROBE + (_TALKER if beside in {"page", "talk"} else ""))
        service.wait_until_well()
        _disturb(around, service, beside)
        time.sleep((signals + WARM_UP) * EVERY_MS / 1000)
        told = service.stop()
    times = [1000 * sent for _, sent in told.to_order_s][WARM_UP:]
    assert len(times) > signals // 4, f"only {len(times)} orders: {service.log()}"
    return times, [1000 * trip for trip in told.round_trips_s]


def _disturb(around: World, service: Service, how: str) -> None:
    if how == "page":
        around.start(["bench.service_load", "page", service.url, KEY])
        until = time.monotonic() + 10
        while service.ask("/api/v2/status")["streams"] < 20:
            assert time.monotonic() < until, "the page's streams do not open"
            time.sleep(0.1)
    elif how:
        around.start(["bench.service_load", how])
