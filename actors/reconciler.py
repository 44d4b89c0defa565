"""The reconciler: compares database and exchange, at start, after each reconnect, on a timer and on demand.

It decides nothing about trades: its report goes to the order manager, the only writer of them.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import assert_never

from actors.address import Address
from actors.base import Actor
from actors.clock import Clock
from actors.memory import Memory, MemoryFails
from actors.timers import Timers
from trading.bracket import Limits, Mode, Phase
from trading.marks import mark
from trading.messages import broker, journal, orders, reconciler
from trading.reconcile import CancelOrphan, DatabasePicture, FindingKind, Report, Suspicion, reconcile
from trading.values import InstrumentName, Milliseconds

SINCE_MARGIN_MS = 60_000
CONFIRM_MS = 1_500
"""A difference of size, a missing stop, or an orphan being cancelled, is looked at again so soon."""
ANSWER_MS = 15_000
RETRY_MS = 1_000
"""A picture that failed is taken again so soon: with three answers in ten lost, two seconds are one attempt too few."""
ENTRY_RESTS_MS, HOLDING_MS = 1_000, 10_000
TIMER = "timer"
TO_BE_SURE = "to be sure"
"""Looks between two comparisons, which leave no report when they find nothing."""
DEEP_MS = 7 * 86_400_000
"""So far back it looks for the trade behind a position that nothing explains, once for each."""


class Reconciler(Actor):
    """Asks for pictures, compares, reports."""

    def __init__(
        self,
        *,
        clock: Clock,
        timers: Timers,
        memory: Memory,
        database: Callable[[], DatabasePicture],
        to_broker: Address[broker.Message],
        to_orders: Address[orders.Message],
        to_journal: Address[journal.Message],
        interval_ms: int,
        limits: Limits,
        may_spare: Callable[[int], bool] = lambda _pace_ms: False,
    ) -> None:
        """``may_spare``: whether a look that comes at this pace may be left out, as in a simulated quiet."""
        super().__init__()
        self._clock, self._timers, self._memory, self._database = clock, timers, memory, database
        self._to_broker, self._to_orders, self._to_journal = to_broker, to_orders, to_journal
        self._interval_ms, self._limits, self._may_spare = interval_ms, limits, may_spare
        self._is_up = False
        self._asked = 0  # the id of the picture asked for last
        self._waiting = False
        self._why = ""
        self._suspicions: tuple[Suspicion, ...] = ()
        self._is_deep = False
        self._compared_ms = self._asked_ms = 0
        self._pace_ms = interval_ms
        self._looked_into: frozenset[tuple[InstrumentName, Decimal]] = frozenset()

    def on_receive(self, message: reconciler.Message) -> None:
        """One line for each message."""
        match message:
            case reconciler.Run(why=why):
                if why in {TIMER, TO_BE_SURE} and self._may_spare(self._pace_ms):
                    self._later()
                else:
                    self._run(why)
            case reconciler.PictureTaken(picture_id=picture_id, picture=picture):
                if picture_id == self._asked and self._waiting:
                    self._waiting = False
                    self._compare(reconcile(self._database(), picture, self._suspicions, self._limits))
            case reconciler.PictureFailed(picture_id=picture_id, why=why):
                if picture_id == self._asked and self._waiting:
                    mark("picture-failed")
                    self._waiting = False
                    self._again(RETRY_MS, f"the last picture failed: {why}")
            case reconciler.TradeBegan():
                if self._is_up and not self._waiting:
                    self._again(ENTRY_RESTS_MS, TO_BE_SURE)
            case reconciler.ConnectionChanged(is_up=is_up):
                self._is_up, self._waiting, self._suspicions = is_up, False, ()
                self._is_deep, self._looked_into = False, frozenset()
                if is_up:
                    self._run("connected")
                else:
                    self._timers.cancel("run")
            case _:
                assert_never(message)

    def _run(self, why: str) -> None:
        """Ask for a picture; an answer that never comes is not waited for."""
        if not self._is_up:
            return
        if self._waiting and why != "no answer":
            return
        if self._waiting:
            mark("picture-never-came")
        self._asked += 1
        self._waiting, self._why, self._asked_ms = True, why, self._clock.monotonic_ms()
        began = [bracket.began_at for bracket in self._memory.open_brackets()]
        now = self._clock.now_ms()
        is_far = self._is_deep or any(at > now for at in began)  # the clock was set back, nobody knows by how much
        since = min([*began, now - DEEP_MS]) if is_far else min([*began, now])
        since = Milliseconds(since - SINCE_MARGIN_MS)
        self._to_broker.tell(broker.TakePicture(picture_id=self._asked, since=since, is_deep=self._is_deep))
        self._again(ANSWER_MS, "no answer")

    def _again(self, delay_ms: int, why: str) -> None:
        self._timers.start("run", delay_ms, reconciler.Run(why=why), background=True)

    def _compare(self, report: Report) -> None:
        self._suspicions = report.suspicions
        took_ms = self._clock.monotonic_ms() - self._asked_ms
        if self._why != TO_BE_SURE or not report.is_clean:
            with suppress(MemoryFails):  # the report is for people; what it asks for must be done all the same
                self._memory.record_report(
                    report, why=self._why, took_ms=took_ms, at=Milliseconds(self._clock.now_ms())
                )
            self._to_journal.tell(journal.Reconciled(report=report, why=self._why, took_ms=took_ms))
        self._to_orders.tell(orders.Reconciled(report=report))
        if self._must_look_into(report):
            self._run("a position that nothing explains")
        elif (
            report.suspicions
            or any(isinstance(action, CancelOrphan) for action in report.actions)
            or any(finding.kind is FindingKind.MISSING_STOP for finding in report.findings)
        ):
            self._again(CONFIRM_MS, "a difference to be confirmed")
        else:
            self._later()

    def _later(self) -> None:
        """The next comparison; soon, while an exchange that told nothing any more would leave us bare.

        Subscriptions can fall silent without a word. A bracket placed as one is covered by the exchange itself; one
        placed leg by leg is bare from its fill on, so a resting entry is looked at again and again.
        """
        open_now = self._memory.open_brackets()
        if any(one.plan.mode is Mode.SEQUENTIAL and one.phase is Phase.ENTERING for one in open_now):
            pace_ms = ENTRY_RESTS_MS
        elif open_now:  # also where an entry is still of unknown fate: it may be held the next moment
            pace_ms = HOLDING_MS
        else:
            self._pace_ms = self._interval_ms
            self._again(self._pace_ms, TIMER)
            return
        now, is_shown = self._clock.monotonic_ms(), False
        if now - self._compared_ms >= self._interval_ms:  # the one that people see in the list
            self._compared_ms, is_shown = now, True
        self._pace_ms = min(pace_ms, self._interval_ms)
        self._again(self._pace_ms, TIMER if is_shown else TO_BE_SURE)

    def _must_look_into(self, report: Report) -> bool:
        """Is there a position without a trade that was not looked into yet? The trade may have begun days ago."""
        amounts = {holding.instrument: holding.amount for holding in report.holdings}
        odd = {FindingKind.ORPHAN_POSITION, FindingKind.FOREIGN_POSITION}
        names = {finding.instrument for finding in report.findings if finding.kind in odd}
        found = frozenset((name, amounts[name]) for name in names)
        self._is_deep = bool(found - self._looked_into)
        self._looked_into = found
        return self._is_deep
