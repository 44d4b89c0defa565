"""Strategies look and wish: the same sights give the same decisions, and wrong parameters are all told at once."""

from decimal import Decimal
from typing import Any

import pytest

from strategies.base import Parameters, Strategy, read_parameters
from strategies.fasttest import Fasttest, FasttestParameters
from strategies.razor import Razor, RazorParameters
from strategies.registry import discover
from trading.errors import ConfigError
from trading.facts import Candle, Ticker
from trading.instruments import Instrument
from trading.values import Currency, InstrumentName, InstrumentState, Kind, Milliseconds, Side

NAME = InstrumentName("BTC-PERPETUAL")
T0 = 1_790_000_000_000 - 1_790_000_000_000 % 60_000
BTC = Instrument(
    name=NAME,
    kind=Kind.INVERSE,
    base=Currency("BTC"),
    quote=Currency("USD"),
    settlement=Currency("BTC"),
    price_index="btc_usd",
    tick_size=Decimal("0.5"),
    contract_size=Decimal(10),
    min_trade_amount=Decimal(10),
    maker_commission=Decimal(0),
    taker_commission=Decimal("0.0005"),
    max_leverage=Decimal(50),
    state=InstrumentState.OPEN,
    is_active=True,
)


def _ticker(bid: int | None = 63999, ask: int | None = 64001) -> Ticker:
    return Ticker(
        instrument=NAME,
        bid=None if bid is None else Decimal(bid),
        ask=None if ask is None else Decimal(ask),
        last=Decimal(64000),
        mark=Decimal(64000),
        index=Decimal(64000),
        at=Milliseconds(T0),
    )


def _candle(minute: int, close: int) -> Candle:
    price = Decimal(close)
    return Candle(
        instrument=NAME,
        minutes=1,
        opened_at=Milliseconds(T0 + minute * 60_000),
        open=price,
        high=price + 5,
        low=price - 5,
        close=price,
        volume=Decimal(1),
    )


def test_every_strategy_is_found_by_its_kind() -> None:
    found = discover()
    assert {"fasttest", "razor"} <= set(found)
    assert all(kind.kind == name for name, kind in found.items())


def test_a_strategy_that_decides_nothing_says_so() -> None:
    bare = Strategy(Parameters())
    bare.learn(_candle(0, 1))
    with pytest.raises(NotImplementedError):
        bare.decide(_ticker(), BTC, Milliseconds(T0))


def test_fasttest_takes_the_sides_in_turn_and_once_in_a_period() -> None:
    strategy = Fasttest(FasttestParameters(every_s=10))
    wishes = [strategy.decide(_ticker(), BTC, Milliseconds(T0 + ms)).wish for ms in (0, 9_999, 10_000)]
    assert all(wish is not None for wish in wishes)
    first, same, following = (wish for wish in wishes if wish is not None)
    assert first.key == same.key != following.key
    assert {first.side, following.side} == {Side.BUY, Side.SELL}
    assert (first.target - first.stop) * first.side.sign > 0


@pytest.mark.parametrize(("bid", "ask"), [(None, 64001), (63999, None)])
def test_fasttest_waits_for_a_price_on_both_sides(bid: int | None, ask: int | None) -> None:
    decision = Fasttest(FasttestParameters()).decide(_ticker(bid, ask), BTC, Milliseconds(T0))
    assert decision.wish is None
    assert [check.is_met for check in decision.checkpoints] == [False]


def _razor(closes: list[int]) -> Razor:
    strategy = Razor(RazorParameters())
    for minute, close in enumerate(closes):
        strategy.learn(_candle(minute, close))
    return strategy


@pytest.mark.parametrize("sign", [1, -1])
def test_razor_buys_a_dip_in_a_rise_and_sells_a_bounce_in_a_fall(sign: int) -> None:
    closes = [64000 + sign * 20 * minute for minute in range(40)]
    closes.append(closes[-1] - sign * 150)
    now = Milliseconds(T0 + 41 * 60_000)
    wish = _razor(closes).decide(_ticker(), BTC, now).wish
    assert wish is not None
    assert wish.side.sign == sign
    assert (wish.target - wish.stop) * sign > 0
    assert wish == _razor(closes).decide(_ticker(), BTC, now).wish, "the same candles, the same wish"


@pytest.mark.parametrize(
    ("closes", "after_min", "missing"),
    [
        ([64000] * 10, 1, "waits for candles"),
        ([64000] * 40, 1, "waits: trend"),
        ([64000 + 20 * minute for minute in range(40)], 1, "waits: dip"),
        ([*(64000 + 20 * minute for minute in range(40)), 64630], 10, "waits: fresh"),
    ],
)
def test_razor_says_which_condition_it_waits_for(closes: list[int], after_min: int, missing: str) -> None:
    now = Milliseconds(T0 + (len(closes) - 1 + after_min) * 60_000)
    decision = _razor(closes).decide(_ticker(), BTC, now)
    assert decision.wish is None
    assert decision.text == missing


def test_razor_waits_for_a_price_and_forgets_no_candle_twice() -> None:
    closes = [*(64000 + 20 * minute for minute in range(40)), 64630]
    strategy = _razor(closes)
    strategy.learn(_candle(3, 1))
    now = Milliseconds(T0 + 41 * 60_000)
    assert strategy.decide(_ticker(ask=None), BTC, now).text == "waits for a price"
    assert strategy.decide(_ticker(), BTC, now).wish is not None


WRONG: list[tuple[type[Parameters], dict[str, Any], int]] = [
    (FasttestParameters, {"stop_bps": 1, "target_bps": 2000, "every_s": 0, "cooldown_s": 0}, 4),
    (FasttestParameters, {"stop_pbs": 1, "every_s": "soon", "target_bps": "NaN"}, 3),
    (FasttestParameters, {"every_s": True}, 1),
    (RazorParameters, {"fast": 30, "slow": 9, "range_length": 1, "stop_ranges": 0}, 3),
]


@pytest.mark.parametrize(("kind", "given", "count"), WRONG)
def test_wrong_parameters_are_all_told_with_their_places(
    kind: type[Parameters], given: dict[str, Any], count: int
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_parameters(kind, given, "strategies.one")
    assert len(refused.value.problems) == count
    assert all(problem.startswith("strategies.one.") for problem in refused.value.problems)


def test_right_parameters_become_typed() -> None:
    made = read_parameters(RazorParameters, {"fast": 5, "stop_ranges": "1.5"}, "s")
    assert made == RazorParameters(fast=5, stop_ranges=Decimal("1.5"))
