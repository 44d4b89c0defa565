"""What the order manager knows of market and account: whether a signal may be taken now, and how large it would be."""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading import bracket as brackets
from trading import guard, sizing
from trading.bracket import Limits, Plan
from trading.errors import Refused
from trading.facts import Holding, Order, Ticker
from trading.instruments import Instrument
from trading.messages import orders
from trading.signal import Signal
from trading.values import ZERO, Currency, FillCondition, InstrumentName, Milliseconds, OrderId, WorkerId

DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettings:
    """How this worker trades."""

    owner: str
    worker: WorkerId
    mode: brackets.Mode
    fill_condition: FillCondition
    risk: sizing.Risk
    leverage_max: Decimal | None = None
    notional_max: Decimal | None = None
    limits: Limits = DEFAULT_LIMITS


class Market:
    """The newest of everything, as it was told."""

    def __init__(self, settings: OrderSettings) -> None:
        """Nothing is known yet."""
        self._settings = settings
        self.instruments: dict[InstrumentName, Instrument] = {}
        self.tickers: dict[InstrumentName, Ticker] = {}
        self.holdings: dict[InstrumentName, Holding] = {}
        self.working: dict[OrderId, Order] = {}
        """Orders of ours that rest, by what the exchange shows alone."""
        self.funds: dict[Currency, orders.FundsChanged] = {}

    def set_risk(self, chosen: orders.SetRisk) -> None:
        """Size the next trades by this."""
        self._settings = replace(
            self._settings,
            risk=chosen.risk,
            leverage_max=chosen.leverage_max,
            notional_max=chosen.notional_max,
        )

    def price(self, ticker: Ticker, now: Milliseconds) -> None:
        """Take a price in; its age counts on our clock, from when it came."""
        self.tickers[ticker.instrument] = replace(ticker, at=now)

    def order(self, order: Order) -> None:
        """Take a picture of an order of ours in."""
        if order.state.is_working:
            self.working[order.order_id] = order
        else:
            self.working.pop(order.order_id, None)

    def standing(self, signal: Signal, now: Milliseconds, given: guard.Standing) -> guard.Standing:
        """Complete what the order manager knows of itself with what is known of the instrument."""
        holding = self.holdings.get(signal.instrument)
        return replace(
            given,
            now=now,
            held=ZERO if holding is None else holding.amount,
            instrument=self.instruments.get(signal.instrument),
            ticker=self.tickers.get(signal.instrument),
        )

    def plan(self, signal: Signal, now: Milliseconds) -> Plan | Refused:
        """Size it."""
        instrument, ticker = self.instruments[signal.instrument], self.tickers[signal.instrument]
        near = ticker.ask if signal.side.sign > 0 else ticker.bid
        entry = signal.entry if signal.entry is not None else near
        funds = self.funds.get(instrument.settlement)
        if funds is None or entry is None:
            return Refused(code="no_funds_known", sentence=f"the account has not been told in {instrument.settlement}")
        settings = self._settings
        sized = sizing.size(
            instrument,
            side=signal.side,
            entry=entry,
            stop=signal.stop,
            equity=funds.equity,
            risk=settings.risk,
            caps=sizing.Caps(leverage=settings.leverage_max, available=funds.available, notional=settings.notional_max),
        )
        if isinstance(sized, Refused):
            return sized
        return Plan(
            bracket_id=signal.bracket_id,
            strategy=signal.strategy,
            owner=settings.owner,
            worker=settings.worker,
            instrument=signal.instrument,
            currency=instrument.settlement,
            lot=instrument.lot,
            side=signal.side,
            amount=sized.amount,
            entry=signal.entry,
            stop=signal.stop,
            target=signal.target,
            stop_trigger=signal.stop_trigger,
            mode=settings.mode,
            fill_condition=settings.fill_condition,
            entry_until=Milliseconds(now + signal.entry_ms),
            reason=signal.reason,
        )
