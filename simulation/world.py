"""One world: exchange, service, clock and seed. A crash drops every actor and keeps the database and the exchange."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from actors.address import ask
from actors.base import Actor
from actors.desk import DeskSettings
from actors.guardian import GuardianSettings
from actors.names import DESK
from actors.order_manager import OrderSettings
from actors.remembering import Remembering, SupervisorMemory
from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings as BrokerSettings
from brokers.transport import Transport
from brokers.watched_transport import WatchedTransport
from exchange.exchange import Exchange
from exchange.feeds.factory import open_feed
from exchange.settings import Settings as ExchangeSettings
from persistence.store import Store
from persistence.strategies import Wanted
from simulation.pipe import Pipe
from strategies.base import Strategy, read_parameters
from strategies.registry import discover
from supervisor.house import BUDGETS, Parts, StrategySetup, children
from supervisor.launch import launch
from supervisor.simulated import SimulatedRuntime
from supervisor.tree import Supervisor
from trading.bracket import Limits, Mode
from trading.messages import desk, notices
from trading.sizing import Risk, RiskMode
from trading.values import Currency, FillCondition, InstrumentName, Milliseconds, StrategyName, TriggerSource, WorkerId

START_MS = 1_790_000_000_000
ACCOUNT = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a world is made."""

    seed: int = 1
    mode: Mode = Mode.NATIVE
    fill_condition: FillCondition = FillCondition.INCREMENTAL
    delay_ms: tuple[int, int] = (5, 40)
    auto_reconnect: bool = False
    strategy: str = "fasttest"
    instrument: str = "BTC-PERPETUAL"
    exchange: ExchangeSettings = field(default_factory=ExchangeSettings)
    kind: type[Strategy] | None = None
    """A strategy of a test's own, under the name ``strategy``."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    worker: str = "w1"
    start_ms: int = START_MS
    store: Store | None = None
    """A memory of one's own: one that fails, for example."""
    passed: Callable[[str], None] | None = None
    """Told of every commit (unless the memory is one's own) and of all that goes over the line."""


class Listening(Actor):
    """Takes what journal or notifier would be told, and keeps it."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: Any) -> None:
        """Keep it."""
        self._heard.append(message)


class World:
    """The service and its exchange."""

    def __init__(self, options: Options) -> None:
        self.options = options
        rng = Random(f"{options.seed}:world")
        self._rng = rng
        settings = options.exchange
        feed = open_feed(settings, start_ms=options.start_ms)
        self.exchange = Exchange(settings=settings, feed=feed, start_ms=options.start_ms)
        self.store = options.store or Store.in_memory(
            worker=WorkerId(options.worker), account=ACCOUNT, passed=options.passed
        )
        self.told: list[Any] = []
        self.notices: list[notices.Notice] = []
        self._life = 0
        self._begin()

    def _begin(self, start_ms: int | None = None) -> None:
        """Start the service, for the first time or after a crash."""
        options = self.options
        start_ms = options.start_ms if start_ms is None else start_ms
        self._life += 1
        self.runtime = SimulatedRuntime(seed=options.seed * 1_000 + self._life, start_ms=start_ms)
        self.pipe = Pipe(self.exchange, self.runtime, Random(f"{options.seed}:{self._life}:pipe"), options.delay_ms)
        self.memory = Remembering(self.store, broker="embedded", owner="me")
        kind = options.kind or discover()[options.strategy]
        name = StrategyName(options.strategy)
        self.store.strategies.define(
            name,
            kind=options.strategy,
            instrument=options.instrument,
            parameters={},
            wanted=Wanted.RUNNING,
            at=self.now,
        )
        self.store.strategies.begin_process(at=self.now)
        instrument = InstrumentName(options.instrument)
        parameters = read_parameters(kind.parameters, dict(options.parameters), "strategies")
        setup = StrategySetup(name=name, instrument=instrument, kind=kind, parameters=parameters)
        limits = Limits()
        parts = Parts(
            memory=self.memory,
            connection=lambda: DeribitBroker(
                BrokerSettings(credentials=Credentials(client_id="paper", client_secret="paper")),  # noqa: S106
                self._line(),
            ),
            strategies=(setup,),
            orders=OrderSettings(
                owner="me",
                worker=WorkerId(options.worker),
                mode=options.mode,
                fill_condition=options.fill_condition,
                risk=Risk(mode=RiskMode.PERCENT, value=Decimal("0.1")),
                limits=limits,
            ),
            desk=DeskSettings(
                instruments={name: instrument},
                candle_minutes=kind.candle_minutes,
                auto_reconnect=options.auto_reconnect,
            ),
            guardian=GuardianSettings(naked_ms_max=limits.naked_ms_max, act_after_ms=limits.naked_ms_max + 1_500),
            reconcile_ms=60_000,
            currencies=(Currency("BTC"), Currency("USDC")),
            stop_trigger=TriggerSource.LAST_PRICE,
            rng=Random(f"{options.seed}:{self._life}:desk"),
            journal=lambda _: Listening(self.told),
            notifier=lambda _: Listening(self.notices),
        )
        specs = children(parts, self.runtime)
        self.ended: list[Any] = []
        self.supervisor = Supervisor(
            runtime=self.runtime,
            specs=specs,
            budgets=BUDGETS,
            memory=SupervisorMemory(self.store, self.runtime.clock.now_ms),
            notices=(self.runtime.directory.address(DESK),),
        )
        launch(self.runtime, self.supervisor, self.ended.append)

    def _line(self) -> Transport:
        """To the exchange, watched if somebody wants to."""
        line, passed = self.pipe.transport(), self.options.passed
        return line if passed is None else WatchedTransport(line, passed)

    @property
    def now(self) -> Milliseconds:
        """The world's time."""
        return Milliseconds(self.runtime.clock.now_ms() if hasattr(self, "runtime") else self.options.start_ms)

    def runs(self, ms: int) -> None:
        """Time passes."""
        self.runtime.run_for(ms)

    def crashes(self) -> None:
        """Power gone: what is on disk and on the exchange stays, nothing else."""
        now = self.runtime.clock.now_ms()
        for session in list(self.pipe._transports):  # noqa: SLF001 - the wire falls silent with the process
            self.pipe.disconnect(session)
        self._begin(now)

    def person(self, command: desk.Command) -> desk.Answer:
        """Somebody presses a button."""
        answer = ask(self.runtime.directory.address(DESK), command, timeout_s=5)
        assert isinstance(answer, desk.Answer)
        return answer
