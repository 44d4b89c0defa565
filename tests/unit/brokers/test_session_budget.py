"""The credit budget of a connection: protection always has some left, and the exchange never has to say no."""

from decimal import Decimal

import pytest

from brokers import requests as ask
from brokers.deribit.budget import Pool
from brokers.outcomes import (
    LocalCode,
    Refused,
)
from brokers.requests import (
    CancelOrder,
    PlaceOrder,
)
from tests.unit.brokers.venue import BTC, BUY, Line
from trading.values import (
    Currency,
    LabelText,
    Milliseconds,
    OrderId,
    OrderType,
    Side,
    TriggerSource,
)

STOP = PlaceOrder(
    instrument=BTC,
    side=Side.SELL,
    amount=Decimal(100),
    type=OrderType.STOP_MARKET,
    label=LabelText("tb:w:s:b1:stop"),
    trigger=TriggerSource.MARK_PRICE,
    trigger_price=Decimal("63000.0"),
    reduce_only=True,
)


@pytest.fixture
def line() -> Line:
    ready = Line().connects()
    ready.forgets()
    return ready


def test_entries_stop_at_the_reserve_and_protection_goes_on(line: Line) -> None:
    refs = [line.submits(BUY) for _ in range(12)]
    refused = line.told(Refused)

    assert len(line.venue.asked("private/buy")) == 8  # 16 at once, 8 of them kept
    assert {outcome.code for outcome in refused} == {LocalCode.OVER_BUDGET}
    assert [outcome.ref for outcome in refused] == refs[8:]

    line.forgets()
    for _ in range(4):
        line.submits(STOP)
        line.submits(CancelOrder(order_id=OrderId("1")))
    assert len(line.venue.requests) == 8
    assert line.told(Refused) == []


def test_an_empty_budget_says_when_to_come_back_and_then_lets_through(line: Line) -> None:
    for _ in range(9):
        line.submits(BUY)
    (refused,) = line.told(Refused)
    assert refused.retry_after_ms is not None

    line.waits(refused.retry_after_ms - 1)
    line.submits(BUY)
    assert len(line.told(Refused)) == 2
    line.waits(1)
    line.submits(BUY)

    assert len(line.told(Refused)) == 2


def test_the_accounts_own_limits_are_taken_over(line: Line) -> None:
    richer = {
        "non_matching_engine": {"rate": 20, "burst": 100},
        "matching_engine": {"trading": {"total": {"rate": 30, "burst": 100}}},
    }
    line.venue.answers("private/get_account_summary", {"currency": "BTC", "balance": 1, "equity": 1, "limits": richer})
    line.submits(ask.GetAccountSummary(currency=Currency("BTC")))

    for _ in range(80):
        line.submits(BUY)

    assert len(line.venue.asked("private/buy")) == 72  # 80 at once, 8 of them kept


def test_when_the_exchange_says_too_many_requests_nothing_more_goes_out(line: Line) -> None:
    line.venue.refuses("private/buy", 10028, "too_many_requests")
    line.submits(BUY)
    line.submits(CancelOrder(order_id=OrderId("1")))

    assert [outcome.code for outcome in line.told(Refused)] == [10028, LocalCode.OVER_BUDGET]


def test_a_new_connection_does_not_refill_the_credit(line: Line) -> None:
    for _ in range(8):
        line.submits(BUY)
    line.transport.cut("network")
    line.connects()
    line.forgets()

    line.submits(BUY)

    assert [outcome.code for outcome in line.told(Refused)] == [LocalCode.OVER_BUDGET]


def test_a_day_of_steady_requests_never_exceeds_the_rate(line: Line) -> None:
    budget = line.broker._session.line.budget
    start = line.now
    granted = sum(
        budget.take(Pool.MATCHING, Milliseconds(start + at), protects=False) is None for at in range(0, 3_600_000, 100)
    )

    assert granted <= 3_600 * 4 + 8
