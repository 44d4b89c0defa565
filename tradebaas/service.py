"""The life of the process, from the lock on the data directory to the exit code. Everything is wired here.

lock, database, exchange (paper), keys, actors, API; then wait for a signal; then all of it back again
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from loguru import logger

from actors.desk import DeskSettings
from actors.desk_choices import NEW_BROKER, NEW_KEY
from actors.guardian import GuardianSettings
from actors.incarnation import Incarnation
from actors.journal import Journal
from actors.journal_board import Board
from actors.journal_start import first_picture
from actors.measures import Measures
from actors.names import DESK, JOURNAL, NOTIFIER
from actors.order_manager import OrderSettings
from actors.remembering import Remembering, SupervisorMemory
from actors.remembering_choices import BROKER, chosen_parameters
from actors.subscribers import Subscribers
from brokers import registry
from brokers.deribit.login import Credentials
from brokers.port import Broker
from persistence.data_dir import DataDir, Lock
from persistence.errors import AlreadyRunning
from persistence.store import Store
from persistence.strategies import Wanted
from strategies.base import read_parameters
from strategies.registry import discover
from supervisor.alarm import Alarm
from supervisor.house import BUDGETS, Parts, StrategySetup, children
from supervisor.process import Process, check_brake
from supervisor.threads import ThreadsRuntime
from supervisor.tree import Supervisor
from tradebaas import __version__, crash_points, doors, heaps
from tradebaas.broker_choice import HOW_TO_UNDO, BrokerRoom, file_problems, with_choice
from tradebaas.paper import PaperExchange
from tradebaas.settings import Mode, Settings, live_problems
from tradebaas.telegram import wiring
from trading.bracket import Limits
from trading.errors import ConfigError, TradingError
from trading.restart import BrakeLimits, ProcessStart
from trading.sizing import Risk
from trading.values import Currency, InstrumentName, Milliseconds, StrategyName, TriggerSource, WorkerId

EXIT_OK, EXIT_FAILED, EXIT_CONFIG = 0, 1, 78
SWITCH_INTERVAL_S: Final = 0.001
"""Python lets a thread run this long before another may; the default of 5 ms would be seen in every order."""

GUARDIAN_LATER_MS: Final = 1_500
CURRENCIES: Final = (Currency("BTC"), Currency("ETH"), Currency("USDC"))
PAPER_KEY: Final = "paper"
CHART_MINUTES: Final = 1
CHART_CANDLES: Final = 300


def now_ms() -> Milliseconds:
    """The wall clock, at the edge of the process."""
    return Milliseconds(time.time_ns() // 1_000_000)


def run(settings: Settings, *, fresh: bool = False, file_broker: bool = False) -> int:
    """Run the service until it is told to stop; give the exit code.

    ``file_broker``: forget that a person chose another broker than the file's.
    """
    assert __debug__, "assertions are part of the design: never run with -O"
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    heaps.keep_few()
    try:
        with ExitStack() as leaving:
            return _lives(settings, leaving, fresh=fresh, file_broker=file_broker)
    except AlreadyRunning as refusal:
        logger.error("{}", refusal)
        return EXIT_FAILED
    except ConfigError as error:
        for problem in error.problems:
            logger.error("{}", problem)
        return EXIT_CONFIG
    except (TradingError, OSError) as error:
        logger.error("{}", error)
        return EXIT_FAILED


def _lives(settings: Settings, leaving: ExitStack, *, fresh: bool, file_broker: bool) -> int:
    """One life after the other while the broker is switched; the lock is held throughout."""
    worker = WorkerId(settings.service.worker_id)
    data_dir = DataDir(settings.service.data_dir).prepare()
    leaving.callback(Lock(data_dir, worker=worker, pid=os.getpid(), at=now_ms()).release)
    if fresh:
        _set_aside(settings, data_dir)
    while True:
        with ExitStack() as life:
            ended = _live(settings, life, fresh=fresh, file_broker=file_broker)
        if not ended.goes_on:
            return ended.code
        # The page that asked for it finds the service where it was.
        settings = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, port=ended.port))
        fresh = file_broker = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How a life ended, and whether another one begins."""

    code: int
    goes_on: bool
    port: int


def _live(configured: Settings, leaving: ExitStack, *, fresh: bool, file_broker: bool) -> _Ended:
    """The process between its two ends; `leaving` takes back what was taken, last first."""
    service = configured.service
    worker = WorkerId(service.worker_id)
    passed = crash_points.read(os.environ, service.mode)
    store = Store.open(service.data_dir, worker=worker, account=configured.broker.id, at=now_ms(), passed=passed)
    leaving.callback(store.close_thread)
    if file_broker:
        store.settings.drop(BROKER)
    settings = with_choice(configured, store)
    store = store.for_account(settings.broker.id)
    log = _StartLog(store)
    brake = check_brake(log, now_ms(), BrakeLimits(crashes_max=settings.limits.crashes_max))
    if brake is not None:
        logger.critical("{}", brake.sentence)
    broker = registry.find(settings.broker.id)
    forbidden = file_problems(configured, settings)
    if forbidden:
        raise ConfigError([*forbidden, HOW_TO_UNDO])
    try:
        url, credentials = _way(settings, store, leaving, fresh=fresh)
    except ConfigError as error:
        if settings is configured:
            raise
        raise ConfigError([*error.problems, HOW_TO_UNDO]) from error
    setups = _strategies(settings, store)
    board = Board(first_picture(store, broker=settings.broker.id))
    subscribers, runtime, measures = Subscribers(), ThreadsRuntime(), Measures(time.monotonic)

    def connection() -> Broker:
        made = registry.make(broker, credentials=credentials, url=url, passed=passed, meter=measures)
        measures.credits = lambda: made.credits_left(now_ms())
        return made

    parts = replace(_parts(settings, store, setups, connection, board, subscribers), measures=measures)
    parts.memory.measures = measures
    if brake is not None:
        parts = replace(parts, desk=replace(parts.desk, braked=True))
    supervisor = Supervisor(
        runtime=runtime,
        specs=children(parts, runtime),
        budgets=BUDGETS,
        memory=SupervisorMemory(store, runtime.clock.now_ms),
        notices=(
            runtime.directory.address(DESK),
            runtime.directory.address(JOURNAL),
            doors.Logbook(),
            Alarm(runtime.directory.address(NOTIFIER)),
        ),
    )
    room = BrokerRoom(configured, settings, store, url=url)
    api = doors.api(settings, store, runtime, supervisor, board, subscribers, url=url, measures=measures, room=room)
    api.start()
    leaving.callback(api.stop)
    phone = wiring.Phone(settings, store, board, now_ms(), runtime, api.health)
    phone.start()
    leaving.callback(phone.stop)
    if settings is not configured:
        logger.warning("{} was chosen while the service ran; the file says {}", broker.id, configured.broker.id)
    logger.info("{} mode, {}, data in {}, API at {}", settings.service.mode, url, service.data_dir, api.url)
    process = Process(runtime, supervisor, lambda text: logger.info("{}", text))
    code = process.run()
    if code == EXIT_OK:
        log.ended_in_order()
    begins_anew = supervisor.state().reason in {NEW_BROKER, NEW_KEY} and not process.was_signalled
    return _Ended(code=code, goes_on=code == EXIT_OK and begins_anew, port=api.server.port)


def _parts(
    settings: Settings,
    store: Store,
    setups: tuple[StrategySetup, ...],
    connection: Callable[[], Broker],
    board: Board,
    subscribers: Subscribers,
) -> Parts:
    """What the house is built of, in the real world."""
    limits, started_at = settings.limits, now_ms()

    def journal(life: Incarnation) -> Journal:
        return Journal(
            clock=life.clock,
            timers=life.timers,
            log=store.events,
            board=board,
            subscribers=subscribers,
            close=store.close_thread,
        )

    return Parts(
        memory=Remembering(store, broker=settings.broker.id, owner=settings.service.owner),
        connection=connection,
        strategies=setups,
        orders=_orders(settings),
        desk=DeskSettings(
            instruments={setup.name: setup.instrument for setup in setups},
            candle_minutes=next((one.kind.candle_minutes for one in setups if one.kind.candle_minutes), CHART_MINUTES),
            candles_shown=CHART_CANDLES,
            auto_reconnect=settings.broker.auto_reconnect,
            broker=settings.broker.id,
        ),
        guardian=GuardianSettings(
            naked_ms_max=limits.naked_ms_max, act_after_ms=limits.naked_ms_max + GUARDIAN_LATER_MS
        ),
        reconcile_ms=settings.reconcile.interval_s * 1_000,
        currencies=CURRENCIES,
        stop_trigger=TriggerSource.LAST_PRICE,
        rng=Random(f"{os.getpid()}:{now_ms()}"),
        journal=journal,
        notifier=lambda life: wiring.notifier(settings, store, board, started_at, life),
    )


def _set_aside(settings: Settings, data_dir: DataDir) -> None:
    """Start over: the old database stays beside, under another name.

    Raises:
        ConfigError: a broker that is no game was chosen; what is open there must not be forgotten.
    """
    worker = WorkerId(settings.service.worker_id)
    store = Store.open(data_dir.folder, worker=worker, account=settings.broker.id, at=now_ms())
    chosen = with_choice(settings, store)
    store.close_thread()
    if chosen.service.mode is not Mode.PAPER:
        raise ConfigError([f"--fresh is for paper mode only, and {chosen.broker.id} is chosen", HOW_TO_UNDO])
    stamp = now_ms()
    for path in (data_dir.database, *(Path(f"{data_dir.database}{end}") for end in ("-wal", "-shm"))):
        if path.exists():
            path.rename(path.with_name(f"{path.name}.{stamp}.old"))


def _way(settings: Settings, store: Store, leaving: ExitStack, *, fresh: bool) -> tuple[str, Credentials | None]:
    """Where the exchange is, and the key for it. Paper without an address gets an exchange of its own.

    Raises:
        ConfigError: real money without its second lock, or no key.
    """
    broker = settings.broker
    stored = store.credentials.get(broker.id)
    client_id = broker.client_id or (stored.client_id if stored else "")
    secret = broker.client_secret or (stored.client_secret if stored else None)
    problems = live_problems(settings, store.settings, client_id=client_id or None)
    if problems:
        raise ConfigError(problems)
    url = broker.url
    if settings.service.mode is Mode.PAPER and not url:
        paper = PaperExchange(settings.service.data_dir, fresh=fresh, say=lambda text: logger.info("{}", text))
        url = paper.start()
        leaving.callback(paper.stop)
    if not url:
        url = registry.find(broker.id).url
    if settings.service.mode is Mode.PAPER and not client_id:
        return url, Credentials(client_id=PAPER_KEY, client_secret=PAPER_KEY)
    if not client_id or secret is None:
        raise ConfigError([f"{broker.id} needs a key: `tradebaas credentials set`"])
    return url, Credentials(client_id=client_id, client_secret=secret.reveal())


def _strategies(settings: Settings, store: Store) -> tuple[StrategySetup, ...]:
    """Take the configured strategies into the database; those it had keep what was wanted of them."""
    kinds = discover()
    setups = []
    for name, one in settings.strategies.items():
        kind = kinds[one.strategy]
        parameters = read_parameters(kind.parameters, dict(one.parameters), f"strategies.{name}")
        store.strategies.define(
            name,
            kind=one.strategy,
            instrument=one.instrument,
            parameters={**one.parameters, **chosen_parameters(store, name, one.strategy)},
            wanted=Wanted.RUNNING if one.autostart else Wanted.STOPPED,
            at=now_ms(),
        )
        setups.append(
            StrategySetup(
                name=StrategyName(name), instrument=InstrumentName(one.instrument), kind=kind, parameters=parameters
            )
        )
    store.strategies.begin_process(at=now_ms())
    return tuple(setups)


def _orders(settings: Settings) -> OrderSettings:
    risk = settings.risk
    return OrderSettings(
        owner=settings.service.owner,
        worker=WorkerId(settings.service.worker_id),
        mode=settings.broker.bracket_mode,
        fill_condition=settings.broker.fill_condition,
        risk=Risk(mode=risk.mode, value=risk.value),
        leverage_max=risk.leverage,
        notional_max=risk.notional,
        limits=Limits(naked_ms_max=settings.limits.naked_ms_max, hydrate_ms_max=settings.limits.hydrate_ms_max),
    )


@dataclass(slots=True)
class _StartLog:
    """The starts of this worker, for the crash-loop brake."""

    store: Store
    start_id: int | None = None

    def starts(self) -> Sequence[ProcessStart]:
        """The earlier starts that may still matter."""
        return [
            ProcessStart(at_ms=start.at, ended_in_order=start.ended_at is not None)
            for start in self.store.starts.newest()
        ]

    def began(self, at_ms: int) -> None:
        """This one has begun."""
        started = self.store.starts.begin(pid=os.getpid(), version=__version__, at=Milliseconds(at_ms))
        self.start_id = started.id

    def ended_in_order(self) -> None:
        """And ended as it should."""
        if self.start_id is not None:
            self.store.starts.end(self.start_id, "in order", at=now_ms())
