"""What is traded here: the five perpetuals of the default listing, as Deribit describes an instrument.

Specs change on Deribit several times a year; clients must read them at run time, and these are only
the numbers of one day. A settings file may list others.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec

NEVER_MS: Final = 32_503_708_800_000  # Deribit's expiry of what never expires


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument. `reversed`: amounts in USD, PnL in coin. `linear`: amounts in coin, PnL in USDC."""

    instrument_name: str
    instrument_id: int
    instrument_type: Literal["reversed", "linear"]
    base_currency: str
    settlement_currency: str
    quote_currency: str
    price_index: str
    tick_size: Decimal
    contract_size: Decimal
    min_trade_amount: Decimal
    maker_commission: Decimal = Decimal("0.00015")
    taker_commission: Decimal = Decimal("0.00035")
    liquidation_commission: Decimal = Decimal("0.01")
    max_leverage: int = 50
    start_price: Decimal
    initial_margin: Decimal = Decimal("0.02")  # of the position, rising with its size
    maintenance_margin: Decimal = Decimal("0.01")
    margin_slope: Decimal = Decimal("0.00005")  # added to both, per coin of position
    funding_cap: Decimal = Decimal("0.005")  # of the 8 h rate
    typical_amount: Decimal  # what rests on one level of a quiet book
    creation_timestamp: int = 1_534_242_287_000

    @property
    def is_inverse(self) -> bool:
        return self.instrument_type == "reversed"

    @property
    def id_prefix(self) -> str:
        """Order ids of BTC are bare digits; the others carry their settlement currency."""
        return "" if self.settlement_currency == "BTC" else f"{self.settlement_currency}-"


def _usdc(name: str, number: int, tick: str, lot: str, price: str, typical: str, **more: object) -> Spec:
    base = name.removesuffix("_USDC-PERPETUAL")
    fields: dict[str, object] = {
        "instrument_name": name,
        "instrument_id": number,
        "instrument_type": "linear",
        "base_currency": base,
        "quote_currency": "USDC",
        "settlement_currency": "USDC",
        "price_index": f"{base.lower()}_usdc",
        "tick_size": tick,
        "contract_size": lot,
        "min_trade_amount": lot,
        "start_price": price,
        "typical_amount": typical,
        "funding_cap": "0.05",
    }
    return msgspec.convert(fields | more, Spec)


LISTED: Final[tuple[Spec, ...]] = (
    Spec(
        instrument_name="BTC-PERPETUAL",
        instrument_id=210838,
        instrument_type="reversed",
        base_currency="BTC",
        quote_currency="USD",
        settlement_currency="BTC",
        price_index="btc_usd",
        tick_size=Decimal("0.5"),
        contract_size=Decimal(10),
        min_trade_amount=Decimal(10),
        start_price=Decimal(64000),
        typical_amount=Decimal(100_000),
    ),
    Spec(
        instrument_name="ETH-PERPETUAL",
        instrument_id=210839,
        instrument_type="reversed",
        base_currency="ETH",
        quote_currency="USD",
        settlement_currency="ETH",
        price_index="eth_usd",
        tick_size=Decimal("0.05"),
        contract_size=Decimal(1),
        min_trade_amount=Decimal(1),
        start_price=Decimal(2500),
        typical_amount=Decimal(50_000),
        margin_slope=Decimal("0.000004"),
        funding_cap=Decimal("0.01"),
    ),
    _usdc("BTC_USDC-PERPETUAL", 342001, "0.1", "0.0001", "64000", "1.5"),
    _usdc("ETH_USDC-PERPETUAL", 342002, "0.05", "0.001", "2500", "20", margin_slope="0.000004"),
    _usdc(
        "SOL_USDC-PERPETUAL",
        342003,
        "0.001",
        "0.1",
        "150",
        "300",
        margin_slope="0.000005",
        initial_margin="0.04",
        maintenance_margin="0.02",
        max_leverage=25,
    ),
)

CURRENCIES: Final = ("BTC", "ETH", "USDC", "USDT", "EURR")
DECIMALS: Final = {"BTC": 8, "ETH": 6, "USDC": 6, "USDT": 6, "EURR": 6}  # of balances, as shown
