"""The embedded exchange at one end of an in-process transport and the broker at the other, and a plan to trade."""

from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from brokers import requests as ask
from brokers import resolve, wire
from brokers.deribit.broker import DeribitBroker
from brokers.deribit.login import Credentials
from brokers.deribit.settings import Settings
from brokers.inprocess_transport import InProcessTransport
from brokers.outcomes import (
    Done,
    FateUnknown,
    Instruments,
    Refused,
    Result,
    TickerDetail,
)
from brokers.port import News
from brokers.resolve import Ask, NotYetKnown, Step
from brokers.transport import Message
from exchange.encoding import encode
from exchange.exchange import Close, Exchange
from exchange.feeds import open_feed
from exchange.settings import Settings as ExchangeSettings
from trading.instruments import Rounding
from trading.values import (
    Currency,
    FillCondition,
    InstrumentName,
    LabelText,
    Milliseconds,
    OrderType,
    Side,
    TriggerSource,
)

T = TypeVar("T")
R = TypeVar("R", bound=Result)

START = 1_767_258_000_000  # 2026-01-01 09:00 UTC
PAPER = Credentials(client_id="paper", client_secret="paper")
INVERSE = (InstrumentName("BTC-PERPETUAL"), Currency("BTC"))
LINEAR = (InstrumentName("BTC_USDC-PERPETUAL"), Currency("USDC"))


class Floor:
    """The exchange as the peer of a transport, and the broker at the other end; time moves when a test says so."""

    def __init__(
        self,
        settings: Settings | None = None,
        exchange_settings: ExchangeSettings | None = None,
        *,
        as_json: bool = False,
    ) -> None:
        chosen = exchange_settings or ExchangeSettings(seed=7)
        self.exchange = Exchange(settings=chosen, feed=open_feed(chosen, start_ms=START), start_ms=START)
        self.now_ms = START
        self.as_json = as_json
        """Whether messages go through JSON, numbers in every form the exchange writes, as on a socket."""
        self.transport = InProcessTransport(self)
        self.broker = DeribitBroker(settings or Settings(credentials=PAPER), self.transport)
        self.news: list[News] = []
        self.loses_replies_to: set[str] = set()
        self._refs_lost: set[int] = set()
        self.passes(2_000)

    @property
    def now(self) -> Milliseconds:
        """Our clock: not the exchange's, so that nobody can mix them up unnoticed."""
        return Milliseconds(self.now_ms - START + 5_000_000)

    # --- the peer

    def connect(self) -> int:
        return self.exchange.connect(self.now_ms)

    def receive(self, connection: int, message: Message) -> None:
        if message["method"] in self.loses_replies_to:
            self._refs_lost.add(message["id"])
        if self.as_json:
            self.exchange.receive_frame(connection, wire.encode(message), self.now_ms)
        else:
            self.exchange.receive(connection, message, self.now_ms)

    def disconnect(self, connection: int) -> None:
        self.exchange.disconnected(connection, self.now_ms)

    # --- the listener

    def opened(self) -> None:
        self.broker.opened(self.now)

    def received(self, message: Message) -> None:
        self.broker.received(message, self.now)

    def garbled(self, raw: str, why: str) -> None:
        raise AssertionError(f"{why}: {raw}")

    def closed(self, reason: str) -> None:
        self.broker.closed(reason)

    # --- what a test does

    def pumps(self) -> None:
        self.exchange.advance(self.now_ms)
        while items := self.exchange.drain():
            for item in items:
                if item.session_id != self.transport.connection:
                    continue
                if isinstance(item, Close):
                    self.transport.cut(f"{item.code} {item.reason}")
                elif item.message.get("id") not in self._refs_lost:
                    self.transport.deliver(wire.decode(encode(item.message, "mixed")) if self.as_json else item.message)
        self.news.extend(self.broker.take())

    def passes(self, ms: int) -> None:
        end = self.now_ms + ms
        while self.now_ms < end:
            self.now_ms = min(end, max(self.now_ms + 1, self.exchange.next_due_ms()))
            self.pumps()
            self.broker.tick(self.now)
            self.pumps()

    def connects(self) -> "Floor":
        self.broker.connect(self)
        self.pumps()
        return self

    def asks(self, request: ask.Request, kind: type[R]) -> R:
        """Send a request that must be done, and give its result."""
        ref = self.broker.submit(request, self.now)
        self.pumps()
        (outcome,) = [item for item in self.news if getattr(item, "ref", None) == ref]
        assert isinstance(outcome, Done), outcome
        assert isinstance(outcome.result, kind), outcome
        return outcome.result

    def told(self, kind: type[T]) -> list[T]:
        return [item for item in self.news if isinstance(item, kind)]

    def searches(self, search: resolve.Search) -> Step:
        """Run a search until it has its verdict, waiting as long as it wants."""
        for _ in range(200):
            at_least = self.broker.server_at_least(self.now)
            assert at_least is not None
            search, step = resolve.next_step(search, at_least)
            if isinstance(step, NotYetKnown):
                self.passes(step.until - at_least + 1)
            elif isinstance(step, Ask):
                ref = self.broker.submit(step.query, self.now)
                self.pumps()
                (outcome,) = [
                    item for item in self.news if isinstance(item, Done | Refused | FateUnknown) and item.ref == ref
                ]
                if isinstance(outcome, Refused) and outcome.retry_after_ms is not None:
                    self.passes(outcome.retry_after_ms)
                search = resolve.answered(search, step.query, outcome)
            else:
                return step
        raise AssertionError("the search has no end")


class Plan:
    """A bracket around the present price of an instrument."""

    def __init__(self, floor: Floor, name: InstrumentName, currency: Currency, suffix: str = "1") -> None:
        found = floor.asks(ask.GetInstruments(currency=currency), Instruments)
        (self.instrument,) = [one for one in found.instruments if one.name == name]
        self.ticker = floor.asks(ask.GetTicker(instrument=name), TickerDetail).ticker
        self.currency = currency
        self.labels = [LabelText(f"tb:{suffix}:{leg}") for leg in ("entry", "stop", "target")]

    def price(self, percent: str) -> Decimal:
        return self.instrument.round_price(self.ticker.mark * (1 + Decimal(percent) / 100), Rounding.NEAREST)

    @property
    def amount(self) -> Decimal:
        return Decimal(100) if self.currency == "BTC" else Decimal("0.01")

    def order(self, percent: str, label: LabelText, side: Side = Side.BUY) -> ask.PlaceOrder:
        return ask.PlaceOrder(
            instrument=self.instrument.name,
            side=side,
            amount=self.amount,
            type=OrderType.LIMIT,
            label=label,
            price=self.price(percent),
        )

    def bracket(self, entry_percent: str) -> ask.PlaceBracket:
        stop = ask.PlaceOrder(
            instrument=self.instrument.name,
            side=Side.SELL,
            amount=self.amount,
            type=OrderType.STOP_MARKET,
            label=self.labels[1],
            trigger=TriggerSource.MARK_PRICE,
            trigger_price=self.price("-5"),
            reduce_only=True,
        )
        return ask.PlaceBracket(
            entry=self.order(entry_percent, self.labels[0]),
            stop=stop,
            target=replace(self.order("5", self.labels[2], Side.SELL), reduce_only=True),
            fill_condition=FillCondition.FIRST_HIT,
        )
