"""The journal: told every fact worth showing, it keeps the picture people look at, the log, and those who listen.

It decides nothing, and nobody waits for it. Steps of brackets are in the log before it hears of them; what nobody
else writes down it adds itself. When the log cannot be written the picture goes on, and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, assert_never

from actors import journal_rows as rows
from actors.address import Address, Name
from actors.base import Actor
from actors.clock import Clock
from actors.journal_board import ALERTS_KEPT, NO_ROWS, REFUSALS_KEPT, Beat, Board, Connection, Row, with_row
from actors.subscribers import Subscribers, Told
from actors.timers import Timers
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.lifecycle import State
from trading.messages import journal, supervision
from trading.values import Milliseconds

JOURNAL: Final = Name[journal.Message]("journal")
SHOW_MS: Final = 250  # how often a subscriber is shown new prices
TAIL_MAX: Final = 1_000


class Logged(Protocol):
    """An event as the log keeps it."""

    @property
    def id(self) -> int: ...
    @property
    def at(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def detail(self) -> Any: ...


class Log(Protocol):
    """What the journal needs of the store's events."""

    def add(
        self, kind: str, subject: str, text: str, *, at: Milliseconds, detail: Any = None, durable: bool = False
    ) -> Logged:
        """Write an event."""
        ...

    def after(self, event_id: int, *, limit: int = 100) -> tuple[Logged, ...]:
        """Give what came after an event, the oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Show:
    """It is time to show the prices that changed."""


Message = journal.Message | _Show


class Journal(Actor):
    """Keeps what people see. Everything it holds besides the board may be lost with it."""

    def __init__(
        self, *, clock: Clock, timers: Timers, log: Log, board: Board, subscribers: Subscribers, close: "Closer"
    ) -> None:
        super().__init__()
        self._clock, self._timers, self._log, self._close = clock, timers, log, close
        self._board, self._subscribers = board, subscribers
        self._unshown: set[str] = set()
        self._showing = False

    def on_stop(self) -> None:
        self._close()

    def on_receive(self, message: Message) -> None:
        match message:
            case journal.TickerChanged(ticker=ticker):
                self._set(
                    tickers=with_row(self._board.picture.tickers, ticker.instrument, rows.ticker_row(ticker)),
                    tick=self._beat(),
                    fact=self._beat(),
                )
                self._show_soon(ticker.instrument)
            case journal.CandleClosed():
                self._set(candle=self._beat(), fact=self._beat())
            case journal.OrderSeen(order=order):
                row = rows.order_row(order)
                kept = row if order.state.is_working else None
                self._set(orders=with_row(self._board.picture.orders, order.order_id, kept), fact=self._beat())
                self._pass_on("order_changed", row)
            case journal.FillSeen(fill=fill):
                self._set(fact=self._beat())
                self._pass_on("fill", rows.fill_row(fill))
            case journal.PositionChanged(holding=holding):
                row = rows.position_row(holding)
                kept = row if holding.amount else None
                self._set(
                    positions=with_row(self._board.picture.positions, holding.instrument, kept), fact=self._beat()
                )
                self._pass_on("position_changed", row)
            case journal.FundsChanged():
                self._funds(message)
            case journal.PictureTaken(picture=picture):
                self._set(
                    orders={one.order_id: rows.order_row(one) for one in picture.orders if one.state.is_working},
                    positions={one.instrument: rows.position_row(one) for one in picture.holdings if one.amount},
                    fact=self._beat(),
                )
            case journal.BracketMoved(bracket=bracket):
                row = rows.bracket_row(bracket)
                kept = None if bracket.phase.is_over else row
                self._set(brackets=with_row(self._board.picture.brackets, bracket.plan.bracket_id, kept))
                self._pass_on("bracket_changed", row)
                self._follow()
            case journal.SignalRefused():
                self._refused(message)
            case journal.StrategyKnown() | journal.StrategyMoved() | journal.StrategyFailed() | journal.Decided():
                self._strategy(message)
            case journal.Scored(scores=scores):
                self._scored(scores)
            case journal.Reconciled():
                self._reconciled(message)
            case (
                journal.ConnectionChanged()
                | journal.HaltChanged()
                | journal.IssueOpened()
                | journal.IssueResolved()
                | journal.Alerted()
                | journal.Commanded()
            ):
                self._switched(message)
            case _Show():
                self._show()
            case _:
                self._supervision(message)

    # --- pictures

    def _set(self, **changes: Any) -> None:
        """Swap the picture: the one assignment other threads see."""
        self._board.picture = replace(self._board.picture, **changes)

    def _beat(self) -> Beat:
        return Beat(at_ms=self._clock.now_ms(), monotonic_ms=self._clock.monotonic_ms())

    def _funds(self, message: journal.FundsChanged) -> None:
        row = {
            "currency": message.currency,
            "equity": rows.money(message.equity),
            "available": rows.money(message.available),
            "at": self._clock.now_ms(),
        }
        self._set(funds=with_row(self._board.picture.funds, message.currency, row), fact=self._beat())
        self._pass_on("funds", row)

    def _refused(self, message: journal.SignalRefused) -> None:
        """Keep it to be shown; the order manager has written it into the log."""
        signal = message.signal
        row = {
            "strategy": signal.strategy,
            "instrument": signal.instrument,
            "side": signal.side.value,
            "bracket_id": signal.bracket_id,
            "code": message.why.code,
            "sentence": message.why.sentence,
            "at": self._clock.now_ms(),
        }
        self._set(refusals=(*self._board.picture.refusals, row)[-REFUSALS_KEPT:])
        self._pass_on("signal_refused_now", row)
        self._follow()

    def _strategy(
        self, message: journal.StrategyKnown | journal.StrategyMoved | journal.StrategyFailed | journal.Decided
    ) -> None:
        now = self._clock.now_ms()
        known = self._board.picture.strategies.get(message.name, _unknown(message.name, now))
        changes: Row
        match message:
            case journal.StrategyKnown():
                changes = {
                    "strategy": message.kind,
                    "instrument": message.instrument,
                    "parameters": dict(message.parameters),
                }
            case journal.StrategyMoved():
                changes = {
                    "state": message.state.value,
                    "reason": message.reason,
                    "cause": None if message.cause is None else message.cause.value,
                    "generation": message.generation,
                    "since": now if message.state.value != known["state"] else known["since"],
                    "traceback": known["traceback"] if message.state is State.ERROR else "",
                }
            case journal.StrategyFailed():
                changes = {
                    "state": State.ERROR.value,
                    "reason": message.reason,
                    "cause": None,
                    "generation": message.generation,
                    "since": now,
                    "traceback": message.traceback,
                }
            case journal.Decided():
                if message.generation < known["generation"]:
                    return  # said by an incarnation that is gone
                changes = {
                    "decision": message.decision,
                    "decided_at": now,
                    "checkpoints": [
                        {"name": one.name, "is_met": one.is_met, "text": one.text} for one in message.checkpoints
                    ],
                }
            case _:
                assert_never(message)
        row = {**known, **changes}
        self._set(strategies=with_row(self._board.picture.strategies, message.name, row))
        if isinstance(message, journal.Decided | journal.StrategyKnown):
            self._pass_on(
                "strategy_decided", {key: row[key] for key in ("name", "decision", "checkpoints", "decided_at")}
            )
        else:
            text = f"{message.name} is {row['state']}" + (f": {row['reason']}" if row["reason"] else "")
            shown = ("state", "reason", "cause", "generation", "since")
            self._write("strategy_status_changed", message.name, text, {key: row[key] for key in shown})

    def _scored(self, scores: Mapping[str, int]) -> None:
        before = self._board.picture.scores
        after = {**before, **scores}
        self._set(scores=after)
        if after != before:
            self._pass_on("scoreboard", after)

    def _reconciled(self, message: journal.Reconciled) -> None:
        row = rows.report_row(message)
        self._set(last_report=row, reconcile=self._beat(), reconciled=self._board.picture.connection.is_up)
        if message.report.is_clean:
            self._pass_on("reconciled", row)
        else:
            found = ", ".join(f"{count} {kind}" for kind, count in row["findings"].items())
            self._write("reconciled", "reconciler", f"database and exchange differ: {found}", row)

    def _switched(
        self,
        message: journal.ConnectionChanged
        | journal.HaltChanged
        | journal.IssueOpened
        | journal.IssueResolved
        | journal.Alerted
        | journal.Commanded,
    ) -> None:
        """Show what people and the world have switched, and write it down."""
        now, picture = self._clock.now_ms(), self._board.picture
        match message:
            case journal.ConnectionChanged(is_up=is_up, reason=reason, is_wanted=is_wanted):
                same = picture.connection.is_up is is_up
                since = picture.connection.since_ms if same else now
                link = Connection(is_up=is_up, is_wanted=is_wanted, reason=reason, since_ms=since)
                self._set(connection=link, reconciled=picture.reconciled and is_up and same)
                words = ("connected" if is_up else "disconnected") + (f": {reason}" if reason else "")
                self._write("connection_changed", "broker", words, {"is_up": is_up, "reason": reason})
            case journal.HaltChanged(reason=None, by=by):
                self._set(halt=None)
                self._write("halt_changed", "desk", f"HALT lifted by {by}", {"on": False, "by": by})
            case journal.HaltChanged(reason=reason, by=by):
                self._set(halt={"reason": reason, "by": by, "since": now})
                self._write("halt_changed", "desk", f"HALT by {by}: {reason}", {"on": True, "by": by})
            case journal.IssueOpened(instrument=instrument, why=why):
                issue = {"instrument": instrument, "text": why, "opened_at": now}
                self._set(issues=with_row(picture.issues, instrument, issue))
                self._write("issue_opened", instrument, why, issue)
            case journal.IssueResolved(instrument=instrument, choice=choice):
                self._set(issues=with_row(picture.issues, instrument, None))
                self._write("issue_resolved", instrument, f"a person chose: {choice}", {"choice": choice})
            case journal.Alerted(severity=severity, kind=kind, text=text):
                alert = {"severity": severity.value, "kind": kind, "text": text, "at": now}
                self._set(alerts=(*picture.alerts, alert)[-ALERTS_KEPT:])
                self._write("alert", kind, text, {"severity": severity.value})
            case journal.Commanded():
                words = f"{message.by}: {message.command} {message.subject}: {message.sentence}"
                self._write("command", message.subject, words, {"command": message.command, "code": message.code})
            case _:
                assert_never(message)

    def _supervision(self, message: supervision.Notice) -> None:
        match message:
            case supervision.ChildFailed():
                text = f"{message.offender} {message.exit.value}: {message.reason} ({message.verdict.value})"
                detail = {"generation": message.generation, "context": message.context.value}
                self._write("child_failed", message.offender, text, {**detail, "traceback": message.traceback})
            case supervision.ChildCrowded():
                text = f"{message.depth} messages wait for {message.child}"
                self._write("child_crowded", message.child, text, {"severity": Severity.WARNING.value})
            case supervision.MessagesLost():
                count = sum(message.kinds.values())
                text = f"{count} messages were told to {message.child} while it was not there"
                self._write("messages_lost", message.child, text, dict(message.kinds))
            case supervision.OldIncarnationSpoke():
                text = f"an old incarnation of {message.child} woke up; what it said was dropped"
                self._write("old_incarnation_spoke", message.child, text, {"dropped": message.dropped})
            case supervision.ChildStarted() | supervision.ChildStopped():
                self._pass_on("child_changed", {"child": message.child, "generation": message.generation})
            case supervision.EverythingStopped():
                self._write("service_stopped", "supervisor", message.reason, {"exit_code": message.exit_code})
            case _:
                assert_never(message)

    # --- log and listeners

    def _write(self, kind: str, subject: str, text: str, detail: Any) -> None:
        """Add to the log; whoever listens hears it from there, in its order."""
        counts = self._board.picture.events
        self._set(events={**counts, kind: counts.get(kind, 0) + 1})
        try:
            self._log.add(kind, subject, text, at=Milliseconds(self._clock.now_ms()), detail=detail)
        except Unavailable:
            self._set(unsaved=self._board.picture.unsaved + 1)
            self._pass_on(kind, {"at": self._clock.now_ms(), "subject": subject, "text": text, "detail": detail})
            return
        if self._board.picture.unsaved:
            self._set(unsaved=0)
        self._follow()

    def _follow(self) -> None:
        """Tell those who listen what is new in the log, whoever wrote it."""
        if not len(self._subscribers):
            return
        try:
            found = self._log.after(self._subscribers.tail, limit=TAIL_MAX)
        except Unavailable:
            return  # the next event brings it
        for event in found:
            self._subscribers.tell(Told(kind=event.kind, content=event_row(event), id=event.id))
            self._subscribers.tail = event.id

    def _pass_on(self, kind: str, content: Row) -> None:
        if len(self._subscribers):
            self._subscribers.tell(Told(kind=kind, content=dict(content)))

    def _show_soon(self, instrument: str) -> None:
        """Gather prices for a moment; without listeners there is nobody to gather for."""
        if not len(self._subscribers):
            return
        self._unshown.add(instrument)
        if not self._showing:
            self._showing = True
            self._timers.start("show", SHOW_MS, _Show(), background=True)

    def _show(self) -> None:
        self._showing = False
        tickers = self._board.picture.tickers
        for instrument in sorted(self._unshown):
            self._pass_on("ticker", tickers[instrument])
        self._unshown.clear()


class Closer(Protocol):
    """Closes what this thread holds of the store."""

    def __call__(self) -> None:
        """Close it. Told twice it changes nothing."""
        ...


def event_row(event: Logged) -> dict[str, Any]:
    """Give an event of the log as a row."""
    return {
        "id": event.id,
        "at": event.at,
        "kind": event.kind,
        "subject": event.subject,
        "text": event.text,
        "detail": event.detail,
    }


def _unknown(name: str, now: int) -> Row:
    return {
        "name": name,
        "strategy": "",
        "instrument": "",
        "parameters": {},
        "state": State.IDLE.value,
        "reason": "",
        "cause": None,
        "generation": 0,
        "since": now,
        "traceback": "",
        "decision": "",
        "decided_at": None,
        "checkpoints": [],
    }


__all__ = ["JOURNAL", "NO_ROWS", "Address", "Board", "Journal", "Log", "Logged", "Subscribers", "event_row"]
