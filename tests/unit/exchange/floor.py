"""A trading floor for tests: the real engine with a feed that is silent until a test moves the price by hand."""

from decimal import Decimal
from typing import Any

from exchange.accounts import Account
from exchange.engine import Engine
from exchange.errors import Refusal
from exchange.feeds import ENDED_MS, PastBar, Step
from exchange.records import Leg, Order, Ticket
from exchange.switches import Switches

START_MS = 1_790_000_000_000
INVERSE = "BTC-PERPETUAL"
LINEAR = "BTC_USDC-PERPETUAL"


class SilentFeed:
    """No step ever comes."""

    def next_due_ms(self) -> int:
        return ENDED_MS

    def take(self) -> Step:
        raise AssertionError("a silent feed is never due")

    def past(self, instrument_name: str) -> list[PastBar]:
        assert instrument_name
        return []


class Floor:
    """One engine, the bot's account and somebody else's; prices move when a test says so."""

    def __init__(
        self, switches: Switches | None = None, instrument: str = INVERSE, *, start_ms: int = START_MS
    ) -> None:
        self.engine = Engine(seed=7, feed=SilentFeed(), start_ms=start_ms, switches=switches, hydration_ms=(20, 400))
        deposits = {"BTC": Decimal(10), "USDC": Decimal(500_000)}
        self.bot = self.engine.open_account("main", deposits=deposits)
        self.other = self.engine.open_account("other", deposits=deposits)
        self.instrument = instrument
        self.market = self.engine.markets[instrument]
        self.unit = Decimal(1000) if self.market.spec.is_inverse else Decimal("0.1")
        self.now_ms = start_ms
        self.moves_to("64000")

    # --- time and prices

    def waits(self, ms: int) -> None:
        """Time passes; what falls due happens."""
        self.now_ms += ms
        while self.engine.step(self.now_ms) is not None:
            pass
        self.engine.now_ms = self.now_ms

    def moves_to(self, price: str) -> None:
        self.engine.set_price(self.instrument, Decimal(price), self.now_ms, hold=True)

    def drifts_to(self, price: str, *, over_ms: int = 1000) -> None:
        """An ordinary move of the feed rather than a jump by hand."""
        self.now_ms += over_ms
        market = self.market
        market.move(self.now_ms, float(price), float(price))
        self.engine.react(market, self.now_ms)

    # --- trading

    def places(self, direction: str, share: str = "1", account: Account | None = None, **fields: Any) -> Order:
        """An order of `share` units; a limit if it names a price, else a market order."""
        fields.setdefault("type", "limit" if "price" in fields else "market")
        for name in ("price", "trigger_price", "trigger_offset"):
            if isinstance(fields.get(name), str):
                fields[name] = Decimal(str(fields[name]))
        ticket = Ticket(
            instrument_name=self.instrument,
            direction=direction,
            amount=self.unit * Decimal(share),
            **fields,
        )
        return self.engine.place(account or self.bot, ticket, self.now_ms)[0]

    def bracket(self, condition: str = "first_hit", *, entry: str = "64000", source: str = "last_price") -> Order:
        """A long of one unit with its stop at 63500 and its target at 64500, as one OTOCO request."""
        stop = Leg(
            direction="sell",
            amount=self.unit,
            type="stop_market",
            label="bot:stop",
            reduce_only=True,
            trigger=source,
            trigger_price=Decimal(63500),
        )
        target = Leg(direction="sell", amount=self.unit, label="bot:target", price=Decimal(64500), reduce_only=True)
        return self.places(
            "buy",
            price=entry,
            label="bot:entry",
            linked_order_type="one_triggers_one_cancels_other",
            trigger_fill_condition=condition,
            legs=(stop, target),
        )

    def somebody(self, direction: str, share: str, price: str) -> Order:
        """Another account takes what rests at this price, and no more."""
        return self.places(
            direction, share, self.other, price=price, time_in_force="immediate_or_cancel", label="somebody"
        )

    def refusal(self, direction: str, share: str = "1", **fields: Any) -> int:
        """The code with which an order is refused."""
        try:
            self.places(direction, share, **fields)
        except Refusal as refusal:
            return refusal.code
        raise AssertionError("accepted")

    # --- what is so

    @property
    def position(self) -> Decimal:
        """The bot's position, in units."""
        return self.bot.amount(self.instrument) / self.unit

    def live(self, label: str) -> Order | None:
        """The one live order with this label that is not waiting in a slot."""
        found = [order for order in self.bot.live.values() if order.label == label and not order.is_dormant]
        assert len(found) <= 1, found
        return found[0] if found else None

    def covered(self, label: str) -> Decimal:
        """How many units the live order of this label would still trade."""
        order = self.live(label)
        return Decimal(0) if order is None else order.remaining / self.unit

    @property
    def waiting(self) -> list[Order]:
        return [order for order in self.bot.live.values() if order.is_dormant]

    def ended(self, label: str) -> list[Order]:
        """Closed orders of this label; emptied slots are left out."""
        closed = self.bot.archive.orders.values()
        return [order for order in closed if order.label == label and not (order.is_dormant and order.triggered)]

    def check_books(self) -> None:
        """Whatever happened: positions are the sum of the fills, nothing is reserved for what is gone."""
        for account in (self.bot, self.other):
            signed = sum(
                (trade.amount if trade.direction == "buy" else -trade.amount for trade in account.archive.trades),
                Decimal(0),
            )
            assert account.amount(self.instrument) == signed
            for (_, direction), value in account.reserved.items():
                resting = [order for order in account.live.values() if order.priority and order.direction == direction]
                assert resting or abs(value) < Decimal("1e-15")
            assert all(order.remaining > 0 for order in account.live.values())
        fees = sum((trade.fee for trade in self.bot.archive.trades), Decimal(0))
        wallet = self.bot.wallets[self.market.spec.settlement_currency]
        results = sum((trade.profit_loss for trade in self.bot.archive.trades), Decimal(0))
        assert wallet.balance == wallet.deposited - fees
        funding = self.bot.position(self.instrument).realized_funding
        assert wallet.session_rpl == results + funding
