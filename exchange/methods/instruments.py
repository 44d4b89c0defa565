"""What is traded here: instruments, currencies, indexes, announcements."""

from typing import Any, Final

from exchange import shapes_market
from exchange.channels import KINDS, indexes
from exchange.credits import INSTRUMENTS
from exchange.errors import bad_param
from exchange.instruments import CURRENCIES, DECIMALS
from exchange.market import Market
from exchange.methods.registry import INSTRUMENT, Call, method
from exchange.params import Param
from exchange.records import ZERO

_NAMES: Final = {"BTC": "Bitcoin", "ETH": "Ethereum", "USDC": "USD Coin", "USDT": "Tether USD", "EURR": "StablR Euro"}
INDEX: Final = Param("index_name", required=True)


@method(
    "public/get_instruments",
    Param("currency", choices=(*CURRENCIES, "any"), default="any"),
    Param("kind", choices=KINDS),
    Param("expired", "flag", default=False),
    bucket=INSTRUMENTS,
)
def get_instruments(call: Call) -> Any:
    """The settlement currency decides which currency an instrument belongs to."""
    if call.params.get("expired") or call.params.get("kind", "future") not in {"future", "any"}:
        return []
    return [shapes_market.instrument(market) for market in of_currency(call, call.params["currency"])]


def of_currency(call: Call, currency: str) -> list[Market]:
    """The markets that settle in this currency, or all of them."""
    return [
        market for market in call.floor.engine.markets.values() if currency in {"any", market.spec.settlement_currency}
    ]


@method("public/get_instrument", INSTRUMENT)
def get_instrument(call: Call) -> Any:
    """One instrument."""
    return shapes_market.instrument(call.market)


@method("public/get_contract_size", INSTRUMENT)
def get_contract_size(call: Call) -> Any:
    """What one contract is, in the unit of amounts."""
    return {"contract_size": call.market.spec.contract_size}


@method("public/get_currencies")
def get_currencies(_call: Call) -> Any:
    """Nothing can be withdrawn here, so that costs nothing."""
    return [
        {
            "currency": currency,
            "currency_long": _NAMES[currency],
            "coin_type": "BITCOIN" if currency == "BTC" else "ETHER",
            "min_confirmations": 1,
            "min_withdrawal_fee": ZERO,
            "withdrawal_fee": ZERO,
            "withdrawal_priorities": [],
            "in_cross_collateral_pool": False,
            "network_fee": ZERO,
            "network_currency": currency,
            "decimals": DECIMALS[currency],
        }
        for currency in CURRENCIES
    ]


def _index(call: Call) -> Market:
    wanted = call.params["index_name"]
    for market in call.floor.engine.markets.values():
        if market.spec.price_index == wanted:
            return market
    raise bad_param("index_name", "unknown index")


@method("public/get_index_price", INDEX)
def get_index_price(call: Call) -> Any:
    """Where an index stands."""
    price = _index(call).index_price
    return {"index_price": price, "estimated_delivery_price": price}


@method("public/get_index_price_names", Param("extended", "flag", default=False))
def get_index_price_names(call: Call) -> Any:
    """Names alone, or with what may be made of them."""
    names = indexes(call.floor.engine.markets.values())
    if not call.params.get("extended"):
        return list(names)
    return [
        {"name": name, "future_combo_creation_enabled": False, "option_combo_creation_enabled": False} for name in names
    ]


@method("public/get_announcements", Param("start_timestamp", "integer"), Param("count", "integer", least=1, most=50))
def get_announcements(_call: Call) -> Any:
    """There is never any news."""
    return []


@method(
    "public/get_delivery_prices",
    INDEX,
    Param("offset", "integer", least=0, default=0),
    Param("count", "integer", least=1, most=1000, default=10),
)
def get_delivery_prices(call: Call) -> Any:
    """Perpetuals are never delivered."""
    _index(call)
    return {"data": [], "records_total": 0}
