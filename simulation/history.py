"""One history: a world is made, things happen to it, and after every step the promises are looked at.

First comes the part in which things go wrong and nothing wrong may come of it. Then nothing goes wrong any more, a
person puts everything right, and within a bound all must be settled: nothing unknown, nothing left over, and every
result the exchange's own.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from actors.address import NoAnswer
from simulation import ending, failing, line, lives, rest, troubles
from simulation.alerts import Alerts
from simulation.beside import Beside
from simulation.disk import DataFile, Death, Died
from simulation.eye import Broken, Eye
from simulation.hands import Hands
from simulation.happenings import SECOND
from simulation.lull import Lull
from simulation.making import options
from simulation.pairs import Pairs
from simulation.plan import MINUTE_MS, Happening, Plan
from simulation.quiet import Bounds, QuietFeed, bounds
from simulation.raised import raised
from simulation.telegram import Telegram
from simulation.world import ACCOUNT, World
from trading import marks
from trading.messages import desk
from trading.promises import Violation
from trading.values import StrategyName

GIVES_UP_MAX: Final = 5
BUSY_MS: Final = 8_000
HANG_MS_MAX: Final = 25_000
"""A deadline, and looks that come every 5 s."""
HANGS_MS_MAX: Final = {"notifier": 90_000}
STRATEGY: Final = "strategy:"
HARMLESS: Final = frozenset({"letter", "rest", "decide", "set", SECOND, "second_crash"})
"""They excuse nothing: Telegram never holds up trading, and what others do on the account is no concern of ours."""
ALONE: Final = HARMLESS | {"storm", "line", "late", "stall"}
"""After these nobody has allowed a connection to come up that was lost."""
OUTSIDE: Final = HARMLESS | {"storm", "line", "press", "hand"}
"""These befall the exchange, the line and people. Whoever lives here can do what is to be done."""


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a history."""

    seed: int
    simulated_ms: int
    steps: int
    brackets: int
    fills: int
    results: int = 0
    """Of how many closed trades the result was held against the exchange's own."""
    crashes: int
    faults: dict[str, int]
    hash: str
    worst_naked_ms: int
    violations: tuple[Violation, ...] = ()
    at_ms: int = 0
    """When the first violation was seen."""
    marks: dict[str, int] = {}
    """Which defensive branches were taken, and how often."""
    pairs: tuple[str, ...] = ()
    """Which fault struck in which phase of a bracket."""


def live(plan: Plan, *, ended: Callable[["History"], None] | None = None) -> Lived:
    """Live a history from its beginning to its end, or to its first broken promise. Then ``ended`` may look at it."""
    with tempfile.TemporaryDirectory(prefix="history-") as folder, marks.counted() as counts:
        history = History(plan, Path(folder))
        lived = history.live()
        if ended is not None:
            ended(history)
    return msgspec.structs.replace(lived, marks=dict(sorted(counts.items())))


class History:
    """A world, and what happens to it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.death = Death()
        self.file = DataFile(folder, self.death, worker="w1", account=ACCOUNT)
        self.database, self.store = self.file.onlooker()
        """For whoever looks at it: the service opens the file itself, in each life anew."""
        self._quiet: list[QuietFeed] = []
        self.telegram = Telegram(self.death)
        self._lull = Lull()
        self.world = World(options(plan, self.file.opens, self.death, self._thinned, self.telegram, self._lull))
        for feed in self._quiet:
            feed.busy_until_ms, feed.bounds = self._busy_until_ms, self._bounds
            feed.now_ms = lambda: self.world.pipe.now
        # Not on a line that may be dead on one side: who asks finds out, and whom nobody answers lets go.
        self.world.exchange.sessions.may_spare = lambda now: self._is_quiet(now) and self._lull.is_calm
        self.eye = Eye(
            self.world,
            self.store,
            self.death,
            auto_reconnect=plan.auto_reconnect,
            way_ms=4 * plan.delay_ms[1] + 100,
        )
        self._lull.calm_ms = lambda: self.world.pipe.now - self.eye.struck_at
        self._lull.still_ms = lambda: self.world.pipe.now - max(self.eye.changed_at, self.eye.struck_at)
        self.hands = Hands(self.world, self.eye.by_hand)
        self.alerts = Alerts(self.world, self.store, self.database, self.death)
        self.second: Beside | None = None
        self.mind: tuple[str, bool] | None = None
        """What a person will choose for the next issue, and whether only if it is offered."""
        self.is_over = False
        """The part is over in which things go wrong."""
        self.faults: Counter[str] = Counter()
        self.pairs = Pairs(self.store.open_brackets, lambda: self.world.exchange.faults.injected)
        self.crashes = self.steps = self.gave_up = 0
        self.before_ms = 0
        self._until: list[tuple[int, Callable[[], None]]] = []

    @property
    def clock_ms(self) -> int:
        """How long the history has lasted, over all lives of the process."""
        return self.before_ms + self.world.runtime.clock.elapsed_ms

    def live(self) -> Lived:
        """All of it."""
        broken: tuple[Violation, ...] = ()
        try:
            for happening in self.plan.happenings:
                self.runs_to(happening.at_ms)
                self.happens(happening)
            self.runs_to(self.plan.length_ms)
            ending.settle(self)
        except Broken as found:
            broken = found.violations
        except Exception as error:  # noqa: BLE001 - whatever the code raises is a finding, and no end of a campaign
            broken = (raised(error),)
        finally:
            self.close()
        self.faults.update(self.world.exchange.fault_state()["injected"])
        counted = self.eye.counted()
        return Lived(
            seed=self.plan.seed,
            simulated_ms=self.clock_ms,
            steps=self.steps,
            brackets=counted["brackets"],
            fills=counted["fills"],
            results=counted["results"],
            crashes=self.crashes,
            faults=dict(sorted(self.faults.items())),
            hash=self.eye.hash.hexdigest(),
            worst_naked_ms=self.eye.worst_naked_ms,
            violations=broken,
            at_ms=self.clock_ms if broken else 0,
            pairs=tuple(sorted(self.pairs.met)),
        )

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()
        self.database.close_thread()

    # --- time

    def runs_to(self, end_ms: int) -> None:
        """Time passes, step by step, and the eye looks after each."""
        while self._until and self._until[0][0] <= end_ms:
            at_ms, over = self._until.pop(0)
            self._runs_to(at_ms)
            over()
        self._runs_to(end_ms)
        broken = (*self.alerts.broken(), *self.hands.broken())
        if broken:
            raise Broken(broken)

    def _runs_to(self, end_ms: int) -> None:
        look, death = self.eye.look, self.death
        self._wake_who_looks()
        while True:
            if death.is_dead or self.world.ended:
                self._starts_again()
            runtime = self.world.runtime
            try:
                alive = runtime.step(end_ms - self.before_ms)
            except Died:
                continue
            self.steps += 1
            broken = look() if self.second is None else (*look(), *self.second.look())
            if self.eye.struck_at != self.pairs.struck_at:
                self.pairs.look(self.eye.struck_at)
                self._wake_who_looks()
            if broken:
                raise Broken(broken)
            if not alive:
                break
        runtime.clock.elapsed_ms = max(runtime.clock.elapsed_ms, end_ms - self.before_ms)

    def _wake_who_looks(self) -> None:
        if not self._lull.calm_ms():
            self._lull.ends(self.world.supervisor)

    def later(self, ms: int, over: Callable[[], None]) -> None:
        """Something ends then."""
        self._until.append((self.clock_ms + ms, over))
        self._until.sort(key=lambda one: one[0])

    def _busy_until_ms(self) -> int:
        """Until when every price is shown: for a while after anything has happened."""
        return max(self.eye.changed_at, self.eye.struck_at) + BUSY_MS

    def _is_quiet(self, now_ms: int) -> bool:
        """Whether nothing has happened for a while."""
        return now_ms > self._busy_until_ms()

    def _bounds(self) -> Bounds:
        """Between which prices nothing happens."""
        engine = self.world.exchange.engine
        return bounds(engine, engine.accounts["main"])

    def _thinned(self, feed: Any) -> QuietFeed:
        self._quiet.append(QuietFeed(feed, pause_ms=self.plan.quiet_ms))
        return self._quiet[-1]

    # --- what happens

    def happens(self, happening: Happening) -> None:
        """Let it happen."""
        what = happening.what
        if happening.kind != "tend":
            if happening.kind not in HARMLESS:
                self.eye.strikes()
            if happening.kind not in OUTSIDE:
                self.eye.knowing.upset_at = self.world.pipe.now
            if happening.kind not in ALONE:
                self.eye.may_connect()
            self.faults[happening.name] += 1
            self.pairs.note(happening.name)
        match happening.kind:
            case "storm":
                troubles.storms(self, happening, self.clock_ms + MINUTE_MS)
            case "crash":
                if what["points"]:
                    self.death.after(what["points"])
                else:
                    self.crash()
            case "press":
                fields = {"name": StrategyName(what["name"])} if "name" in what else {}
                self.presses(what["command"], **fields)
            case "hand":
                self.strikes_all()
                self.hands.trades(what["what"], what["instrument"], what["draw"])
            case "rest":
                self.hands.rests(what)
            case "second":
                self.second = Beside(self.world, self.plan, what)
            case "second_crash":
                if self.second is not None:
                    self.second.crashes()
            case "decide":
                self.mind = what["choice"], what["must_offer"]
                troubles.decides(self)
            case "line":
                line.begins(self, what["trouble"], what)
            case "letter":
                self.telegram.trouble = what["trouble"]
                self.later(what["ms"], self.telegram.mended)
            case "disk":
                self.database.trouble = what["trouble"]
                self.eye.forgets_failures()
                self.alerts.disk_fails()
                self.later(what["ms"], self.disk_mended)
            case "kill":
                self._to_actor(what["who"], self.kills)
            case "kills":
                troubles.kills(self, what["who"], self.clock_ms + MINUTE_MS)
            case "hang":
                self._to_actor(what["who"], partial(self._hangs, what["ms"]))
            case "clock":
                self.world.runtime.clock.jump(what["by_ms"])
                self.world.pipe.skew_ms -= what["by_ms"]
            case "tend":
                troubles.decides(self, 0)
                ending.put_right(self)
            case _:
                rest.happens(self, happening)

    def _starts_again(self) -> None:
        """The process has died or given up, and is started again; over and over, that is a service that cannot live."""
        if self.world.ended and not self.death.is_dead and self.world.supervisor.exit_code != 0:
            self.gave_up += 1
            if self.gave_up > GIVES_UP_MAX:
                children = self.world.supervisor.state().children
                why = "; ".join(f"{child.id}: {child.reason}" for child in children if child.reason)
                raise Broken(
                    (Violation(promise="code", about="supervisor", sentence=f"gave up again and again: {why}"),)
                )
        self.crash()

    def strikes_all(self) -> None:
        """Something goes wrong now that whoever is on the account may feel."""
        self.eye.strikes()
        if self.second is not None:
            self.second.eye.strikes()

    def calms(self) -> None:
        """Nothing of the exchange goes wrong any more."""
        self.strikes_all()
        self.world.exchange.clear_faults()

    def disk_mended(self) -> None:
        """The disk takes writes again."""
        self.eye.strikes()
        self.eye.knowing.upset_at = self.world.pipe.now
        self.file.disk.mended()

    def faults_end(self) -> None:
        """Nothing goes wrong from here on."""
        self.is_over = True
        lives.comes_up(self)
        self.world.exchange.clear_faults()
        self.world.exchange.set_maintenance(on=False, now_ms=self.world.pipe.now)
        self.disk_mended()
        line.mended(self)
        self.telegram.mended()

    def crash(self) -> None:
        """Power gone; a new process starts from what is on disk."""
        lives.crash(self)

    def presses(self, command: str, **fields: Any) -> None:
        """A person gives a command; what was done must be on disk when it is answered."""
        if self.world.is_down:
            self.faults["nobody_there"] += 1
            return
        more = _MORE.get(command, {})
        if command in {"Connect", "Reconnect"}:
            self.eye.may_connect()
        pressed_at = self.world.pipe.now
        self.eye.asked(command, fields)
        answer: desk.Answer | None = None
        try:
            answer = self.world.person(getattr(desk, command)(by="me", **(more | fields)))
        except (NoAnswer, Died):
            return
        except Exception as error:  # whatever a button raises is judged: the failures a history plans are none
            if not self.death.is_dead:
                self.faults[f"unanswered_{type(error).__name__}"] += 1
                broken = failing.unanswered(command, error)
                if broken:
                    raise Broken(broken) from error
            return
        finally:
            self.eye.answered(command, fields, answer, since=pressed_at)
        broken = ending.unrecorded_answer(self, command, fields, answer)
        if broken:
            raise Broken(broken)

    def _to_actor(self, who: str, work: Callable[[str], object]) -> None:
        try:
            work(who)
        except AssertionError:
            self.faults["nobody_there"] += 1

    def kills(self, who: str) -> None:
        """It is gone without a word."""
        self.world.runtime.kill(who)
        if who.startswith(STRATEGY) and not self.database.trouble:
            self.eye.fails(StrategyName(who.removeprefix(STRATEGY)))

    def _hangs(self, ms: int, who: str) -> None:
        wake = self.world.runtime.hang(who)
        life = self.crashes
        self.later(ms - 1, lambda: self._is_noticed(who) if life == self.crashes else None)
        self.later(ms, lambda: wake() if life == self.crashes else None)

    def _is_noticed(self, who: str) -> None:
        """Whoever hangs past their deadline is cut off at the next looks, and another takes their place."""
        child = next((one for one in self.world.supervisor.state().children if one.id == who), None)
        stuck_ms = None if child is None else child.pulse.handling_ms
        if stuck_ms is not None and stuck_ms > HANGS_MS_MAX.get(who, HANG_MS_MAX):
            raise Broken((failing.fault(who, f"it hangs for {stuck_ms} ms, and nobody has noticed"),))


_MORE: Final[dict[str, dict[str, Any]]] = {"Halt": {"reason": "by hand"}, "Reconnect": {"resume": True}}
