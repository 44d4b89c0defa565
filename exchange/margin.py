"""Standard margin, segregated by currency: what an account is worth, what its positions and orders tie up.

Initial margin = (rate + slope x coins) x position; orders tie up what the worse of "all buys fill" and "all
sells fill" would need beyond the position. Reduce-only and untriggered orders tie up nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.accounts import Account, booked, result_of, value_of
from exchange.instruments import DECIMALS
from exchange.records import ZERO

if TYPE_CHECKING:
    from exchange.engine import Engine
    from exchange.market import Market

_ONE: Final = Decimal(1)


class Summary(NamedTuple):
    """One currency of an account, rounded as shown."""

    currency: str
    balance: Decimal
    equity: Decimal
    margin_balance: Decimal
    available_funds: Decimal
    available_withdrawal_funds: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    projected_initial_margin: Decimal
    projected_maintenance_margin: Decimal
    open_orders_margin: Decimal
    session_upl: Decimal
    session_rpl: Decimal
    total_pl: Decimal
    delta_total: Decimal
    delta_total_map: dict[str, Decimal]


class PositionView(NamedTuple):
    """All numbers of a position object. `size` is in USD or USDC, `size_currency` in coins; both signed."""

    instrument_name: str
    direction: str
    size: Decimal
    size_currency: Decimal
    average_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    settlement_price: Decimal
    leverage: int
    delta: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    open_orders_margin: Decimal
    floating_profit_loss: Decimal
    total_profit_loss: Decimal
    realized_profit_loss: Decimal
    realized_funding: Decimal
    interest_value: Decimal


class Standing(NamedTuple):
    """An account's standing in one currency, unrounded."""

    equity: Decimal
    position_margin: Decimal
    order_margin: Decimal
    maintenance: Decimal
    session_upl: Decimal
    total_upl: Decimal
    notional: Decimal

    @property
    def available(self) -> Decimal:
        return self.equity - self.position_margin - self.order_margin


def _coins(market: Market, amount: Decimal, value: Decimal) -> Decimal:
    return value if market.spec.is_inverse else amount


def _rates(market: Market, amount: Decimal, value: Decimal) -> tuple[Decimal, Decimal]:
    slope = market.spec.margin_slope * abs(_coins(market, amount, value))
    return market.spec.initial_margin + slope, market.spec.maintenance_margin + slope


def _instrument_margin(
    account: Account, market: Market, extra: tuple[str, Decimal] | None
) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """(position margin, order margin, maintenance, value) of one instrument."""
    name = market.spec.instrument_name
    buys = account.reserved.get((name, "buy"), ZERO)
    sells = account.reserved.get((name, "sell"), ZERO)
    if extra is not None:
        buys, sells = (buys + extra[1], sells) if extra[0] == "buy" else (buys, sells + extra[1])
    amount = account.amount(name)
    if not amount and not buys and not sells:
        return ZERO, ZERO, ZERO, ZERO
    value = value_of(market.spec, amount, market.mark_price) if amount else ZERO
    worst = max(abs(value), abs(value + buys), abs(value - sells))
    initial, maintenance = _rates(market, amount, value)
    held = initial * abs(value)
    return held, initial * worst - held, maintenance * abs(value), abs(value)


def standing(
    engine: Engine, account: Account, currency: str, extra: tuple[str, str, Decimal] | None = None
) -> Standing:
    """Where the account stands; `extra` = (instrument, direction, value) of an order it would like to place."""
    wallet = account.wallets[currency]
    held = ordered = maintenance = session_upl = total_upl = notional = ZERO
    for market in engine.by_currency.get(currency, ()):
        name = market.spec.instrument_name
        wish = (extra[1], extra[2]) if extra is not None and extra[0] == name else None
        margin = _instrument_margin(account, market, wish)
        held += margin[0]
        ordered += margin[1]
        maintenance += margin[2]
        notional += margin[3]
        position = account.positions.get(name)
        if position is not None and position.amount:
            session_upl += result_of(market.spec, position.amount, position.session_cost, market.mark_price)
            total_upl += result_of(market.spec, position.amount, position.cost, market.mark_price)
    equity = wallet.balance + wallet.session_rpl + session_upl
    return Standing(equity, held, ordered, maintenance, session_upl, total_upl, notional)


def account_summary(engine: Engine, account: Account, currency: str) -> Summary:
    """One currency of an account, as its summary shows it."""
    wallet = account.wallets[currency]
    now = standing(engine, account, currency)
    step = _ONE.scaleb(-DECIMALS[currency])
    deltas: dict[str, Decimal] = {}
    for market in engine.by_currency.get(currency, ()):
        amount = account.amount(market.spec.instrument_name)
        if amount:
            coins = _coins(market, amount, value_of(market.spec, amount, market.mark_price))
            index = market.spec.price_index
            deltas[index] = (deltas.get(index, ZERO) + coins).quantize(Decimal("0.00000001"))
    initial = (now.position_margin + now.order_margin).quantize(step)
    equity = now.equity.quantize(step)
    available = max(ZERO, equity - initial)
    return Summary(
        currency=currency,
        balance=wallet.balance.quantize(step),
        equity=equity,
        margin_balance=equity,
        available_funds=available,
        available_withdrawal_funds=max(ZERO, min(available, wallet.balance.quantize(step))),
        initial_margin=initial,
        maintenance_margin=now.maintenance.quantize(step),
        projected_initial_margin=now.position_margin.quantize(step),
        projected_maintenance_margin=now.maintenance.quantize(step),
        open_orders_margin=now.order_margin.quantize(step),
        session_upl=now.session_upl.quantize(step),
        session_rpl=wallet.session_rpl.quantize(step),
        total_pl=(now.total_upl + wallet.session_rpl).quantize(step),
        delta_total=sum(deltas.values(), ZERO),
        delta_total_map=deltas,
    )


def position_view(engine: Engine, account: Account, instrument_name: str) -> PositionView:
    """One position with every number a position object shows."""
    market = engine.markets[instrument_name]
    position = account.position(instrument_name)
    amount, mark = position.amount, market.mark_price
    value = value_of(market.spec, amount, mark)
    held, ordered, maintenance, _ = _instrument_margin(account, market, None)
    coins = _coins(market, amount, value)
    funding = position.realized_funding
    if amount:
        funding -= booked(amount * Decimal(market.funding_index - position.funding_index))
    return PositionView(
        instrument_name=instrument_name,
        direction="buy" if amount > 0 else "sell" if amount < 0 else "zero",
        size=amount if market.spec.is_inverse else booked(value),
        size_currency=booked(coins),
        average_price=position.average_price.quantize(Decimal("0.0001")),
        mark_price=mark,
        index_price=market.index_price,
        settlement_price=market.settlement_price,
        leverage=market.spec.max_leverage,
        delta=booked(coins),
        initial_margin=booked(held),
        maintenance_margin=booked(maintenance),
        open_orders_margin=booked(ordered),
        floating_profit_loss=booked(result_of(market.spec, amount, position.session_cost, mark)),
        total_profit_loss=booked(result_of(market.spec, amount, position.cost, mark)),
        realized_profit_loss=booked(position.realized_profit_loss),
        realized_funding=booked(funding),
        interest_value=market.interest_value,
    )


def margins(engine: Engine, instrument_name: str, amount: Decimal, price: Decimal) -> dict[str, Decimal]:
    """What an order of this size would tie up and cost: private/get_margins."""
    market = engine.markets[instrument_name]
    value = value_of(market.spec, amount, price)
    needed = booked(_rates(market, amount, value)[0] * value)
    maker, taker = booked(value * market.spec.maker_commission), booked(value * market.spec.taker_commission)
    return {
        "buy": needed,
        "sell": needed,
        "buy_taker_fee": taker,
        "sell_taker_fee": taker,
        "buy_maker_fee": maker,
        "sell_maker_fee": maker,
        "min_price": market.min_price,
        "max_price": market.max_price,
    }
