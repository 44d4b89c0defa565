"""The children of the service, in the order in which they are started. Stopping goes the other way.

    journal, notifier, broker, orders, guardian, reconciler, desk, then one for each strategy

This list is the map of the house: what each child may use, how often it may be restarted, how long it may think.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

from actors import broker as broker_actor
from actors import desk as desk_actor
from actors import order_manager
from actors.address import Address, Name
from actors.base import Actor
from actors.broker import BrokerActor
from actors.desk import Desk, DeskSettings
from actors.guardian import Guardian, GuardianSettings
from actors.incarnation import Incarnation
from actors.measures import Measures
from actors.names import BROKER, DESK, GUARDIAN, JOURNAL, NOTIFIER, ORDERS, RECONCILER, strategy_name
from actors.order_manager import OrderManager, OrderSettings
from actors.reconciler import Reconciler
from actors.remembering import Remembering
from actors.strategy import StrategyActor
from brokers.port import Broker
from strategies.base import Parameters, Strategy, read_parameters
from supervisor.runtime import Runtime
from supervisor.spec import SUPERVISOR, ChildSpec
from trading.cover import LabelMaker
from trading.messages import strategy
from trading.restart import Budget, Restart, Verdict
from trading.values import Currency, InstrumentName, StrategyName, TriggerSource

BUDGETS: Final[Mapping[str, Budget]] = {
    "ground": Budget(intensity=5, period_ms=60_000),
    # Who only tells people must never take down who owns money: past this it stays down, and health says so.
    "notifier": Budget(intensity=5, period_ms=600_000, spent=Verdict.ERROR),
    "strategies": Budget(intensity=0, period_ms=60_000),
}
_STRATEGY_DEADLINE_MS: Final = 2_000
_DEADLINE_MS: Final = 10_000  # a commit may have to wait for a slow disk
_SHUTDOWN_MS: Final = 2_000
_COVER_MS: Final = 4_000  # what is on its way gets its stop, or its window ends and it is closed
_INBOX_MAX: Final = 20_000
_STRATEGY_INBOX_MAX: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySetup:
    """One strategy as configured."""

    name: StrategyName
    instrument: InstrumentName
    kind: type[Strategy]
    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the house is built of; which world it stands in is decided by these."""

    memory: Remembering
    connection: Callable[[], Broker]
    """Makes a broker that is not connected; a restarted broker actor gets a new one."""
    strategies: tuple[StrategySetup, ...]
    orders: OrderSettings
    desk: DeskSettings
    guardian: GuardianSettings
    reconcile_ms: int
    currencies: tuple[Currency, ...]
    stop_trigger: TriggerSource
    rng: Random
    journal: Callable[[Incarnation], Actor]
    notifier: Callable[[Incarnation], Actor]
    measures: Measures | None = None
    may_spare: Callable[[int], bool] = lambda _pace_ms: False
    """Whether the reconciler may leave a look out: only a simulated world knows that there is nothing to see."""


def children(parts: Parts, runtime: Runtime) -> list[ChildSpec]:
    """Every child, in order."""
    by_instrument: dict[InstrumentName, list[StrategyName]] = {}
    for setup in parts.strategies:
        by_instrument.setdefault(setup.instrument, []).append(setup.name)
    for name in (BROKER, ORDERS, GUARDIAN, RECONCILER, DESK, NOTIFIER, JOURNAL, SUPERVISOR):
        runtime.directory.address(name)
    for setup in parts.strategies:
        runtime.directory.address(strategy_name(setup.name))
    return [
        _permanent(JOURNAL, parts.journal),
        _permanent(NOTIFIER, parts.notifier, deadline_ms=60_000, group="notifier"),
        _permanent(BROKER, lambda life: _broker(parts, life, by_instrument)),
        _permanent(ORDERS, lambda life: _orders(parts, life), shutdown_ms=_COVER_MS),
        _permanent(GUARDIAN, lambda life: _guardian(parts, life)),
        _permanent(RECONCILER, lambda life: _reconciler(parts, life)),
        _permanent(DESK, lambda life: _desk(parts, life)),
        *(_strategy(parts, setup) for setup in parts.strategies),
    ]


def _permanent(
    name: Name[Any],
    start: Callable[[Incarnation], Actor],
    *,
    deadline_ms: int = _DEADLINE_MS,
    shutdown_ms: int = _SHUTDOWN_MS,
    group: str = "ground",
) -> ChildSpec:
    return ChildSpec(
        id=name,
        start=start,
        restart=Restart.PERMANENT,
        shutdown_ms=shutdown_ms,
        deadline_ms=deadline_ms,
        inbox_max=_INBOX_MAX,
        group=group,
    )


def _strategy(parts: Parts, setup: StrategySetup) -> ChildSpec:
    def start(life: Incarnation) -> Actor:
        return StrategyActor(
            name=setup.name,
            instrument=setup.instrument,
            generation=life.generation,
            clock=life.clock,
            timers=life.timers,
            decides=setup.kind(_parameters(parts, setup)),
            stop_trigger=parts.stop_trigger,
            to_orders=life.address(ORDERS),
            to_broker=life.address(BROKER),
            to_desk=life.address(DESK),
            to_journal=life.address(JOURNAL),
            measures=parts.measures,
        )

    return ChildSpec(
        id=strategy_name(setup.name),
        start=start,
        restart=Restart.TEMPORARY,
        shutdown_ms=_SHUTDOWN_MS,
        deadline_ms=_STRATEGY_DEADLINE_MS,
        inbox_max=_STRATEGY_INBOX_MAX,
        group="strategies",
        autostart=False,
    )


def _parameters(parts: Parts, setup: StrategySetup) -> Parameters:
    """The configured ones, with what a person has chosen since laid over them."""
    chosen = parts.memory.parameters(setup.name, setup.kind.kind)
    if not chosen:
        return setup.parameters
    return read_parameters(setup.kind.parameters, {**asdict(setup.parameters), **chosen}, f"strategies.{setup.name}")


def _broker(parts: Parts, life: Incarnation, by_instrument: Mapping[InstrumentName, list[StrategyName]]) -> Actor:
    addresses = {
        instrument: tuple(life.address(strategy_name(name)) for name in names)
        for instrument, names in by_instrument.items()
    }

    def listeners(instrument: InstrumentName) -> Iterable[Address[strategy.Message]]:
        return addresses.get(instrument, ())

    return BrokerActor(
        clock=life.clock,
        timers=life.timers,
        own=life.own,
        connection=parts.connection(),
        currencies=parts.currencies,
        to=broker_actor.Addresses(
            orders=life.address(ORDERS),
            reconciler=life.address(RECONCILER),
            guardian=life.address(GUARDIAN),
            desk=life.address(DESK),
            journal=life.address(JOURNAL),
            notifier=life.address(NOTIFIER),
            strategies=listeners,
        ),
    )


def _orders(parts: Parts, life: Incarnation) -> Actor:
    addresses = {setup.name: life.address(strategy_name(setup.name)) for setup in parts.strategies}
    return OrderManager(
        clock=life.clock,
        timers=life.timers,
        memory=parts.memory,
        settings=parts.orders,
        to=order_manager.Addresses(
            broker=life.address(BROKER),
            guardian=life.address(GUARDIAN),
            reconciler=life.address(RECONCILER),
            desk=life.address(DESK),
            journal=life.address(JOURNAL),
            notifier=life.address(NOTIFIER),
            strategy=addresses.get,
        ),
    )


def _guardian(parts: Parts, life: Incarnation) -> Actor:
    return Guardian(
        clock=life.clock,
        timers=life.timers,
        to_broker=life.address(BROKER),
        to_notifier=life.address(NOTIFIER),
        to_journal=life.address(JOURNAL),
        to_orders=life.address(ORDERS),
        to_reconciler=life.address(RECONCILER),
        settings=parts.guardian,
        label=LabelMaker(owner=parts.orders.owner, worker=parts.orders.worker),
    )


def _reconciler(parts: Parts, life: Incarnation) -> Actor:
    return Reconciler(
        clock=life.clock,
        timers=life.timers,
        memory=parts.memory,
        database=parts.memory.picture,
        to_broker=life.address(BROKER),
        to_orders=life.address(ORDERS),
        to_journal=life.address(JOURNAL),
        interval_ms=parts.reconcile_ms,
        limits=parts.orders.limits,
        may_spare=parts.may_spare,
    )


def _desk(parts: Parts, life: Incarnation) -> Actor:
    return Desk(
        clock=life.clock,
        timers=life.timers,
        memory=parts.memory,
        settings=parts.desk,
        rng=parts.rng,
        to=desk_actor.Addresses(
            broker=life.address(BROKER),
            orders=life.address(ORDERS),
            guardian=life.address(GUARDIAN),
            reconciler=life.address(RECONCILER),
            notifier=life.address(NOTIFIER),
            journal=life.address(JOURNAL),
            supervisor=life.address(SUPERVISOR),
            strategies={setup.name: life.address(strategy_name(setup.name)) for setup in parts.strategies},
        ),
    )
