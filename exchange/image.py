"""The exchange's memory as rows: what a snapshot holds and a restart takes over.

Rows are upserts: the last one of an order, position, wallet or market counts. Trades, ledger and trigger rows
are lists that only grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from exchange import settlement
from exchange.accounts import Account
from exchange.linked import resting_value
from exchange.matching import tick_of
from exchange.records import (
    Counters,
    LedgerRow,
    MarketMark,
    Order,
    Position,
    PublicTrade,
    Row,
    Trade,
    TriggerRow,
    Wallet,
)

if TYPE_CHECKING:
    from exchange.engine import Engine
    from exchange.market import Market


def mark_of(market: Market) -> MarketMark:
    """Where a market stands, as a row."""
    return MarketMark(
        instrument_name=market.spec.instrument_name,
        timestamp=market.now_ms,
        mid=Decimal(repr(market.mid)),
        index=Decimal(repr(market.index)),
        last_price=market.last_price or market.price_at(round(market.mid / float(market.spec.tick_size))),
        settlement_price=market.settlement_price,
        trade_seq=market.trade_seq,
        held=market.held,
        funding_index=market.funding_index,
        state="open" if market.state == "settlement" else market.state,
    )


def rows_of(engine: Engine) -> Iterator[Row]:
    """Everything, in an order in which it can be taken over."""
    engine.counters.now_ms = engine.now_ms
    yield engine.counters
    for market in engine.markets.values():
        yield mark_of(market)
    for account in engine.accounts.values():
        yield from account.wallets.values()
        yield from account.positions.values()
        yield from account.archive.rows()
        yield from account.live.values()


def restore(engine: Engine, rows: Iterable[Row], now_ms: int) -> None:
    """Take the rows over, in their order; what waits for something waits for it again."""
    engine.now_ms = max(engine.now_ms, now_ms)
    for account in engine.accounts.values():
        account.archive.ledger.clear()  # the image has the opening deposits, too
    for row in rows:
        _take(engine, row)
    engine.counters.next_settlement_ms = settlement.next_after(engine.now_ms)
    for account in engine.accounts.values():
        for position in account.positions.values():
            engine.hold(account, position)
        for order in account.live.values():
            _put_back(engine, account, order)
    for primary_id in list(engine.links.slots):
        primary = _find(engine, primary_id)
        if primary is None or primary.filled_amount or not primary.is_live:
            engine.schedule_children(primary_id, engine.now_ms)
    engine.changes.clear()


def _take(engine: Engine, row: Row) -> None:
    match row:
        case Counters():
            engine.adopt_counters(row)
        case MarketMark():
            market = engine.markets.get(row.instrument_name)
            if market is not None:
                market.resume(row, engine.now_ms)
        case PublicTrade():
            pass  # the tape starts anew
        case Order() | Trade() | Position() | Wallet() | LedgerRow() | TriggerRow():
            if getattr(row, "instrument_name", None) in {None, *engine.markets}:
                _take_account_row(engine.open_account(row.account, deposits={}), row)


def _take_account_row(account: Account, row: Order | Trade | Position | Wallet | LedgerRow | TriggerRow) -> None:
    archive = account.archive
    match row:
        case Order():
            account.live.pop(row.order_id, None)
            if row.is_live:
                account.live[row.order_id] = row
            else:
                archive.forget(row.order_id)
                archive.close(row)
        case Trade():
            archive.trades.append(row)
        case LedgerRow():
            archive.ledger.append(row)
        case TriggerRow():
            archive.trigger_rows.append(row)
        case Position():
            account.positions[row.instrument_name] = row
        case Wallet():
            account.wallets[row.currency] = row


def _put_back(engine: Engine, account: Account, order: Order) -> None:
    """A live order takes its place again: in a slot, among the triggers, or on the book."""
    market = engine.markets[order.instrument_name]
    if order.is_dormant:
        engine.links.slots.setdefault(order.primary_order_id or "", []).append(order)
        return
    engine.links.join(order)
    if order.order_state == "untriggered":
        market.triggers.add(order)
    elif order.price is not None:
        market.book.side(order.direction).add(order, tick_of(market, order.price))
        account.reserve(order, resting_value(market, order))


def _find(engine: Engine, order_id: str) -> Order | None:
    for account in engine.accounts.values():
        found = account.live.get(order_id) or account.archive.orders.get(order_id)
        if found is not None:
            return found
    return None
