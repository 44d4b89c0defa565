"""One world: exchange, service, clock and seed. A crash drops every actor and keeps the database and the exchange."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from actors.address import Address, ask
from actors.base import Actor, Ended
from actors.desk import DeskSettings
from actors.guardian import GuardianSettings
from actors.incarnation import Incarnation
from actors.journal import Journal
from actors.journal_board import Board
from actors.journal_start import first_picture
from actors.names import DESK, JOURNAL, NOTIFIER
from actors.notifier import Notifier
from actors.order_manager import OrderSettings
from actors.remembering import Remembering, SupervisorMemory
from actors.subscribers import Subscribers
from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings as BrokerSettings
from brokers.transport import Transport
from brokers.watched_transport import WatchedTransport
from exchange.exchange import Exchange
from exchange.feeds.factory import open_feed
from exchange.feeds.step import Feed
from exchange.settings import Settings as ExchangeSettings
from persistence.store import Store
from persistence.strategies import Wanted
from simulation.failing import Failed, Listener
from simulation.pipe import Pipe
from simulation.telegram import Telegram
from strategies.base import Strategy, read_parameters
from strategies.registry import discover
from supervisor.alarm import Alarm
from supervisor.house import BUDGETS, Parts, StrategySetup, children
from supervisor.launch import launch
from supervisor.simulated import SimulatedRuntime
from supervisor.tree import LOOK_MS, Supervisor
from trading.bracket import Limits, Mode
from trading.bracket.effects import Severity
from trading.messages import desk, journal, notices, supervision
from trading.sizing import Risk, RiskMode
from trading.values import Currency, FillCondition, InstrumentName, Milliseconds, StrategyName, TriggerSource, WorkerId

START_MS = 1_790_000_000_000
ACCOUNT = "main"
BROKER = "embedded"
SAID_MAX = 200
RISK = Risk(mode=RiskMode.PERCENT, value=Decimal("0.1"))
"""Of each trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A strategy that runs in a world, beside the first one."""

    name: str
    kind: type[Strategy]
    instrument: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def setup(self) -> StrategySetup:
        """As the house wants it."""
        return StrategySetup(
            name=StrategyName(self.name),
            instrument=InstrumentName(self.instrument),
            kind=self.kind,
            parameters=read_parameters(self.kind.parameters, dict(self.parameters), "strategies"),
        )


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
    opens: Callable[..., Exchange] = Exchange
    """What makes the exchange of it."""
    kind: type[Strategy] | None = None
    """A strategy of a test's own, under the name ``strategy``."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    worker: str = "w1"
    client: str = "paper"
    """The key it is logged in with; its secret is the same word."""
    start_ms: int = START_MS
    store: Store | None = None
    """A memory of one's own: one that fails, for example."""
    reopens: Callable[[], Store] | None = None
    """What opens the memory at each start, as a process does; in place of ``store``."""
    others: tuple[Runner, ...] = ()
    """More strategies."""
    feed: Callable[[Feed], Feed] = lambda feed: feed
    """What stands between the exchange and its prices."""
    reconcile_ms: int = 60_000
    look_ms: int = LOOK_MS
    """How often the supervisor looks at everyone's progress."""
    may_wait_ms: Callable[[], int] = int
    """How much longer it lets that wait."""
    may_spare: Callable[[int], bool] = lambda _pace_ms: False
    """Whether the reconciler leaves a look by its timer out."""
    passed: Callable[[str], None] | None = None
    """Told of every commit (unless the memory is one's own) and of all that goes over the line."""
    telegram: Telegram | None = None
    """With it journal and notifier are the real ones, and this is where letters go. Without it two listeners stand in
    their place, and ``told`` and ``notices`` show what they were told."""


class Listening(Actor):
    """Takes what journal or notifier would be told, and keeps it."""

    def __init__(self, heard: list[Any]) -> None:
        super().__init__()
        self._heard = heard

    def on_receive(self, message: Any) -> None:
        """Keep it, unless it is a price: a day has tens of thousands, and the last one is enough."""
        if type(message) is not journal.TickerChanged:
            self._heard.append(message)


class World:
    """The service and its exchange."""

    def __init__(self, options: Options) -> None:
        self.options = options
        rng = Random(f"{options.seed}:world")
        self._rng = rng
        self.exchange = self._open()
        self.store = options.store or self._memory()
        self.told: list[Any] = []
        self.notices: list[notices.Message] = []
        self.said: deque[tuple[Severity, str]] = deque(maxlen=SAID_MAX)
        """What the notifier wrote into the log of the process."""
        self.failed: list[Failed] = []
        """Children that have failed, and supervisors, until somebody has looked."""
        self.notifiers = 0
        """How many there have been, one after the other."""
        self.is_down = False
        """No process runs; exchange and time go on."""
        self._life = 0
        self._begin()

    def _memory(self) -> Store:
        """Where it remembers: a file that each life opens anew, or one that forgets."""
        options = self.options
        if options.reopens is not None:
            return options.reopens()
        return Store.in_memory(worker=WorkerId(options.worker), account=ACCOUNT, passed=options.passed)

    def _open(self) -> Exchange:
        """The exchange it trades on."""
        options = self.options
        feed = options.feed(open_feed(options.exchange, start_ms=options.start_ms))
        return options.opens(settings=options.exchange, feed=feed, start_ms=options.start_ms)

    def _time(self, start_ms: int) -> SimulatedRuntime:
        """What one life of it runs in."""
        return SimulatedRuntime(seed=self.options.seed * 1_000 + self._life, start_ms=start_ms)

    def _way(self, rng: Random, skew_ms: int) -> Pipe:
        """The way to the exchange in one life."""
        return Pipe(self.exchange, self.runtime, rng, self.options.delay_ms, skew_ms=skew_ms)

    def _begin(self, start_ms: int | None = None, skew_ms: int = 0) -> None:
        """Start the service, for the first time or after a crash."""
        options = self.options
        if options.reopens is not None and self._life:
            self.store = options.reopens()
        start_ms = options.start_ms if start_ms is None else start_ms
        self._life += 1
        self.runtime = self._time(start_ms)
        self.pipe = self._way(Random(f"{options.seed}:{self._life}:pipe"), skew_ms)
        self.memory = Remembering(self.store, broker=BROKER, owner="me")
        setups = tuple(runner.setup() for runner in self.runners)
        for setup in setups:
            self.store.strategies.define(
                setup.name,
                kind=setup.kind.kind,
                instrument=setup.instrument,
                parameters={},
                wanted=Wanted.RUNNING,
                at=self.now,
            )
        self.store.strategies.begin_process(at=self.now)
        limits = Limits()
        parts = Parts(
            memory=self.memory,
            connection=lambda: DeribitBroker(
                BrokerSettings(credentials=Credentials(client_id=options.client, client_secret=options.client)),
                self._line(),
            ),
            strategies=setups,
            orders=OrderSettings(
                owner="me",
                worker=WorkerId(options.worker),
                mode=options.mode,
                fill_condition=options.fill_condition,
                risk=RISK,
                limits=limits,
            ),
            desk=DeskSettings(
                instruments={setup.name: setup.instrument for setup in setups},
                candle_minutes=next((one.kind.candle_minutes for one in setups if one.kind.candle_minutes), None),
                auto_reconnect=options.auto_reconnect,
                broker=BROKER,
            ),
            guardian=GuardianSettings(naked_ms_max=limits.naked_ms_max, act_after_ms=limits.naked_ms_max + 1_500),
            reconcile_ms=options.reconcile_ms,
            currencies=self._currencies(setups),
            stop_trigger=TriggerSource.LAST_PRICE,
            rng=Random(f"{options.seed}:{self._life}:desk"),
            journal=self._journal,
            notifier=self._notifier,
            may_spare=options.may_spare,
        )
        self.board = Board(first_picture(self.store, broker=BROKER))
        self._subscribers = Subscribers()
        specs = children(parts, self.runtime)
        self.ended: list[Ended] = []
        self.supervisor = Supervisor(
            runtime=self.runtime,
            specs=specs,
            budgets=BUDGETS,
            memory=SupervisorMemory(self.store, self.runtime.clock.now_ms),
            notices=self._told_by_the_supervisor(),
            look_ms=options.look_ms,
            may_wait_ms=options.may_wait_ms,
        )
        launch(self.runtime, self.supervisor, self._over)

    def _journal(self, life: Incarnation) -> Actor:
        """Keeps what people see; here nobody listens to it."""
        if self.options.telegram is None:
            return Listening(self.told)
        return Journal(
            clock=life.clock,
            timers=life.timers,
            log=self.store.events,
            board=self.board,
            subscribers=self._subscribers,
        )

    def _notifier(self, life: Incarnation) -> Actor:
        """Tells the person. The daily summary is put into words by another part of the house, and is left out."""
        self.notifiers += 1
        if self.options.telegram is None:
            return Listening(self.notices)
        return Notifier(
            clock=life.clock,
            timers=life.timers,
            outbox=self.store.outbox,
            sender=self.options.telegram,
            to_journal=life.address(JOURNAL),
            say=lambda severity, text: self.said.append((severity, text)),
            notifying=self.store.notifying,
        )

    def _told_by_the_supervisor(self) -> tuple[Address[supervision.Notice], ...]:
        address, listener = self.runtime.directory.address, Listener(self.failed)
        if self.options.telegram is None:
            return (address(DESK), listener)
        return (address(DESK), address(JOURNAL), Alarm(address(NOTIFIER)), listener)

    def _over(self, ended: Ended) -> None:
        """The supervisor is no more: it has stopped everything, or it has failed."""
        self.ended.append(ended)
        self.failed.append(ended)

    def _currencies(self, setups: tuple[StrategySetup, ...]) -> tuple[Currency, ...]:
        """Those in which anything is traded here."""
        names = {setup.instrument for setup in setups}
        listed = (spec for spec in self.options.exchange.instruments if spec.instrument_name in names)
        return tuple(sorted({Currency(spec.settlement_currency) for spec in listed}))

    @property
    def runners(self) -> tuple[Runner, ...]:
        """All strategies, the first one first."""
        options = self.options
        kind = options.kind or discover()[options.strategy]
        first = Runner(name=options.strategy, kind=kind, instrument=options.instrument, parameters=options.parameters)
        return (first, *options.others)

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
        self._begin(self._falls_silent(), self.pipe.skew_ms)

    def goes_down(self) -> None:
        """Power gone, and it stays so until ``comes_up``."""
        now, skew_ms = self._falls_silent(), self.pipe.skew_ms
        self.is_down, self.ended = True, []
        self.runtime = self._time(now)
        self.pipe = self._way(Random(f"{self.options.seed}:{self._life}:down"), skew_ms)

    def comes_up(self) -> None:
        """Power is there again."""
        self.is_down = False
        self._begin(self.runtime.clock.now_ms(), self.pipe.skew_ms)

    def _falls_silent(self) -> int:
        """The wire does with the process; give the time."""
        for session in list(self.pipe._transports):  # noqa: SLF001 - nobody is there to close them
            self.pipe.disconnect(session)
        return self.runtime.clock.now_ms()

    def person(self, command: desk.Command) -> desk.Answer:
        """Somebody presses a button."""
        answer = ask(self.runtime.directory.address(DESK), command, timeout_s=5)
        assert isinstance(answer, desk.Answer)
        return answer
