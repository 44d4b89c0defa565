"""A second service on the same account: another worker with a key, a database, a clock and a line of its own.

It lives in the same world and in the same time as the first, and outlives every crash of it. It is a process of its
own: the two have nothing in common but the exchange. What the exchange has to say to it is taken out of what the first
one's line is given, and its actors run when something of theirs is due.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from actors.address import Answer
from actors.names import DESK
from exchange.auth import Grant
from exchange.changes import Changes
from exchange.exchange import Close, Exchange, Send
from exchange.outbox import Outgoing
from exchange.settings import Key
from simulation.pipe import Pipe
from simulation.world import ACCOUNT, Options, World
from supervisor.simulated import Call, SimulatedRuntime
from trading.labels import WORKER_MAX, parse, tag
from trading.messages import desk
from trading.promises import Violation

if TYPE_CHECKING:
    from actors.timers import Due

FIRSTS_KEY: Final = "paper"
KEY: Final = Key(client_id="second", client_secret="second", account=ACCOUNT)  # noqa: S106 - play money
WORKER: Final = "w3"
CHANGING: Final = ("private/edit", "private/cancel", "private/close_position")


class SharedExchange(Exchange):
    """An exchange with the lines of two services: each hears its own, and neither may touch the other's orders."""

    def __init__(self, **made: Any) -> None:
        super().__init__(**made)
        self.lines: dict[int, Callable[[Send | Close], None]] = {}
        """The second one's sessions, and who takes what is said to them."""
        self.workers: Mapping[str, str] = {}
        """Whose each key is."""
        self._touched: list[Violation] = []

    def drain(self) -> Outgoing:
        """What must leave to the first; what the second is told leaves by its own line."""
        items = super().drain()
        if not self.lines:
            return items
        kept: Outgoing = []
        for item in items:
            takes = self.lines.get(item.session_id)
            if takes is None:
                kept.append(item)
            else:
                takes(item)
        return kept

    def receive(self, session_id: int, message: object, now_ms: int) -> None:
        """A request, looked at before anything is done."""
        if isinstance(message, dict) and str(message.get("method", "")).startswith(CHANGING):
            self._look(session_id, message)
        super().receive(session_id, message, now_ms)

    def touched(self) -> tuple[Violation, ...]:
        """Requests to change what is not the asker's, since this was last asked."""
        found, self._touched = tuple(self._touched), []
        return found

    def _look(self, session_id: int, message: dict[str, Any]) -> None:
        session = self.sessions.get(session_id)
        worker = None if session is None else self.workers.get(session.client_id)
        if worker is None:
            return
        params = message.get("params") or {}
        order_id = params.get("order_id")
        order = self.engine.accounts[ACCOUNT].live.get(order_id) if order_id else None
        if order_id and order is None:
            return  # it is gone, or never was: nothing can be changed
        label = parse(params.get("label", "") if order is None else order.label)
        if label is None or label.worker != tag(worker, WORKER_MAX):
            about = order_id or str(message["method"])
            text = (
                f"{worker} asked for {message['method']} of {about} ({'no order of ours' if label is None else label})"
            )
            self._touched.append(Violation(promise="others", about=about, sentence=text))


@dataclass(frozen=True, slots=True)
class Line:
    """A session as the eye looks at it."""

    id: int
    client_id: str
    is_ws: bool
    grant: Grant | None
    is_slow: Callable[[int], bool]


LINES_MAX: Final = 100
"""More than anybody has."""


class Lines:
    """Those of the second one that are open."""

    def __init__(self, exchange: SharedExchange) -> None:
        self._shared = exchange

    @property
    def changes(self) -> int:
        """Another number whenever one has come, logged in or gone."""
        sessions = self._shared.sessions
        return sessions.changes * LINES_MAX + sum(one.client_id == KEY.client_id for one in sessions)

    def __iter__(self) -> Iterator[Line]:
        mine = (one for one in self._shared.sessions if one.client_id == KEY.client_id)
        return iter([Line(one.id, FIRSTS_KEY, one.is_ws, one.grant, one.is_slow) for one in mine])


class Seen:
    """The exchange as the second one's eye looks at it: the second one's key is the service's there."""

    def __init__(self, exchange: SharedExchange) -> None:
        self.shared = exchange
        self.engine = exchange.engine
        self.sessions = Lines(exchange)

    @property
    def faults(self) -> Any:
        """The rules at work now."""
        return self.shared.faults

    @property
    def recorder(self) -> Callable[[Changes], None] | None:
        """Who hears of all changes."""
        return self.shared.recorder

    @recorder.setter
    def recorder(self, hears: Callable[[Changes], None]) -> None:
        """One more, after those there are."""
        before = self.shared.recorder

        def both(changes: Changes) -> None:
            if before is not None:
                before(changes)
            hears(changes)

        self.shared.recorder = both


class Hosted(SimulatedRuntime):
    """A runtime that says when something of it will be due."""

    def __init__(self, seed: int, *, start_ms: int, noted: Callable[[int], None]) -> None:
        super().__init__(seed, start_ms=start_ms)
        self._noted = noted

    def schedule(self, delay_ms: int, due: "Due | Call") -> None:
        """Keep a timer, and say so."""
        super().schedule(delay_ms, due)
        self._noted(self.clock.elapsed_ms + delay_ms)


class OwnLine(Pipe):
    """The second one's line: its requests take a way of their own to the exchange that both share."""

    def __init__(self, second: "Second", exchange: SharedExchange, rng: Random, delay_ms: tuple[int, int]) -> None:
        self._second, self._shared = second, exchange
        super().__init__(exchange, second.runtime, rng, delay_ms)

    @property
    def now(self) -> int:
        """The exchange's clock."""
        return self._second.host.pipe.now

    def connect(self) -> int:
        """Open a session; what is said to it comes here."""
        session = super().connect()
        self._shared.lines[session] = self._takes
        return session

    def disconnect(self, connection: int) -> None:
        """The service closed it, or died."""
        super().disconnect(connection)
        self._shared.lines.pop(connection, None)

    def pump(self) -> None:
        """Whoever has something to hear of the exchange, hears it."""
        self._second.host.pipe.pump()

    def _wake(self) -> None:
        """The first one's line drives the exchange."""

    def _takes(self, item: Send | Close) -> None:
        self._second.catches_up()
        match item:
            case Send(session_id=session, message=message):
                self._sets_out(session, lambda line: line.deliver(message))
            case Close(session_id=session, reason=reason):
                self._sets_out(session, lambda line: line.cut(reason), last=True)
        self._second.wakes()


class Second(World):
    """The second service, in the world of the first."""

    def __init__(self, host: World, options: Options) -> None:
        assert isinstance(host.exchange, SharedExchange)
        self.host, self._shared = host, host.exchange
        self._shared.workers = {FIRSTS_KEY: host.options.worker, KEY.client_id: options.worker}
        self._on = host.runtime
        self._began_at = 0
        self._moments: list[int] = []
        self._woken_at, self._woken = 0, cast("Call | None", None)
        self._lives = False
        super().__init__(options)
        self.goes_on()

    # --- its exchange, its time, its line

    def _open(self) -> Exchange:
        return cast("Exchange", Seen(self._shared))

    def _time(self, start_ms: int) -> SimulatedRuntime:
        self._began_at, self._moments = self._on.clock.elapsed_ms, []
        seed = self.options.seed * 1_000 + self._life
        return Hosted(seed, start_ms=start_ms, noted=lambda at_ms: heapq.heappush(self._moments, at_ms))

    def _way(self, rng: Random, _skew_ms: int) -> Pipe:
        return OwnLine(self, self._shared, rng, self.options.delay_ms)

    # --- living in the other's time

    def follows(self) -> None:
        """The first has crashed and lives in a runtime of its own again: there time goes on."""
        self._began_at -= self._on.clock.elapsed_ms
        self._on, self._woken = self.host.runtime, None
        self.wakes()

    def touched(self) -> tuple[Violation, ...]:
        """Requests of either to change what is the other's."""
        return self._shared.touched()

    def catches_up(self) -> None:
        """Nothing of it was due until now: it is as late for it as for the first."""
        clock = self.runtime.clock
        clock.elapsed_ms = max(clock.elapsed_ms, self._elapsed_ms)

    def goes_on(self) -> None:
        """Everything of it that is due by now happens."""
        self._sleeps()
        self._lives = True
        self.runtime.run_until(self._elapsed_ms)
        self._lives = False
        while self._moments and self._moments[0] <= self.runtime.clock.elapsed_ms:
            heapq.heappop(self._moments)
        self.wakes()

    def wakes(self) -> None:
        """Be called when something of it is due."""
        if self._lives or not self._moments:
            return
        due_ms = self._moments[0]
        if self._woken is not None:
            if self._woken_at <= due_ms:
                return
            self._sleeps()
        self._woken_at = due_ms
        self._woken = self._on.after_ms(max(0, due_ms - self._elapsed_ms), self.goes_on)

    def _sleeps(self) -> None:
        """Nobody calls it: else every earlier call would live on beside the next one, and make more."""
        if self._woken is not None:
            self._woken.is_dead = True
            self._woken = None

    def crashes(self) -> None:
        """Its process dies alone, and is started again."""
        self.catches_up()
        self._sleeps()
        super().crashes()
        self.goes_on()

    def told_to(self, command: desk.Command) -> None:
        """Somebody presses a button there, and does not wait for the answer: time belongs to both."""
        self.catches_up()
        self.runtime.directory.address(DESK).put(command, Answer())
        self.goes_on()

    @property
    def _elapsed_ms(self) -> int:
        """How long this life of it has lasted."""
        return self._on.clock.elapsed_ms - self._began_at
