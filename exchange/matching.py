"""How an order meets the market: the last checks, taking, resting, and the booking of every fill.

Price first, then the depth of everybody else, then time. A market that trades *through* a resting order fills
it whole; one that only touches its price fills what rests on the other side there.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from exchange.accounts import Account, accrue_funding, average_of, booked, fee_of, fill_position, value_of
from exchange.errors import Refusal
from exchange.margin import standing
from exchange.records import ZERO, LedgerRow, Order, Trade

if TYPE_CHECKING:
    from exchange.engine import Engine
    from exchange.market import Market

OPPOSITE: Final = {"buy": "sell", "sell": "buy"}


def tick_of(market: Market, price: Decimal) -> int:
    """A price in ticks; it must lie on one."""
    return int(price / market.spec.tick_size)


def closable(account: Account, order: Order) -> Decimal:
    """How much of the position an order of this direction can close."""
    amount = account.amount(order.instrument_name)
    return max(ZERO, -amount if order.direction == "buy" else amount)


def prepare(engine: Engine, account: Account, market: Market, order: Order, *, child: bool) -> int:
    """The checks that look at account and market. Returns the limit in ticks; may shrink or slide the order."""
    if order.reduce_only:
        room = closable(account, order)
        if not room:
            raise Refusal(11030, "reduce_direction" if child else "other_reject reduce_direction")
        if order.remaining > room and (order.price is None or not child):
            if engine.switches.reduce_only_oversize == "reject":
                raise Refusal(11030, "other_reject reduce_only_amount")
            order.amount = order.filled_amount + room
    low, high = market.band()
    buying = order.direction == "buy"
    if order.price is None:
        limit = high if buying else low
    elif buying and order.price > high:
        raise Refusal(10007, f"price_too_high {high}")
    elif not buying and order.price < low:
        raise Refusal(10005, f"price_too_low {low}")
    else:
        limit = order.price
    limit_tick = tick_of(market, limit)
    if order.post_only:
        limit_tick = _slide(market, order, limit_tick)
    if not order.reduce_only:
        check_funds(engine, account, market, order, market.price_at(limit_tick))
    if order.time_in_force == "fill_or_kill" and _within(market, order, limit_tick) < order.remaining:
        limit_tick = 0 if buying else 2**62  # nothing is that cheap: it will be cancelled untouched
    return limit_tick


def _slide(market: Market, order: Order, limit_tick: int) -> int:
    """Post-only: never take. A crossing price slides to one tick behind the other side, or is refused."""
    buying = order.direction == "buy"
    edge = market.best_ask_tick - 1 if buying else market.best_bid_tick + 1
    if limit_tick <= edge if buying else limit_tick >= edge:
        return limit_tick
    if order.reject_post_only:
        raise Refusal(11054)
    order.price = market.price_at(edge)
    return edge


def check_funds(engine: Engine, account: Account, market: Market, order: Order, limit: Decimal) -> None:
    """Refuse what the account cannot carry, unless the order does not add to what it carries."""
    spec = market.spec
    price = limit
    if order.price is None or (order.direction == "buy" and limit > market.mark_price):
        price = market.mark_price
    value = value_of(spec, order.remaining, price)
    wish = spec.instrument_name, order.direction, value
    after = standing(engine, account, spec.settlement_currency, wish)
    if after.available >= value * spec.taker_commission:
        return
    before = standing(engine, account, spec.settlement_currency)
    if after.order_margin > before.order_margin:
        raise Refusal(10009)


def _within(market: Market, order: Order, limit_tick: int) -> Decimal:
    """How much rests on the other side up to the limit."""
    buying = order.direction == "buy"
    lots = 0
    for tick, left in market.depth_source.levels(OPPOSITE[order.direction]):
        if tick > limit_tick if buying else tick < limit_tick:
            break
        lots += left
    amount = market.amount_of(lots)
    for tick, resting in market.book.opposite(order.direction):
        if tick > limit_tick if buying else tick < limit_tick:
            break
        if resting.account != order.account:
            amount += resting.remaining
    return amount


def take(engine: Engine, account: Account, market: Market, order: Order, limit_tick: int, now_ms: int) -> str | None:
    """Trade with what rests within the limit. Returns why it had to stop, None when it simply ended."""
    buying = order.direction == "buy"
    made_up = market.depth_source.levels(OPPOSITE[order.direction])
    level = next(made_up, None)
    others = market.book.opposite(order.direction)
    while order.amount > order.filled_amount:
        own = others.best()
        if own is not None and (level is None or (own[0] < level[0] if buying else own[0] > level[0])):
            tick, maker = own
        elif level is not None:
            tick, maker = level[0], None
        else:
            return None
        if tick > limit_tick if buying else tick < limit_tick:
            return None
        amount = order.remaining
        if order.reduce_only:
            amount = min(amount, closable(account, order))
            if not amount:
                return "reduce_direction"
        if maker is None:
            assert level is not None
            offered = market.amount_of(level[1])
            if amount >= offered:
                amount = offered
                level_done = level
                level = next(made_up, None)
                market.depth_source.eat(level_done[0], level_done[1])
            else:
                lots = int(amount / market.spec.contract_size)
                market.depth_source.eat(tick, lots)
                level = tick, level[1] - lots
        elif maker.account == order.account:
            if account.self_trading_reject_mode == "reject_taker":
                return "order_overlap"
            engine.end(account, maker, "cancelled", now_ms, reason="order_overlap")
            continue
        else:
            amount = min(amount, maker.remaining)
            if maker.reduce_only:
                amount = min(amount, closable(engine.accounts[maker.account], maker))
                if not amount:
                    engine.end(engine.accounts[maker.account], maker, "cancelled", now_ms, reason="reduce_direction")
                    continue
        trade(engine, market, order, maker, tick, amount, now_ms)
    return None


def sweep(engine: Engine, market: Market, now_ms: int, sold: Decimal, bought: Decimal) -> None:
    """The market has moved: fill the resting orders it reached. `sold`/`bought`: what takers hit at the best price."""
    depth = market.depth_source
    for direction, hit in (("buy", sold), ("sell", bought)):
        volume = hit
        side = market.book.side(direction)
        reach = depth.ask_tick if direction == "buy" else depth.bid_tick
        front = depth.bid_tick if direction == "buy" else depth.ask_tick
        for _ in range(len(side)):
            best = side.best()
            if best is None:
                break
            tick, order = best
            through = tick > reach if direction == "buy" else tick < reach
            amount = order.remaining
            if not through:
                if tick == reach:
                    there = next(depth.levels(OPPOSITE[direction]), None)
                    offered = market.amount_of(there[1]) if there is not None and there[0] == reach else ZERO
                    amount = min(amount, offered)
                    depth.eat(reach, int(amount / market.spec.contract_size))
                elif tick >= front if direction == "buy" else tick <= front:
                    amount = min(amount, volume)
                    volume -= amount
                else:
                    break
            elif depth.liquidity < 1.0:
                amount = _part(market, amount, depth.liquidity)
            if amount <= 0:
                break
            if order.reduce_only:
                amount = min(amount, closable(engine.accounts[order.account], order))
                if not amount:
                    engine.end(engine.accounts[order.account], order, "cancelled", now_ms, reason="reduce_direction")
                    continue
            trade(engine, market, None, order, tick, amount, now_ms)
            if order.is_live:
                break


def _part(market: Market, amount: Decimal, share: float) -> Decimal:
    lots = int(amount / market.spec.contract_size)
    return market.amount_of(max(1, int(lots * share)))


def trade(
    engine: Engine, market: Market, taker: Order | None, maker: Order | None, tick: int, amount: Decimal, now_ms: int
) -> None:
    """One trade: on the tape, and in the books of whoever of the two is an account's order."""
    direction = taker.direction if taker is not None else OPPOSITE[maker.direction] if maker is not None else "buy"
    liquidation = "T" if taker is not None and taker.is_liquidation else None
    market.trade(now_ms, direction, tick, amount, liquidation)
    if engine.wants_prints:
        engine.changes.prints.append(market.newest_trade)
    engine.changes.moved[market.spec.instrument_name] = market
    for order, liquidity in ((maker, "M"), (taker, "T")):
        if order is not None:
            book_fill(engine, market, order, market.price_at(tick), amount, liquidity, now_ms)


def book_fill(
    engine: Engine, market: Market, order: Order, price: Decimal, amount: Decimal, liquidity: str, now_ms: int
) -> None:
    """An account's side of a trade: position, wallet, order, trade and ledger, then whatever hangs on the order."""
    account, spec = engine.accounts[order.account], market.spec
    position = account.position(spec.instrument_name)
    wallet = account.wallets[spec.settlement_currency]
    signed = amount if order.direction == "buy" else -amount
    funding = accrue_funding(position, market)
    realised, session, paid = fill_position(position, spec, signed, price)
    counts_from_average = engine.switches.trade_result_counts_from == "average"
    if counts_from_average:
        session = realised - paid  # what is told of a trade and what settlements paid are the same money, once
    rate = spec.maker_commission if liquidity == "M" else spec.taker_commission
    if order.is_liquidation:
        rate = spec.liquidation_commission
    fee = fee_of(spec, amount, price, rate)
    wallet.session_rpl += session + funding
    wallet.balance -= fee
    account.safe.clear()
    engine.hold(account, position)
    if order.price is not None and order.priority and not order.reduce_only:
        account.reserve(order, -value_of(spec, amount, order.price))
    order.filled_amount += amount
    order.filled_value += value_of(spec, amount, price)
    order.average_price = average_of(spec, order.filled_amount, order.filled_value)
    order.updated_ms = now_ms
    filled = order.filled_amount >= order.amount
    if filled:
        order.order_state = "filled"
    number, seq, tick_direction = market.newest_numbers
    entry = Trade(
        account=account.name,
        trade_id=f"{spec.id_prefix}{number}",
        trade_seq=seq,
        order_id=order.order_id,
        instrument_name=spec.instrument_name,
        timestamp=now_ms,
        direction=order.direction,
        price=price,
        amount=amount,
        fee=fee,
        fee_currency=spec.settlement_currency,
        profit_loss=realised if counts_from_average else session,
        liquidity=liquidity,
        index_price=market.index_price,
        mark_price=market.mark_price,
        tick_direction=tick_direction,
        state=order.order_state,
        order_type="liquidation" if order.is_liquidation else order.order_type,
        label=order.label,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        liquidation="T" if order.is_liquidation else None,
        risk_reducing=order.risk_reducing,
        api=order.api,
    )
    account.archive.trades.append(entry)
    changes = engine.changes
    changes.trades.append(entry)
    changes.orders[order.order_id] = order
    changes.positions[account.name, spec.instrument_name] = position
    changes.wallets[account.name, spec.settlement_currency] = wallet
    _write_ledger(engine, account, entry, session + funding, funding, position.amount, now_ms)
    if filled and order.priority:
        engine.off_book(market, order)
    if filled:
        engine.retire(account, order, now_ms)
    engine.links.filled(account, market, order, amount, now_ms)


def _write_ledger(
    engine: Engine, account: Account, trade: Trade, cash: Decimal, funding: Decimal, amount: Decimal, now_ms: int
) -> None:
    engine.counters.ledger += 1
    row = LedgerRow(
        account=account.name,
        id=engine.counters.ledger,
        currency=trade.fee_currency,
        timestamp=now_ms,
        type="trade",
        cashflow=booked(cash),
        balance=account.wallets[trade.fee_currency].balance,
        change=booked(-trade.fee),
        instrument_name=trade.instrument_name,
        trade_id=trade.trade_id,
        order_id=trade.order_id,
        side=trade.direction,
        amount=trade.amount,
        price=trade.price,
        commission=trade.fee,
        position=amount,
        profit_loss=trade.profit_loss,
        interest_pl=funding,
    )
    account.archive.ledger.append(row)
    engine.changes.ledger.append(row)
