"""From a plan to the options of its world."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from exchange.exchange import Exchange
from exchange.settings import FeedSettings, Latency, Limits, Settings
from exchange.switches import Switches
from persistence.store import Store
from simulation.disk import Death
from simulation.happenings import SECOND
from simulation.lull import Lull
from simulation.plan import Plan, RunnerPlan
from simulation.runners import Eager, Patient
from simulation.second import KEY, SharedExchange
from simulation.telegram import Telegram
from simulation.world import START_MS, Options, Runner
from trading.bracket import Mode
from trading.values import FillCondition

DAY_MS: Final = 86_400_000
SETTLEMENT_MS: Final = START_MS - START_MS % DAY_MS + DAY_MS // 3
PULSE_MS: Final = 120_000
"""Between two tickers when nothing moves."""
LOOK_MS: Final = 5_000
PRICES: Final = {
    "BTC-PERPETUAL": Decimal(64_000),
    "ETH-PERPETUAL": Decimal(3_200),
    "BTC_USDC-PERPETUAL": Decimal(64_000),
}


def options(
    plan: Plan,
    reopens: Callable[[], Store],
    death: Death,
    feed: Callable[[Any], Any],
    telegram: Telegram,
    lull: Lull,
) -> Options:
    """What the world of a plan is made with."""
    theirs = {one.what["runner"]["instrument"] for one in plan.happenings if one.kind == SECOND}
    names = {one.instrument for one in plan.runners} | theirs
    listed = tuple(spec for spec in Settings().instruments if spec.instrument_name in names)
    exchange = Settings(
        seed=plan.seed,
        instruments=listed,
        keys=(*Settings().keys, *((KEY,) if theirs else ())),
        switches=Switches(**plan.switches),
        limits=Limits(credits=True),
        latency=Latency(),
        feed=FeedSettings(
            profile=plan.profile,  # type: ignore[arg-type]
            step_ms=plan.step_ms,
            pulse_ms=PULSE_MS,
            start_prices={name: PRICES[name] for name in sorted(names)},
        ),
    )
    first, *others = (runner_of(one) for one in plan.runners)
    return Options(
        seed=plan.seed,
        mode=Mode(plan.mode),
        fill_condition=FillCondition(plan.fill_condition),
        delay_ms=plan.delay_ms,
        auto_reconnect=plan.auto_reconnect,
        strategy=first.name,
        instrument=first.instrument,
        kind=first.kind,
        parameters=first.parameters,
        others=tuple(others),
        exchange=exchange,
        opens=SharedExchange if theirs else Exchange,
        start_ms=SETTLEMENT_MS + plan.start_ms,
        reopens=reopens,
        passed=death,
        feed=feed,
        reconcile_ms=plan.reconcile_ms,
        look_ms=LOOK_MS,
        may_wait_ms=lull,
        may_spare=lull.may_spare,
        telegram=telegram,
    )


def runner_of(one: RunnerPlan) -> Runner:
    """A strategy, as a world runs it."""
    return Runner(
        name=one.name, kind=Patient if one.is_patient else Eager, instrument=one.instrument, parameters=one.parameters
    )
