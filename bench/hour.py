"""`python -m bench hour`: an hour of trading on paper beside a page, its weight noted each minute.

`--minutes N` for another time, `--out FILE` for the file (default var/bench-hour.json); it is written anew each minute,
so a run that is broken off has still told what it saw.
"""

import argparse
import time
from pathlib import Path
from typing import Final

import msgspec

from bench.service_load import STREAMS
from bench.service_world import KEY, world

MINUTE_S: Final = 60
GOAL_MB: Final = 60.0
GROWTH_MB_MAX: Final = 2.0  # from the second third to the last: more than that is not flat; the first one fills up
_CONFIG: Final = """
[strategies.btc]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
every_s = 2
cooldown_s = 1
[strategies.eth]
strategy = "fasttest"
instrument = "ETH-PERPETUAL"
autostart = true
every_s = 3
cooldown_s = 1
"""


class Minute(msgspec.Struct):
    """One look."""

    minute: int
    memory_mb: float
    cpu_percent: float
    trades: int
    oldest_message_s: float


class Hour(msgspec.Struct):
    """What a run has seen so far."""

    minutes_wanted: int
    streams: int
    minutes: list[Minute] = []
    growth_mb: float = 0.0
    is_flat: bool = True
    is_light: bool = True


def run(minutes: int, out: Path, step_ms: int = 100) -> Hour:
    """Ten prices a second, two strategies, twenty streams and a scrape each second."""
    seen = Hour(minutes_wanted=minutes, streams=STREAMS)
    with world(step_ms, "wild") as around:
        service = around.service(_CONFIG, host=False)  # the one with stamps keeps a stamp of every price for ever
        service.wait_until_well()
        around.start(["bench.service_load", "page", service.url, KEY])
        began, burnt = time.monotonic(), service.cpu_s()
        for minute in range(1, minutes + 1):
            time.sleep(max(0.0, began + minute * MINUTE_S - time.monotonic()))
            now_burnt = service.cpu_s()
            seen.minutes.append(
                Minute(
                    minute=minute,
                    memory_mb=round(service.memory_mb(), 1),
                    cpu_percent=round((now_burnt - burnt) * 100 / MINUTE_S, 2),
                    trades=int(service.metric("tradebaas_trades_closed_total")),
                    oldest_message_s=service.metric("tradebaas_actor_inbox_oldest_seconds", max),
                )
            )
            burnt = now_burnt
            _judge(seen)
            out.write_bytes(msgspec.json.format(msgspec.json.encode(seen), indent=2))
        service.stop()
    return seen


def _judge(seen: Hour) -> None:
    weights = [minute.memory_mb for minute in seen.minutes]
    third = max(1, len(weights) // 3)
    second = weights[third : 2 * third] or weights
    seen.growth_mb = round(sum(weights[-third:]) / third - sum(second) / len(second), 2)
    seen.is_flat = seen.growth_mb <= GROWTH_MB_MAX
    seen.is_light = max(weights) <= GOAL_MB


def main(words: list[str]) -> int:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench hour", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("var/bench-hour.json"))
    given = parser.parse_args(words)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    seen = run(given.minutes, given.out)
    first, last = seen.minutes[0], seen.minutes[-1]
    print(
        f"{len(seen.minutes)} minutes, {last.trades} trades: {first.memory_mb} MB in the first, {last.memory_mb} MB in"
        f" the last, growth from the second third to the last {seen.growth_mb} MB; {given.out} has each minute"
    )
    return 0
