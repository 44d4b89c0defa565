"""The matching engine: accounts, markets and everything that happens between them, in the order of time.

Pure: time comes in as an argument, chance from one seed. Commands raise `Refusal` and then have done nothing;
effects are noted in `changes`. `step` runs what falls due: moves of the feed, children, settlement.
"""

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from exchange import editing, image, liquidation, matching, placing, settlement, triggers
from exchange.accounts import Account
from exchange.archive import KEPT, Kept
from exchange.changes import Changes
from exchange.editing import Edit
from exchange.errors import Refusal, bad_param
from exchange.feeds import Feed, Step
from exchange.instruments import LISTED, Spec
from exchange.linked import Links, resting_value
from exchange.market import Market
from exchange.numbering import Numbering
from exchange.questions import Questions
from exchange.records import (
    ZERO,
    Counters,
    LedgerRow,
    Order,
    Position,
    Row,
    Ticket,
    Trade,
)
from exchange.switches import Switches

_LEAST_TICKS: Final = 2  # a price needs room for a bid below it


class Engine(Questions):
    """All markets, all accounts, one clock that its callers wind."""

    def __init__(
        self,
        *,
        seed: int,
        feed: Feed,
        start_ms: int,
        specs: Sequence[Spec] = LISTED,
        switches: Switches | None = None,
        hydration_ms: tuple[int, int] = (20, 400),
        kept: Kept = KEPT,
    ) -> None:
        self.switches = Switches() if switches is None else switches
        self.now_ms = start_ms
        self.changes = Changes()
        self.counters = Counters(now_ms=start_ms, next_settlement_ms=settlement.next_after(start_ms))
        self.numbering = Numbering(self.counters)
        self.rng = Random(f"{seed}:engine")
        self.markets = {
            spec.instrument_name: Market(
                spec, rng=Random(f"{seed}:{spec.instrument_name}"), counters=self.counters, start_ms=start_ms
            )
            for spec in specs
        }
        self.by_currency: dict[str, list[Market]] = {}
        for market in self.markets.values():
            self.by_currency.setdefault(market.spec.settlement_currency, []).append(market)
            market.bars.load(feed.past(market.spec.instrument_name))
        self.accounts: dict[str, Account] = {}
        self.links = Links(self)
        self.wants_prints = False  # somebody listens to the tape
        self.triggers_max = 500
        self.slots_max = 500
        self._holders: dict[str, dict[str, Account]] = {name: {} for name in self.markets}
        self._feed = feed
        self._hydration_ms, self._kept = hydration_ms, kept
        self._due: list[tuple[int, int, str]] = []  # (time, number, primary whose children come alive)
        self._due_number = 0
        self._settling_until_ms = 0

    # --- accounts

    def open_account(self, name: str, *, user_id: int | None = None, deposits: Mapping[str, Decimal]) -> Account:
        """The account of this name; opened with these deposits if it is new."""
        found = self.accounts.get(name)
        if found is not None:
            return found
        account = Account(name, 100_001 + len(self.accounts) if user_id is None else user_id, self._kept)
        self.accounts[name] = account
        for currency, amount in deposits.items():
            wallet = account.wallets[currency]
            wallet.balance = wallet.deposited = amount
            self.counters.ledger += 1
            row = LedgerRow(
                account=name,
                id=self.counters.ledger,
                currency=currency,
                timestamp=self.now_ms,
                type="deposit",
                cashflow=amount,
                balance=amount,
                change=amount,
            )
            account.archive.ledger.append(row)
            self.changes.ledger.append(row)
            self.changes.wallets[name, currency] = wallet
        return account

    def hold(self, account: Account, position: Position) -> None:
        """Remember who holds something of an instrument: only they can be liquidated."""
        holders = self._holders[position.instrument_name]
        if position.amount:
            holders[account.name] = account
        else:
            holders.pop(account.name, None)

    # --- time

    def next_due_ms(self) -> int:
        due = min(self._feed.next_due_ms(), self.counters.next_settlement_ms)
        if self._due:
            due = min(due, self._due[0][0])
        return min(due, self._settling_until_ms) if self._settling_until_ms else due

    def step(self, until_ms: int) -> int | None:
        """The next thing that falls due, if it does by then. Returns its time."""
        due_ms = self.next_due_ms()
        if due_ms > until_ms:
            return None
        now_ms = self.now_ms = max(due_ms, self.now_ms)
        if self._due and self._due[0][0] <= due_ms:
            self.links.call_children(heapq.heappop(self._due)[2], now_ms)
        elif self._settling_until_ms and self._settling_until_ms <= due_ms:
            self._settling_until_ms = 0
            settlement.end(self, now_ms)
        elif self.counters.next_settlement_ms <= due_ms:
            self._settling_until_ms = now_ms + settlement.PAUSE_MS
            settlement.begin(self, now_ms)
        else:
            self._moved(self._feed.take(), now_ms)
        return now_ms

    def _moved(self, step: Step, now_ms: int) -> None:
        market = self.markets.get(step.instrument_name)
        if market is None:
            return
        before = market.mid
        if market.held:
            market.move(now_ms, before, market.index)
        else:
            market.move(now_ms, step.price * market.scale, step.index * market.scale)
        self.changes.moved[step.instrument_name] = market
        if market.state != "open":
            return
        sold = bought = ZERO
        if step.volume > 0 and not market.held:
            amount = market.amount_of(
                max(1, int(step.volume * float(market.spec.typical_amount / market.spec.contract_size)))
            )
            depth = market.depth_source
            if market.mid >= before:
                bought = amount
                market.trade(now_ms, "buy", depth.ask_tick, amount)
            else:
                sold = amount
                market.trade(now_ms, "sell", depth.bid_tick, amount)
            if self.wants_prints:
                self.changes.prints.append(market.newest_trade)
        self.react(market, now_ms, sold, bought)

    def react(self, market: Market, now_ms: int, sold: Decimal = ZERO, bought: Decimal = ZERO) -> None:
        """What a new price does to orders, triggers and accounts."""
        book = market.book
        if len(book.bids) or len(book.asks):
            matching.sweep(self, market, now_ms, sold, bought)
        if market.triggers.count:
            triggers.check(self, market, now_ms)
        holders = self._holders[market.spec.instrument_name]
        if holders:
            liquidation.look(self, market, list(holders.values()), now_ms)

    def set_price(self, instrument_name: str, price: Decimal, now_ms: int, *, hold: bool = False) -> None:
        """Move the whole market there, as a gap. With `hold` it stays until it is moved again without."""
        market = self.market(instrument_name)
        tick = round(price / market.spec.tick_size) if price.is_finite() else 0
        if tick < _LEAST_TICKS:
            raise bad_param("price", "must be at least two ticks")
        before = market.mid
        target = float(market.price_at(tick))
        market.scale *= target / before
        market.held = hold
        market.jump(now_ms, target, market.index * (target / before))
        self.changes.moved[instrument_name] = market
        if market.state == "open":
            market.trade(now_ms, "buy" if target >= before else "sell", tick, market.amount_of(1))
            if self.wants_prints:
                self.changes.prints.append(market.newest_trade)
            self.react(market, now_ms)

    def set_state(self, instrument_name: str, state: str, now_ms: int) -> None:
        market = self.market(instrument_name)
        if market.state != state:
            market.state = state
            self.changes.states.append(market)
            self.changes.moved[instrument_name] = market
            if state == "open":
                self.react(market, now_ms)

    def lock(self, account: Account, currency: str, *, locked: bool) -> None:
        """Lock an account's currency (or ALL): it may cancel, not trade."""
        (account.locked.add if locked else account.locked.discard)(currency)
        self.changes.locks.append((account.name, currency, locked))

    def adopt_counters(self, counters: Counters) -> None:
        """Numbers go on where they stood, never back."""
        self.numbering.adopt(counters)
        self.now_ms = max(self.now_ms, counters.now_ms)

    # --- the life of an order

    def schedule_children(self, primary_id: str, now_ms: int) -> None:
        self._due_number += 1
        heapq.heappush(self._due, (now_ms + self.rng.randint(*self._hydration_ms), self._due_number, primary_id))

    # --- commands

    def market(self, instrument_name: str) -> Market:
        found = self.markets.get(instrument_name)
        if found is None:
            raise Refusal(13020)
        return found

    def gate(self, account: Account, market: Market) -> None:
        """Is this market open, and to this account?"""
        if market.state == "settlement":
            raise Refusal(10041)
        if market.state != "open":
            raise Refusal(10019 if market.state == "locked" else 10012)
        if account.is_locked(market.spec.settlement_currency):
            raise Refusal(10019)

    def place(self, account: Account, ticket: Ticket, now_ms: int) -> tuple[Order, list[Trade]]:
        """Place an order, with the orders linked to it. Answers with its state and its immediate trades."""
        before = len(self.changes.trades)
        order = placing.place(self, account, ticket, now_ms)
        return order, [trade for trade in self.changes.trades[before:] if trade.order_id == order.order_id]

    def enter_any(self, account: Account, market: Market, order: Order, now_ms: int, *, child: bool = False) -> None:
        """Let an order into the world: to wait for its trigger, or to the market at once."""
        placing.enter_any(self, account, market, order, now_ms, child=child)

    def enter(self, account: Account, market: Market, order: Order, now_ms: int, *, child: bool = False) -> None:
        """Let an order to the market."""
        placing.enter(self, account, market, order, now_ms, child=child)

    def born_of(self, trigger: Order, now_ms: int) -> Order:
        """The order that a fired trigger sends."""
        return placing.born_of(self, trigger, now_ms)

    def off_book(self, market: Market, order: Order) -> None:
        """Take a resting order off the book."""
        assert order.price is not None
        market.book.side(order.direction).remove(order, matching.tick_of(market, order.price))
        order.priority = 0
        self.changes.moved[order.instrument_name] = market

    def admit(self, account: Account, order: Order) -> None:
        account.live[order.order_id] = order
        self.changes.orders[order.order_id] = order

    def retire(self, account: Account, order: Order, now_ms: int) -> None:
        """An order has ended in whatever state it now has."""
        order.updated_ms = now_ms
        account.live.pop(order.order_id, None)
        account.archive.close(order)
        self.changes.orders[order.order_id] = order

    def end(self, account: Account, order: Order, state: str, now_ms: int, *, reason: str | None = None) -> None:
        """Take a live order out of the world, and tell those that hang on it."""
        market = self.markets[order.instrument_name]
        if order.order_state == "untriggered" and not order.is_dormant:
            market.triggers.remove(order)
            triggers.note(self, account, order, "cancelled", now_ms)
        elif order.priority and not order.is_dormant:
            account.reserve(order, -resting_value(market, order))
            self.off_book(market, order)
        elif order.is_dormant:
            self.links.leave_slot(order)
        order.order_state = state
        order.cancel_reason = reason
        self.retire(account, order, now_ms)
        self.links.gone(account, order, now_ms, by_hand=reason == "user_request")

    def resize(self, account: Account, market: Market, order: Order, amount: Decimal, now_ms: int) -> None:
        """A linked order grows or shrinks in place; nothing left of it means it ends."""
        if amount <= order.filled_amount:
            self.end(account, order, "cancelled", now_ms, reason="oco_other_closed")
            return
        resting = order.order_state == "open" and order.priority
        if resting:
            account.reserve(order, -resting_value(market, order))
        order.amount = amount
        if resting:
            account.reserve(order, resting_value(market, order))
        order.updated_ms = now_ms
        self.changes.orders[order.order_id] = order

    def find_live(self, account: Account, order_id: str, now_ms: int) -> Order:
        """The live order of this id, or the refusal that says what became of it."""
        order = account.live.get(order_id)
        if order is not None and (not order.is_dormant or self.switches.slot_ids_answer == "yes"):
            return order
        closed = account.archive.recent_order(order_id, now_ms)
        if closed is None or closed.order_state == "triggered":
            raise Refusal(10004)
        raise Refusal(11008 if closed.order_state == "filled" else 11044)

    def cancel(self, account: Account, order_id: str, now_ms: int, reason: str = "user_request") -> Order:
        order = self.find_live(account, order_id, now_ms)
        if self.markets[order.instrument_name].state == "settlement":
            raise Refusal(10041)
        self.end(account, order, "cancelled", now_ms, reason=reason)
        return order

    def cancel_where(
        self, account: Account, want: Callable[[Order], bool], now_ms: int, reason: str = "user_request"
    ) -> list[Order]:
        """Cancel the live orders that are wanted gone; dormant children go with their primary."""
        gone = [order for order in account.live.values() if not order.is_dormant and want(order)]
        ended = []
        for order in gone:
            if order.is_live:
                self.end(account, order, "cancelled", now_ms, reason=reason)
                ended.append(order)
            elif order.cancel_reason == "oco_other_closed":
                ended.append(order)
        return ended

    def cancel_on_disconnect(self, session_id: int, now_ms: int) -> list[Order]:
        """The socket these orders came over is gone, and had been armed."""
        spare = self.switches.cod_cancels_triggers == "no"
        ended: list[Order] = []
        for account in self.accounts.values():
            ended += self.cancel_where(
                account,
                lambda order: order.session_id == session_id and not (spare and order.order_state == "untriggered"),
                now_ms,
                reason="cancel_on_disconnect",
            )
        return ended

    def close_position(
        self,
        account: Account,
        instrument_name: str,
        order_type: str,
        price: Decimal | None,
        now_ms: int,
        session_id: int = 0,
    ) -> tuple[Order, list[Trade]]:
        """A reduce-only order for the whole position."""
        amount = account.amount(self.market(instrument_name).spec.instrument_name)
        if not amount:
            raise Refusal(11030, "other_reject no_position")
        ticket = Ticket(
            instrument_name=instrument_name,
            direction="sell" if amount > 0 else "buy",
            amount=abs(amount),
            type=order_type,
            price=price,
            reduce_only=True,
            session_id=session_id,
        )
        return self.place(account, ticket, now_ms)

    def edit(self, account: Account, order_id: str, edit: Edit, now_ms: int) -> tuple[Order, list[Trade]]:
        """Change a live order in place; its id stays."""
        order = self.find_live(account, order_id, now_ms)
        self.gate(account, self.markets[order.instrument_name])
        before = len(self.changes.trades)
        editing.edit(self, account, order, edit, now_ms)
        self.changes.orders[order.order_id] = order
        return order, [trade for trade in self.changes.trades[before:] if trade.order_id == order.order_id]

    def edit_by_label(
        self, account: Account, label: str, instrument_name: str, edit: Edit, now_ms: int
    ) -> tuple[Order, list[Trade]]:
        order = editing.only_with_label(account, label, instrument_name)
        return self.edit(account, order.order_id, edit, now_ms)

    # --- memory

    def image(self) -> Iterator[Row]:
        """Everything that must outlive the process, as rows."""
        return image.rows_of(self)

    def restore(self, rows: Iterator[Row], now_ms: int) -> None:
        """Take over an image; prices go on from where they stood."""
        image.restore(self, rows, now_ms)
