"""The order manager: owns every bracket. It decides nothing: `trading.bracket.step` does, `trading.guard` refuses.

Step, record, adopt, perform, in that order: a request is on disk before it leaves. What cannot be recorded is not
done, and nothing new opens until the database takes writes again.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import assert_never

from actors.base import Actor
from actors.clock import Clock
from actors.memory import Memory, MemoryFails
from actors.order_market import Market, OrderSettings
from actors.order_news import Addresses, News
from actors.timers import Timers
from persistence.errors import NotOpened
from trading import bracket as brackets
from trading import guard
from trading.bracket import Bracket, Phase
from trading.bracket.effects import Request
from trading.bracket.state import Fate
from trading.errors import Refused
from trading.facts import Fill, Order
from trading.labels import OWNER_MAX, WORKER_MAX, parse, tag
from trading.messages import broker, desk, guardian, journal, orders, strategy
from trading.reconcile import CancelOrphan, Quarantine, Reduced, Refresh, Report, concerns
from trading.signal import Signal
from trading.values import (
    ZERO,
    BracketId,
    FillCondition,
    InstrumentName,
    IntentId,
    Leg,
    Milliseconds,
)

OVER_KEPT = 100  # that are over and may still hear of a late fill; older ones are read from the database

__all__ = ["Addresses", "OrderManager", "OrderSettings"]


class OrderManager(Actor):
    """Owns the brackets of one worker on one account."""

    def __init__(self, *, clock: Clock, timers: Timers, memory: Memory, to: Addresses, settings: OrderSettings) -> None:
        super().__init__()
        self._clock, self._timers, self._memory, self._to, self._settings = clock, timers, memory, to, settings
        self._open: dict[BracketId, Bracket] = {}
        self._over: dict[BracketId, Bracket] = {}
        self._market = Market(settings)
        self._news = News(to, lambda: self._now)
        self._quarantined: dict[InstrumentName, str] = {}
        self._orphans: set[str] = set()
        self._halt: str | None = None
        self._base_ms = clock.now_ms() - clock.monotonic_ms()
        self._is_up = self._is_reconciled = False
        self._store_works = True
        self._missed: set[BracketId] = set()  # told something the database did not take: perhaps an outcome

    # --- beginning

    def on_start(self) -> None:
        """Take up where the last life ended: every request without a known outcome is of unknown fate."""
        self._halt = self._memory.halt()
        self._quarantined = dict(self._memory.quarantined())
        for bracket in self._memory.open_brackets():
            self._open[bracket.plan.bracket_id] = bracket
            self._to.guardian.tell(guardian.Watch(instrument=bracket.plan.instrument, ours=True))
        for bracket in self._memory.quarantined_brackets():
            self._over[bracket.plan.bracket_id] = bracket
            self._to.guardian.tell(guardian.Watch(instrument=bracket.plan.instrument, ours=True))
        self._doubt()

    def _doubt(self, *which: BracketId) -> None:
        """Nobody will answer what is on its way: it is of unknown fate from now on."""
        for bracket_id in which or tuple(self._open):
            bracket = self._open.get(bracket_id)
            for intent in () if bracket is None else bracket.intents:
                if intent.fate is Fate.SENT:
                    self._step(bracket_id, brackets.Unknown(intent_id=intent.intent_id))

    def _wake_up(self, bracket_id: BracketId) -> None:
        if bracket_id in self._missed:
            self._missed.discard(bracket_id)
            self._doubt(bracket_id)
        self._step(bracket_id, brackets.Tick())

    @property
    def _now(self) -> Milliseconds:
        """Near the wall clock, and never jumping with it."""
        return Milliseconds(self._clock.monotonic_ms() + self._base_ms)

    # --- what it is told

    def on_receive(self, message: orders.Message) -> None:
        """One line for each message."""
        match message:
            case orders.TickerChanged(ticker=ticker):
                self._market.price(ticker, self._now)
            case orders.OrderChanged(order=order):
                self._order_changed(order)
            case orders.OrderFilled(fill=fill):
                self._order_filled(fill)
            case orders.RequestDone():
                done = brackets.Done(intent_id=message.intent_id, orders=message.orders, fills=message.fills)
                self._outcome(message.intent_id, done)
            case orders.RequestRefused():
                said = brackets.Refused(intent_id=message.intent_id, code=message.code, sentence=message.sentence)
                self._refused(said)
            case orders.FateUnknown(intent_id=intent_id):
                self._outcome(intent_id, brackets.Unknown(intent_id=intent_id))
            case orders.Asked(label=label):
                self._outcome(IntentId(label), message)
            case orders.Wake(bracket_id=bracket_id):
                self._wake_up(bracket_id)
            case orders.OpenBracket(signal=signal):
                self._signal(signal)
            case orders.CloseTrade(strategy=name, reason=reason):
                self._close(lambda bracket: bracket.plan.strategy == name, reason)
            case orders.Panic(by=by):
                self._set_halt(reason="panic", by=by)
                self._close(lambda _: True, "panic")
            case orders.SetHalt(on=on, reason=reason, by=by):
                self._set_halt(reason=reason if on else None, by=by)
            case orders.PositionChanged(holding=holding):
                self._market.holdings[holding.instrument] = holding
            case orders.FundsChanged():
                self._market.funds[message.currency] = message
            case orders.InstrumentsKnown(instruments=instruments):
                self._market.instruments.update({instrument.name: instrument for instrument in instruments})
            case orders.ConnectionChanged(is_up=is_up):
                self._connection_changed(is_up=is_up)
            case orders.Reconciled(report=report):
                self._reconciled(report)
            case orders.ResolveIssue():
                self._resolve(message)
            case _:
                assert_never(message)

    # --- opening

    def _signal(self, signal: Signal) -> None:
        """Take a signal, once; or say why not."""
        if signal.bracket_id in self._open:
            return
        if self._find(signal.bracket_id) is not None:
            self._refuse(signal, Refused(code="taken_already", sentence="taken already, and its trade is over"))
            return
        now = self._now
        answer = guard.refusal(signal, self._standing(signal, now)) or self._market.plan(signal, now)
        if isinstance(answer, Refused):
            self._refuse(signal, answer)
            return
        bracket, effects = brackets.begin(answer, now)
        self._to.guardian.tell(guardian.Watch(instrument=signal.instrument, ours=True))
        try:
            self._commit(None, bracket, f"signal: {signal.reason}", effects)
        except NotOpened as no:
            self._refuse(signal, no.why)
            return
        if signal.bracket_id not in self._open:
            self._refuse(signal, Refused(code=guard.GuardCode.STORE_FAILING, sentence="it could not be recorded"))

    def _standing(self, signal: Signal, now: Milliseconds) -> guard.Standing:
        taken = [one.plan.bracket_id for one in self._open.values() if one.plan.instrument == signal.instrument]
        own = guard.Standing(
            now=now,
            halt=self._halt,
            is_up=self._is_up,
            is_reconciled=self._is_reconciled,
            store_works=self._store_works,
            quarantined=self._quarantined.get(signal.instrument),
            orphans=len(self._orphans),
            taken_by=taken[0] if taken else None,
            held=ZERO,
            instrument=None,
            ticker=None,
        )
        return self._market.standing(signal, now, own)

    def _refuse(self, signal: Signal, why: Refused) -> None:
        """Say no, to the strategy and to the record."""
        self._memory_does(lambda: self._memory.record_refusal(signal, why, at=self._now))
        self._to.journal.tell(journal.SignalRefused(signal=signal, why=why))
        self._news.strategy(signal.strategy, strategy.EntryRefused(bracket_id=signal.bracket_id, why=why))

    # --- facts

    def _order_changed(self, order: Order) -> None:
        self._to.journal.tell(journal.OrderSeen(order=order))
        label = parse(order.label)
        if label is None or not self._is_mine(label.owner, label.worker):
            return
        if not order.state.is_working:
            self._orphans.discard(order.order_id)
        self._step(label.bracket, brackets.OrderSeen(order=order))

    def _order_filled(self, fill: Fill) -> None:
        self._to.journal.tell(journal.FillSeen(fill=fill))
        label = parse(fill.label)
        if label is not None:
            if self._is_mine(label.owner, label.worker):
                self._step(label.bracket, brackets.FillSeen(fill=fill))
            return
        for bracket in (*self._open.values(), *self._given_up):
            if concerns(bracket, fill):
                self._step(bracket.plan.bracket_id, brackets.FillSeen(fill=fill))
                return

    def _find(self, bracket_id: BracketId) -> Bracket | None:
        """The bracket of this id, however long it has been over."""
        known = self._open.get(bracket_id) or self._over.get(bracket_id)
        return self._memory.bracket(bracket_id) if known is None else known

    def _connection_changed(self, *, is_up: bool) -> None:
        """While it is down nothing is decided: what rests is the cover. When it comes up all is looked at."""
        self._is_up, self._is_reconciled = is_up, False
        if not is_up:
            self._doubt()
            return
        for bracket_id in tuple(self._open):
            self._step(bracket_id, brackets.Tick())

    def _is_mine(self, owner: str, worker: str) -> bool:
        settings = self._settings
        return owner == tag(settings.owner, OWNER_MAX) and worker == tag(settings.worker, WORKER_MAX)

    def _outcome(self, intent_id: IntentId, message: brackets.Message) -> None:
        """Bring an outcome to the bracket whose intent it was."""
        label = parse(intent_id)
        bracket_id = label.bracket if label is not None else BracketId(intent_id.split(":", 1)[0])
        self._step(bracket_id, message)

    def _refused(self, message: brackets.Refused) -> None:
        label = parse(message.intent_id)
        if label is not None and label.leg is not Leg.ENTRY:
            self._news.refused(message)
        self._outcome(message.intent_id, message)

    @property
    def _given_up(self) -> tuple[Bracket, ...]:
        """Those that wait for a person."""
        return tuple(bracket for bracket in self._over.values() if bracket.phase is Phase.QUARANTINED)

    def _close(self, which: Callable[[Bracket], bool], reason: str) -> None:
        for bracket in (*self._open.values(), *self._given_up):
            if which(bracket):
                self._step(bracket.plan.bracket_id, brackets.Close(reason=reason))

    def _set_halt(self, *, reason: str | None, by: str) -> None:
        if self._memory_does(lambda: self._memory.set_halt(reason, by=by, at=self._now)):
            self._halt = reason
            self._to.journal.tell(journal.HaltChanged(reason=reason, by=by))

    # --- step, record, adopt, perform

    def _step(self, bracket_id: BracketId, message: brackets.Message) -> None:
        """Tell one bracket one thing."""
        before = self._find(bracket_id)
        if before is None:
            return
        now, limits = self._now, self._settings.limits
        after, effects = (
            brackets.step(before, message, now, limits)
            if self._is_up
            else (brackets.learn(before, message, now, limits), ())
        )
        if after == before and all(isinstance(effect, brackets.Wake) for effect in effects):
            self._perform(after, effects)
            return
        self._commit(before, after, message, effects)

    def _commit(
        self,
        before: Bracket | None,
        after: Bracket,
        cause: brackets.Message | str,
        effects: tuple[brackets.Effect, ...],
    ) -> None:
        """On disk, then in memory, then out of the house."""
        if not self._memory_does(lambda: self._memory.record_step(before, after, cause, effects, at=self._now)):
            if before is not None:
                self._missed.add(after.plan.bracket_id)
                self._wake("retry", after, self._settings.limits.ask_every_ms)
            return
        bracket_id = after.plan.bracket_id
        for kept in (self._open, self._over):
            kept.pop(bracket_id, None)
        if after.phase.is_over:
            self._over[bracket_id] = after
            given_up = after.phase is Phase.QUARANTINED
            spent = [one for one, bracket in self._over.items() if bracket.phase is not Phase.QUARANTINED]
            for old in spent[:-OVER_KEPT]:
                del self._over[old]
            self._to.guardian.tell(guardian.Watch(instrument=after.plan.instrument, ours=given_up))
        else:
            self._open[bracket_id] = after
        said = cause if isinstance(cause, str) else type(cause).__name__
        self._to.journal.tell(journal.BracketMoved(bracket=after, cause=said))
        self._perform(after, effects)

    def _perform(self, bracket: Bracket, effects: tuple[brackets.Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case brackets.Place() | brackets.PlaceBracket() | brackets.Edit() | brackets.Cancel():
                    self._submit(bracket.plan.instrument, effect, bracket.plan.fill_condition)
                case brackets.Ask(label=label, sent_at=sent_at):
                    self._to.broker.tell(broker.AskLabel(label=label, currency=bracket.plan.currency, sent_at=sent_at))
                case brackets.Wake(at=at):
                    self._wake("wake", bracket, max(0, at - self._now))
                case brackets.Opened():
                    self._news.opened(bracket)
                case brackets.Closed(traded=traded, reason=reason):
                    self._timers.cancel(f"wake:{bracket.plan.bracket_id}")
                    self._news.closed(bracket, reason, traded=traded)
                case brackets.Quarantined(why=why):
                    self._quarantined[bracket.plan.instrument] = why
                case brackets.Alert(severity=severity, text=text):
                    self._news.notice(severity, "bracket", text, key=f"{bracket.plan.bracket_id}:{text}")
                case _:
                    assert_never(effect)

    def _wake(self, name: str, bracket: Bracket, delay_ms: int) -> None:
        bracket_id = bracket.plan.bracket_id
        self._timers.start(f"{name}:{bracket_id}", delay_ms, orders.Wake(bracket_id=bracket_id, at=self._now))

    def _submit(self, instrument: InstrumentName, wish: Request, condition: FillCondition) -> None:
        submit = broker.Submit(intent_id=wish.intent_id, instrument=instrument, wish=wish, fill_condition=condition)
        self._to.broker.tell(submit)

    def _memory_does(self, write: Callable[[], None]) -> bool:
        """Write; a database that does not take it is said once, and opens nothing until it does again."""
        try:
            write()
        except MemoryFails as failure:
            if self._store_works:
                self._news.store_failing(str(failure))
            self._store_works = False
            return False
        self._store_works = True
        return True

    # --- reconciling

    def _reconciled(self, report: Report) -> None:
        """Do what the comparison asks for, and let trading begin."""
        self._market.holdings = {holding.instrument: holding for holding in report.holdings}
        for bracket in self._open.values():
            self._to.guardian.tell(guardian.Watch(instrument=bracket.plan.instrument, ours=True))
        for action in report.actions:
            match action:
                case CancelOrphan(order=order):
                    self._cancel_orphan(order)
                case Quarantine():
                    self._quarantine(action)
                case Refresh(bracket_id=bracket_id, picture=picture):
                    self._step(bracket_id, picture)
                case Reduced(bracket_id=bracket_id, held=held):
                    self._reduced(bracket_id, held)
                case _:
                    assert_never(action)
        self._orphans = {action.order.order_id for action in report.actions if isinstance(action, CancelOrphan)}
        self._is_reconciled = self._is_up
        self._to.desk.tell(desk.Reconciled(is_clean=report.is_clean))

    def _cancel_orphan(self, order: Order) -> None:
        """An order of ours that no trade explains."""
        intent_id = IntentId(f"orphan:{order.order_id}:{self._now}")  # each try is a request of its own
        if self._memory_does(lambda: self._memory.record_orphan(order, intent_id, at=self._now)):
            wish = brackets.Cancel(intent_id=intent_id, order_id=order.order_id)
            self._submit(order.instrument, wish, self._settings.fill_condition)
            self._news.orphan(order, intent_id)

    def _quarantine(self, action: Quarantine) -> None:
        if action.instrument in self._quarantined:
            return
        if self._memory_does(lambda: self._memory.open_issue(action, at=self._now)):
            self._quarantined[action.instrument] = action.why
            self._news.quarantined(action)
            self._to.journal.tell(journal.IssueOpened(instrument=action.instrument, why=action.why))

    def _reduced(self, bracket_id: BracketId, held: Decimal) -> None:
        """Closed out of our sight: the market's price stands in for the one nobody told."""
        bracket = self._open.get(bracket_id)
        ticker = None if bracket is None else self._market.tickers.get(bracket.plan.instrument)
        if bracket is not None and ticker is not None:
            self._step(bracket_id, brackets.Reduced(held=held, price=ticker.last or ticker.mark))

    def _resolve(self, message: orders.ResolveIssue) -> None:
        """A person chose. Closing is a command of its own; here the instrument is freed."""
        instrument, choice, by = message.instrument, message.choice, message.by
        if not self._memory_does(lambda: self._memory.resolve_issue(instrument, choice, by=by, at=self._now)):
            return
        self._quarantined.pop(message.instrument, None)
        for bracket in self._given_up:
            if bracket.plan.instrument == message.instrument and message.choice in {"close", "cancel"}:
                self._step(bracket.plan.bracket_id, brackets.Close(reason=f"resolved: {message.choice}"))
        self._to.journal.tell(journal.IssueResolved(instrument=message.instrument, choice=message.choice))
