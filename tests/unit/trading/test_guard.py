"""Every refusal of the guard, once, in its order of importance."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from trading.errors import Refused
from trading.facts import Ticker
from trading.guard import GuardCode, Standing, refusal
from trading.instruments import Instrument
from trading.signal import Signal
from trading.values import Currency, InstrumentName, Kind, Milliseconds, Side, StrategyName

NAME = InstrumentName("BTC-PERPETUAL")
NOON = Milliseconds(1_790_000_000_000 - 1_790_000_000_000 % 86_400_000 + 43_200_000)
TICKER = Ticker(
    instrument=NAME,
    bid=Decimal(63999),
    ask=Decimal(64001),
    last=Decimal(64000),
    mark=Decimal(64000),
    index=Decimal(64000),
    at=NOON,
)


@pytest.fixture
def standing(btc_inverse: Instrument) -> Standing:
    return Standing(
        now=NOON,
        halt=None,
        is_up=True,
        is_reconciled=True,
        store_works=True,
        quarantined=None,
        orphans=0,
        taken_by=None,
        held=Decimal(0),
        instrument=btc_inverse,
        ticker=TICKER,
    )


def _signal(**fields: Any) -> Signal:
    given: dict[str, Any] = {"entry": None, "stop": Decimal(63500), "target": Decimal(64500), "side": Side.BUY} | fields
    return Signal(strategy=StrategyName("s"), instrument=NAME, entry_ms=1000, key="k", reason="r", **given)


def test_what_has_no_reason_against_it_may_open(standing: Standing) -> None:
    assert refusal(_signal(), standing) is None
    assert refusal(_signal(side=Side.SELL, stop=Decimal(64500), target=Decimal(63500)), standing) is None


EIGHT = NOON - 4 * 3_600_000
STANDINGS: list[tuple[GuardCode, dict[str, Any]]] = [
    (GuardCode.HALTED, {"halt": "holiday"}),
    (GuardCode.DISCONNECTED, {"is_up": False}),
    (GuardCode.NOT_RECONCILED, {"is_reconciled": False}),
    (GuardCode.STORE_FAILING, {"store_works": False}),
    (GuardCode.QUARANTINED, {"quarantined": "look at it"}),
    (GuardCode.ORPHANS_KNOWN, {"orphans": 1}),
    (GuardCode.INSTRUMENT_TAKEN, {"taken_by": "b"}),
    (GuardCode.POSITION_HELD, {"held": Decimal(-10)}),
    (GuardCode.SETTLEMENT_NEAR, {"now": EIGHT - 10_000}),
    (GuardCode.SETTLEMENT_NEAR, {"now": EIGHT + 30_000}),
    (GuardCode.INSTRUMENT_UNKNOWN, {"instrument": None}),
    (GuardCode.NO_PRICE, {"ticker": None}),
    (GuardCode.STALE_PRICE, {"now": NOON + 10_001}),
    (GuardCode.NO_PRICE, {"ticker": replace(TICKER, ask=None)}),
    (GuardCode.WRONG_SIDE, {"ticker": replace(TICKER, mark=Decimal(63400))}),
]


@pytest.mark.parametrize(("code", "so"), STANDINGS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(STANDINGS)])
def test_the_standing_that_forbids_it_is_named(standing: Standing, code: GuardCode, so: dict[str, Any]) -> None:
    answer = refusal(_signal(), replace(standing, **so))
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert answer.sentence


SIGNALS: list[tuple[GuardCode, dict[str, Any]]] = [
    (GuardCode.OFF_TICK, {"stop": Decimal("63500.3")}),
    (GuardCode.OFF_TICK, {"entry": Decimal("64000.3")}),
    (GuardCode.OFF_TICK, {"target": Decimal("NaN")}),
    (GuardCode.OFF_TICK, {"stop": Decimal(0)}),
    (GuardCode.WRONG_SIDE, {"stop": Decimal(64100)}),
    (GuardCode.WRONG_SIDE, {"target": Decimal(63900)}),
]


@pytest.mark.parametrize(("code", "so"), SIGNALS, ids=[f"{code}-{n}" for n, (code, _) in enumerate(SIGNALS)])
def test_the_price_that_is_wrong_is_named(standing: Standing, code: GuardCode, so: dict[str, Any]) -> None:
    answer = refusal(_signal(**so), standing)
    assert isinstance(answer, Refused)
    assert answer.code == code


def test_an_instrument_that_is_closed_opens_nothing(standing: Standing, btc_inverse: Instrument) -> None:
    closed = replace(btc_inverse, is_active=False)
    answer = refusal(_signal(), replace(standing, instrument=closed))
    assert isinstance(answer, Refused)
    assert answer.code == GuardCode.INSTRUMENT_CLOSED


def test_what_matters_most_is_said_first(standing: Standing) -> None:
    worst = replace(standing, halt="all", is_up=False, held=Decimal(1), ticker=None)
    answer = refusal(_signal(), worst)
    assert isinstance(answer, Refused)
    assert answer.code == GuardCode.HALTED


def test_the_fixture_is_what_it_says(btc_inverse: Instrument) -> None:
    assert (btc_inverse.kind, btc_inverse.settlement) == (Kind.INVERSE, Currency("BTC"))
