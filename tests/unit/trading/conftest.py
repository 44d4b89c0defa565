"""Two instruments with the figures the exchange gave for them in September 2026."""

from decimal import Decimal

import pytest

from trading.instruments import Instrument
from trading.values import Currency, InstrumentName, InstrumentState, Kind


@pytest.fixture
def btc_inverse() -> Instrument:
    return Instrument(
        name=InstrumentName("BTC-PERPETUAL"),
        kind=Kind.INVERSE,
        base=Currency("BTC"),
        quote=Currency("USD"),
        settlement=Currency("BTC"),
        price_index="btc_usd",
        tick_size=Decimal("0.5"),
        contract_size=Decimal(10),
        min_trade_amount=Decimal(10),
        maker_commission=Decimal("0.00015"),
        taker_commission=Decimal("0.00035"),
        max_leverage=Decimal(50),
        state=InstrumentState.OPEN,
        is_active=True,
    )


@pytest.fixture
def eth_linear() -> Instrument:
    return Instrument(
        name=InstrumentName("ETH_USDC-PERPETUAL"),
        kind=Kind.LINEAR,
        base=Currency("ETH"),
        quote=Currency("USDC"),
        settlement=Currency("USDC"),
        price_index="eth_usdc",
        tick_size=Decimal("0.05"),
        contract_size=Decimal("0.001"),
        min_trade_amount=Decimal("0.001"),
        maker_commission=Decimal("0.00015"),
        taker_commission=Decimal("0.00035"),
        max_leverage=Decimal(50),
        state=InstrumentState.OPEN,
        is_active=True,
    )
