"""The simulated world: how long a core takes for a day of the whole service, prices a second apart.

Actors, adapter, store and exchange are those that run live, on one thread with a virtual clock, and after every step
the promises are looked at, as `tradebaas simulate` does it.
"""

import gc
import time
from decimal import Decimal
from typing import Any, Final

import msgspec

from bench.figure import Effort, Figure, Result
from exchange.settings import FeedSettings, Limits, Settings
from exchange.switches import Switches
from simulation.history import live
from simulation.plan import Plan, RunnerPlan, draw
from simulation.runners import Eager
from simulation.world import Options, World

DAY_MS: Final = 86_400_000
GOAL_S: Final = 2.0
WARM_UP_MS: Final = 60_000
EVERY_TICK_MS: Final = DAY_MS // 24  # of the world in which nothing is left out: an hour says as much as a day
NEVER_S: Final = 10_000_000
BTC: Final = "BTC-PERPETUAL"
SEEDS: Final = range(11, 16)


def run(effort: Effort) -> list[Result]:
    """Quiet, typical and busy days; days full of faults; and every price of a second told to everybody."""
    return [
        _day("a quiet day: nothing is entered", effort, NEVER_S, goal=GOAL_S),
        _day("a typical day: about 20 trades", effort, 4_320, goal=GOAL_S),
        _day("a busy day: about 300 trades", effort, 240),
        _faulty(effort),
        _every_price(effort),
    ]


def _day(name: str, effort: Effort, every_s: int, *, goal: float | None = None) -> Figure:
    seconds = [lived_s(plan(number, every_s, _days(effort))) for number in range(effort.runs)]
    return Figure(name=name, unit="s", runs=tuple(seconds), better="less", goal=goal, note="without faults")


def plan(number: int, every_s: int, days: float) -> Plan:
    """One strategy that enters at market, its exits 20 basis points away; all else is the same each time."""
    fields: dict[str, Any] = {"every_s": every_s, "again_s": every_s, "cooldown_s": 5}
    fields |= {"stop_bps": Decimal(20), "target_bps": Decimal(20)}
    runner = RunnerPlan(name="run0", is_patient=False, instrument=BTC, parameters=fields)
    return msgspec.structs.replace(
        draw(number + 1, faults="none", days=days),
        mode="native",
        delay_ms=(5, 40),
        profile="lively",
        step_ms=1_000,
        quiet_ms=60_000,
        reconcile_ms=60_000,
        switches=msgspec.structs.asdict(Switches()),
        runners=(runner,),
        start_ms=0,
    )


def _faulty(effort: Effort) -> Figure:
    seeds = SEEDS[: max(2, effort.runs)]
    seconds = [lived_s(draw(seed, faults="all", days=_days(effort))) for seed in seeds]
    note = f"seeds {seeds[0]} to {seeds[-1]}"
    return Figure(name="a day as drawn, all faults", unit="s", runs=tuple(seconds), better="less", note=note)


def lived_s(whole: Plan) -> float:
    """Seconds of this core for a day. A promise broken in it is no business of a measurement.

    Raises:
        RuntimeError: the code itself broke, so the history was not lived to its end.
    """
    gc.collect()
    began = time.process_time()
    lived = live(whole)
    passed_s = time.process_time() - began
    for found in lived.violations:
        if found.promise == "code":
            raise RuntimeError(f"seed {whole.seed} broke off, so nothing was measured: {found.sentence}")
    return passed_s * DAY_MS / lived.simulated_ms


def _days(effort: Effort) -> float:
    return max(0.25, effort.scale)  # shorter, and the minutes in which a history is settled weigh too much


def _every_price(effort: Effort) -> Figure:
    """No price is left out, and the strategy looks at each. Nobody watches."""
    settings = Settings(
        instruments=tuple(spec for spec in Settings().instruments if spec.instrument_name == BTC),
        limits=Limits(credits=False),
        feed=FeedSettings(profile="calm", step_ms=1_000),
    )
    runs = []
    for number in range(effort.runs):
        parameters = {"every_s": NEVER_S, "again_s": NEVER_S}
        world = World(Options(seed=number, exchange=settings, kind=Eager, parameters=parameters))
        world.runs(WARM_UP_MS)
        passed_ms = effort.count(EVERY_TICK_MS)
        gc.collect()
        began = time.process_time()
        world.runs(passed_ms)
        runs.append((time.process_time() - began) * DAY_MS / passed_ms)
    name = "a day in which everybody is told every price"
    return Figure(name=name, unit="s", runs=tuple(runs), better="less", note="86,400 prices, nothing entered")
