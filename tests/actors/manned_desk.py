"""A desk constructed and not started, on a real store that forgets, with addresses that remember."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from actors.desk import Addresses, Desk, DeskSettings
from actors.desk_link import TryAgain
from actors.incarnation import Incarnation
from actors.remembering import Remembering
from persistence.errors import DiskTrouble
from persistence.store import Store
from persistence.strategies import Wanted
from trading import restart
from trading.lifecycle import Event, PauseCause, State
from trading.messages import desk, notices, supervision
from trading.values import InstrumentName, Milliseconds, StrategyName, WorkerId

NOW = 1_700_000_000_000
BTC = InstrumentName("BTC-PERPETUAL")
A, B = StrategyName("a"), StrategyName("b")


class Ear:
    """An address that remembers, newest last."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def tell(self, message: Any) -> None:
        self.heard.append(message)

    def takes(self) -> list[Any]:
        """What was heard since this was last asked."""
        found, self.heard = self.heard, []
        return found


@dataclass
class Manned:
    """The desk and everything around it. ``braked`` and ``auto`` are its settings."""

    store: Store
    auto: bool = False
    braked: bool = False
    candles: int = 0
    generation: int = 1
    running: bool = True
    in_trade: set[StrategyName] = field(default_factory=set)
    may_close: set[StrategyName] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.elapsed = 0
        self.timers: dict[str, tuple[int, Any]] = {}
        for name in (A, B):
            wanted = Wanted.RUNNING if self.running else Wanted.STOPPED
            self.store.strategies.define(
                name, kind="fasttest", instrument=BTC, parameters={}, wanted=wanted, at=Milliseconds(NOW)
            )
        names = ("broker", "orders", "guardian", "reconciler", "notifier", "journal", "supervisor")
        self.ears = {name: Ear() for name in names}
        self.strategies = {A: Ear(), B: Ear()}
        self.begins()

    def begins(self) -> None:
        """Another life of the desk."""
        self.memory = Remembering(self.store, broker="embedded", owner="me")
        self.memory.may_close = lambda name: name in self.may_close  # type: ignore[method-assign]
        self.memory.in_trade = lambda name: name in self.in_trade  # type: ignore[method-assign]
        self.desk = Desk(
            clock=self,
            timers=self,
            memory=self.memory,
            to=Addresses(**self.ears, strategies=self.strategies),
            settings=DeskSettings(
                instruments={A: BTC, B: BTC},
                candle_minutes=1,
                candles_shown=self.candles,
                auto_reconnect=self.auto,
                braked=self.braked,
                start_attempts_max=2,
                broker="embedded",
            ),
            rng=Random(7),  # the wait before a new attempt is drawn from it; its bounds are what counts
        )
        self.desk.incarnation = Incarnation(
            name="desk",
            generation=self.generation,
            clock=self,
            wheel=None,  # type: ignore[arg-type]  # no timer of a real one is started here
            directory=None,  # type: ignore[arg-type]  # nor an address looked up
        )
        self.desk.on_start()

    # --- clock and timers

    def now_ms(self) -> int:
        return NOW + self.elapsed

    def monotonic_ms(self) -> int:
        return self.elapsed

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        assert delay_ms > 0
        assert not background
        self.timers[name] = (delay_ms, message)

    def cancel(self, name: str) -> None:
        self.timers.pop(name, None)

    # --- what happens

    def told(self, *messages: Any) -> None:
        for message in messages:
            assert self.desk.on_receive(message) is None

    def asked(self, command: desk.Command) -> desk.Answer:
        answer = self.desk.on_receive(command)
        assert answer is not None
        return answer

    def comes_up(self) -> None:
        """Connected, and compared."""
        self.told(desk.ConnectionChanged(is_up=True, reason=""), desk.Reconciled(is_clean=True))

    def goes_down(self, reason: str = "gone") -> None:
        self.told(desk.ConnectionChanged(is_up=False, reason=reason))

    def is_time(self) -> None:
        """The timer that runs is over."""
        _, message = self.timers.pop("connect")
        assert isinstance(message, TryAgain)
        self.told(message)

    def lives(self, *names: StrategyName) -> None:
        """The supervisor has started them, and they look for a signal."""
        for name in names:
            self.told(supervision.ChildStarted(child=f"strategy:{name}", generation=1, at_ms=NOW))
            self.moves(name, State.ANALYZING, Event.START)

    def moves(self, name: StrategyName, state: State, event: Event, cause: PauseCause | None = None) -> None:
        moved = desk.StrategyMoved(name=name, generation=1, event=event, state=state, cause=cause, reason="")
        self.told(moved)

    def ends(self, name: StrategyName) -> None:
        self.told(supervision.ChildStopped(child=f"strategy:{name}", generation=1, at_ms=NOW))

    def fails(self, name: StrategyName) -> None:
        self.told(
            supervision.ChildFailed(
                supervisor="s",
                context=supervision.Context.CHILD_TERMINATED,
                reason="bad idea",
                offender=f"strategy:{name}",
                generation=1,
                exit=restart.Exit.RAISED,
                verdict=restart.Verdict.ERROR,
                traceback="",
                at_ms=NOW,
            )
        )

    def newcomer(self, name: str) -> None:
        self.told(supervision.ChildStarted(child=name, generation=2, at_ms=NOW))

    # --- what was told

    def takes(self, name: str) -> list[Any]:
        return self.ears[name].takes()

    def hears(self, name: StrategyName) -> list[Any]:
        return self.strategies[name].takes()

    def notices(self) -> list[tuple[str, str]]:
        return [(one.kind, one.text) for one in self.takes("notifier") if isinstance(one, notices.Notice)]

    def forgets(self) -> None:
        for ear in (*self.ears.values(), *self.strategies.values()):
            ear.takes()


def full_disk(*_: object, **__: object) -> None:
    """What the store does when it cannot."""
    raise DiskTrouble("the disk is full")


def manned(**given: Any) -> Manned:
    """One, just begun."""
    return Manned(Store.in_memory(worker=WorkerId("w1"), account="embedded"), **given)
