"""The daily settlement at 08:00 UTC: trading rests for seconds, the session's results become cash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.accounts import Account, accrue_funding, booked, result_of, value_of
from exchange.bars import DAY_MS, DAY_OPENS_MS
from exchange.margin import standing
from exchange.records import ZERO, LedgerRow

if TYPE_CHECKING:
    from exchange.engine import Engine
    from exchange.market import Market

PAUSE_MS: Final = 5_000


def next_after(now_ms: int) -> int:
    """The first 08:00 UTC after this moment."""
    return now_ms + DAY_MS - (now_ms - DAY_OPENS_MS) % DAY_MS


def begin(engine: Engine, now_ms: int) -> None:
    """Trading stops, orders good for the day end, sessions are paid out."""
    engine.counters.next_settlement_ms = next_after(now_ms)
    for name, market in engine.markets.items():
        if market.state == "open":
            engine.set_state(name, "settlement", now_ms)
    for account in engine.accounts.values():
        engine.cancel_where(account, lambda order: order.time_in_force == "good_til_day", now_ms, reason="settlement")
        for market in engine.markets.values():
            _pay_position(engine, account, market, now_ms)
        for wallet in account.wallets.values():
            if wallet.session_rpl:
                wallet.balance += wallet.session_rpl
                wallet.session_rpl = ZERO
                engine.changes.wallets[account.name, wallet.currency] = wallet
        account.safe.clear()
    for market in engine.markets.values():
        market.settlement_price = market.mark_price


def _pay_position(engine: Engine, account: Account, market: Market, now_ms: int) -> None:
    """The unrealised result since the last settlement is realised; the average price stays."""
    position = account.positions.get(market.spec.instrument_name)
    if position is None or not (position.amount or position.realized_profit_loss or position.realized_funding):
        return
    currency = market.spec.settlement_currency
    wallet = account.wallets[currency]
    funding = accrue_funding(position, market)
    upl = booked(result_of(market.spec, position.amount, position.session_cost, market.mark_price))
    rpl = position.realized_profit_loss
    wallet.session_rpl += upl + funding
    position.settled += upl
    position.session_cost = value_of(market.spec, position.amount, market.mark_price)
    interest, position.realized_funding = position.realized_funding, ZERO
    position.realized_profit_loss = ZERO
    engine.counters.ledger += 1
    row = LedgerRow(
        account=account.name,
        id=engine.counters.ledger,
        currency=currency,
        timestamp=now_ms,
        type="settlement",
        cashflow=upl + rpl + interest,
        balance=wallet.balance + wallet.session_rpl,
        change=upl + rpl + interest,
        instrument_name=market.spec.instrument_name,
        side="long" if position.amount > 0 else "short" if position.amount < 0 else "-",
        amount=abs(position.amount),
        price=market.mark_price,
        position=position.amount,
        profit_loss=upl,
        interest_pl=funding,
        session_upl=upl,
        session_rpl=rpl + interest,
        total_interest_pl=interest,
        equity=booked(standing(engine, account, currency).equity),
    )
    account.archive.ledger.append(row)
    engine.changes.ledger.append(row)
    engine.changes.positions[account.name, position.instrument_name] = position
    engine.changes.wallets[account.name, currency] = wallet


def end(engine: Engine, now_ms: int) -> None:
    """Trading goes on; what the pause moved past is caught up with."""
    for name, market in engine.markets.items():
        if market.state == "settlement":
            engine.set_state(name, "open", now_ms)
