"""What a signal would become, by what the order manager knows of account and market; and when it becomes nothing."""

from decimal import Decimal
from typing import Any

import pytest

from actors.order_market import Market, OrderSettings
from tests.unit.trading.bracket_facts import NAME, T0
from trading.bracket import Mode, Plan
from trading.errors import Refused
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages.orders import FundsChanged
from trading.signal import Signal
from trading.sizing import Risk, RiskMode
from trading.values import Currency, FillCondition, InstrumentState, Kind, Side, StrategyName, WorkerId

BTC = Currency("BTC")


def _market(equity: str | None, **prices: Decimal | None) -> Market:
    """What is known; ``equity`` None: nothing was told of the account."""
    risk = Risk(mode=RiskMode.PERCENT, value=Decimal(1))
    market = Market(
        OrderSettings(
            owner="me",
            worker=WorkerId("w1"),
            mode=Mode.SEQUENTIAL,
            fill_condition=FillCondition.FIRST_HIT,
            risk=risk,
        )
    )
    given: dict[str, Any] = {"bid": Decimal(63_999), "ask": Decimal(64_001)} | prices
    market.price(
        Ticker(instrument=NAME, last=Decimal(64_000), mark=Decimal(64_000), index=Decimal(64_000), at=T0, **given), T0
    )
    market.instruments[NAME] = Instrument(
        name=NAME,
        kind=Kind.INVERSE,
        base=BTC,
        quote=Currency("USD"),
        settlement=BTC,
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
    if equity is not None:
        market.funds[BTC] = FundsChanged(currency=BTC, equity=Decimal(equity), available=Decimal(equity))
    return market


def _planned(market: Market) -> Plan | Refused:
    signal = Signal(
        strategy=StrategyName("s"),
        instrument=NAME,
        side=Side.BUY,
        entry=None,
        stop=Decimal(63_500),
        target=Decimal(64_500),
        entry_ms=1_000,
        key="k",
        reason="r",
    )
    return market.plan(signal, T0)


def test_with_funds_and_a_price_it_is_sized() -> None:
    plan = _planned(_market("1"))
    assert isinstance(plan, Plan)
    assert plan.amount > 0
    assert plan.entry_until == T0 + 1_000


@pytest.mark.parametrize(
    ("market", "code"),
    [
        (lambda: _market(None), "no_funds_known"),
        (lambda: _market("1", ask=None), "no_funds_known"),
        (lambda: _market("0.0000001"), "lot_too_much"),
    ],
    ids=["nothing told of the account", "nobody sells", "less than the smallest lot"],
)
def test_what_cannot_be_sized_is_refused_and_says_why(market: Any, code: str) -> None:
    refused = _planned(market())
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert refused.sentence
