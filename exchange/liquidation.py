"""What happens to an account that can no longer carry its positions: orders cancelled, positions cut in steps.

Looking costs time on every move, so each look leaves two mark prices behind between which nothing can happen.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Final

from exchange.accounts import booked, value_of
from exchange.margin import Standing, standing
from exchange.records import Order

if TYPE_CHECKING:
    from exchange.accounts import Account
    from exchange.engine import Engine
    from exchange.market import Market

_CUTS: Final = (4, 3, 2, 1)  # a quarter of the position, then a third of what is left, a half, all


def look(engine: Engine, market: Market, holders: list[Account], now_ms: int) -> None:
    """Liquidate those of the holders whose margin is gone."""
    name, mark = market.spec.instrument_name, market.mark
    for account in holders:
        safe = account.safe.get(name)
        if safe is not None and safe[0] < mark < safe[1]:
            continue
        now = standing(engine, account, market.spec.settlement_currency)
        if now.equity < now.maintenance:
            _liquidate(engine, account, market, now_ms)
        elif now.notional:
            room = float((now.equity - now.maintenance) / now.notional) / 2
            account.safe[name] = mark * (1 - min(room, 0.5)), mark * (1 + min(room, 0.5))


def _liquidate(engine: Engine, account: Account, market: Market, now_ms: int) -> None:
    currency = market.spec.settlement_currency
    _tell(engine, account, currency, "liquidation_started", now_ms)
    markets = engine.by_currency[currency]
    names = {one.spec.instrument_name for one in markets}
    engine.cancel_where(account, lambda order: order.instrument_name in names, now_ms, reason="autoliquidation")
    for one in sorted(markets, key=lambda one: _weight(account, one), reverse=True):
        for parts in _CUTS:
            now = standing(engine, account, currency)
            if now.equity >= now.maintenance or not account.amount(one.spec.instrument_name):
                break
            _cut(engine, account, one, parts, now_ms)
    _tell(engine, account, currency, "liquidation_completed", now_ms)


def _weight(account: Account, market: Market) -> Decimal:
    return abs(value_of(market.spec, account.amount(market.spec.instrument_name), market.mark_price))


def _cut(engine: Engine, account: Account, market: Market, parts: int, now_ms: int) -> None:
    """Sell (or buy back) one of so many parts of the position at market."""
    spec = market.spec
    amount = account.amount(spec.instrument_name)
    lots = (abs(amount) / parts / spec.contract_size).to_integral_value(ROUND_CEILING)
    order = Order(
        account=account.name,
        order_id="",
        instrument_name=spec.instrument_name,
        direction="sell" if amount > 0 else "buy",
        order_type="market",
        order_state="open",
        amount=min(lots * spec.contract_size, abs(amount)),
        price=None,
        created_ms=now_ms,
        updated_ms=now_ms,
        reduce_only=True,
        is_liquidation=True,
        api=False,
    )
    order.order_id = engine.numbering.order_id(market, order.order_type, order.direction)
    engine.enter(account, market, order, now_ms, child=True)


def _tell(engine: Engine, account: Account, currency: str, state: str, now_ms: int) -> None:
    now: Standing = standing(engine, account, currency)
    engine.changes.liquidations.append(
        {
            "account": account.name,
            "state": state,
            "user_id": account.user_id,
            "currency": currency,
            "margin_balance": booked(now.equity),
            "equity": booked(now.equity),
            "maintenance_margin": booked(now.maintenance),
            "initial_margin": booked(now.position_margin),
            "timestamp": now_ms,
        }
    )
