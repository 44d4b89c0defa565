"""The broker: owns the one connection. It sends what it is told, once, and tells everybody what comes back.

The transport's thread only drops what it hears into this actor's inbox. Nothing here reconnects by itself.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from actors.address import Address
from actors.base import Actor
from actors.broker_ears import Ears, Heard
from actors.broker_readings import Readings
from actors.broker_warnings import warning_of
from actors.clock import Clock
from actors.timers import Timers
from actors.translate import request_of
from brokers import facts, outcomes, requests
from brokers.port import Broker, News
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.facts import Candle, Fill, Order, Ticker
from trading.instruments import Instrument
from trading.marks import mark
from trading.messages import broker, desk, guardian, journal, notices, orders, reconciler, strategy
from trading.notice_kinds import alert_key
from trading.values import Currency, InstrumentName, IntentId, Milliseconds

TICK_EARLY_MS = 5_000
SENT_KEPT = 5_000
"""Intents remembered as sent. An older one could only come again after its bracket is long over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tick:
    """The broker asked to be looked at now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Whom the broker tells."""

    orders: Address[orders.Message]
    reconciler: Address[reconciler.Message]
    guardian: Address[guardian.Message]
    desk: Address[desk.Message]
    journal: Address[journal.Message]
    notifier: Address[notices.Message]
    strategies: Callable[[InstrumentName], Iterable[Address[strategy.Message]]]


VALID_FOR_MS = 2_500
"""So long after it left the exchange may still begin with a request."""


class BrokerActor(Actor):
    """The one connection to the one active broker."""

    def __init__(
        self,
        *,
        clock: Clock,
        timers: Timers,
        own: Address[object],
        connection: Broker,
        to: Addresses,
        currencies: tuple[Currency, ...],
    ) -> None:
        super().__init__()
        self._clock, self._timers, self._own, self._broker, self._to = clock, timers, own, connection, to
        self._currencies = currencies
        self._base_ms = clock.now_ms() - clock.monotonic_ms()
        self._attempt = 0
        self._tick_at: int | None = None
        self._is_up = False
        self._instruments: tuple[InstrumentName, ...] = ()
        self._minutes: int | None = None
        self._specs: dict[InstrumentName, Instrument] = {}
        self._sent: OrderedDict[IntentId, int] = OrderedDict()
        self._intents: dict[int, IntentId] = {}  # by the number of the request
        self._readers: dict[int, Callable[[outcomes.Outcome], None]] = {}
        self._readings = Readings(
            now=lambda: self._now,
            base_ms=self._base_ms,
            connection=connection,
            read=self._read,
            read_funds=self._read_funds,
            to=to,
            currencies=currencies,
        )

    @property
    def _now(self) -> Milliseconds:
        """Near the wall clock, and never jumping with it."""
        return Milliseconds(self._clock.monotonic_ms() + self._base_ms)

    # --- what it is told

    def on_receive(self, message: broker.Message | Heard | _Tick) -> None:
        """One line for each message; afterwards tell what came of it."""
        match message:
            case Heard():
                self._hear(message)
            case _Tick():
                self._tick_at = None
                self._broker.tick(self._now)
            case broker.Submit():
                self._submit(message)
            case broker.AskLabel():
                self._readings.ask(message, is_up=self._is_up)
            case broker.TakePicture():
                self._readings.take_picture(message)
            case broker.ReadLedger():
                self._readings.read_ledger(message)
            case broker.FetchCandles():
                self._fetch_candles(message)
            case broker.Watch(instruments=instruments, candle_minutes=minutes):
                self._watch(instruments, minutes)
            case broker.TellInstruments():
                self._tell_instruments()
            case broker.TellStanding():
                self._tell_standing()
            case broker.Connect():
                self._connect()
            case broker.Disconnect(reason=reason):
                self._broker.disconnect(reason)
            case _:
                assert_never(message)
        self._tell_news()

    def on_stop(self) -> None:
        """Close the connection. What rests on the exchange stays there."""
        self._broker.disconnect("the service stops")

    def _connect(self) -> None:
        if self._broker.connect(Ears(self._own, self._attempt + 1)):
            self._attempt += 1

    def _hear(self, heard: Heard) -> None:
        if heard.attempt != self._attempt:
            mark("word-of-an-older-connection")
            return
        match heard.kind:
            case "received":
                assert heard.frame is not None
                self._broker.received(heard.frame, self._now)
            case "opened":
                self._broker.opened(self._now)
            case "garbled":
                self._broker.garbled(heard.raw, heard.text, self._now)
            case _:
                self._broker.closed(heard.text)

    def _tell_news(self) -> None:
        """Tell everybody, in the order it happened; then be woken when the broker wants to be, or a little earlier."""
        for news in self._broker.take():
            self._tell(news)
        at = self._broker.wake_at()
        if at is None:
            self._tick_at = None
            self._timers.cancel("tick")
        elif self._tick_at is None or not at - TICK_EARLY_MS <= self._tick_at <= at:
            # Every message puts the moment off a little: the timer stays, and woken early the broker does nothing.
            now = self._now
            self._tick_at = max(now + 1, at)
            self._timers.start("tick", self._tick_at - now, _Tick(), background=True)

    # --- requests

    def _submit(self, message: broker.Submit) -> None:
        """Send, once. What certainly did not leave is refused."""
        if message.intent_id in self._sent:
            mark("sent-already")
            return
        server = self._broker.server_now(self._now)
        until = None if server is None else Milliseconds(server + VALID_FOR_MS)
        request = request_of(message.wish, message.instrument, message.fill_condition, until)
        try:
            ref = self._broker.submit(request, self._now)
        except Unavailable as unavailable:
            mark("nothing-was-sent")
            sentence = f"nothing was sent: {unavailable}"
            self._to.orders.tell(orders.RequestRefused(intent_id=message.intent_id, code=0, sentence=sentence))
            return
        self._sent[message.intent_id] = ref
        if until is not None:
            self._readings.sent(message.wish, until)
        self._intents[ref] = message.intent_id
        if len(self._sent) > SENT_KEPT:
            self._sent.popitem(last=False)

    def _read(self, request: requests.Request, then: Callable[[outcomes.Outcome], None]) -> None:
        """Ask something; an answer that cannot come is told as fate unknown."""
        try:
            ref = self._broker.submit(request, self._now)
        except Unavailable as unavailable:
            doubt = outcomes.Doubt.CONNECTION_LOST
            then(outcomes.FateUnknown(ref=0, request=request, doubt=doubt, why=str(unavailable)))
            return
        self._readers[ref] = then

    def _outcome(self, outcome: outcomes.Outcome) -> None:
        reader = self._readers.pop(outcome.ref, None)
        if reader is not None:
            reader(outcome)
            return
        intent_id = self._intents.pop(outcome.ref, None)
        if intent_id is not None:
            self._settle(intent_id, outcome)

    def _settle(self, intent_id: IntentId, outcome: outcomes.Outcome) -> None:
        tell = self._to.orders.tell
        match outcome:
            case outcomes.Done(result=outcomes.Placed(order=order, fills=fills)):
                known = () if isinstance(order, facts.StrangeOrder) else (order,)
                tell(orders.RequestDone(intent_id=intent_id, orders=known, fills=fills))
                self._guard(known, fills)
            case outcomes.Done(result=outcomes.Cancelled(order=order)):
                gone = () if order is None or isinstance(order, facts.StrangeOrder) else (order,)
                tell(orders.RequestDone(intent_id=intent_id, orders=gone))
                self._guard(gone, ())
            case outcomes.Done():
                tell(orders.RequestDone(intent_id=intent_id))
            case outcomes.Refused(code=code, message=sentence):
                tell(orders.RequestRefused(intent_id=intent_id, code=code, sentence=sentence))
            case outcomes.FateUnknown():
                tell(orders.FateUnknown(intent_id=intent_id))
                self._intents[outcome.ref] = intent_id  # a late answer is evidence
            case _:
                assert_never(outcome)

    def _guard(self, known: tuple[Order, ...], fills: tuple[Fill, ...]) -> None:
        """What a reply shows is as good as pushed: channels may have fallen silent without a word."""
        for order in known:
            self._to.guardian.tell(guardian.OrderChanged(order=order))
        for fill in fills:
            self._to.guardian.tell(guardian.OrderFilled(fill=fill))

    # --- readings

    def _fetch_candles(self, message: broker.FetchCandles) -> None:
        now = self._now
        since = Milliseconds(now - message.minutes * 60_000 * (message.count + 1))
        read = requests.GetCandles(instrument=message.instrument, minutes=message.minutes, since=since, until=now)

        def take(outcome: outcomes.Outcome) -> None:
            if isinstance(outcome, outcomes.Done) and isinstance(outcome.result, outcomes.Candles):
                for address in self._to.strategies(message.instrument):
                    address.tell(strategy.CandlesKnown(candles=outcome.result.closed))
                self._to.journal.tell(journal.CandlesKnown(candles=outcome.result.closed))

        self._read(read, take)

    # --- facts

    def _tell(self, news: News) -> None:
        match news:
            case Ticker():
                self._to.orders.tell(orders.TickerChanged(ticker=news))
                for address in self._to.strategies(news.instrument):
                    address.tell(strategy.TickerChanged(ticker=news))
                self._to.journal.tell(journal.TickerChanged(ticker=news))
            case Candle():
                for address in self._to.strategies(news.instrument):
                    address.tell(strategy.CandleClosed(candle=news))
                self._to.journal.tell(journal.CandleClosed(candle=news))
            case facts.OrderSeen(order=order):
                if not isinstance(order, facts.StrangeOrder):
                    self._to.orders.tell(orders.OrderChanged(order=order))
                    self._to.guardian.tell(guardian.OrderChanged(order=order))
                else:
                    self._warn("strange_order", f"order {order.order_id} speaks unknown words: {order.why}")
            case facts.FillSeen(fill=fill):
                self._to.orders.tell(orders.OrderFilled(fill=fill))
                self._to.guardian.tell(guardian.OrderFilled(fill=fill))
            case facts.PositionSeen(holding=holding):
                self._to.orders.tell(orders.PositionChanged(holding=holding))
                self._to.guardian.tell(guardian.PositionChanged(holding=holding))
                self._to.journal.tell(journal.PositionChanged(holding=holding))
            case facts.PortfolioSeen(portfolio=portfolio):
                self._funds(portfolio)
            case facts.ConnectionUp():
                self._came_up()
            case facts.ConnectionDown(reason=reason):
                self._went_down(reason)
            case outcomes.Done() | outcomes.Refused() | outcomes.FateUnknown():
                self._outcome(news)
            case outcomes.LateOutcome(outcome=outcome):
                mark("reply-after-doubt")
                self._outcome(outcome)
            case _:
                self._other(news)

    def _other(self, fact: facts.Fact) -> None:
        """What only people have to know."""
        told = warning_of(fact)
        if told is not None:
            self._warn(*told)

    def _warn(self, kind: str, text: str, severity: Severity = Severity.WARNING) -> None:
        notice = notices.Notice(severity=severity, kind=kind, text=text, key=alert_key(kind, text), at=self._now)
        self._to.notifier.tell(notice)

    def _funds(self, portfolio: facts.Portfolio) -> None:
        known = orders.FundsChanged(
            currency=portfolio.currency, equity=portfolio.equity, available=portfolio.available_funds
        )
        self._to.orders.tell(known)
        self._to.journal.tell(
            journal.FundsChanged(currency=known.currency, equity=known.equity, available=known.available)
        )

    # --- the connection

    def _came_up(self) -> None:
        self._is_up = True
        for currency in self._currencies:
            self._read(requests.GetInstruments(currency=currency), self._instruments_known)
        self._read_funds()
        self._watch(self._instruments, self._minutes)
        self._say_connection(reason="")

    def _tell_standing(self) -> None:
        """For somebody who knows nothing yet; nothing is what they know of a connection that is down."""
        if self._is_up:
            self._to.orders.tell(orders.InstrumentsKnown(instruments=tuple(self._specs.values())))
            self._read_funds()
            self._say_connection(reason="")

    def _read_funds(self) -> None:
        for currency in self._currencies:
            self._read(requests.GetAccountSummary(currency=currency), self._summary_known)

    def _went_down(self, reason: str) -> None:
        self._is_up = False
        self._readings.forget()
        self._readers.clear()
        self._say_connection(reason=reason)

    def _say_connection(self, *, reason: str) -> None:
        is_up = self._is_up
        self._to.orders.tell(orders.ConnectionChanged(is_up=is_up, reason=reason))
        self._to.guardian.tell(guardian.ConnectionChanged(is_up=is_up))
        self._to.reconciler.tell(reconciler.ConnectionChanged(is_up=is_up))
        self._to.desk.tell(desk.ConnectionChanged(is_up=is_up, reason=reason))
        self._to.journal.tell(journal.ConnectionChanged(is_up=is_up, reason=reason))

    def _watch(self, instruments: tuple[InstrumentName, ...], minutes: int | None) -> None:
        self._instruments, self._minutes = instruments, minutes
        if self._is_up and instruments:
            candles = () if minutes is None else tuple((instrument, minutes) for instrument in instruments)
            self._read(requests.Watch(tickers=instruments, candles=candles), lambda _: None)

    def _instruments_known(self, outcome: outcomes.Outcome) -> None:
        if isinstance(outcome, outcomes.Done) and isinstance(outcome.result, outcomes.Instruments):
            known = outcome.result.instruments
            self._specs.update({instrument.name: instrument for instrument in known})
            self._to.orders.tell(orders.InstrumentsKnown(instruments=known))
            self._tell_instruments()

    def _tell_instruments(self) -> None:
        for instrument in self._specs.values():
            for address in self._to.strategies(instrument.name):
                address.tell(strategy.InstrumentKnown(instrument=instrument))

    def _summary_known(self, outcome: outcomes.Outcome) -> None:
        if isinstance(outcome, outcomes.Done) and isinstance(outcome.result, outcomes.AccountSummary):
            self._funds(outcome.result.portfolio)
