"""The order manager: owns every bracket. It decides nothing: `trading.bracket.step` does, `trading.guard` refuses.

Here is what it can be told. `Steps` takes the steps of its brackets, `Issues` keeps what waits for a person.
"""

from decimal import Decimal
from typing import assert_never

from actors.base import Actor
from actors.clock import Clock
from actors.memory import Memory
from actors.order_adopting import Adopting
from actors.order_exits import Exits
from actors.order_flight import Flight
from actors.order_issues import Issues
from actors.order_market import Market, OrderSettings
from actors.order_news import Addresses, News
from actors.order_others import Others
from actors.order_results import Results
from actors.order_scores import Scores
from actors.order_steps import Steps
from actors.saying import SayNow
from actors.timers import Timers
from persistence.errors import NotOpened
from trading import bracket as brackets
from trading import guard
from trading.bracket import Bracket
from trading.errors import Refused
from trading.facts import Fill, Order
from trading.labels import OWNER_MAX, WORKER_MAX, parse, tag
from trading.marks import mark
from trading.messages import desk, guardian, journal, orders, reconciler, strategy
from trading.reconcile import Adopt, CancelOrphan, Quarantine, Reduced, Refresh, Report, concerns
from trading.signal import Signal
from trading.values import ZERO, BracketId, IntentId, Leg, Milliseconds

__all__ = ["Addresses", "OrderManager", "OrderSettings"]


class OrderManager(Actor):
    """Owns the brackets of one worker on one account."""

    def __init__(self, *, clock: Clock, timers: Timers, memory: Memory, to: Addresses, settings: OrderSettings) -> None:
        super().__init__()
        self._clock, self._memory, self._to, self._settings = clock, memory, to, settings
        self._base_ms = clock.now_ms() - clock.monotonic_ms()
        self._market = Market(settings)
        self._news = News(to, self._now)
        self._steps = Steps(
            now=self._now,
            timers=timers,
            memory=memory,
            to=to,
            news=self._news,
            settings=settings,
            given_up=self._given_up,
            closed=self._trade_closed,
        )
        self._exits = Exits(memory=memory, steps=self._steps)
        self._others = Others(self._steps, self._market)
        self._results = Results(now=self._now, timers=timers, memory=memory, steps=self._steps, to=to)
        self._adopting = Adopting(
            now=self._now, memory=memory, steps=self._steps, market=self._market, news=self._news, settings=settings
        )
        self._flight = Flight(
            now=self._now, timers=timers, steps=self._steps, market=self._market, news=self._news, settings=settings
        )
        self._issues = Issues(
            now=self._now,
            timers=timers,
            memory=memory,
            steps=self._steps,
            adopting=self._adopting,
            to=to,
            news=self._news,
            settings=settings,
        )
        self._scores = Scores(now=self._now, memory=memory, steps=self._steps, issues=self._issues, to=to)
        self._halt: str | None = None
        self._is_reconciled = False

    def on_start(self) -> None:
        """Take up where the last life ended."""
        self._halt = self._memory.halt()
        chosen = self._memory.risk()
        if chosen is not None:
            self._market.set_risk(chosen)
        self._issues.load()
        self._steps.load()
        self._results.load()
        self._exits.load()

    def may_end(self) -> bool:
        """Not while an entry or a stop is on its way: nobody knows when the next start is."""
        return self._steps.are_covered

    def on_stop(self) -> None:
        """Leave nothing unsaid."""
        self._steps.saying.now()

    def _now(self) -> Milliseconds:
        """Near the wall clock, and never jumping with it."""
        return Milliseconds(self._clock.monotonic_ms() + self._base_ms)

    # --- what it is told

    def on_receive(self, message: orders.Message | SayNow) -> None:
        """One line for each message. Whatever follows an opening is told after what the opening has left to say."""
        saying = self._steps.saying
        if saying.is_waiting and not isinstance(message, orders.TickerChanged):
            saying.now()
        match message:
            case orders.TickerChanged(ticker=ticker):
                self._market.price(ticker, self._now())
            case orders.OrderChanged(order=order):
                self._order_changed(order)
            case orders.OrderFilled(fill=fill):
                self._order_filled(fill)
            case orders.RequestDone():
                self._flight.saw(*message.fills)
                done = brackets.Done(intent_id=message.intent_id, orders=message.orders, fills=message.fills)
                self._steps.outcome(message.intent_id, done)
            case orders.RequestRefused():
                said = brackets.Refused(intent_id=message.intent_id, code=message.code, sentence=message.sentence)
                self._refused(said)
            case orders.FateUnknown(intent_id=intent_id):
                self._steps.outcome(intent_id, brackets.Unknown(intent_id=intent_id))
            case orders.Asked(label=label):
                self._steps.outcome(IntentId(label), message)
            case orders.Wake(bracket_id=bracket_id):
                self._steps.wake_up(bracket_id)
                self._exits.go_on()
            case orders.OpenBracket(signal=signal):
                self._signal(signal)
            case orders.ExitWanted():
                self._exits.load()
            case orders.Panic(by=by):
                self._panic(by)
            case orders.Flee():
                self._flee()
            case orders.SetHalt(on=on, reason=reason, by=by):
                self._set_halt(reason=reason if on else None, by=by)
            case orders.SetRisk():
                self._market.set_risk(message)
            case orders.PositionChanged(holding=holding):
                self._others.holds(holding)
                self._market.holdings[holding.instrument] = holding
            case orders.FundsChanged():
                self._market.funds[message.currency] = message
            case orders.InstrumentsKnown(instruments=instruments):
                self._market.instruments.update({instrument.name: instrument for instrument in instruments})
            case orders.ConnectionChanged(is_up=is_up):
                self._is_reconciled = False
                self._steps.connection_changed(is_up=is_up)
                if not is_up:
                    self._results.disconnected()
            case orders.Reconciled(report=report):
                self._reconciled(report)
            case orders.LedgerRead(bracket_id=bracket_id, entries=entries):
                self._results.read(bracket_id, entries)
            case orders.LedgerUnread(bracket_id=bracket_id, why=why):
                self._results.unread(bracket_id, why)
            case orders.ResultDue(bracket_id=bracket_id):
                self._results.due(bracket_id)
            case orders.ResolveIssue():
                self._issues.chosen(message)
            case orders.WasNaked(ms=ms, is_new=is_new):
                self._scores.naked(ms, is_new=is_new)
            case orders.VerifyIssues():
                self._issues.verify()
            case SayNow():
                pass  # it has just been said
            case _:
                assert_never(message)

    # --- opening

    def _signal(self, signal: Signal) -> None:
        """Take a signal, once; or say why not."""
        if signal.bracket_id in self._steps.open:
            return
        if self._steps.find(signal.bracket_id) is not None:
            mark("signal-taken-already")
            self._refuse(signal, Refused(code="taken_already", sentence="taken already, and its trade is over"))
            return
        now = self._now()
        answer = guard.refusal(signal, self._standing(signal, now)) or self._market.plan(signal, now)
        if isinstance(answer, Refused):
            self._refuse(signal, answer)
            return
        bracket, effects = brackets.begin(answer, now)
        try:
            self._steps.begin(bracket, effects, f"signal: {signal.reason}")
        except NotOpened as no:
            self._refuse(signal, no.why)
            return
        if signal.bracket_id not in self._steps.open:
            self._refuse(signal, Refused(code=guard.GuardCode.STORE_FAILING, sentence="it could not be recorded"))
        else:
            self._steps.saying.tell(self._to.reconciler, reconciler.TradeBegan())

    def _standing(self, signal: Signal, now: Milliseconds) -> guard.Standing:
        taken = [one.plan.bracket_id for one in self._steps.open.values() if one.plan.instrument == signal.instrument]
        own = guard.Standing(
            now=now,
            halt=self._halt,
            is_up=self._steps.is_up,
            is_reconciled=self._is_reconciled,
            store_works=self._steps.store_works,
            quarantined=self._issues.why(signal.instrument),
            orphans=self._issues.orphans,
            taken_by=taken[0] if taken else None,
            held=ZERO,
            instrument=None,
            ticker=None,
        )
        return self._market.standing(signal, now, own)

    def _refuse(self, signal: Signal, why: Refused) -> None:
        """Say no, to the strategy and to the record."""
        self._steps.remembers(lambda: self._memory.record_refusal(signal, why, at=self._now()))
        self._to.journal.tell(journal.SignalRefused(signal=signal, why=why))
        self._news.strategy(signal.strategy, strategy.EntryRefused(bracket_id=signal.bracket_id, why=why))

    # --- facts

    def _order_changed(self, order: Order) -> None:
        self._to.journal.tell(journal.OrderSeen(order=order))
        label = parse(order.label)
        if label is None or not self._is_ours(order):
            return
        self._market.order(order)
        if not order.state.is_working:
            self._issues.ended(order)
        self._steps.tell(label.bracket, brackets.OrderSeen(order=order))

    def _order_filled(self, fill: Fill) -> None:
        self._to.journal.tell(journal.FillSeen(fill=fill))
        label = parse(fill.label)
        if label is not None and self._is_mine(label.owner, label.worker):
            self._flight.saw(fill)
            self._steps.tell(label.bracket, brackets.FillSeen(fill=fill))
            return
        for bracket in (*self._steps.open.values(), *self._steps.given_up):
            if concerns(bracket, fill):
                mark("fill-by-hand-counted")
                self._steps.tell(bracket.plan.bracket_id, brackets.FillSeen(fill=fill))
                return
        self._others.filled(fill)

    def _is_ours(self, order: Order) -> bool:
        label = parse(order.label)
        return label is not None and self._is_mine(label.owner, label.worker)

    def _is_mine(self, owner: str, worker: str) -> bool:
        settings = self._settings
        return owner == tag(settings.owner, OWNER_MAX) and worker == tag(settings.worker, WORKER_MAX)

    def _refused(self, message: brackets.Refused) -> None:
        self._steps.outcome(message.intent_id, message)
        label = parse(message.intent_id)
        if label is not None and label.leg is not Leg.ENTRY:
            self._news.recorded()

    def _given_up(self, bracket: Bracket, why: str) -> None:
        self._issues.given_up(bracket, why)

    def _trade_closed(self, bracket: Bracket) -> None:
        self._results.closed(bracket)

    # --- commands

    def _set_halt(self, *, reason: str | None, by: str) -> None:
        is_kept = self._steps.remembers(lambda: self._memory.set_halt(reason, by=by, at=self._now()))
        if not is_kept:
            mark("halt-not-written")
        if is_kept or reason is not None:  # a halt holds for this life even if it cannot be kept; it is lifted on disk
            self._halt = reason
            self._to.journal.tell(journal.HaltChanged(reason=reason, by=by))

    def _panic(self, by: str) -> None:
        """Halt and get out."""
        self._set_halt(reason="panic", by=by)
        self._exits.leave(None, "panic")
        if not self._steps.store_works:
            self._flight.begins(by)

    def _flee(self) -> None:
        """Still not recorded? Then go on getting out; else everything goes its ordinary way."""
        self._exits.leave(None, "panic")
        if not self._steps.store_works:
            self._flight.goes_on()

    # --- reconciling

    def _reconciled(self, report: Report) -> None:
        """Do what the comparison asks for, and let trading begin."""
        self._steps.catch_up()
        self._market.holdings = {holding.instrument: holding for holding in report.holdings}
        self._market.working = {order.order_id: order for order in report.orders if self._is_ours(order)}
        for bracket in self._steps.open.values():
            self._to.guardian.tell(guardian.Watch(instrument=bracket.plan.instrument, ours=True))
        for action in report.actions:
            match action:
                case CancelOrphan(order=order):
                    self._issues.cancel_orphan(order)
                case Quarantine():
                    self._issues.quarantine(action)
                case Adopt():
                    self._adopting.adopt(action)
                case Refresh(bracket_id=bracket_id, picture=picture):
                    self._steps.tell(bracket_id, picture)
                case Reduced(bracket_id=bracket_id, held=held):
                    self._reduced(bracket_id, held)
                case _:
                    assert_never(action)
        self._issues.compared(report)
        self._scores.compared()
        self._is_reconciled = self._steps.is_up
        self._results.ask()
        self._to.desk.tell(desk.Reconciled(is_clean=report.is_clean))

    def _reduced(self, bracket_id: BracketId, held: Decimal) -> None:
        """Closed out of our sight: the market's price stands in for the one nobody told."""
        bracket = self._steps.open.get(bracket_id)
        ticker = None if bracket is None else self._market.tickers.get(bracket.plan.instrument)
        if bracket is not None and ticker is not None:
            self._steps.tell(bracket_id, brackets.Reduced(held=held, price=ticker.last or ticker.mark))
