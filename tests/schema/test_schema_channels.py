"""Every channel's notifications against Deribit's own description, and the orders in which they come."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.schema import documents
from tests.schema.desk import START_MS
from tests.schema.scene import BTC, USDC, Scene

pytestmark = pytest.mark.skipif(documents.MISSING is not None, reason=str(documents.MISSING))

HOUR_MS: Final = 3_600_000
PUBLIC: Final = (
    f"ticker.{BTC}.100ms",
    f"ticker.{USDC}.agg2",
    f"ticker.{BTC}.raw",
    f"incremental_ticker.{BTC}",
    f"quote.{BTC}",
    f"book.{BTC}.100ms",
    f"book.{USDC}.raw",
    f"book.{BTC}.none.10.100ms",
    f"book.{BTC}.10.20.agg2",
    f"trades.{BTC}.100ms",
    "trades.future.USDC.raw",
    f"chart.trades.{BTC}.1",
    f"chart.trades.{USDC}.1D",
    f"perpetual.{BTC}.100ms",
    "deribit_price_index.btc_usd",
    "instrument.state.future.any",
    "platform_state",
    "platform_state.public_methods_state",
)
PRIVATE: Final = (
    f"user.orders.{BTC}.raw",
    f"user.orders.{BTC}.100ms",
    "user.orders.any.any.raw",
    "user.orders.future.BTC.agg2",
    f"user.trades.{BTC}.raw",
    f"user.trades.{USDC}.100ms",
    "user.trades.future.BTC.raw",
    "user.trades.any.any.agg2",
    f"user.changes.{BTC}.raw",
    f"user.changes.{BTC}.100ms",
    "user.changes.any.any.raw",
    "user.changes.future.USDC.agg2",
    "user.portfolio.any",
    "user.portfolio.btc",
    "user.lock",
    "user.liquidation",
)
# What has nothing to do with perpetuals, or with one account that trades.
ELSEWHERE: Final = {
    "announcements",
    "deribit_price_ranking.(index_name)",
    "deribit_price_statistics.(index_name)",
    "deribit_volatility_index.(index_name)",
    "estimated_expiration_price.(index_name)",
    "instrument.creation.(kind).(currency)",
    "markprice.options.(index_name)",
    "user.access_log",
    "user.isolated.liquidation",
    "user.lsp",
    "user.mmp_trigger.(index_name)",
}


@pytest.fixture(scope="module", params=["mixed", "plain"])
def scene(request: pytest.FixtureRequest) -> Scene:
    """Everything is subscribed, then everything happens: trades, stops, locks, maintenance, settlement, liquidation."""
    played = Scene(numbers=request.param, start_ms=START_MS - HOUR_MS - 200_000)
    told = played.result("private/subscribe", {"channels": [*PUBLIC, *PRIVATE]}, session=played.mine)
    assert sorted(told) == sorted([*PUBLIC, *PRIVATE])
    _trade(played)
    engine = played.exchange.engine
    engine.lock(engine.accounts["main"], "ETH", locked=True)
    played.wait(1_000)
    engine.lock(engine.accounts["main"], "ETH", locked=False)
    played.exchange.set_maintenance(on=True, now_ms=played.now_ms)
    played.wait(2_000)
    played.exchange.set_maintenance(on=False, now_ms=played.now_ms)
    played.wait(2_000)
    played.mine = played.connect()
    played.login(session=played.mine)
    played.result("private/subscribe", {"channels": [*PUBLIC, *PRIVATE]}, session=played.mine)
    _trade(played)
    _settle(played)
    _liquidate(played)
    return played


def _trade(scene: Scene) -> None:
    for name, amount in ((BTC, 100), (USDC, 0.01)):
        scene.place("buy", instrument_name=name, amount=amount, type="market", label="go")
        scene.place("buy", instrument_name=name, amount=amount, price=scene.low(name), label="rest")
        scene.place(
            "sell",
            instrument_name=name,
            amount=amount,
            type="stop_market",
            trigger="last_price",
            trigger_price=scene.low(name),
            reduce_only=True,
        )
        scene.wait(1_500)
    scene.result("private/cancel_all", session=scene.mine)
    scene.wait(61_000)


def _settle(scene: Scene) -> None:
    """Over 08:00 UTC."""
    scene.wait(scene.exchange.engine.counters.next_settlement_ms + 30_000 - scene.now_ms)


def _liquidate(scene: Scene) -> None:
    """A position as large as the account bears, and a gap against it."""
    balance = Decimal(
        str(scene.result("private/get_account_summary", {"currency": "BTC"}, session=scene.mine)["equity"])
    )
    most = int(balance * scene.price(BTC) * 12 / 10) * 10
    scene.place("buy", amount=most, type="market")
    scene.exchange.set_price(BTC, scene.price(BTC, "-11"), hold=False, now_ms=scene.now_ms)
    scene.wait(30_000)


def _validate(scene: Scene, channel: str) -> list[str]:
    validator = documents.channel_validator(documents.address_of(channel), strict=True)
    found = {line for data in scene.data(channel) for line in documents.complaints(validator, data)}
    return sorted(found)[:10]


@pytest.mark.parametrize("channel", [*PUBLIC, *PRIVATE])
def test_what_a_channel_sends_is_as_described(scene: Scene, channel: str) -> None:
    assert scene.data(channel), "nothing came at all"
    assert _validate(scene, channel) == []


def test_every_channel_of_the_description_is_here_or_named_as_foreign() -> None:
    here = {documents.address_of(channel) for channel in [*PUBLIC, *PRIVATE]}
    foreign = {address for address in documents.addresses() if "block" in address or "combo" in address}

    assert set(documents.addresses()) - here - foreign == ELSEWHERE


def test_every_notification_has_the_envelope_and_no_id(scene: Scene) -> None:
    for push in scene.pushes:
        if push["method"] == "subscription":
            assert set(push) - {"session"} == {"jsonrpc", "method", "params"}
            assert set(push["params"]) <= {"channel", "data", "label"}


def test_a_book_starts_with_a_snapshot_and_its_changes_form_a_chain(scene: Scene) -> None:
    for channel in (f"book.{BTC}.100ms", f"book.{USDC}.raw"):
        last = None
        for data in scene.data(channel):
            if data["type"] == "snapshot":
                assert {action for action, _, _ in data["bids"] + data["asks"]} == {"new"}
                assert [price for _, price, _ in data["bids"]] == sorted((p for _, p, _ in data["bids"]), reverse=True)
                assert [price for _, price, _ in data["asks"]] == sorted(price for _, price, _ in data["asks"])
            else:
                assert data["prev_change_id"] == last
                assert data["change_id"] > last
                assert all(amount == 0 for action, _, amount in data["bids"] + data["asks"] if action == "delete")
            last = data["change_id"]


def test_the_book_told_in_changes_is_the_book_that_can_be_asked_for(scene: Scene) -> None:
    channel = f"book.{USDC}.raw"
    sides: dict[str, dict[Any, Any]] = {"bids": {}, "asks": {}}
    for data in scene.data(channel):
        for side, levels in sides.items():
            if data["type"] == "snapshot":
                levels.clear()
            for action, price, amount in data[side]:
                if action == "delete":
                    del levels[price]
                else:
                    assert (price in levels) == (action == "change"), (action, price)
                    levels[price] = amount
    shown = scene.result("public/get_order_book", {"instrument_name": USDC, "depth": 10_000}, session=scene.mine)
    for side, levels in sides.items():
        assert dict(map(tuple, shown[side])) == levels


def test_a_ticker_comes_at_least_every_five_seconds_even_when_nothing_moves() -> None:
    scene = Scene(numbers="plain")
    scene.exchange.set_price(BTC, scene.price(BTC), hold=True, now_ms=scene.now_ms)
    scene.result("public/subscribe", {"channels": [f"ticker.{BTC}.100ms"]})
    scene.wait(21_000)

    times = [data["timestamp"] for data in scene.data(f"ticker.{BTC}.100ms")]
    assert len(times) >= 4


def test_a_candle_is_told_many_times_and_final_when_the_next_begins(scene: Scene) -> None:
    ticks = [data["tick"] for data in scene.data(f"chart.trades.{BTC}.1")]

    assert ticks == sorted(ticks)
    assert len(set(ticks)) >= 2
    assert len(ticks) > len(set(ticks))
    assert {tick % 60_000 for tick in ticks} == {0}
    assert {data["tick"] % 86_400_000 for data in scene.data(f"chart.trades.{USDC}.1D")} == {28_800_000}


def test_incremental_tickers_start_whole_and_then_say_only_what_changed(scene: Scene) -> None:
    first, *rest = scene.data(f"incremental_ticker.{BTC}")

    assert first["type"] == "snapshot"
    assert {"best_bid_price", "mark_price", "stats", "funding_8h"} <= set(first)
    changes = [data for data in rest if data["type"] == "change"]
    assert changes
    assert all(len(data) < len(first) for data in changes)


def test_raw_orders_are_one_object_each_and_batches_are_lists(scene: Scene) -> None:
    shapes: dict[str, Callable[[Any], bool]] = {
        "user.orders.any.any.raw": lambda data: isinstance(data, dict),
        f"user.orders.{BTC}.100ms": lambda data: isinstance(data, list) and len(data) > 0,
        f"user.trades.{BTC}.raw": lambda data: isinstance(data, list) and len(data) > 0,
        "user.trades.any.any.agg2": lambda data: isinstance(data, list) and len(data) > 0,
    }
    for channel, is_right in shapes.items():
        assert all(is_right(data) for data in scene.data(channel)), channel


def test_a_second_subscription_brings_no_second_snapshot() -> None:
    scene = Scene(numbers="plain")
    channel = f"book.{BTC}.100ms"
    for _ in range(2):
        assert scene.result("public/subscribe", {"channels": [channel]}) == [channel]
        scene.wait(3_000)

    assert [data["type"] for data in scene.data(channel)].count("snapshot") == 1


def test_unknown_and_foreign_channels_are_left_out_of_the_answer() -> None:
    scene = Scene(numbers="plain")
    asked = [f"ticker.{BTC}.100ms", "ticker.NO-PERPETUAL.100ms", "no.such.thing", "", f"ticker.{BTC}.3s"]

    assert scene.result("public/subscribe", {"channels": asked}) == [f"ticker.{BTC}.100ms"]
    assert scene.result("public/subscribe", {"channels": ["user.portfolio.any"]}) == []


def test_a_private_subscriptions_label_comes_with_its_notifications() -> None:
    scene = Scene(numbers="plain")
    scene.result("private/subscribe", {"channels": ["user.orders.any.any.raw"], "label": "mine"}, session=scene.mine)
    scene.resting()

    labels = {
        push["params"].get("label") for push in scene.pushes if "user.orders" in push["params"].get("channel", "")
    }
    assert labels == {"mine"}


def test_portfolio_says_something_right_after_subscribing() -> None:
    scene = Scene(numbers="plain")
    scene.result("private/subscribe", {"channels": ["user.portfolio.any"]}, session=scene.mine)
    scene.wait(1_500)

    assert {data["currency"] for data in scene.data("user.portfolio.any")} >= {"BTC", "ETH", "USDC"}
