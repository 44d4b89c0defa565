"""Orders, trades and history rows as the wire shows them: which key is there when.

Only keys that Deribit sends in that situation are present; a client has to live with the missing ones, and
this is where it learns to.
"""

from decimal import Decimal
from typing import Any, Final

from exchange.instruments import Spec
from exchange.records import MARKET_TYPES, TRIGGER_TYPES, ZERO, LedgerRow, Order, PublicTrade, Trade, TriggerRow
from exchange.switches import Switches

LIQUIDATION_SHOWN_MS: Final = 3_600_000  # the public tape tells of liquidations an hour later
MARKET_PRICE: Final = "market_price"  # stands for the price of a market order that has not been sent yet
_CENT: Final = Decimal("0.01")
_FINE: Final = Decimal("0.0001")

Wire = dict[str, Any]


def order(entry: Order, spec: Spec, user_id: int, switches: Switches) -> Wire:
    """An order object."""
    shown: Wire = {
        "order_id": entry.order_id,
        "user_id": user_id,
        "instrument_name": entry.instrument_name,
        "direction": entry.direction,
        "order_type": entry.order_type,
        "order_state": entry.order_state,
        "price": MARKET_PRICE if entry.price is None else entry.price,
        "amount": entry.amount,
        "label": entry.label,
        "time_in_force": entry.time_in_force,
        "post_only": entry.post_only,
        "reject_post_only": entry.reject_post_only,
        "reduce_only": entry.reduce_only,
        "mmp": entry.mmp,
        "replaced": entry.replaced,
        "risk_reducing": entry.risk_reducing,
        "is_liquidation": entry.is_liquidation,
        "api": entry.api,
        "web": not entry.api,
        "creation_timestamp": entry.created_ms,
        "last_update_timestamp": entry.updated_ms,
    }
    _fill(shown, entry, spec, switches)
    _kind(shown, entry, switches)
    _condition(shown, entry)
    _links(shown, entry)
    if entry.display_amount is not None:
        shown["display_amount"] = entry.display_amount
        shown["refresh_amount"] = entry.display_amount
    if entry.cancel_reason is not None:
        shown["cancel_reason"] = entry.cancel_reason
    return shown


def _fill(shown: Wire, entry: Order, spec: Spec, switches: Switches) -> None:
    """How much of it has traded. What waits for its trigger shows less than an order in the book."""
    is_trigger = entry.order_type in TRIGGER_TYPES
    waits = entry.order_state in {"untriggered", "triggered"} or (entry.order_state == "cancelled" and is_trigger)
    if entry.is_dormant:
        shown["filled_amount"] = entry.filled_amount
        if not is_trigger:
            shown["average_price"] = ZERO
        return
    if waits and is_trigger and not entry.filled_amount and entry.order_type not in {"stop_limit", "take_limit"}:
        if switches.untriggered_shows_fill == "yes":
            shown["filled_amount"] = shown["average_price"] = ZERO
        return
    shown["filled_amount"] = entry.filled_amount
    shown["average_price"] = average(entry.average_price, spec)
    shown["contracts"] = entry.amount / spec.contract_size


def average(price: Decimal, spec: Spec) -> Decimal:
    """An average price with as many decimals as are shown."""
    return price.quantize(_CENT if spec.tick_size >= Decimal("0.05") else _FINE) if price else ZERO


def _kind(shown: Wire, entry: Order, switches: Switches) -> None:
    if entry.original_order_type is not None:
        shown["original_order_type"] = entry.original_order_type
    if entry.order_type == "market" and switches.market_order_shown_as == "limit":
        shown["order_type"] = "limit"
        shown["original_order_type"] = "market"
    elif entry.order_type == "market_limit":
        shown["order_type"] = "limit"
        shown["original_order_type"] = "market_limit"


def _condition(shown: Wire, entry: Order) -> None:
    """What it waits for, and whether that has come."""
    if entry.triggered is not None:
        shown["triggered"] = entry.triggered
    elif entry.order_type in TRIGGER_TYPES:
        shown["triggered"] = entry.order_state == "triggered"
    for name in ("trigger", "trigger_price", "trigger_offset", "trigger_reference_price", "trigger_order_id"):
        value = getattr(entry, name)
        if value is not None:
            shown[name] = value


def _links(shown: Wire, entry: Order) -> None:
    if entry.trigger_fill_condition is not None:
        shown["trigger_fill_condition"] = entry.trigger_fill_condition
    if entry.oto_order_ids:
        shown["oto_order_ids"] = list(entry.oto_order_ids)
    if entry.is_primary_otoco:
        shown["is_primary_otoco"] = True
    if entry.is_secondary_oto:
        shown["is_secondary_oto"] = True
    if entry.primary_order_id is not None and not entry.is_dormant:
        shown["primary_order_id"] = entry.primary_order_id
    if entry.oco_ref is not None:
        shown["oco_ref"] = entry.oco_ref


def trade(entry: Trade, spec: Spec, switches: Switches) -> Wire:
    """A user trade: `direction` is the owner's own side."""
    order_type = "limit" if entry.order_type == "market_limit" else entry.order_type
    if order_type == "market" and switches.market_order_shown_as == "limit":
        order_type = "limit"
    shown: Wire = {
        "trade_id": entry.trade_id,
        "trade_seq": entry.trade_seq,
        "order_id": entry.order_id,
        "instrument_name": entry.instrument_name,
        "timestamp": entry.timestamp,
        "price": entry.price,
        "amount": entry.amount,
        "contracts": entry.amount / spec.contract_size,
        "direction": entry.direction,
        "liquidity": entry.liquidity,
        "fee": entry.fee,
        "fee_currency": entry.fee_currency,
        "profit_loss": entry.profit_loss,
        "index_price": entry.index_price,
        "mark_price": entry.mark_price,
        "tick_direction": entry.tick_direction,
        "state": entry.state,
        "order_type": order_type,
        "post_only": entry.post_only,
        "reduce_only": entry.reduce_only,
        "mmp": False,
        "risk_reducing": entry.risk_reducing,
        "api": entry.api,
        "self_trade": entry.self_trade,
        "matching_id": None,
    }
    if entry.label:
        shown["label"] = entry.label
    if entry.liquidation is not None:
        shown["liquidation"] = entry.liquidation
    return shown


def public_trade(entry: PublicTrade, spec: Spec, now_ms: int) -> Wire:
    """A trade as everybody sees it: `direction` is the taker's."""
    shown: Wire = {
        "trade_id": entry.trade_id,
        "trade_seq": entry.trade_seq,
        "instrument_name": entry.instrument_name,
        "timestamp": entry.timestamp,
        "price": entry.price,
        "amount": entry.amount,
        "contracts": entry.amount / spec.contract_size,
        "direction": entry.direction,
        "tick_direction": entry.tick_direction,
        "index_price": entry.index_price,
        "mark_price": entry.mark_price,
    }
    if entry.liquidation is not None and now_ms - entry.timestamp >= LIQUIDATION_SHOWN_MS:
        shown["liquidation"] = entry.liquidation
    return shown


def trigger_row(row: TriggerRow) -> Wire:
    """One entry of the trigger order history."""
    order_type = "market" if row.order_type in MARKET_TYPES or row.order_type == "trailing_stop" else "limit"
    shown: Wire = {
        "timestamp": row.timestamp,
        "trigger": row.trigger,
        "trigger_price": row.trigger_price,
        "trigger_order_id": row.trigger_order_id,
        "order_id": row.order_id,
        "order_state": row.order_state,
        "instrument_name": row.instrument_name,
        "request": row.request,
        "direction": row.direction,
        "price": MARKET_PRICE if row.price is None else row.price,
        "amount": row.amount,
        "reduce_only": row.reduce_only,
        "post_only": row.post_only,
        "order_type": order_type,
        "label": row.label,
        "source": "api",
        "last_update_timestamp": row.last_update_timestamp,
    }
    if row.trigger_offset is not None:
        shown["trigger_offset"] = row.trigger_offset
    if row.is_secondary_oto:
        shown["is_secondary_oto"] = True
    if row.oco_ref is not None:
        shown["oco_ref"] = row.oco_ref
    return shown


def ledger_row(row: LedgerRow, user_id: int, username: str, spec: Spec | None) -> Wire:
    """One line of the transaction log."""
    shown: Wire = {
        "id": row.id,
        "user_id": user_id,
        "username": username,
        "user_seq": row.id,
        "currency": row.currency,
        "timestamp": row.timestamp,
        "type": row.type,
        "cashflow": row.cashflow,
        "balance": row.balance,
        "change": row.change,
        "commission": row.commission,
        "interest_pl": row.interest_pl,
        "profit_as_cashflow": False,
        "info": {},
    }
    for name in (
        *("instrument_name", "trade_id", "order_id", "amount", "price", "position"),
        *("session_upl", "session_rpl", "total_interest_pl", "equity"),
    ):
        value = getattr(row, name)
        if value is not None:
            shown[name] = value
    if row.side is not None:
        shown["side"] = row.side
    if spec is not None:
        shown["price_currency"] = spec.quote_currency
        if row.amount is not None:
            shown["contracts"] = row.amount / spec.contract_size
    return shown
