"""What closed trades made. A trade is closed at once; its result is pending until the exchange's book was read.

One trade is asked about at a time. An answer that is lost, late or not whole yet is asked for again, within bounds;
then what is known stands, marked as an estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.memory import Memory
from actors.order_news import Addresses
from actors.order_steps import Steps
from actors.timers import Timers
from trading import ledger
from trading.bracket import Bracket
from trading.bracket.state import UNSEEN
from trading.facts import LedgerEntry
from trading.marks import mark
from trading.messages import broker, journal, orders
from trading.pnl import Known, TradePnl, from_fills
from trading.values import BracketId, Milliseconds

ANSWER_MS: Final = 30_000
AGAIN_MS, AGAIN_MS_MAX = 1_500, 600_000
TRIES_MAX: Final = 12  # within three quarters of an hour
AROUND_MS: Final = 1_000  # of the book is read beside the trade's own time


@dataclass(slots=True)
class _Open:
    """A result that is still to come."""

    bracket: Bracket
    tries: int = 0
    waits: bool = False  # for its timer
    shown: tuple[LedgerEntry, ...] = ()  # what the book has shown so far


class Results:
    """The results that are still to come."""

    def __init__(
        self, *, now: Callable[[], Milliseconds], timers: Timers, memory: Memory, steps: Steps, to: Addresses
    ) -> None:
        self._now, self._timers, self._memory, self._steps, self._to = now, timers, memory, steps, to
        self._pending: dict[BracketId, _Open] = {}
        self._asked: BracketId | None = None

    def load(self) -> None:
        """Take up the results the last life did not hear of."""
        for bracket in self._memory.pending_results():
            if bracket.counted:
                self._pending[bracket.plan.bracket_id] = _Open(bracket=bracket)

    def closed(self, bracket: Bracket) -> None:
        """A trade is over. What somebody closed out of our sight stays an estimate."""
        if not bracket.counted or any(fill.order_id == UNSEEN for fill in bracket.fills):
            self._pending.pop(bracket.plan.bracket_id, None)
            return
        self._pending[bracket.plan.bracket_id] = _Open(bracket=bracket)
        self.ask()

    def ask(self) -> None:
        """Ask for the next one, if nothing is being asked and somebody can be reached."""
        if self._asked is not None or not self._steps.is_up:
            return
        due = next((one for one, open_one in self._pending.items() if not open_one.waits), None)
        if due is None:
            return
        plan, fills = self._pending[due].bracket.plan, self._pending[due].bracket.counted
        self._asked = due
        self._timers.start(f"result:{due}", ANSWER_MS, orders.ResultDue(bracket_id=due))
        self._to.broker.tell(
            broker.ReadLedger(
                bracket_id=due,
                currency=plan.currency,
                since=Milliseconds(min(fill.at for fill in fills) - AROUND_MS),
                until=Milliseconds(max(fill.at for fill in fills) + AROUND_MS),
            )
        )

    def disconnected(self) -> None:
        """Nobody will answer any more."""
        self._asked = None

    def due(self, bracket_id: BracketId) -> None:
        """It is time to ask again; what was asked and not answered counts as unread."""
        open_one = self._pending.get(bracket_id)
        if open_one is None:
            return
        if self._asked == bracket_id:
            self.unread(bracket_id, "no answer")
            return
        open_one.waits = False
        self.ask()

    def read(self, bracket_id: BracketId, entries: tuple[LedgerEntry, ...]) -> None:
        """The book was read. It is whole when it shows every fill of the trade."""
        self._answered(bracket_id)
        open_one = self._pending.get(bracket_id)
        if open_one is None:
            return
        bracket = open_one.bracket
        open_one.shown = ledger.lines_of(bracket.counted, entries)
        absent = ledger.missing(bracket.counted, entries)
        if absent:
            mark("book-lacks-fills")
            self._again(open_one, f"the book does not show {len(absent)} of its fills")
            return
        pnl = ledger.result_by(bracket.plan.kind, bracket.plan.currency, bracket.counted, entries)
        if pnl.estimated:
            self._settle(open_one, pnl, Known.ESTIMATED, "a part of its funding was somebody else's")
        else:
            self._settle(open_one, pnl, Known.FINAL, "by the exchange's own book")

    def unread(self, bracket_id: BracketId, why: str) -> None:
        """The book could not be read."""
        self._answered(bracket_id)
        open_one = self._pending.get(bracket_id)
        if open_one is not None:
            self._again(open_one, why)

    def _answered(self, bracket_id: BracketId) -> None:
        if self._asked == bracket_id:
            self._asked = None

    def _again(self, open_one: _Open, why: str) -> None:
        """Ask later, or no more."""
        open_one.tries += 1
        plan, fills = open_one.bracket.plan, open_one.bracket.counted
        if open_one.tries >= TRIES_MAX:
            mark("result-stays-an-estimate")
            known = (
                ledger.result_by(plan.kind, plan.currency, fills, open_one.shown)
                if open_one.shown
                else from_fills(fills, currency=plan.currency)
            )
            self._settle(open_one, _estimate(known), Known.ESTIMATED, why)
            return
        self._wait(open_one)
        self.ask()

    def _wait(self, open_one: _Open) -> None:
        open_one.waits = True
        bracket_id = open_one.bracket.plan.bracket_id
        wait_ms = min(AGAIN_MS << min(open_one.tries, 16), AGAIN_MS_MAX)
        self._timers.start(f"result:{bracket_id}", wait_ms, orders.ResultDue(bracket_id=bracket_id))

    def _settle(self, open_one: _Open, pnl: TradePnl, known: Known, why: str) -> None:
        """On disk, then told. What the database does not take is asked for again."""
        bracket = open_one.bracket
        bracket_id, lines = bracket.plan.bracket_id, open_one.shown
        if not self._steps.remembers(
            lambda: self._memory.settle_result(bracket_id, pnl, known, lines=lines, why=why, at=self._now())
        ):
            self._wait(open_one)
            return
        self._timers.cancel(f"result:{bracket_id}")
        self._pending.pop(bracket_id, None)
        self._to.journal.tell(journal.BracketMoved(bracket=bracket, cause="result"))
        self.ask()


def _estimate(pnl: TradePnl) -> TradePnl:
    return TradePnl(currency=pnl.currency, gross=pnl.gross, fees=pnl.fees, funding=pnl.funding, estimated=True)
