"""The store as the actors ask for it: what they say in their words, in its tables."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from actors.desk_memory import Wanted
from actors.measures import Measures
from actors.remembering_choices import Choices
from actors.remembering_exits import ExitMemory
from actors.remembering_issues import IssueMemory, notice_of
from persistence import strategies as rows
from persistence.errors import StoreUnavailable
from persistence.events import Transition
from persistence.scoreboard import Score
from persistence.steps import Figures
from persistence.store import Store
from persistence.switches import Wish
from trading import bracket as brackets
from trading.bracket import Bracket
from trading.bracket.effects import Closed, Effect, Severity
from trading.bracket.messages import Message
from trading.bracket.state import has_grown
from trading.errors import Refused
from trading.facts import LedgerEntry, Order
from trading.labels import OWNER_MAX, WORKER_MAX, tag
from trading.lifecycle import Event, PauseCause, State
from trading.marks import mark
from trading.messages.supervision import ChildFailed
from trading.news import News
from trading.news import of_step as news_of_step
from trading.pnl import Known, TradePnl, average_entry
from trading.reconcile import DatabasePicture, Report
from trading.signal import Signal
from trading.values import BracketId, IntentId, Milliseconds, Side, StrategyName

PAUSED = "paused:"
"""Setting: a person paused this strategy. On disk before the command is answered."""
PREFIX = "strategy:"
RECENT_MAX = 500
"""Brackets known as over: an order of an older one would be a surprise."""


class Remembering(Choices, IssueMemory, ExitMemory):
    """What the order manager, the reconciler, the desk and the supervisor remember."""

    def __init__(self, store: Store, *, broker: str, owner: str) -> None:
        """``broker`` is the id of the broker whose connection is wished for."""
        self._store, self._broker, self._owner = store, broker, owner
        self.measures: Measures | None = None  # set where somebody wants to know how long steps take

    # --- the order manager

    def record_step(
        self,
        before: Bracket | None,
        after: Bracket,
        cause: Message | str,
        effects: Sequence[Effect],
        *,
        at: Milliseconds,
    ) -> None:
        """One step of a bracket. A trade that has ended gets its result in the same transaction."""
        figures = None
        if any(isinstance(effect, Closed) and effect.traded for effect in effects) or has_grown(before, after):
            figures = _figures(after)
        told = [notice_of(news) for news in news_of_step(after, cause, effects, at=at)]
        measures = self.measures
        began_s = 0.0 if measures is None else measures.now_s()
        self._store.record_step(before, after, message=cause, effects=effects, at=at, figures=figures, notices=told)
        if measures is not None:
            measures.commit.add(measures.now_s() - began_s)

    def record_refusal(self, signal: Signal, why: Refused, *, at: Milliseconds) -> None:
        """A signal that was not taken, as a refused move of its bracket."""
        moved = Transition(
            at=at, machine="bracket", subject=signal.bracket_id, state="signal", event="open", target=None, why=why
        )
        self._store.events.moved(moved, durable=False)

    def record_orphan(self, order: Order, intent_id: IntentId, *, at: Milliseconds) -> None:
        """An order of ours without a trade, about to be cancelled."""
        wish = brackets.Cancel(intent_id=intent_id, order_id=order.order_id)
        text = f"order {order.order_id} on {order.instrument} carries our label without a trade: it is being cancelled"
        news = News(severity=Severity.WARNING, kind="orphan_order", text=text, key=f"orphan:{order.order_id}")
        with self._store.together():
            self._store.steps.intend_alone(wish, order, at=at)
            self._store.outbox.put(notice_of(news), at=at)

    def record_report(self, report: Report, *, why: str, took_ms: int, at: Milliseconds) -> None:
        """What a comparison found."""
        findings = [asdict(finding) for finding in report.findings]
        detail = {"actions": [type(action).__name__ for action in report.actions], "clean": report.is_clean}
        self._store.reports.add(at=at, trigger=why, took_ms=took_ms, findings=findings, detail=detail)

    def open_brackets(self) -> Sequence[Bracket]:
        """Those that are not over."""
        return self._store.open_brackets()

    def quarantined_brackets(self) -> Sequence[Bracket]:
        """Those that wait for a person."""
        return self._store.brackets.quarantined_brackets()

    def bracket(self, bracket_id: BracketId) -> Bracket | None:
        """The bracket of this id, over or not."""
        return self._store.brackets.bracket(bracket_id)

    def pending_results(self) -> Sequence[Bracket]:
        """Closed trades whose result the exchange's book has not settled yet."""
        return self._store.results.pending()

    def settle_result(
        self,
        bracket_id: BracketId,
        pnl: TradePnl,
        known: Known,
        *,
        lines: Sequence[LedgerEntry],
        why: str,
        at: Milliseconds,
    ) -> None:
        """What a closed trade made, and the lines of the book it came of."""
        self._store.results.settle(bracket_id, pnl, known, lines=lines, why=why, at=at)

    def halt(self) -> str | None:
        """Why trading is halted."""
        held = self._store.halts.held()
        return None if held is None else held.reason

    def set_halt(self, reason: str | None, *, by: str, at: Milliseconds) -> None:
        """Halt, or lift it."""
        if reason is None:
            self._store.halts.lift(by=by, at=at)
        else:
            self._store.halts.halt(reason, by=by, at=at)

    def record_adoption(self, bracket: Bracket, why: str, *, at: Milliseconds) -> None:
        """A trade of ours that the database did not know: known from now on, and told."""
        plan = bracket.plan
        text = (
            f"{plan.instrument}: {abs(bracket.held)} held by a trade of ours that was not known; adopted with its stop"
        )
        news = News(severity=Severity.CRITICAL, kind="bracket", text=text, key=f"{plan.bracket_id}:adopted")
        told = [notice_of(news)]
        self._store.record_step(None, bracket, message=why, effects=(), at=at, notices=told, is_adopted=True)

    def record_scores(self, scores: Mapping[str, int], *, at: Milliseconds) -> None:
        """Figures of the promises."""
        self._store.scoreboard.note({Score(name): value for name, value in scores.items()}, at=at)

    # --- the reconciler

    def picture(self) -> DatabasePicture:
        """What we believe, as it is compared with the exchange."""
        open_now = tuple(self._store.open_brackets())
        ids = {bracket.plan.bracket_id for bracket in open_now}
        return DatabasePicture(
            owner=tag(self._owner, OWNER_MAX),
            worker=tag(self._store.worker, WORKER_MAX),
            open=open_now,
            over=self._store.brackets.newest_ids(RECENT_MAX) - ids,
            given_up=tuple(self._store.brackets.quarantined_brackets()),
            released=self.released(),
        )

    # --- the desk

    def wanted(self, name: StrategyName) -> Wanted:
        """What is wanted of a strategy."""
        known = self._store.strategies.get(name)
        if known is None or known.wanted is rows.Wanted.STOPPED:
            return Wanted.STOPPED
        return Wanted.PAUSED if self._store.settings.get(PAUSED + name, default=False) else Wanted.ACTIVE

    def set_wanted(self, name: StrategyName, wanted: Wanted, *, by: str, at: Milliseconds) -> None:
        """A person decided."""
        with self._store.together():
            running = wanted is not Wanted.STOPPED
            self._store.strategies.want(name, rows.Wanted.RUNNING if running else rows.Wanted.STOPPED)
            self._store.settings.put(PAUSED + name, wanted is Wanted.PAUSED, by=by, at=at)
            self._store.events.add("wanted", name, f"{wanted} by {by}", at=at)

    def note_move(
        self,
        name: StrategyName,
        event: Event,
        state: State,
        generation: int,
        cause: PauseCause | None,
        *,
        at: Milliseconds,
    ) -> None:
        """A strategy took a move of its table. A new life begins in IDLE, even where the last one ended paused."""
        known = self._store.strategies.get(name)
        if known is not None and known.state is State.ERROR:
            return  # said before it failed: only a person's resume leads out of ERROR, and that is written first
        if known is not None and known.state is State.PAUSED:
            event = {Event.START: Event.RESUME, Event.START_IN_TRADE: Event.RESUME_IN_TRADE}.get(event, event)
        self._store.strategies.move(name, event, generation=generation, at=at, cause=cause, reached=state)

    def clear_error(self, name: StrategyName, *, at: Milliseconds) -> None:
        """A person resumed it: the next life may begin, in this process or after it."""
        _take_out_of_error(self._store, name, at)

    def errors(self) -> Mapping[StrategyName, str]:
        """Strategies in ERROR, and why."""
        return {row.name: row.error for row in self._store.strategies.all() if row.state is State.ERROR}

    def in_trade(self, name: StrategyName) -> bool:
        """Is a bracket of this strategy open?"""
        return any(bracket.plan.strategy == name for bracket in self._store.open_brackets())

    def acknowledge(self, *, by: str, at: Milliseconds) -> int:
        """A person has read the alerts."""
        return self._store.outbox.acknowledge(by=by, at=at)

    def wants_connection(self) -> bool:
        """Should there be a connection?"""
        wish = self._store.connection.now(self._broker)
        return wish is None or wish.wish is Wish.CONNECTED

    def set_wants_connection(self, *, wanted: bool, by: str, at: Milliseconds) -> None:
        """A person decided."""
        wish = Wish.CONNECTED if wanted else Wish.DISCONNECTED
        self._store.connection.wish(self._broker, wish, by=by, reason="", at=at)


class SupervisorMemory:
    """Generations and errors of strategies, kept in their rows; of the other children, for this process only.

    A disk in trouble stops no child and restarts none: what could not be written is known all the same, and is
    written as soon as it can be.
    """

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        """``now_ms`` stamps what is written."""
        self._store, self._now_ms = store, now_ms
        self._generations: dict[str, int] = {}
        self._unwritten: dict[str, ChildFailed] = {}

    def next_generation(self, child: str) -> int:
        """A number above every one given before."""
        generation = self._generations.get(child, 0) + 1
        if child.startswith(PREFIX):
            name = child.removeprefix(PREFIX)
            try:
                generation = max(generation, self._store.strategies.next_generation(name))
            except StoreUnavailable:
                mark("generation-not-written")
                row = self._store.strategies.get(name)
                generation = max(generation, 0 if row is None else row.generation + 1)
        self._generations[child] = generation
        return generation

    def error(self, child: str) -> str | None:
        """Why a strategy is in ERROR."""
        if child in self._unwritten:
            return self._unwritten[child].reason
        row = self._store.strategies.get(child.removeprefix(PREFIX)) if child.startswith(PREFIX) else None
        return row.error if row is not None and row.state is State.ERROR else None

    def put_in_error(self, failed: ChildFailed) -> None:
        """Keep it there until a person resumes it."""
        if not failed.offender.startswith(PREFIX):
            return
        try:
            self._store.strategies.move(
                failed.offender.removeprefix(PREFIX),
                Event.FAILED,
                generation=failed.generation,
                at=Milliseconds(self._now_ms()),
                error=failed.reason,
                traceback=failed.traceback,
            )
        except StoreUnavailable:
            mark("error-not-written")
            self._unwritten[failed.offender] = failed
        else:
            self._unwritten.pop(failed.offender, None)

    def catch_up(self) -> None:
        """Write what could not be written when it happened."""
        for failed in tuple(self._unwritten.values()):
            self.put_in_error(failed)

    def take_out_of_error(self, child: str) -> None:
        """A person resumed it; the desk has it on disk already."""
        self._unwritten.pop(child, None)
        if child.startswith(PREFIX):
            with suppress(StoreUnavailable):
                _take_out_of_error(self._store, child.removeprefix(PREFIX), Milliseconds(self._now_ms()))


def _figures(bracket: Bracket) -> Figures:
    """What a trade that has just ended is worth by its fills; the exchange's book is still to be read."""
    plan, pnl = bracket.plan, brackets.result(bracket)
    ways = {side: [(one.amount, one.price) for one in bracket.counted if one.side is side] for side in Side}
    return Figures(
        average_entry=average_entry(plan.kind, ways[plan.side]) or None,
        exit_price=average_entry(plan.kind, ways[plan.side.opposite]) or None,
        pnl=pnl,
        known=Known.ESTIMATED if pnl.estimated or not bracket.counted else Known.PENDING,
    )


def _take_out_of_error(store: Store, name: str, at: Milliseconds) -> None:
    row = store.strategies.get(name)
    if row is not None and row.state is State.ERROR:
        with store.together():
            store.strategies.move(name, Event.RESUME, generation=row.generation, at=at)
            store.strategies.move(name, Event.STOP, generation=row.generation, at=at)
