"""What the exchange remembers: orders, trades, positions, wallets, ledger rows.

Plain mutable records; each is one row of an account's image and one line of the journal, so each has a tag.
All times are milliseconds UTC, all money is Decimal. The wire's shapes are made of them in `shapes`.
"""

from decimal import Decimal
from typing import Final

import msgspec

ZERO: Final = Decimal(0)
MARKET_TYPES: Final = frozenset({"market", "stop_market", "take_market"})
TRIGGER_TYPES: Final = frozenset({"stop_limit", "stop_market", "take_limit", "take_market", "trailing_stop"})
LIVE_STATES: Final = frozenset({"open", "untriggered"})


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One leg of an `otoco_config`: an order to be, on the primary's instrument."""

    direction: str
    amount: Decimal
    type: str = "limit"
    label: str = ""
    price: Decimal | None = None
    time_in_force: str = "good_til_cancelled"
    post_only: bool = False
    reject_post_only: bool = False
    reduce_only: bool = False
    trigger: str | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A wish to trade, types checked: what private/buy or private/sell asked for."""

    instrument_name: str
    direction: str
    amount: Decimal
    type: str = "limit"
    label: str = ""
    price: Decimal | None = None
    time_in_force: str = "good_til_cancelled"
    post_only: bool = False
    reject_post_only: bool = False
    reduce_only: bool = False
    display_amount: Decimal | None = None
    trigger: str | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None
    linked_order_type: str | None = None
    trigger_fill_condition: str = "first_hit"
    legs: tuple[Leg, ...] = ()
    mmp: bool = False
    session_id: int = 0  # the socket it came over, for cancel-on-disconnect; 0 = HTTP
    api: bool = True


class Order(msgspec.Struct, kw_only=True, omit_defaults=True, tag="order", tag_field="row"):
    """One order, from acceptance to its end."""

    account: str
    order_id: str
    instrument_name: str
    direction: str
    order_type: str
    order_state: str  # open, filled, rejected, cancelled, untriggered, triggered
    amount: Decimal
    price: Decimal | None  # None: "market_price"
    created_ms: int
    updated_ms: int
    filled_amount: Decimal = ZERO
    average_price: Decimal = ZERO
    filled_value: Decimal = ZERO  # sum of amount/price (inverse) or amount*price (linear): average_price comes of it
    label: str = ""
    time_in_force: str = "good_til_cancelled"
    post_only: bool = False
    reject_post_only: bool = False
    reduce_only: bool = False
    replaced: bool = False
    is_liquidation: bool = False
    mmp: bool = False
    api: bool = True
    risk_reducing: bool = False
    display_amount: Decimal | None = None
    original_order_type: str | None = None
    cancel_reason: str | None = None
    reject_reason: str | None = None  # of a trigger order refused when it fired
    trigger: str | None = None
    trigger_price: Decimal | None = None
    trigger_offset: Decimal | None = None
    trigger_reference_price: Decimal | None = None
    triggered: bool | None = None
    trigger_order_id: str | None = None  # on the order that a trigger sent: the trigger's old id
    linked_order_type: str | None = None
    trigger_fill_condition: str | None = None
    oto_order_ids: tuple[str, ...] = ()
    is_primary_otoco: bool = False
    is_secondary_oto: bool = False
    primary_order_id: str | None = None
    oco_ref: str | None = None
    is_dormant: bool = False  # a child still waiting in its OTO slot
    leg: Leg | None = None  # what a dormant child becomes
    slot_id: str | None = None  # the slot in which a child waited
    session_id: int = 0
    priority: int = 0  # place in the queue at its price

    @property
    def is_live(self) -> bool:
        return self.order_state in LIVE_STATES

    @property
    def remaining(self) -> Decimal:
        return self.amount - self.filled_amount


class Trade(msgspec.Struct, kw_only=True, omit_defaults=True, tag="trade", tag_field="row"):
    """One fill as its owner sees it: `direction` is the owner's own side, a positive fee is a cost."""

    account: str
    trade_id: str
    trade_seq: int
    order_id: str
    instrument_name: str
    timestamp: int
    direction: str
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_currency: str
    profit_loss: Decimal
    liquidity: str  # M or T
    index_price: Decimal
    mark_price: Decimal
    tick_direction: int
    state: str  # of the order, after this trade
    order_type: str
    label: str = ""
    post_only: bool = False
    reduce_only: bool = False
    self_trade: bool = False
    liquidation: str | None = None
    risk_reducing: bool = False
    api: bool = True


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True, tag="print", tag_field="row"):
    """One trade as the public tape shows it; `direction` is the taker's."""

    trade_id: str
    trade_seq: int
    instrument_name: str
    timestamp: int
    direction: str
    price: Decimal
    amount: Decimal
    index_price: Decimal
    mark_price: Decimal
    tick_direction: int
    liquidation: str | None = None


class Position(msgspec.Struct, kw_only=True, omit_defaults=True, tag="position", tag_field="row"):
    """What an account holds of one instrument. `amount` is signed, in the unit of orders (USD or coin)."""

    account: str
    instrument_name: str
    amount: Decimal = ZERO
    cost: Decimal = ZERO  # inverse: signed coins paid (amount/price); linear: signed USDC (amount*price)
    average_price: Decimal = ZERO
    realized_profit_loss: Decimal = ZERO  # of this session, fees left out
    realized_funding: Decimal = ZERO  # of this session
    session_cost: Decimal = ZERO  # cost re-based at the last settlement
    settled: Decimal = ZERO  # paid at settlements already, of what is held now
    funding_index: float = 0.0  # the market's funding counter up to which this position has paid


class Wallet(msgspec.Struct, kw_only=True, omit_defaults=True, tag="wallet", tag_field="row"):
    """One currency of one account. `balance` is cash; the session's results join it at settlement."""

    account: str
    currency: str
    balance: Decimal = ZERO
    session_rpl: Decimal = ZERO  # realised since the last settlement: PnL and funding (fees leave the balance at once)
    deposited: Decimal = ZERO


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="ledger", tag_field="row"):
    """One line of the transaction log."""

    account: str
    id: int
    currency: str
    timestamp: int
    type: str  # trade, settlement, deposit
    cashflow: Decimal
    balance: Decimal
    change: Decimal
    instrument_name: str | None = None
    trade_id: str | None = None
    order_id: str | None = None
    side: str | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    commission: Decimal = ZERO
    position: Decimal | None = None
    profit_loss: Decimal = ZERO
    interest_pl: Decimal = ZERO
    session_upl: Decimal | None = None  # settlements only, as the next three
    session_rpl: Decimal | None = None
    total_interest_pl: Decimal | None = None
    equity: Decimal | None = None


class TriggerRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="trigger", tag_field="row"):
    """One line of the trigger order history."""

    account: str
    timestamp: int
    trigger: str
    trigger_price: Decimal | None
    trigger_order_id: str
    order_id: str  # of the order sent; the trigger's own id before that
    order_state: str  # new, triggered, cancelled, rejected:<reason>
    instrument_name: str
    request: str  # trigger:order, cancel
    direction: str
    price: Decimal | None
    amount: Decimal
    order_type: str
    last_update_timestamp: int
    reduce_only: bool = False
    post_only: bool = False
    label: str = ""
    trigger_offset: Decimal | None = None
    is_secondary_oto: bool = False
    oco_ref: str | None = None


class MarketMark(msgspec.Struct, frozen=True, kw_only=True, tag="market", tag_field="row"):
    """Where a market stood, so that prices go on from there after a restart."""

    instrument_name: str
    timestamp: int
    mid: Decimal
    index: Decimal
    last_price: Decimal
    settlement_price: Decimal
    trade_seq: int
    held: bool = False
    funding_index: float = 0.0
    state: str = "open"


class Counters(msgspec.Struct, kw_only=True, tag="counters", tag_field="row"):
    """The numbers ids are made of. They never go back, not even over a restart."""

    order: int = 81_900_000_000
    trade: int = 445_000_000
    trigger: int = 5_000_000
    slot: int = 10_800_000
    oco: int = 1_000
    ledger: int = 1
    change: int = 90_000_000_000
    priority: int = 1
    now_ms: int = 0
    next_settlement_ms: int = 0


Row = Order | Trade | Position | Wallet | LedgerRow | TriggerRow | MarketMark | Counters
