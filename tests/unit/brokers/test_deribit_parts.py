"""The small parts of the adapter: clock, buckets, channels, the table of requests, candles, limits, the registry."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers import registry
from brokers.deribit import account, market
from brokers.deribit.budget import Bucket, Rate
from brokers.deribit.channels import BYTES_MAX, CHANNELS_MAX, chunks
from brokers.deribit.clock import ServerClock
from brokers.deribit.login import Credentials
from brokers.deribit.pending import REMEMBERED_MAX, Errand, Pending, Sent, Standing
from brokers.deribit.settings import Settings
from brokers.inprocess_transport import InProcessTransport
from brokers.requests import CancelOrder, protects
from tests.unit.brokers.venue import BTC, BUY, Venue
from trading.errors import BadInput, ConfigError
from trading.values import Currency, Kind, Milliseconds, OrderId


def ms(value: int) -> Milliseconds:
    return Milliseconds(value)


# --- the exchange's clock ------------------------------------------------------------------------------------


@given(
    ahead_us=st.integers(-(10**12), 10**15),
    trips=st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 5_000), st.integers(0, 400_000)), min_size=1),
)
def test_the_true_time_always_lies_within_the_bounds(ahead_us: int, trips: list[tuple[int, int, int]]) -> None:
    clock = ServerClock()
    local_us = 1_000_000_000

    for out_us, work_us, back_us in trips:
        sent = ms(local_us // 1000)
        came_in = local_us + out_us + ahead_us
        local_us += out_us + work_us + back_us
        clock.sample(sent=sent, received=ms(local_us // 1000), server_in_us=came_in, server_out_us=came_in + work_us)
        now = ms(local_us // 1000)
        at_least, likely, error = clock.at_least(now), clock.now(now), clock.error_ms(now)
        assert at_least is not None
        assert likely is not None
        assert error is not None
        true_ms = (now * 1000 + ahead_us) // 1000
        assert at_least <= true_ms
        assert abs(likely - true_ms) <= error + 1
        local_us += 1_000_000
    assert clock.jumps == 0


def test_a_quick_reply_makes_the_time_more_certain_and_a_slow_one_does_not_make_it_less() -> None:
    clock = ServerClock()
    clock.sample(sent=ms(0), received=ms(400), server_in_us=5_200_000, server_out_us=5_200_000)
    wide = clock.error_ms(ms(400))
    clock.sample(sent=ms(500), received=ms(504), server_in_us=5_502_000, server_out_us=5_502_000)
    narrow = clock.error_ms(ms(504))
    clock.sample(sent=ms(600), received=ms(1_600), server_in_us=5_700_000, server_out_us=5_700_000)

    assert wide is not None
    assert narrow is not None
    assert narrow < 5 < wide
    assert clock.error_ms(ms(1_600)) in {narrow, narrow + 1}


def test_a_clock_that_jumped_is_believed_and_counted() -> None:
    clock = ServerClock()
    clock.sample(sent=ms(0), received=ms(2), server_in_us=1_000, server_out_us=1_000)
    clock.sample(sent=ms(10), received=ms(12), server_in_us=60_011_000, server_out_us=60_011_000)

    assert clock.jumps == 1
    assert clock.now(ms(12)) in {60_011, 60_012, 60_013}


def test_a_sample_that_contradicts_itself_is_left_out() -> None:
    clock = ServerClock()
    clock.sample(sent=ms(0), received=ms(2), server_in_us=1_000, server_out_us=9_000_000)

    assert clock.now(ms(2)) is None


def test_certainty_fades_with_time() -> None:
    clock = ServerClock()
    clock.sample(sent=ms(0), received=ms(0), server_in_us=0, server_out_us=0)
    early, late = clock.error_ms(ms(0)), clock.error_ms(ms(3_600_000))

    assert early is not None
    assert late is not None
    assert late - early == 720  # 200 millionths of an hour


# --- the budget ----------------------------------------------------------------------------------------------


@given(
    gaps=st.lists(st.integers(0, 2_000), min_size=1, max_size=300),
    per_s=st.decimals("0.1", "50", places=1),
    burst=st.integers(1, 50),
)
def test_no_window_of_time_ever_holds_more_than_burst_and_rate_allow(
    gaps: list[int], per_s: Decimal, burst: int
) -> None:
    bucket = Bucket(Rate(per_s=per_s, burst=Decimal(burst)), ms(0))
    taken: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        if bucket.take(ms(now), protects=True) is None:
            taken.append(now)

    for first in range(0, len(taken), 7):
        for last in range(first, len(taken), 5):
            seconds = Decimal(taken[last] - taken[first]) / 1000
            assert last - first + 1 <= burst + seconds * per_s + 1


def test_the_wait_a_bucket_names_is_exactly_enough() -> None:
    bucket = Bucket(Rate(per_s=Decimal(3), burst=Decimal(1)), ms(0))
    bucket.take(ms(0), protects=True)
    wait = bucket.take(ms(0), protects=True)
    assert wait is not None

    assert bucket.take(ms(wait - 1), protects=True) is not None
    assert bucket.take(ms(wait), protects=True) is None


def test_no_fraction_of_credit_is_lost_however_often_one_looks() -> None:
    bucket = Bucket(Rate(per_s=Decimal("0.9"), burst=Decimal(2)), ms(0))
    granted = sum(bucket.take(ms(at), protects=True) is None for at in range(10_001))

    assert granted == 2 + 9


def test_a_clock_that_goes_back_gives_no_credit() -> None:
    bucket = Bucket(Rate(per_s=Decimal(1), burst=Decimal(1)), ms(10_000))
    bucket.take(ms(10_000), protects=True)

    assert bucket.take(ms(5_000), protects=True) is not None
    assert bucket.take(ms(10_500), protects=True) is not None


def test_an_order_that_only_reduces_protects_and_an_entry_does_not() -> None:
    assert protects(CancelOrder(order_id=OrderId("1")))
    assert not protects(BUY)


# --- channels ------------------------------------------------------------------------------------------------


@given(names=st.lists(st.text(min_size=1, max_size=300), max_size=1_200))
def test_parts_of_a_subscription_keep_every_channel_in_order_within_both_limits(names: list[str]) -> None:
    parts = list(chunks(names))

    assert [name for part in parts for name in part] == names
    assert all(1 <= len(part) <= CHANNELS_MAX for part in parts)
    for part in parts:
        assert sum(len(name.encode()) + 3 for name in part) <= BYTES_MAX or len(part) == 1


def test_long_names_are_cut_by_bytes_before_they_are_cut_by_number() -> None:
    parts = list(chunks(f"{number:03d}" + "é" * 60 for number in range(400)))

    assert [len(part) for part in parts] == [238, 162]


# --- the table of requests -----------------------------------------------------------------------------------


def sent(ref: int, times_out_at: int = 100) -> Sent:
    return Sent(ref=ref, errand=Errand.ASKED, method="m", sent_at=ms(0), times_out_at=ms(times_out_at))


def test_what_was_given_up_is_remembered_within_a_bound() -> None:
    pending = Pending()
    refs = []
    for _ in range(REMEMBERED_MAX + 5):
        refs.append(pending.next_ref())
        pending.add(sent(refs[-1]))
        pending.give_up_due(ms(100))

    assert pending.answer(refs[0])[0] is Standing.NEVER_ASKED
    assert pending.answer(refs[-1])[0] is Standing.GIVEN_UP
    assert pending.answer(refs[-1])[0] is Standing.ANSWERED


def test_the_first_time_out_is_the_earliest_of_all() -> None:
    pending = Pending()
    assert pending.first_time_out() is None
    for ref, at in ((1, 300), (2, 200), (3, 250)):
        pending.add(sent(ref, at))

    assert pending.first_time_out() == 200
    assert [due.ref for due in pending.give_up_due(ms(250))] == [2, 3]


# --- instruments, candles, limits ----------------------------------------------------------------------------

PERPETUAL = {
    "instrument_name": "BTC_USDC-PERPETUAL",
    "kind": "future",
    "instrument_type": "linear",
    "settlement_period": "perpetual",
    "base_currency": "BTC",
    "quote_currency": "USDC",
    "settlement_currency": "USDC",
    "price_index": "btc_usdc",
    "tick_size": Decimal("0.1"),
    "tick_size_steps": [],
    "contract_size": Decimal("0.0001"),
    "min_trade_amount": Decimal("0.0001"),
    "maker_commission": Decimal("0.00015"),
    "taker_commission": Decimal("0.00035"),
    "max_leverage": 50,
    "is_active": True,
    "state": "open",
}


def test_a_linear_perpetual_is_read_with_its_steps_and_fees() -> None:
    (found,) = market.instruments([PERPETUAL]).instruments

    assert (found.kind, found.is_tradable, str(found.contract_size)) == (Kind.LINEAR, True, "0.0001")
    assert str(found.settlement) == "USDC"
    assert found.max_leverage == 50


LEFT_OUT: dict[str, dict[str, Any]] = {
    "an option": {"kind": "option", "settlement_period": "week"},
    "a dated future": {"settlement_period": "month"},
    "no tick": {"tick_size": 0},
    "a tick that is no number": {"tick_size": "NaN"},
    "no commission": {"taker_commission": None},
    "a settlement that does not fit": {"settlement_currency": "ETH"},
}


@pytest.mark.parametrize("changes", LEFT_OUT.values(), ids=LEFT_OUT)
def test_what_is_no_perpetual_or_makes_no_sense_is_left_out_by_name(changes: dict[str, Any]) -> None:
    found = market.instruments([PERPETUAL | changes, PERPETUAL])

    assert len(found.instruments) == 1
    assert found.skipped == ("BTC_USDC-PERPETUAL",)


def test_a_new_word_for_the_state_means_that_it_does_not_trade() -> None:
    (found,) = market.instruments([PERPETUAL | {"state": "paused"}]).instruments

    assert not found.is_tradable


def columns(*ticks: int) -> dict[str, Any]:
    return {"ticks": list(ticks), "status": "ok"} | {
        key: [Decimal("1.50")] * len(ticks) for key in ("open", "high", "low", "close", "volume", "cost")
    }


def test_the_running_candle_stands_apart_from_the_closed_ones() -> None:
    found = market.candles(columns(0, 60_000, 120_000), BTC, 1, ms(150_000))

    assert [candle.opened_at for candle in found.closed] == [0, 60_000]
    assert found.running is not None
    assert found.running.opened_at == 120_000


def test_a_candle_whose_time_is_over_is_closed() -> None:
    found = market.candles(columns(0, 60_000), BTC, 1, ms(120_000))

    assert (len(found.closed), found.running) == (2, None)


def test_no_candles_are_no_candles() -> None:
    assert market.candles(columns() | {"status": "no_data"}, BTC, 1, ms(0)).closed == ()


def test_candle_columns_of_different_lengths_are_not_guessed_at() -> None:
    with pytest.raises(BadInput):
        market.candles(columns(0, 60_000) | {"close": [1]}, BTC, 1, ms(0))


LIMITS: dict[str, tuple[Any, tuple[str, str]]] = {
    "one total": ({"matching_engine": {"trading": {"total": {"rate": 5, "burst": 20}}}}, ("5", "20")),
    "by currency": (
        {
            "matching_engine": {
                "trading": {"BTC": {"rate": 30, "burst": 100}, "ETH": {"rate": 5, "burst": 20}},
            }
        },
        ("5", "20"),
    ),
    "directly": ({"matching_engine": {"rate": 5, "burst": 20}}, ("5", "20")),
    "flat, of old": ({"matching_engine": 2, "matching_engine_burst": 20}, ("2", "20")),
}


@pytest.mark.parametrize(("raw", "expected"), LIMITS.values(), ids=LIMITS)
def test_limits_are_read_in_every_form_and_the_least_holds(raw: dict[str, Any], expected: tuple[str, str]) -> None:
    other: dict[str, Any] = {"non_matching_engine": {"rate": 20, "burst": 100}}

    found = account.limits(raw | other)

    assert found is not None
    assert (str(found.matching_rate), str(found.matching_burst)) == expected


@pytest.mark.parametrize("raw", [None, {}, [], {"matching_engine": {}}, {"matching_engine": "x"}], ids=repr)
def test_limits_nobody_can_read_count_as_not_stated(raw: Any) -> None:
    summary = account.summary({"currency": "BTC", "balance": 1, "equity": 2, "limits": raw}, Currency("BTC"))

    assert summary.limits is None
    assert summary.portfolio.margin_balance == 2


# --- the registry --------------------------------------------------------------------------------------------


def test_the_brokers_and_where_they_live() -> None:
    assert {entry.id: entry.url for entry in registry.BROKERS.values()} == {
        "embedded": "ws://127.0.0.1:8090/ws/api/v2",
        "deribit-testnet": "wss://test.deribit.com/ws/api/v2",
        "deribit": "wss://www.deribit.com/ws/api/v2",
    }
    assert [entry.id for entry in registry.BROKERS.values() if entry.is_real_money] == ["deribit"]
    assert [entry.id for entry in registry.BROKERS.values() if not entry.needs_credentials] == ["embedded"]


def test_a_misspelt_broker_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'deribit-testnet'"):
        registry.find("deribit_testnet")


def test_a_broker_without_its_key_cannot_be_made() -> None:
    with pytest.raises(ConfigError, match="client_id"):
        registry.make(registry.find("deribit"))


def test_every_broker_can_do_what_the_service_builds_on() -> None:
    key = Credentials(client_id="a", client_secret="b")
    for entry in registry.BROKERS.values():
        capabilities = registry.make(entry, credentials=key, transport=InProcessTransport(Venue())).capabilities
        assert capabilities.native_brackets
        assert capabilities.label_query


SENSELESS_SETTINGS: dict[str, dict[str, int]] = {
    "a heartbeat too short": {"heartbeat_s": 5},
    "silence sooner than the heartbeat": {"heartbeat_s": 10, "silent_ms": 15_000},
    "an order that outlives the wait": {"valid_for_ms": 5_000, "order_timeout_ms": 3_000},
}


@pytest.mark.parametrize("changes", SENSELESS_SETTINGS.values(), ids=SENSELESS_SETTINGS)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, int]) -> None:
    with pytest.raises(AssertionError):
        Settings(**changes)  # type: ignore[arg-type]
