"""What a fact does to the picture, and what follows from it. Pure: the journal performs what is wanted here.

picture, effects = step(picture, fact, beat)
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from actors import journal_rows as rows
from actors.journal_board import ALERTS_KEPT, REFUSALS_KEPT, Beat, Connection, Picture, Row, with_candles, with_row
from trading.lifecycle import State
from trading.messages import journal, supervision


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Add this to the log: nobody else does."""

    kind: str
    subject: str
    text: str
    detail: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOn:
    """Tell this to those who listen; it is not for the log."""

    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """Somebody else has written into the log."""


@dataclass(frozen=True, slots=True)
class Price:
    """The prices of an instrument changed."""

    instrument: str


Effect = Write | PassOn | Follow | Price
Done = tuple[Picture, tuple[Effect, ...]]

_StrategyFact = (
    journal.StrategyKnown | journal.StrategyMoved | journal.StrategyFailed | journal.Decided | journal.ParametersChanged
)
_Switched = journal.HaltChanged | journal.IssueOpened | journal.IssueResolved | journal.Alerted | journal.Commanded
_ExchangeFact = (
    journal.TickerChanged
    | journal.CandleClosed
    | journal.CandlesKnown
    | journal.OrderSeen
    | journal.FillSeen
    | journal.PositionChanged
    | journal.FundsChanged
    | journal.PictureTaken
)


def step(picture: Picture, message: journal.Message, beat: Beat) -> Done:
    """Take one fact in."""
    match message:
        case (
            journal.TickerChanged()
            | journal.CandleClosed()
            | journal.CandlesKnown()
            | journal.OrderSeen()
            | journal.FillSeen()
            | journal.PositionChanged()
            | journal.FundsChanged()
            | journal.PictureTaken()
        ):
            return _exchange(picture, message, beat)
        case (
            journal.StrategyKnown()
            | journal.StrategyMoved()
            | journal.StrategyFailed()
            | journal.Decided()
            | journal.ParametersChanged()
        ):
            return _strategy(picture, message, beat.at_ms)
        case journal.BracketMoved() | journal.SignalRefused():
            return _trade(picture, message, beat.at_ms)
        case journal.Scored(scores=scores):
            after = {**picture.scores, **scores}
            changed = after != picture.scores
            return replace(picture, scores=after), (PassOn(kind="scoreboard", content=after),) if changed else ()
        case journal.Reconciled():
            return _reconciled(picture, message, beat)
        case journal.ConnectionChanged():
            return _connection(picture, message, beat.at_ms)
        case (
            journal.HaltChanged()
            | journal.IssueOpened()
            | journal.IssueResolved()
            | journal.Alerted()
            | journal.Commanded()
        ):
            return _switched(picture, message, beat.at_ms)
        case _:
            return picture, (_supervision(message),)


def _exchange(picture: Picture, message: _ExchangeFact, beat: Beat) -> Done:
    """Show what the exchange reported."""
    match message:
        case journal.TickerChanged(ticker=ticker):
            tickers = with_row(picture.tickers, ticker.instrument, rows.ticker_row(ticker))
            return replace(picture, fact=beat, tickers=tickers, tick=beat), (Price(ticker.instrument),)
        case journal.CandleClosed(candle=candle):
            candles = with_candles(picture.candles, (candle,))
            return replace(picture, fact=beat, candle=beat, candles=candles), ()
        case journal.CandlesKnown(candles=known):
            return replace(picture, candles=with_candles(picture.candles, known)), ()
        case journal.OrderSeen(order=order):
            row = rows.order_row(order)
            kept = row if order.state.is_working else None
            orders = with_row(picture.orders, order.order_id, kept)
            return replace(picture, fact=beat, orders=orders), (PassOn(kind="order_changed", content=row),)
        case journal.FillSeen(fill=fill):
            return replace(picture, fact=beat), (PassOn(kind="fill", content=rows.fill_row(fill)),)
        case journal.PositionChanged(holding=holding):
            row = rows.position_row(holding)
            positions = with_row(picture.positions, holding.instrument, row if holding.amount else None)
            return replace(picture, fact=beat, positions=positions), (PassOn(kind="position_changed", content=row),)
        case journal.FundsChanged():
            equity, available = rows.money(message.equity), rows.money(message.available)
            row = {"currency": message.currency, "equity": equity, "available": available, "at": beat.at_ms}
            funds = with_row(picture.funds, message.currency, row)
            return replace(picture, fact=beat, funds=funds), (PassOn(kind="funds", content=row),)
        case journal.PictureTaken(picture=whole):
            orders = {one.order_id: rows.order_row(one) for one in whole.orders if one.state.is_working}
            positions = {one.instrument: rows.position_row(one) for one in whole.holdings if one.amount}
            return replace(picture, fact=beat, orders=orders, positions=positions), ()
        case _:
            assert_never(message)


def _trade(picture: Picture, message: journal.BracketMoved | journal.SignalRefused, now: int) -> Done:
    """Show a trade, whose steps are in the log already, or one that was not taken, which is not."""
    if isinstance(message, journal.BracketMoved):
        bracket = message.bracket
        row = rows.bracket_row(bracket)
        kept = None if bracket.phase.is_over else row
        brackets = with_row(picture.brackets, bracket.plan.bracket_id, kept)
        return replace(picture, brackets=brackets), (PassOn(kind="bracket_changed", content=row), Follow())
    signal = message.signal
    refusal = {
        "strategy": signal.strategy,
        "instrument": signal.instrument,
        "side": signal.side.value,
        "bracket_id": signal.bracket_id,
        "code": message.why.code,
        "sentence": message.why.sentence,
        "at": now,
    }
    text = f"{signal.strategy} may not {signal.side} {signal.instrument}: {message.why.sentence}"
    write = Write(kind="signal_refused", subject=signal.strategy, text=text, detail=refusal)
    return replace(picture, refusals=(*picture.refusals, refusal)[-REFUSALS_KEPT:]), (write,)


def _strategy(picture: Picture, message: _StrategyFact, now: int) -> Done:
    known = picture.strategies.get(message.name, rows.strategy_row(message.name, now))
    if isinstance(message, journal.Decided) and message.generation < known["generation"]:
        return picture, ()  # said by an incarnation that is gone
    row = {**known, **_changes(known, message, now)}
    after = replace(picture, strategies=with_row(picture.strategies, message.name, row))
    if isinstance(message, journal.StrategyKnown):
        return after, ()
    if isinstance(message, journal.ParametersChanged):
        return after, (Follow(),)
    if isinstance(message, journal.Decided):
        shown = {key: row[key] for key in ("name", "decision", "checkpoints", "decided_at")}
        return after, (PassOn(kind="strategy_decided", content=shown),)
    text = f"{message.name} is {row['state']}" + (f": {row['reason']}" if row["reason"] else "")
    detail = {key: row[key] for key in ("state", "reason", "cause", "generation", "since")}
    return after, (Write(kind="strategy_status_changed", subject=message.name, text=text, detail=detail),)


def _changes(known: Row, message: _StrategyFact, now: int) -> Row:
    """What a fact changes in the row of its strategy."""
    match message:
        case journal.StrategyKnown():
            parameters = dict(message.parameters)
            return {"strategy": message.kind, "instrument": message.instrument, "parameters": parameters}
        case journal.ParametersChanged():
            return {"parameters": dict(message.parameters)}
        case journal.StrategyMoved():
            return {
                "state": message.state.value,
                "reason": message.reason,
                "cause": None if message.cause is None else message.cause.value,
                "generation": message.generation,
                "since": known["since"] if message.state.value == known["state"] else now,
                "traceback": known["traceback"] if message.state is State.ERROR else "",
            }
        case journal.StrategyFailed():
            return {
                "state": State.ERROR.value,
                "reason": message.reason,
                "cause": None,
                "generation": message.generation,
                "since": now,
                "traceback": message.traceback,
            }
        case journal.Decided():
            points = [{"name": one.name, "is_met": one.is_met, "text": one.text} for one in message.checkpoints]
            return {"decision": message.decision, "decided_at": now, "checkpoints": points}
        case _:
            assert_never(message)


def _reconciled(picture: Picture, message: journal.Reconciled, beat: Beat) -> Done:
    row = rows.report_row(message)
    after = replace(picture, last_report=row, reconcile=beat, reconciled=picture.connection.is_up)
    if message.report.is_clean:
        return after, (PassOn(kind="reconciled", content=row),)
    found = ", ".join(f"{count} {kind}" for kind, count in row["findings"].items())
    text = f"database and exchange differ: {found}"
    return after, (Write(kind="reconciled", subject="reconciler", text=text, detail=row),)


def _connection(picture: Picture, message: journal.ConnectionChanged, now: int) -> Done:
    before = picture.connection
    same = before.is_up is message.is_up
    since = before.since_ms if same else now
    link = Connection(is_up=message.is_up, is_wanted=message.is_wanted, reason=message.reason, since_ms=since)
    after = replace(picture, connection=link, reconciled=picture.reconciled and message.is_up and same)
    text = ("connected" if message.is_up else "disconnected") + (f": {message.reason}" if message.reason else "")
    detail = {"is_up": message.is_up, "is_wanted": message.is_wanted, "reason": message.reason}
    return after, (Write(kind="connection_changed", subject="broker", text=text, detail=detail),)


def _switched(picture: Picture, message: _Switched, now: int) -> Done:
    """Show what people have switched or were told, and have it written down."""
    match message:
        case journal.HaltChanged(reason=None, by=by):
            write = Write(
                kind="halt_changed", subject="desk", text=f"HALT lifted by {by}", detail={"on": False, "by": by}
            )
            return replace(picture, halt=None), (write,)
        case journal.HaltChanged(reason=reason, by=by):
            halt = {"reason": reason, "by": by, "since": now}
            detail = {"on": True, "by": by, "reason": reason}
            write = Write(kind="halt_changed", subject="desk", text=f"HALT by {by}: {reason}", detail=detail)
            return replace(picture, halt=halt), (write,)
        case journal.IssueOpened(instrument=instrument, why=why):
            issue = {"instrument": instrument, "text": why, "opened_at": now}
            write = Write(kind="issue_opened", subject=instrument, text=why, detail=issue)
            return replace(picture, issues=with_row(picture.issues, instrument, issue)), (write,)
        case journal.IssueResolved(instrument=instrument, choice=choice):
            write = Write(
                kind="issue_resolved", subject=instrument, text=f"a person chose: {choice}", detail={"choice": choice}
            )
            return replace(picture, issues=with_row(picture.issues, instrument, None)), (write,)
        case journal.Alerted(severity=severity, kind=kind, text=text):
            alert = {"severity": severity.value, "kind": kind, "text": text, "at": now}
            write = Write(kind="alert", subject=kind, text=text, detail={"severity": severity.value})
            return replace(picture, alerts=(*picture.alerts, alert)[-ALERTS_KEPT:]), (write,)
        case journal.Commanded():
            text = f"{message.by}: {message.command} {message.subject}".rstrip() + f": {message.sentence}"
            detail = {"command": message.command, "by": message.by, "code": message.code}
            return picture, (Write(kind="command", subject=message.subject, text=text, detail=detail),)
        case _:
            assert_never(message)


def _supervision(message: supervision.Notice) -> Effect:
    match message:
        case supervision.ChildFailed():
            text = f"{message.offender} {message.exit.value}: {message.reason} ({message.verdict.value})"
            detail: dict[str, Any] = {"generation": message.generation, "context": message.context.value}
            detail["traceback"] = message.traceback
            return Write(kind="child_failed", subject=message.offender, text=text, detail=detail)
        case supervision.ChildCrowded():
            text = f"{message.depth} messages wait for {message.child}"
            return Write(kind="child_crowded", subject=message.child, text=text, detail={"depth": message.depth})
        case supervision.MessagesLost():
            text = f"{sum(message.kinds.values())} messages were told to {message.child} while it was not there"
            return Write(kind="messages_lost", subject=message.child, text=text, detail=dict(message.kinds))
        case supervision.OldIncarnationSpoke():
            text = f"an old incarnation of {message.child} woke up; what it said was dropped"
            detail = {"dropped": message.dropped}
            return Write(kind="old_incarnation_spoke", subject=message.child, text=text, detail=detail)
        case supervision.ChildStarted() | supervision.ChildStopped():
            return PassOn(kind="child_changed", content={"child": message.child, "generation": message.generation})
        case supervision.EverythingStopped():
            detail = {"exit_code": message.exit_code}
            return Write(kind="service_stopped", subject="supervisor", text=message.reason, detail=detail)
        case _:
            assert_never(message)
