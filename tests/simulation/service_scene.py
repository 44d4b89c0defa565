"""The whole service in a scene: prices, faults and people as a test wants them, and checks made from outside.

What is checked is read from the exchange and from the database, never asked of the code under test. Time passes in
small steps, and after each of them the promises are measured.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from exchange.faults import Rule
from exchange.records import Order, Ticket, Trade
from exchange.settings import FeedSettings, Limits
from exchange.settings import Settings as ExchangeSettings
from exchange.switches import Switches
from persistence.brackets import Trade as StoredTrade
from persistence.brackets import Which
from simulation.world import START_MS, Options, World
from strategies.base import Decision, Strategy, Wish
from trading.bracket import Bracket, Mode
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.labels import parse
from trading.messages import desk, notices
from trading.values import FillCondition, Milliseconds, OrderId, Side

STEP_MS = 20
DAY_MS = 86_400_000
ZERO = Decimal(0)
INVERSE, LINEAR = "BTC-PERPETUAL", "BTC_USDC-PERPETUAL"
NEAR = {"stop_bps": Decimal(4), "target_bps": Decimal(4), "every_s": 3, "cooldown_s": 1}
"""Exits so near that a moving market hits them often."""
FAR = {"stop_bps": Decimal(100), "target_bps": Decimal(100), "every_s": 3, "cooldown_s": 1}
"""Exits that are reached only when a test moves the price there."""


class Scene(World):
    """A world with eyes."""

    def __init__(
        self,
        *,
        seed: int = 1,
        mode: Mode = Mode.NATIVE,
        condition: FillCondition = FillCondition.INCREMENTAL,
        instrument: str = INVERSE,
        switches: Switches | None = None,
        moving: str = "",
        at_ms: int | None = None,
        **options: Any,
    ) -> None:
        """``moving``: the profile of a feed that moves; else prices stand still until a test moves them.

        ``at_ms``: when it begins, counted from a settlement.
        """
        settings = ExchangeSettings(
            seed=seed,
            switches=switches or Switches(),
            limits=Limits(credits=False),
            feed=FeedSettings(profile=moving or "calm", start_prices={INVERSE: Decimal(64000), LINEAR: Decimal(64000)}),  # type: ignore[arg-type]
        )
        if "kind" not in options:
            options.setdefault("parameters", NEAR if moving else FAR)
        if at_ms is not None:
            options["start_ms"] = START_MS - START_MS % DAY_MS + DAY_MS // 3 + at_ms
        self.naked_ms = self.naked_worst = 0
        self.foreign = ZERO
        """What a person holds of the same position: not ours to cover."""
        self.excused = False
        """While the connection is down the stops that rest are the cover."""
        self.watch: Callable[[], None] = lambda: None
        super().__init__(
            Options(
                seed=seed,
                mode=mode,
                fill_condition=condition,
                instrument=instrument,
                exchange=settings,
                **options,
            )
        )
        self.instrument = instrument
        if not moving:
            for name in self.exchange.engine.markets:
                self.moves_to("64000", name)

    # --- time

    def runs(self, ms: int) -> None:
        """Time passes, and is looked at."""
        end = self.runtime.clock.elapsed_ms + ms
        while self.runtime.clock.elapsed_ms < end:
            self.runtime.run_for(min(STEP_MS, end - self.runtime.clock.elapsed_ms))
            self._measure(STEP_MS)
            self.watch()

    def runs_until(self, what: Callable[[], object], limit_ms: int = 60_000) -> None:
        """Time passes until something is so."""
        end = self.runtime.clock.elapsed_ms + limit_ms
        while not what():
            assert self.runtime.clock.elapsed_ms < end, f"not so after {limit_ms} ms; seed {self.options.seed}"
            self.runs(STEP_MS)

    def opens(self) -> Bracket:
        """Wait for the first trade that is held and protected."""
        self.runs_until(lambda: self.brackets and self.position and self.cover >= abs(self.position))
        self.runs(1_000)
        return self.brackets[0]

    def _measure(self, step_ms: int) -> None:
        held = abs(self.position - self.foreign)
        bare = held > self.cover and not self.excused
        self.naked_ms = self.naked_ms + step_ms if bare else 0
        self.naked_worst = max(self.naked_worst, self.naked_ms)

    # --- the market, faults and people

    def moves_to(self, price: str, instrument: str | None = None) -> None:
        """The market stands there from now on."""
        now = self.pipe.now
        self.exchange.set_price(instrument or self.instrument, Decimal(price), hold=True, now_ms=now)
        self.pipe.pump()

    def moves_by(self, bps: int) -> None:
        """So much up or down."""
        mid = Decimal(str(self.market.mid))
        self.moves_to(str((mid * (10_000 + bps) / 10_000).quantize(Decimal(1))))

    def suffers(self, *rules: Rule) -> None:
        """From now on this goes wrong."""
        self.exchange.set_faults(rules)

    def mended(self) -> None:
        """Nothing goes wrong any more."""
        self.exchange.clear_faults()

    def hand(self, direction: str, amount: Decimal, **fields: Any) -> Order:
        """A person trades on the same account, without a label."""
        fields.setdefault("type", "market")
        ticket = Ticket(instrument_name=self.instrument, direction=direction, amount=amount, **fields)
        order, _ = self.exchange.engine.place(self.account, ticket, self.pipe.now)
        self.pipe.pump()
        return order

    def hand_cancels(self, order: Order) -> None:
        """A person takes an order away."""
        self.exchange.engine.cancel(self.account, order.order_id, self.pipe.now)
        self.pipe.pump()

    def says(self, command: Callable[..., desk.Command], **fields: Any) -> desk.Answer:
        """A person presses a button."""
        return self.person(command(by="me", **fields))

    def ends(self, way: str, sign: int) -> None:
        """The position ends: by a person's hand, or because the price comes to an exit."""
        if way == "by hand":
            self.hand("sell" if sign > 0 else "buy", abs(self.position))
        else:
            self.moves_by(sign * (-150 if way == "by its stop" else 150))
        assert not self.position

    def clock_jumps(self, by_ms: int) -> None:
        """The service's wall clock is set; the exchange's goes on as it was."""
        self.runtime.clock.jump(by_ms)
        self.pipe.skew_ms -= by_ms

    def silent_crash(self, meanwhile: Callable[[], None]) -> None:
        """The service dies; something happens on the exchange; the service comes back."""
        for session in list(self.pipe._transports):
            self.pipe.disconnect(session)
        meanwhile()
        self.crashes()

    def guardian_sleeps(self) -> None:
        """Take the guardian away: what is left is the order manager's own care."""
        self.runtime.hang("guardian")

    def cuts(self) -> None:
        """The line is cut."""
        self.exchange.close_sessions(None, self.pipe.now)
        self.pipe.pump()

    # --- what the exchange shows

    @property
    def account(self) -> Any:
        return self.exchange.engine.accounts["main"]

    @property
    def market(self) -> Any:
        return self.exchange.engine.markets[self.instrument]

    @property
    def position(self) -> Decimal:
        amount: Decimal = self.account.amount(self.instrument)
        return amount

    @property
    def live(self) -> list[Order]:
        return list(self.account.live.values())

    @property
    def ours(self) -> list[Order]:
        """Live orders with a label of ours."""
        return [order for order in self.live if parse(order.label) is not None]

    def leg(self, letter: str) -> list[Order]:
        """Live orders of one leg, dormant ones left out."""
        return [order for order in self.ours if not order.is_dormant and order.label.rsplit(":", 1)[1][0] == letter]

    @property
    def cover(self) -> Decimal:
        """What resting stops would close of the position."""
        side = "sell" if self.position > 0 else "buy"
        stops = [
            order.remaining
            for order in self.ours
            if order.direction == side and not order.is_dormant and (order.trigger or order.trigger_order_id)
        ]
        return sum(stops, ZERO)

    @property
    def executed(self) -> list[Trade]:
        """Every fill of the account."""
        return list(self.account.archive.trades)

    def entries(self) -> dict[str, int]:
        """How many entry orders the exchange ever took, by bracket."""
        counted: dict[str, set[str]] = {}
        for order in [*self.account.archive.orders.values(), *self.live]:
            label = parse(order.label)
            if label is not None and label.leg.value == "entry" and not order.is_dormant:
                counted.setdefault(label.bracket, set()).add(order.order_id)
        return {bracket: len(ids) for bracket, ids in counted.items()}

    # --- what the database says

    @property
    def brackets(self) -> list[Bracket]:
        return self.store.open_brackets()

    def trades(self, which: Which = Which.CLOSED) -> list[StoredTrade]:
        return list(self.store.trades(which=which, limit=500).items)

    @property
    def row(self) -> Any:
        """The strategy as it is remembered."""
        return self.store.strategies.get(self.options.strategy)

    def alerts(self, kind: str = "") -> list[str]:
        told = [(notice.kind, notice.text) for notice in self.notices if isinstance(notice, notices.Notice)]
        told += [(letter.notice.type, letter.notice.text) for letter in self.store.outbox.newest(limit=500)]
        return [text for name, text in told if not kind or name == kind]

    # --- promises, from outside

    def check_entries(self) -> None:
        """P3: one signal, one entry."""
        assert all(count == 1 for count in self.entries().values()), (self.entries(), self.options.seed)

    def check_orphans(self) -> None:
        """P2: every order of ours belongs to an open bracket."""
        known = {bracket.plan.bracket_id for bracket in self.brackets}
        labels = [(order, parse(order.label)) for order in self.ours]
        lost = [order.order_id for order, label in labels if label is not None and label.bracket not in known]
        assert not lost, (lost, self.options.seed)

    def check_money(self) -> None:
        """P4: each closed trade is worth what the exchange's own fills say, to the last digit."""
        fills: dict[str, list[Trade]] = {}
        for fill in self.executed:
            label = parse(fill.label)
            if label is not None:
                fills.setdefault(label.bracket, []).append(fill)
        for trade in self.trades():
            assert trade.pnl is not None, trade
            story = self.store.trade(trade.bracket_id)
            assert story is not None
            by_hand = {fill.fill_id for fill in story.bracket.fills if not story.bracket.is_own(fill)}
            own = fills[trade.bracket_id] + [fill for fill in self.executed if fill.trade_id in by_hand]
            assert trade.pnl.gross == sum((fill.profit_loss for fill in own), ZERO), (trade, self.options.seed)
            assert trade.pnl.fees == sum((fill.fee for fill in own), ZERO), (trade, self.options.seed)

    def check_positions(self) -> None:
        """P4: open trades are the position, and working orders are the orders."""
        held = sum((bracket.held * bracket.plan.side.sign for bracket in self.brackets), ZERO)
        assert held == self.position - self.foreign, (held, self.position, self.options.seed)
        known = {OrderId(order.order_id) for bracket in self.brackets for order in bracket.alive}
        assert known == {order.order_id for order in self.ours if not order.is_dormant}, self.options.seed

    def check(self, *, naked_ms_max: int = 2_200) -> None:
        """Everything, when quiet. The market order of the way out has to travel, too."""
        self.check_entries()
        self.check_orphans()
        self.check_money()
        self.check_positions()
        assert self.naked_worst <= naked_ms_max, (self.naked_worst, self.options.seed)

    def comes_to_rest(self) -> None:
        """Nothing goes wrong any more: all must settle, flat, with nothing resting."""
        self.mended()
        self.says(desk.Reconnect, resume=True)
        self.runs(10_000)
        self.says(desk.Panic)
        self.runs(70_000)
        assert not self.brackets, (self.brackets[0].phase, self.options.seed)
        assert self.position == self.foreign, self.options.seed
        assert not self.ours, self.options.seed


class Resting(Strategy):
    """Wishes for entries below the market, where nobody sells."""

    kind: ClassVar[str] = "resting"

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """One entry a minute."""
        price = instrument.round_price(ticker.mark * Decimal("0.997"))
        wish = Wish(
            side=Side.BUY,
            entry=price,
            stop=price * Decimal("0.99"),
            target=price * Decimal("1.01"),
            entry_ms=8_000,
            key=str(now // 60_000),
            reason="rests",
        )
        return Decision(text="rests", wish=wish)
