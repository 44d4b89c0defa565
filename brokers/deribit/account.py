"""The account out of Deribit's objects: money, rate limits, ledger, what a key may do."""

from decimal import Decimal
from typing import Any

from brokers.deribit.read import (
    flag,
    mapping,
    number,
    number_or_none,
    number_or_zero,
    objects,
    text,
    text_or_empty,
    whole,
)
from brokers.facts import Portfolio
from brokers.outcomes import AccountSummary, Ledger, RateLimits
from trading.errors import BadInput
from trading.facts import LedgerEntry
from trading.values import Currency, FillId, InstrumentName, Milliseconds, OrderId


def portfolio(raw: dict[str, Any]) -> Portfolio:
    """Read the account in one currency."""
    margin_model = text_or_empty(raw, "margin_model")
    equity = number(raw, "equity")
    margin_balance = number_or_none(raw, "margin_balance")
    return Portfolio(
        currency=Currency(text(raw, "currency").upper()),
        balance=number(raw, "balance"),
        equity=equity,
        margin_balance=equity if margin_balance is None else margin_balance,
        available_funds=number_or_zero(raw, "available_funds"),
        initial_margin=number_or_zero(raw, "initial_margin"),
        maintenance_margin=number_or_zero(raw, "maintenance_margin"),
        session_rpl=number_or_zero(raw, "session_rpl"),
        session_upl=number_or_zero(raw, "session_upl"),
        margin_model=margin_model,
        is_cross=margin_model.startswith("cross") or flag(raw, "cross_collateral_enabled"),
        total_equity_usd=number_or_none(raw, "total_equity_usd"),
    )


def summary(raw: object, currency: Currency) -> AccountSummary:
    """Read an account summary; limits nobody can read count as not stated."""
    found = mapping(raw, "an account summary")
    row = _row(found, currency)
    try:
        stated = limits(row.get("limits"))
    except BadInput:
        stated = None
    account_id = found.get("id")
    return AccountSummary(
        portfolio=portfolio(row),
        account_id=str(account_id) if isinstance(account_id, int | str) else "",
        limits=stated,
    )


def _row(found: dict[str, Any], currency: Currency) -> dict[str, Any]:
    """Give the currency's own row where all currencies come together, else the object itself."""
    if "summaries" not in found:
        return found
    for row in objects(found["summaries"], "account summaries"):
        if row.get("currency") == currency:
            return row
    raise BadInput(f"no account summary for {currency}", found)


def limits(raw: object) -> RateLimits | None:
    """Read the rate limits in the nested form of today or the flat one of old; where several hold, the least."""
    if raw is None:
        return None
    found = mapping(raw, "limits")
    matching = found.get("matching_engine")
    other = found.get("non_matching_engine")
    if isinstance(matching, dict):
        pairs = list(_pairs(matching.get("trading", matching)))
    else:
        pairs = [(number(found, "matching_engine"), number(found, "matching_engine_burst"))]
    if isinstance(other, dict):
        other_rate, other_burst = number(other, "rate"), number(other, "burst")
    else:
        other_rate, other_burst = number(found, "non_matching_engine"), number(found, "non_matching_engine_burst")
    if not pairs:
        raise BadInput("limits without a rate for trading", raw)
    return RateLimits(
        matching_rate=min(rate for rate, _ in pairs),
        matching_burst=min(burst for _, burst in pairs),
        other_rate=other_rate,
        other_burst=other_burst,
    )


def _pairs(raw: object) -> list[tuple[Decimal, Decimal]]:
    """Collect every (rate, burst) at or one level below an object: one total, or one per currency."""
    if not isinstance(raw, dict):
        return []
    if "rate" in raw:
        return [(number(raw, "rate"), number(raw, "burst"))]
    return [
        (number(inner, "rate"), number(inner, "burst"))
        for inner in raw.values()
        if isinstance(inner, dict) and "rate" in inner
    ]


def ledger(raw: object) -> Ledger:
    """Read a page of the transaction log."""
    found = mapping(raw, "the transaction log")
    continuation = found.get("continuation")
    return Ledger(
        entries=tuple(_entry(item) for item in objects(found.get("logs"), "transaction log")),
        continuation=str(continuation) if isinstance(continuation, int | str) and continuation else None,
    )


def _entry(raw: dict[str, Any]) -> LedgerEntry:
    entry_id = raw.get("id")
    instrument = text_or_empty(raw, "instrument_name")
    order_id, fill_id = text_or_empty(raw, "order_id"), text_or_empty(raw, "trade_id")
    return LedgerEntry(
        entry_id=str(entry_id) if isinstance(entry_id, int | str) else "",
        type=text_or_empty(raw, "type"),
        currency=Currency(text(raw, "currency")),
        instrument=InstrumentName(instrument) if instrument else None,
        change=number_or_zero(raw, "change"),
        balance=number_or_none(raw, "balance"),
        order_id=OrderId(order_id) if order_id else None,
        fill_id=FillId(fill_id) if fill_id else None,
        at=Milliseconds(whole(raw, "timestamp")),
        funding=number_or_zero(raw, "interest_pl"),
        settled=number_or_zero(raw, "session_upl"),
        position=number_or_none(raw, "position"),
    )


# --- what a key may do -------------------------------------------------------------------------------------

NEEDED = ("trade:read_write", "account:read")
"""Placing and reading orders; reading the account and the cancel-on-disconnect switch."""

# Scopes that trading does not need: with them a stolen key can do more than trade badly.
_HARMLESS = {"trade", "connection", "session", "mainaccount", "expires", "ip"}
_LEVELS = {"none": 0, "read": 1, "read_write": 2}
_ALLOWED = {"account": 1, "wallet": 0, "block_trade": 1, "block_rfq": 1, "custody": 0}


def _granted(scopes: tuple[str, ...]) -> dict[str, int]:
    granted: dict[str, int] = {}
    for scope in scopes:
        name, _, level = scope.partition(":")
        # A level we do not know counts as none here and as too much below: both make a person look.
        granted[name] = max(granted.get(name, 0), _LEVELS.get(level, 0))
    return granted


def missing_scopes(scopes: tuple[str, ...], needed: tuple[str, ...] = NEEDED) -> tuple[str, ...]:
    """Give the needed scopes that were not granted; writing includes reading."""
    granted = _granted(scopes)
    return tuple(
        scope for scope in needed if granted.get(scope.partition(":")[0], 0) < _LEVELS[scope.partition(":")[2]]
    )


def excess_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """Give the granted scopes that trading never needs; a scope we do not know counts as one."""
    return tuple(
        scope
        for scope in scopes
        if (name := scope.partition(":")[0]) not in _HARMLESS
        and _LEVELS.get(scope.partition(":")[2], 2) > _ALLOWED.get(name, 0)
    )
