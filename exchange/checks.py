"""What an order must satisfy before it may exist: amounts, ticks, types. Each failure has Deribit's code."""

from decimal import Decimal
from typing import Final

from exchange.errors import Refusal, bad_param
from exchange.market import Market
from exchange.records import MARKET_TYPES, TRIGGER_TYPES, Leg, Ticket

Wish = Ticket | Leg

LEGS: Final[dict[str, tuple[int, ...]]] = {
    "one_triggers_other": (1, 2),
    "one_cancels_other": (1,),
    "one_triggers_one_cancels_other": (2,),
}
"""How many legs each kind of linked order takes."""


def check_amount(market: Market, amount: Decimal) -> None:
    """An amount is a whole number of contracts, not less than the least."""
    spec = market.spec
    if not amount.is_finite() or amount <= 0:
        raise Refusal(10021)
    if amount < spec.min_trade_amount:
        raise Refusal(10002)
    if amount % spec.contract_size:
        raise Refusal(10027)
    if amount > spec.typical_amount * 100_000:
        raise Refusal(10021)


def on_tick(market: Market, price: Decimal) -> bool:
    """Is this a price that an order may carry?"""
    return price.is_finite() and 0 < price < market.spec.start_price * 10_000 and not price % market.spec.tick_size


def check_wish(market: Market, wish: Wish) -> None:
    """Everything about a ticket or a leg that can be said without looking at the account or the market."""
    check_amount(market, wish.amount)
    has_limit = wish.type in {"limit", "stop_limit", "take_limit"}
    if has_limit:
        if wish.price is None:
            raise bad_param("price", "value required")
        if not on_tick(market, wish.price):
            raise Refusal(10043)
    elif wish.price is not None:
        raise bad_param("price", f"not allowed with type {wish.type}")
    if wish.type in MARKET_TYPES | {"market_limit", "trailing_stop"} and wish.time_in_force != "good_til_cancelled":
        raise Refusal(11029, data=f"time_in_force is not allowed with type {wish.type}")
    stays = has_limit and wish.time_in_force in {"good_til_cancelled", "good_til_day"}
    if (wish.post_only or wish.reject_post_only) and not stays:
        raise Refusal(11055)
    _check_trigger(market, wish)


def _check_trigger(market: Market, wish: Wish) -> None:
    if wish.type not in TRIGGER_TYPES:
        if wish.trigger is not None or wish.trigger_price is not None or wish.trigger_offset is not None:
            raise bad_param("trigger", f"not allowed with type {wish.type}")
        return
    if wish.trigger is None:
        raise bad_param("trigger", "value required")
    if wish.type == "trailing_stop":
        if wish.trigger_offset is None:
            raise bad_param("trigger_offset", "value required")
        if not wish.trigger_offset.is_finite() or wish.trigger_offset <= 0:
            raise Refusal(11036)
        if wish.trigger_offset % market.spec.tick_size:
            raise Refusal(10044)
        return
    if wish.trigger_price is None:
        raise bad_param("trigger_price", "value required")
    if not on_tick(market, wish.trigger_price):
        raise Refusal(10044)


def check_linked(market: Market, ticket: Ticket) -> None:
    """A linked order names its kind and its legs; one or two legs, as the kind has it."""
    kind, legs = ticket.linked_order_type, len(ticket.legs)
    if kind is None:
        if legs:
            raise bad_param("linked_order_type", "value required with otoco_config")
        return
    if not legs:
        raise bad_param("otoco_config", "value required")
    if legs not in LEGS[kind]:
        raise bad_param("otoco_config", f"wrong number of legs for {kind}")
    for leg in ticket.legs:
        check_wish(market, leg)


def trigger_name(order_type: str, source: str, direction: str) -> str:
    """The letters Deribit puts into the id of an untriggered order: SLTB = stop, last price, buy."""
    kind = "TS" if order_type == "trailing_stop" else "TP" if order_type.startswith("take") else "SL"
    letter = {"index_price": "I", "mark_price": "M"}.get(source, "T")
    return f"{kind}{letter}{'B' if direction == 'buy' else 'S'}"
