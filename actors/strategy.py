"""A strategy's shell: its lifecycle, its last decision, and the way from a wish to the order manager.

It is temporary: when it raises, hangs or floods, the supervisor leaves it in ERROR until a person resumes it.
Its trade never depends on it: stop and target rest on the exchange, in the order manager's and guardian's care.
"""

from typing import assert_never

from actors.address import Address
from actors.base import Actor
from actors.clock import Clock
from actors.measures import Measures
from actors.saying import Saying, SayNow
from actors.timers import Timers
from strategies.base import Decision, Strategy, Wish
from trading.errors import Refused
from trading.facts import Ticker
from trading.instruments import Instrument, Rounding
from trading.lifecycle import Event, PauseCause, State, move, stronger_cause
from trading.messages import broker, desk, journal, orders, strategy
from trading.signal import Signal
from trading.values import InstrumentName, Milliseconds, Side, StrategyName, TriggerSource

FETCHED_MORE = 20


class _CooldownOver:
    """The pause after a trade has ended."""


class StrategyActor(Actor):
    """One strategy on one instrument."""

    def __init__(
        self,
        *,
        name: StrategyName,
        instrument: InstrumentName,
        generation: int,
        clock: Clock,
        timers: Timers,
        decides: Strategy,
        stop_trigger: TriggerSource,
        to_orders: Address[orders.Message],
        to_broker: Address[broker.Message],
        to_desk: Address[desk.Message],
        to_journal: Address[journal.Message],
        measures: Measures | None = None,
    ) -> None:
        super().__init__()
        self._name, self._instrument_name, self._generation = name, instrument, generation
        self._clock, self._timers, self._decides, self._stop_trigger = clock, timers, decides, stop_trigger
        self._to_orders, self._to_broker = to_orders, to_broker
        self._to_desk, self._to_journal = to_desk, to_journal
        self._measures = measures
        self._state = State.IDLE
        self._cause: PauseCause | None = None
        self._instrument: Instrument | None = None
        self._told = ""
        self._saying = Saying(timers)

    def on_start(self) -> None:
        """Ask for the candles it warms up with."""
        minutes = self._decides.candle_minutes
        if minutes is not None:
            self._to_broker.tell(
                broker.FetchCandles(
                    instrument=self._instrument_name, minutes=minutes, count=self._decides.warm_up + FETCHED_MORE
                )
            )

    def on_stop(self) -> None:
        """Leave nothing unsaid."""
        self._saying.now()

    def on_receive(self, message: strategy.Message | _CooldownOver | SayNow) -> None:
        """One line for each message. Whatever follows a signal is said after what the signal has left to say."""
        if self._saying.is_waiting and not isinstance(message, strategy.TickerChanged):
            self._saying.now()
        match message:
            case strategy.TickerChanged(ticker=ticker):
                self._look(ticker)
            case strategy.CandleClosed(candle=candle):
                self._decides.learn(candle)
            case strategy.CandlesKnown(candles=candles):
                for candle in candles:
                    self._decides.learn(candle)
            case strategy.InstrumentKnown(instrument=instrument):
                self._instrument = instrument
            case strategy.Start(in_trade=in_trade):
                self._move(Event.START_IN_TRADE if in_trade else Event.START, "started")
            case strategy.Resume(in_trade=in_trade):
                self._resume(in_trade=in_trade)
            case strategy.Pause(cause=cause):
                self._pause(cause)
            case strategy.Stop():
                self._move(Event.STOP, "stopped")
            case strategy.EntryRefused(why=why):
                self._move(Event.ENTRY_REFUSED, why.sentence)
            case strategy.EntryEnded():
                self._move(Event.ENTRY_ENDED, "the entry was not filled")
            case strategy.TradeOpened():
                self._move(Event.TRADE_OPENED, "in a trade")
            case strategy.TradeClosing(reason=reason):
                self._move(Event.CLOSE, reason)
            case strategy.TradeClosed(pnl=pnl, reason=reason):
                self._move(Event.TRADE_CLOSED, f"{reason}: {pnl.net} {pnl.currency}")
            case strategy.SayState():
                self._saying.tell(self._to_desk, desk.StrategyIs(name=self._name, state=self._state))
            case _CooldownOver():
                self._move(Event.COOLDOWN_OVER, "ready")
            case SayNow():
                pass  # it has just been said
            case _:
                assert_never(message)

    # --- deciding

    def _look(self, ticker: Ticker) -> None:
        """Only a strategy that may open something looks."""
        if self._state is not State.ANALYZING or self._instrument is None:
            return
        decision = self._decides.decide(ticker, self._instrument, Milliseconds(self._clock.now_ms()))
        if decision.wish is not None:
            # Who trades hears of it first: those who only write it down would stand in the way, at the processor and
            # at the database.
            signal = self._signal(decision.wish, self._instrument)
            if self._measures is not None:
                self._measures.signalled(signal.bracket_id, ticker.instrument, ticker.at)
            self._to_orders.tell(orders.OpenBracket(signal=signal))
            self._saying.wait()
        self._tell(decision)
        if decision.wish is not None:
            self._move(Event.SIGNAL_FOUND, decision.wish.reason)
            self._move(Event.ENTRY_SENT, decision.wish.reason)

    def _signal(self, wish: Wish, instrument: Instrument) -> Signal:
        """The wish, on ticks: the stop rounded towards the entry, the target towards it, too."""
        closer = Rounding.UP if wish.side is Side.BUY else Rounding.DOWN
        farther = Rounding.DOWN if wish.side is Side.BUY else Rounding.UP
        return Signal(
            strategy=self._name,
            instrument=self._instrument_name,
            side=wish.side,
            entry=None if wish.entry is None else instrument.round_price(wish.entry, farther),
            stop=instrument.round_price(wish.stop, closer),
            target=instrument.round_price(wish.target, farther),
            entry_ms=wish.entry_ms,
            key=wish.key,
            reason=wish.reason,
            stop_trigger=self._stop_trigger,
        )

    def _tell(self, decision: Decision) -> None:
        """Show what it saw, when that has changed."""
        if decision.text != self._told:
            self._told = decision.text
            self._saying.tell(
                self._to_journal,
                journal.Decided(
                    name=self._name,
                    generation=self._generation,
                    decision=decision.text,
                    checkpoints=decision.checkpoints,
                ),
            )

    # --- its life

    def _pause(self, cause: PauseCause) -> None:
        self._cause = cause if self._cause is None else stronger_cause(self._cause, cause)
        event = {
            PauseCause.PERSON: Event.PAUSE,
            PauseCause.DISCONNECT: Event.DISCONNECTED,
            PauseCause.BREAKER: Event.BREAKER_TRIPPED,
        }[cause]
        self._move(event, f"paused: {self._cause}")

    def _resume(self, *, in_trade: bool) -> None:
        if self._state is State.IDLE:  # a new incarnation after an error
            self._move(Event.START_IN_TRADE if in_trade else Event.START, "resumed")
            return
        self._move(Event.RESUME_IN_TRADE if in_trade else Event.RESUME, "resumed")

    def _move(self, event: Event, why: str) -> None:
        """Take a move of the table; a refused one is told and changes nothing."""
        moved = move(self._state, event)
        if isinstance(moved, Refused):
            return
        before, self._state = self._state, moved
        if moved is not State.PAUSED:
            self._cause = None
        if moved is State.COOLDOWN and before is not State.COOLDOWN:
            self._timers.start("cooldown", self._decides.given.cooldown_s * 1000, _CooldownOver())
        if moved is before and event is not Event.PAUSE:
            return
        self._told = ""
        self._saying.tell(
            self._to_journal,
            journal.StrategyMoved(
                name=self._name, generation=self._generation, state=moved, reason=why, cause=self._cause
            ),
        )
        self._saying.tell(
            self._to_desk,
            desk.StrategyMoved(
                name=self._name, generation=self._generation, event=event, state=moved, cause=self._cause, reason=why
            ),
        )
