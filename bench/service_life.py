"""The running service as the machine sees it: how soon it is ready, what it weighs and burns, how much it takes."""

import time
from typing import Final

from bench.figure import Effort, Figure, Missing, Result
from bench.service_world import World, world

TRADER: Final = """
[strategies.trader]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
every_s = 2
cooldown_s = 1
"""
_WATCHER: Final = """
[strategies.watcher{number}]
strategy = "watcher"
instrument = "BTC-PERPETUAL"
autostart = true
"""
MANY: Final = (1, 5, 20)
STEP_MS: Final = 3
LOOK_S: Final = 4.0
SETTLE_S: Final = 1.5
WAITED_S_MAX: Final = 0.1  # the oldest message; past it the service falls behind
HANDLED_LEAST: Final = 0.5  # of what was handed on; a busy machine hands on less than asked for
TIMES_MAX: Final = 128
READY_S: Final = 1.0
HANDLED: Final = 'tradebaas_actor_handled_total{actor="strategy:watcher0"}'
OLDEST: Final = "tradebaas_actor_inbox_oldest_seconds"
MEMORY_MB: Final = 60.0


def run(effort: Effort) -> list[Result]:
    """Start, weight and processor time of a trading service; then ticks per second for 1, 5 and 20 strategies."""
    with world(100) as around:
        starts = tuple(_start(around, f"start{number}") for number in range(max(3, effort.runs)))
        lives = [_live(around, f"life{number}", 10 + effort.count(50)) for number in range(max(1, effort.runs // 2))]
    found: list[Result] = [
        Figure(
            name="cold start to reconciled",
            unit="s",
            runs=starts,
            better="less",
            goal=READY_S,
            note="to the first answer of `/health` that says so; the exchange runs already",
        ),
        Figure(
            name="memory, one strategy trading",
            unit="MB",
            runs=tuple(life[0] for life in lives),
            better="less",
            goal=MEMORY_MB,
        ),
        Figure(
            name="processor time at 10 ticks/s, one strategy trading",
            unit="% of a core",
            runs=tuple(life[1] for life in lives),
            better="less",
        ),
    ]
    found += [_sustained(many) for many in MANY]
    return found


def _start(around: World, name: str) -> float:
    began = time.monotonic()
    service = around.service(TRADER, name=name, host=False)
    ready = service.wait_until_well() - began
    service.stop()
    return ready


def _live(around: World, name: str, seconds: int) -> tuple[float, float]:
    service = around.service(TRADER, name=name, host=True)
    service.wait_until_well()
    time.sleep(3)
    before, began = service.cpu_s(), time.monotonic()
    time.sleep(seconds)
    burnt = 100 * (service.cpu_s() - before) / (time.monotonic() - began)
    weight = service.memory_mb()
    service.stop()
    return weight, burnt


def _sustained(many: int) -> Result:
    """Double what arrives until the oldest message waits too long; the last rate that was kept up with."""
    kept, times = 0.0, 1
    while times <= TIMES_MAX:
        # Others use this machine, too: who falls behind once is asked again.
        rate = _keeps_up(many, times) or _keeps_up(many, times)
        if rate is None:
            break
        kept, times = rate, times * 2
    if not kept:
        why = "behind at the slowest pace already: other work on this machine"
        return Missing(name=f"ticks sustained by {many} strategies", reason=why)
    note = f"each to every strategy; no message older than {1000 * WAITED_S_MAX:.0f} ms; found by doubling"
    return Figure(name=f"ticks sustained by {many} strategies", unit="ticks/s", runs=(kept,), better="more", note=note)


def _keeps_up(many: int, times: int) -> float | None:
    """The ticks per second that the first strategy handled, or None when somebody fell behind."""
    config = "".join(_WATCHER.format(number=number) for number in range(many))
    with world(STEP_MS) as around:
        service = around.service(config, "--times", str(times))
        service.wait_until_well()
        time.sleep(SETTLE_S)
        before, began = service.metric(HANDLED), time.monotonic()
        worst = 0.0
        try:
            while time.monotonic() - began < LOOK_S:
                worst = max(worst, service.metric(OLDEST, max))
                time.sleep(0.2)
            rate = (service.metric(HANDLED) - before) / (time.monotonic() - began)
        except OSError:
            return None  # too busy to answer at all
        finally:
            service.kill()
    # Who was stopped because it was told too much has no messages that wait, and handles none.
    return None if worst > WAITED_S_MAX or rate < times * 1000 / STEP_MS * HANDLED_LEAST else rate
