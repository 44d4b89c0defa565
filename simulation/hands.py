"""What people do on the same account, past the service: they trade, cancel, and leave orders resting."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any, Final

from exchange.errors import Refusal
from exchange.records import Order, Ticket
from simulation.world import ACCOUNT, World
from trading.labels import content_id
from trading.promises import Violation

THEIRS: Final = "tb1:me:w2:other:aaaaaaaaaaaaaaaa:e0"
AWAY: Final = Decimal("0.12")
"""So far from the market an order rests: no jump drawn here reaches it at once."""
BY_REQUEST: Final = "user_request"


class Hands:
    """A person, and others who have the same account."""

    def __init__(self, world: World, by_hand: Callable[[str], None]) -> None:
        """``by_hand``: told of each label that looks like ours before an order with it is placed."""
        self._world, self._by_hand = world, by_hand
        self._resting: dict[str, tuple[Decimal, Decimal | None]] = {}
        self._meddled = 0

    def trades(self, what: str, instrument: str, draw: float) -> None:
        """A person trades on the same account, without a label of ours."""
        self._now(lambda: self._trade(what, instrument, Random(f"{draw}")))

    def rests(self, what: dict[str, Any]) -> None:
        """An order comes to rest far from the market."""
        self._now(lambda: self._rest(what))

    def broken(self) -> tuple[Violation, ...]:
        """Orders of others that are gone or changed although nobody but the service can have done it."""
        meddled = self._world.exchange.fault_state()["injected"].get("meddling", 0)
        if meddled != self._meddled:  # by the exchange's own fault: nobody can tell any more who touched what rests
            self._meddled = meddled
            self._resting.clear()
        account = self._world.exchange.engine.accounts[ACCOUNT]
        found = []
        for order_id, as_placed in tuple(self._resting.items()):
            order = account.live.get(order_id) or account.archive.orders.get(order_id)
            if order is None or (order.is_live and (order.amount, order.price) == as_placed):
                continue
            del self._resting[order_id]
            if order.is_live or order.cancel_reason == BY_REQUEST:
                label = order.label or "without a label"
                text = f"order {order_id} ({label}) of others was touched: {order.order_state}"
                found.append(Violation(promise="others", about=order_id, sentence=text))
        return tuple(found)

    def _now(self, work: Callable[[], object]) -> None:
        self._world.runtime.after_ms(0, lambda: self._tries(work), background=False)

    def _tries(self, work: Callable[[], object]) -> None:
        """The exchange may refuse a person, too."""
        with suppress(Refusal):
            work()
        self._world.pipe.pump()

    def _trade(self, what: str, instrument: str, rng: Random) -> None:
        exchange, pipe = self._world.exchange, self._world.pipe
        account = exchange.engine.accounts[ACCOUNT]
        held = account.amount(instrument)
        market = exchange.engine.markets[instrument]
        lot = market.spec.contract_size
        if what == "gap":
            by = Decimal(rng.choice((-150, -40, 40, 150))) / 10_000
            target = market.spec.tick_size * int(Decimal(str(market.mid)) * (1 + by) / market.spec.tick_size)
            exchange.set_price(instrument, target, hold=False, now_ms=pipe.now)
        elif what == "cancel":
            orders = sorted(account.live)
            if orders:
                chosen = rng.choice(orders)
                self._resting.pop(chosen, None)
                exchange.engine.cancel(account, chosen, pipe.now)
        else:
            amount, side = lot * rng.randint(1, 20), "buy" if what in {"buy", "foreign"} else "sell"
            if what in {"close", "reduce"}:
                if not held:
                    return
                side = "sell" if held > 0 else "buy"
                amount = abs(held) if what == "close" else max(lot, abs(held) / 2 // lot * lot)
            label = THEIRS if what == "foreign" else ""
            self._place(Ticket(instrument_name=instrument, direction=side, amount=amount, type="market", label=label))

    def _rest(self, what: dict[str, Any]) -> None:
        market = self._world.exchange.engine.markets[what["instrument"]]
        spec = market.spec
        away = -AWAY if what["direction"] == "buy" else AWAY
        price = spec.tick_size * int(Decimal(str(market.mid)) * (1 + away) / spec.tick_size)
        label = {"w2": THEIRS, "nobody": ""}.get(what["of"])
        if label is None:
            name = self._world.runners[0].name
            label = f"tb1:me:{self._world.options.worker}:{name}:{content_id('by hand', str(what['draw']))}:e0"
            self._by_hand(label)
        order = self._place(
            Ticket(
                instrument_name=what["instrument"],
                direction=what["direction"],
                amount=spec.contract_size * what["lots"],
                price=price,
                label=label,
            )
        )
        if what["of"] != "ours":
            self._resting[order.order_id] = order.amount, order.price

    def _place(self, ticket: Ticket) -> Order:
        exchange = self._world.exchange
        account = exchange.engine.accounts[ACCOUNT]
        order, _ = exchange.engine.place(account, ticket, self._world.pipe.now)
        return order
