"""Positions and account summaries as the wire shows them: segregated standard margin, one row per currency."""

from typing import Any, Final

from exchange.accounts import Account
from exchange.margin import PositionView, Summary
from exchange.records import ZERO

Wire = dict[str, Any]

MARGIN_MODEL: Final = "segregated_sm"
_OPENED_MS: Final = 1_534_242_287_000


def position(view: PositionView) -> Wire:
    """A position object; flat is direction "zero" with everything 0."""
    return {"kind": "future", "estimated_liquidation_price": None} | view._asdict()


def portfolio(summary: Summary) -> Wire:
    """What user.portfolio says of one currency; the core of every account summary."""
    no_options: Wire = dict.fromkeys(
        (
            "options_value",
            "options_pl",
            "options_delta",
            "options_gamma",
            "options_theta",
            "options_vega",
            "options_session_rpl",
            "options_session_upl",
            "fee_balance",
            "spot_reserve",
            "additional_reserve",
            "locked_balance",
        ),
        ZERO,
    )
    return no_options | {
        "currency": summary.currency,
        "balance": summary.balance,
        "equity": summary.equity,
        "margin_balance": summary.margin_balance,
        "available_funds": summary.available_funds,
        "available_withdrawal_funds": summary.available_withdrawal_funds,
        "initial_margin": summary.initial_margin,
        "maintenance_margin": summary.maintenance_margin,
        "projected_initial_margin": summary.projected_initial_margin,
        "projected_maintenance_margin": summary.projected_maintenance_margin,
        "session_upl": summary.session_upl,
        "session_rpl": summary.session_rpl,
        "futures_session_upl": summary.session_upl,
        "futures_session_rpl": summary.session_rpl,
        "futures_pl": summary.total_pl,
        "total_pl": summary.total_pl,
        "delta_total": summary.delta_total,
        "delta_total_map": summary.delta_total_map,
        "projected_delta_total": summary.delta_total,
        "options_gamma_map": {},
        "options_theta_map": {},
        "options_vega_map": {},
        "margin_model": MARGIN_MODEL,
        "portfolio_margining_enabled": False,
        "cross_collateral_enabled": False,
    }


def owner(account: Account, *, extended: bool) -> Wire:
    """Whose account it is. Not `extended`: only what every summary carries."""
    core: Wire = {
        "id": account.user_id,
        "username": account.name,
        "system_name": account.name,
        "email": f"{account.name}@example.com",
        "type": "main",
        "security_keys_enabled": False,
    }
    if not extended:
        return core
    return core | {
        "creation_timestamp": _OPENED_MS,
        "login_enabled": True,
        "mmp_enabled": False,
        "interuser_transfers_enabled": False,
        "receive_notifications": False,
        "referrer_id": None,
        "self_trading_reject_mode": account.self_trading_reject_mode,
        "self_trading_extended_to_subaccounts": False,
        "block_rfq_self_match_prevention": True,
        "trading_products_details": [
            {"product": "perpetual", "enabled": True, "overwriteable": False, "required": True}
        ],
    }
