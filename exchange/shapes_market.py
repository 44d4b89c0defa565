"""Instruments, tickers, books, bars and summaries as the wire shows them."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from exchange.bars import Bar
from exchange.instruments import NEVER_MS, Spec
from exchange.market import Level, Market
from exchange.records import ZERO

Wire = dict[str, Any]
Stats = dict[str, Decimal | None]

_WHOLE_DEPTH: Final = 10_000


def instrument(market: Market) -> Wire:
    """An instrument object. A perpetual's steps of the tick size are none."""
    spec = market.spec
    return {
        "instrument_name": spec.instrument_name,
        "instrument_id": spec.instrument_id,
        "kind": "future",
        "instrument_type": spec.instrument_type,
        "future_type": spec.instrument_type,
        "base_currency": spec.base_currency,
        "quote_currency": spec.quote_currency,
        "counter_currency": spec.quote_currency,
        "settlement_currency": spec.settlement_currency,
        "settlement_period": "perpetual",
        "price_index": spec.price_index,
        "index_id": spec.instrument_id % 100,
        "tick_size": spec.tick_size,
        "tick_size_steps": [],
        "contract_size": spec.contract_size,
        "min_trade_amount": spec.min_trade_amount,
        "qty_tick_size": spec.contract_size,
        "lot_size": 1,
        "maker_commission": spec.maker_commission,
        "taker_commission": spec.taker_commission,
        "max_liquidation_commission": spec.liquidation_commission,
        "block_trade_commission": spec.taker_commission,
        "block_trade_min_trade_amount": spec.min_trade_amount * 10_000,
        "block_trade_tick_size": spec.tick_size,
        "max_leverage": spec.max_leverage,
        "is_active": True,
        "state": market.state,
        "expiration_timestamp": NEVER_MS,
        "creation_timestamp": spec.creation_timestamp,
        "product_group": "perpetual",
        "underlying_type": "future",
    }


def _top(level: Level | None) -> tuple[Decimal | None, Decimal]:
    """Price and amount of the best level; an empty side is null and 0."""
    return (None, ZERO) if level is None else level


def _best(market: Market) -> tuple[Decimal | None, Decimal, Decimal | None, Decimal]:
    """Best bid with its amount, best ask with its amount. Straight from the depth where nobody has more to offer."""
    depth, book = market.depth_source, market.book
    own_bid, own_ask = book.bids.best(), book.asks.best()
    bid_lots = depth.lots(depth.bid_tick, 0) if own_bid is None or own_bid[0] < depth.bid_tick else 0
    ask_lots = depth.lots(depth.ask_tick, 0) if own_ask is None or own_ask[0] > depth.ask_tick else 0
    if bid_lots > 0 and ask_lots > 0:
        return (
            market.price_at(depth.bid_tick),
            market.amount_of(bid_lots),
            market.price_at(depth.ask_tick),
            market.amount_of(ask_lots),
        )
    return *_top(market.best_bid), *_top(market.best_ask)


def ticker(market: Market, stats: Stats | None = None) -> Wire:
    """What public/ticker and the ticker channels say. `stats`: the day's, when they are already known."""
    bid_price, bid_amount, ask_price, ask_amount = _best(market)
    low, high = market.band()
    index_price = market.index_price
    return {
        "timestamp": market.now_ms,
        "instrument_name": market.spec.instrument_name,
        "state": market.state,
        "stats": market.stats() if stats is None else stats,
        "open_interest": market.open_interest,
        "best_bid_price": bid_price,
        "best_bid_amount": bid_amount,
        "best_ask_price": ask_price,
        "best_ask_amount": ask_amount,
        "index_price": index_price,
        "min_price": low,
        "max_price": high,
        "mark_price": market.mark_price,
        "last_price": market.last_price,
        "settlement_price": market.settlement_price,
        "estimated_delivery_price": index_price,
        "funding_8h": market.funding_8h,
        "current_funding": market.current_funding,
        "interest_value": market.interest_value,
    }


def quote(market: Market) -> Wire:
    """The best of both sides."""
    bid_price, bid_amount, ask_price, ask_amount = _best(market)
    return {
        "timestamp": market.now_ms,
        "instrument_name": market.spec.instrument_name,
        "best_bid_price": bid_price,
        "best_bid_amount": bid_amount,
        "best_ask_price": ask_price,
        "best_ask_amount": ask_amount,
    }


def side(market: Market, name: str, levels: int = _WHOLE_DEPTH, group: Decimal | None = None) -> list[list[Decimal]]:
    """`bids` or `asks`, best first; `group` gathers levels into steps of the price."""
    if group is None:
        return [[price, amount] for price, amount in market.depth(name, levels)]
    rounding = ROUND_FLOOR if name == "bids" else ROUND_CEILING
    gathered: dict[Decimal, Decimal] = {}
    for price, amount in market.depth(name, _WHOLE_DEPTH):
        step = (price / group).to_integral_value(rounding) * group
        if step not in gathered and len(gathered) == levels:
            break
        gathered[step] = gathered.get(step, ZERO) + amount
    return [[price, amount] for price, amount in gathered.items()]


def order_book(market: Market, depth: int) -> Wire:
    """The ticker and the levels."""
    return ticker(market) | {
        "change_id": market.change_id,
        "bids": side(market, "bids", depth),
        "asks": side(market, "asks", depth),
    }


def book_summary(market: Market) -> Wire:
    """One row of the book summary."""
    seen = ticker(market)
    bid, ask = seen["best_bid_price"], seen["best_ask_price"]
    stats = seen["stats"]
    return {
        "instrument_name": market.spec.instrument_name,
        "base_currency": market.spec.base_currency,
        "quote_currency": market.spec.quote_currency,
        "high": stats["high"],
        "low": stats["low"],
        "last": seen["last_price"],
        "price_change": stats["price_change"],
        "volume": stats["volume"],
        "volume_usd": stats["volume_usd"],
        "volume_notional": stats["volume_notional"],
        "bid_price": bid,
        "ask_price": ask,
        "mid_price": None if bid is None or ask is None else (bid + ask) / 2,
        "mark_price": seen["mark_price"],
        "open_interest": seen["open_interest"],
        "estimated_delivery_price": seen["estimated_delivery_price"],
        "funding_8h": seen["funding_8h"],
        "current_funding": seen["current_funding"],
        "creation_timestamp": seen["timestamp"],
    }


def bar(entry: Bar) -> Wire:
    """A bar as the chart channel shows it."""
    return {
        "tick": entry.open_ms,
        "open": entry.open,
        "high": entry.high,
        "low": entry.low,
        "close": entry.close,
        "volume": entry.volume,
        "cost": entry.cost,
    }


def chart(bars: list[Bar]) -> Wire:
    """Bars as parallel lists."""
    return {
        "status": "ok" if bars else "no_data",
        "ticks": [entry.open_ms for entry in bars],
        "open": [entry.open for entry in bars],
        "high": [entry.high for entry in bars],
        "low": [entry.low for entry in bars],
        "close": [entry.close for entry in bars],
        "volume": [entry.volume for entry in bars],
        "cost": [entry.cost for entry in bars],
    }


def price_index(market: Market) -> Wire:
    """Where an index stands."""
    return {"timestamp": market.now_ms, "price": market.index_price, "index_name": market.spec.price_index}


def perpetual(market: Market) -> Wire:
    """Index and funding."""
    return {"timestamp": market.now_ms, "index_price": market.index_price, "interest": market.current_funding}


def instrument_state(market: Market, now_ms: int) -> Wire:
    """Whether an instrument trades."""
    return {"timestamp": now_ms, "instrument_name": market.spec.instrument_name, "state": market.state}


def base_coins(spec: Spec, amount: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
    """(volume in base coins, cost in quote currency) of one trade."""
    return (amount / price, amount) if spec.is_inverse else (amount, amount * price)
