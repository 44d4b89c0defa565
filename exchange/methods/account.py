"""Positions, money, margins and locks of the caller's account."""

from decimal import InvalidOperation
from typing import Any, Final

from exchange import margin, shapes_account
from exchange.channels import KINDS
from exchange.errors import Refusal
from exchange.instruments import CURRENCIES
from exchange.methods.registry import ACCOUNT, ACCOUNT_WRITE, INSTRUMENT, READ, Call, method
from exchange.params import Param

_EXTENDED: Final = Param("extended", "flag", default=False)
_SUBACCOUNT: Final = Param("subaccount_id", "integer")


@method("private/get_position", INSTRUMENT, scope=READ)
def get_position(call: Call) -> Any:
    """One instrument; flat when there is nothing."""
    name = call.market.spec.instrument_name
    return shapes_account.position(margin.position_view(call.floor.engine, call.account, name))


@method(
    "private/get_positions",
    Param("currency", choices=(*CURRENCIES, "any"), default="any"),
    Param("kind", choices=KINDS, default="any"),
    _SUBACCOUNT,
    scope=READ,
)
def get_positions(call: Call) -> Any:
    """Those traded since the account was opened; flat ones too."""
    _check_subaccount(call)
    engine, currency = call.floor.engine, call.params["currency"]
    if call.params["kind"] not in {"any", "future"}:
        return []
    return [
        shapes_account.position(margin.position_view(engine, call.account, name))
        for name in call.account.positions
        if currency in {"any", engine.markets[name].spec.settlement_currency}
    ]


def _check_subaccount(call: Call) -> None:
    """There are no accounts below this one."""
    if call.params.get("subaccount_id", call.account.user_id) != call.account.user_id:
        raise Refusal(13021)


def _money(call: Call, currency: str) -> dict[str, Any]:
    row = shapes_account.portfolio(margin.account_summary(call.floor.engine, call.account, currency))
    return row | {"limits": call.floor.credits.limits(), "fee_group": "0", "fees": _fees(call, currency)}


def _fees(call: Call, currency: str) -> list[dict[str, Any]]:
    return [
        {
            "kind": "perpetual",
            "index_name": market.spec.price_index,
            "value": {
                "default": {
                    "type": "fixed",
                    "maker": market.spec.maker_commission,
                    "taker": market.spec.taker_commission,
                }
            },
        }
        for market in call.floor.engine.by_currency.get(currency, ())
    ]


@method(
    "private/get_account_summary",
    Param("currency", required=True, choices=CURRENCIES),
    _SUBACCOUNT,
    _EXTENDED,
    scope=ACCOUNT,
)
def get_account_summary(call: Call) -> Any:
    """One currency, and whose account it is."""
    _check_subaccount(call)
    owner = shapes_account.owner(call.account, extended=call.params["extended"])
    return _money(call, call.params["currency"]) | owner


@method("private/get_account_summaries", _SUBACCOUNT, _EXTENDED, scope=ACCOUNT)
def get_account_summaries(call: Call) -> Any:
    """All currencies."""
    _check_subaccount(call)
    owner = shapes_account.owner(call.account, extended=call.params["extended"])
    return owner | {"summaries": [_money(call, currency) for currency in CURRENCIES]}


@method(
    "private/get_margins",
    INSTRUMENT,
    Param("amount", "number", required=True),
    Param("price", "number", required=True),
    scope=READ,
)
def get_margins(call: Call) -> Any:
    """What an order of this size would tie up."""
    params = call.params
    if params["price"] <= 0:
        raise Refusal(10005)
    try:
        return margin.margins(call.floor.engine, call.market.spec.instrument_name, params["amount"], params["price"])
    except InvalidOperation as error:  # more digits than money has
        raise Refusal(10021) from error


@method("private/get_subaccounts", Param("with_portfolio", "flag", default=False), scope=ACCOUNT)
def get_subaccounts(call: Call) -> Any:
    """The account itself; it has none below."""
    engine, account = call.floor.engine, call.account
    row = shapes_account.owner(account, extended=False) | {
        "login_enabled": True,
        "receive_notifications": False,
        "is_password": True,
        "margin_model": shapes_account.MARGIN_MODEL,
    }
    if call.params["with_portfolio"]:
        row["portfolio"] = {
            currency.lower(): _portfolio_row(margin.account_summary(engine, account, currency))
            for currency in CURRENCIES
        }
    return [row]


def _portfolio_row(summary: margin.Summary) -> dict[str, Any]:
    whole = shapes_account.portfolio(summary)
    names = (
        "currency",
        "balance",
        "equity",
        "margin_balance",
        "maintenance_margin",
        "initial_margin",
        "available_funds",
        "available_withdrawal_funds",
        "additional_reserve",
        "spot_reserve",
    )
    return {name: whole[name] for name in names} | {"currency": summary.currency.lower()}


@method("private/get_user_locks", scope=ACCOUNT)
def get_user_locks(call: Call) -> Any:
    """Which currencies are locked for this account."""
    return [{"currency": currency, "enabled": call.account.is_locked(currency)} for currency in CURRENCIES]


@method(
    "private/set_self_trading_config",
    Param("mode", required=True, choices=("reject_taker", "cancel_maker")),
    Param("extended_to_subaccounts", "flag", required=True),
    Param("block_rfq_self_match_prevention", "flag"),
    scope=ACCOUNT_WRITE,
)
def set_self_trading_config(call: Call) -> Any:
    """What happens when an order would trade with another of the same account."""
    call.account.self_trading_reject_mode = call.params["mode"]
    return "ok"
