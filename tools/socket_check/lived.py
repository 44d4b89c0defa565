"""A plan lived by the real process over a real socket, in real time: killed, commanded, meddled with, out of disk."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final

from actors.remembering import Remembering
from persistence.brackets import Which
from persistence.errors import StoreUnavailable
from persistence.store import Store
from simulation.history import GIVES_UP_MAX
from simulation.plan import Happening, Plan
from tools.socket_check.market import Market
from tools.socket_check.service import TICK_S, Service
from tools.socket_check.verdict import put_right
from tools.socket_check.watch import ACCOUNT, OWNER, Watch
from trading.promises import Picture, Result, Violation, untrue_results
from trading.values import ZERO, BracketId, StrategyName

AGAIN_S: Final = 0.5
CRASH_S_MAX: Final = 0.8


class SocketSide:
    """One exchange, and one life of the service after the other."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self._rng = Random(f"{plan.seed}:socket")
        self.crashes = self.gave_up = self.results_compared = 0
        self._own: list[Violation] = []
        self._until: list[tuple[float, Callable[[], None]]] = []
        self.market = Market(plan, folder)
        try:
            self.service = Service(plan, folder, self.market.url)
        except RuntimeError:
            self.market.close()
            raise
        self.watch = Watch(self.market, self.service.folder, plan)
        self.watch.start()

    # --- what both worlds have

    @property
    def store(self) -> Store:
        """The service's memory, to read."""
        return self.watch.store

    @property
    def is_served(self) -> bool:
        """Whether the service is on the line."""
        return self.watch.is_served

    @property
    def now_ms(self) -> int:
        """The wall clock: the service's own."""
        return time.time_ns() // 1_000_000

    @property
    def broken(self) -> list[Violation]:
        """What was seen broken so far."""
        return [*self._own, *self.watch.broken.values()]

    def lives(self) -> None:
        """Everything that the plan has, in real time."""
        began = time.monotonic()
        for happening in self.plan.happenings:
            self._waits_until(began + happening.at_ms / 1_000)
            self._happens(happening)
        self._waits_until(began + self.plan.length_ms / 1_000)

    def calms(self) -> None:
        """No fault from now on."""
        self.watch.strikes()
        self.market.calms()
        self._mends()

    def waits(self, ms: int) -> None:
        """Time passes."""
        self._waits_until(time.monotonic() + ms / 1_000)

    def picture(self) -> Picture:
        """Exchange and database, now."""
        return self.watch.picture()

    def results(self) -> tuple[Violation, ...]:
        """Each closed trade against the exchange's own fills, to the last digit. No settlement lies in between."""
        self.watch.look()
        said: dict[BracketId, Result] = {}
        recorded: dict[BracketId, Result] = {}
        for trade in self.store.trades(which=Which.CLOSED, limit=500).items:
            story = self.store.trade(trade.bracket_id)
            if trade.pnl is None or story is None or trade.pnl.estimated:
                continue
            own = {fill["trade_id"]: fill for fill in self.watch.fills.get(trade.bracket_id, ())}
            for fill in story.bracket.counted:
                if not story.bracket.is_own(fill) and fill.fill_id in self.watch.all_fills:
                    own[fill.fill_id] = self.watch.all_fills[fill.fill_id]
            fees = sum((fill["fee"] for fill in own.values()), ZERO)
            gross = sum((fill["profit_loss"] for fill in own.values()), ZERO)
            said[trade.bracket_id] = Result(gross=trade.pnl.gross, fees=trade.pnl.fees)
            recorded[trade.bracket_id] = Result(gross=gross, fees=fees)
        self.results_compared = len(said)
        return untrue_results(said, recorded)

    def figures(self) -> dict[str, Any]:
        """What was seen."""
        return {
            "entries": self.watch.entries,
            "results": self.results_compared,
            "crashes": self.crashes,
            "gave_up": self.gave_up,
            "struck": self.watch.struck.total(),
            "naked_ms_worst": self.watch.naked_ms_worst,
            "looks": self.watch.looks,
            "blind": self.watch.blind,
            "answered": self.service.answered,
            "unanswered": self.service.unanswered,
        }

    def close(self) -> None:
        """The service stops in order, and must; then all the rest goes."""
        wrong = self.service.stops()
        if wrong:
            self._wrong("stop", wrong)
        self.watch.close()
        self.market.close()

    def _wrong(self, promise: str, sentence: str) -> None:
        self._own.append(Violation(promise=promise, about=promise, sentence=sentence))

    # --- time and lives

    def _waits_until(self, moment: float) -> None:
        while time.monotonic() < moment:
            self._ticks()
            time.sleep(max(0.0, min(TICK_S, moment - time.monotonic())))

    def _ticks(self) -> None:
        """What is over ends, and a process that ended by itself is started again, as its keeper would do."""
        while self._until and self._until[0][0] <= time.monotonic():
            self._until.pop(0)[1]()
        code = self.service.ended_with
        if code is None:
            return
        self.gave_up += 1
        self.watch.strikes()
        if self.gave_up == GIVES_UP_MAX + 1:
            self._wrong("code", f"the process ended by itself again and again, with {code}")
        time.sleep(AGAIN_S)
        self.service.starts_again()

    # --- what happens

    def _happens(self, happening: Happening) -> None:
        what = happening.what
        if happening.kind != "tend":
            self.watch.strikes()
        match happening.kind:
            case "storm":
                self.market.storms(what["rules"])
                self._later(what["ms"], self._calms_down)
            case "crash":
                time.sleep(self._rng.uniform(0.0, CRASH_S_MAX) if what["points"] else 0.0)
                self.crashes += 1
                self.service.dies()
                self.watch.strikes()
            case "press":
                self.presses(what["command"], **({"name": what["name"]} if "name" in what else {}))
            case "hand":
                self.market.hand(what["what"], what["instrument"], what["draw"])
            case "disk":
                self.service.ails(what["trouble"])
                self._later(what["ms"], self._mends)
            case "tend":
                put_right(self)
            case _:
                raise AssertionError(happening.kind)

    def _later(self, ms: int, over: Callable[[], None]) -> None:
        self._until.append((time.monotonic() + ms / 1_000, over))
        self._until.sort(key=lambda one: one[0])

    def _calms_down(self) -> None:
        self.watch.strikes()
        self.market.calms()

    def _mends(self) -> None:
        self.watch.strikes()
        self.service.mends()

    # --- commands

    def presses(self, command: str, **given: Any) -> None:
        """A person gives a command. While nobody answers, they try again for a while."""
        if command in {"ResumeStrategy", "StartStrategy"}:
            self.watch.resumed_at[given["name"]] = self.now_ms
        if command == "ResolveIssue":
            for issue in self.store.issues.still_open():
                if issue.finding.instrument == given["instrument"]:
                    self.service.posts(f"issues/{issue.id}/resolve", {"choice": given["choice"]}, self._ticks)
            return
        name = given.get("name", "")
        if self.service.presses(command, name, self._ticks):
            self._must_be_written(command, name)

    def _must_be_written(self, command: str, name: str) -> None:
        """P6: what was answered with success is on disk at that moment."""
        memory = Remembering(self.store, broker=ACCOUNT, owner=OWNER)
        try:
            halt, wanted = self.store.halts.held(), memory.wanted(StrategyName(name))
        except StoreUnavailable:
            return
        if command in {"Halt", "Panic"} and halt is None:
            self._wrong("P6", f"{command} was answered, and no halt is on disk")
        if command == "Unhalt" and halt is not None:
            self._wrong("P6", "the halt was lifted, and it is still on disk")
        expected = {"StopStrategy": "stopped", "PauseStrategy": "paused"}.get(command)
        if expected is not None and wanted != expected:
            self._wrong("P6", f"{command} {name} was answered, and on disk it is {wanted}")
