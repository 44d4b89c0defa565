"""What the published schemas are silent about elsewhere: orders of lists, retention, candles, formulas, the envelope.

The evidence is in the project's notes about the real exchange; this needs none of the published files.
"""

import itertools
from decimal import Decimal
from typing import Any, Final

import pytest

from exchange.encoding import encode
from exchange.exchange import Send
from tests.schema.scene import BTC, USDC, Scene

HALF_HOUR_MS: Final = 30 * 60_000


@pytest.fixture
def scene() -> Scene:
    return Scene(numbers="plain")


# --- reading back


def test_closed_orders_can_be_asked_for_by_id_and_label_for_half_an_hour(scene: Scene) -> None:
    order_id = scene.place("buy", type="market", label="old")["order"]["order_id"]
    by_label = {"currency": "BTC", "label": "old"}
    scene.wait(HALF_HOUR_MS - 1_000)
    assert (
        scene.result("private/get_order_state", {"order_id": order_id}, session=scene.mine)["order_state"] == "filled"
    )
    assert len(scene.result("private/get_order_state_by_label", by_label, session=scene.mine)) == 1

    scene.wait(2_000)
    assert scene.refusal("private/get_order_state", {"order_id": order_id}, session=scene.mine)["code"] == 10004
    assert scene.result("private/get_order_state_by_label", by_label, session=scene.mine) == []


def test_history_leaves_out_what_was_cancelled_unfilled_unless_asked(scene: Scene) -> None:
    gone = scene.gone()
    asked = {"instrument_name": BTC, "count": 1000}

    def ids(**more: Any) -> list[str]:
        rows = scene.result("private/get_order_history_by_instrument", {**asked, **more}, session=scene.mine)
        return [row["order_id"] for row in rows]

    assert gone not in ids()
    assert gone in ids(include_unfilled=True)
    assert ids() == sorted(ids(), key=int, reverse=True)


def test_user_trades_come_oldest_or_newest_first_as_asked(scene: Scene) -> None:
    for _ in range(3):
        scene.place("buy", type="market")
        scene.wait(1_000)
    asked = {"instrument_name": BTC, "count": 100}
    for sorting, newest_first in (("asc", False), ("desc", True)):
        found = scene.result("private/get_user_trades_by_instrument", {**asked, "sorting": sorting}, session=scene.mine)
        times = [trade["timestamp"] for trade in found["trades"]]
        assert times == sorted(times, reverse=newest_first)
    assert (
        len(scene.result("private/get_user_trades_by_instrument", {**asked, "count": 1}, session=scene.mine)["trades"])
        == 1
    )


def test_public_trades_are_newest_first_unless_a_start_is_given(scene: Scene) -> None:
    scene.wait(30_000)
    asked = {"instrument_name": BTC, "count": 50}
    newest = scene.result("public/get_last_trades_by_instrument", asked)["trades"]
    since = {**asked, "start_timestamp": scene.start_ms, "end_timestamp": scene.now_ms}
    oldest = scene.result("public/get_last_trades_by_instrument", since)["trades"]

    assert [trade["trade_seq"] for trade in newest] == sorted((t["trade_seq"] for t in newest), reverse=True)
    assert [trade["trade_seq"] for trade in oldest] == sorted(trade["trade_seq"] for trade in oldest)
    seqs = [trade["trade_seq"] for trade in reversed(newest)]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


# --- candles


def test_candles_are_parallel_lists_without_gaps_ending_with_the_running_one(scene: Scene) -> None:
    asked = {"instrument_name": BTC, "start_timestamp": scene.now_ms - 3_600_000, "end_timestamp": scene.now_ms}
    found = scene.result("public/get_tradingview_chart_data", {**asked, "resolution": "5"})

    assert set(found) == {"status", "ticks", "open", "high", "low", "close", "volume", "cost"}
    assert {len(found[key]) for key in found if key != "status"} == {len(found["ticks"])}
    assert {b - a for a, b in itertools.pairwise(found["ticks"])} == {300_000}
    assert found["ticks"][-1] == scene.now_ms - scene.now_ms % 300_000


def test_daily_candles_open_at_eight_and_nothing_is_said_to_be_nothing(scene: Scene) -> None:
    day = {"instrument_name": BTC, "start_timestamp": scene.now_ms - 2 * 86_400_000, "end_timestamp": scene.now_ms}
    found = scene.result("public/get_tradingview_chart_data", {**day, "resolution": "1D"})
    assert {tick % 86_400_000 for tick in found["ticks"]} == {28_800_000}
    before = {"instrument_name": BTC, "start_timestamp": 1_000_000_000_000, "end_timestamp": 1_000_000_600_000}
    none = scene.result("public/get_tradingview_chart_data", {**before, "resolution": "1"})
    assert (none["status"], none["ticks"], none["close"]) == ("no_data", [], [])


# --- positions and money


def test_a_flat_position_is_zero_in_every_way(scene: Scene) -> None:
    asked = {"instrument_name": "SOL_USDC-PERPETUAL"}
    position = scene.result("private/get_position", asked, session=scene.mine)

    assert (position["direction"], position["size"], position["average_price"]) == ("zero", 0, 0)


@pytest.mark.parametrize("name", [BTC, USDC])
def test_a_positions_numbers_follow_from_each_other(scene: Scene, name: str) -> None:
    scene.exchange.set_price(name, scene.price(name, "0.7"), hold=True, now_ms=scene.now_ms)
    scene.wait(30_000)
    shown = scene.result("private/get_position", {"instrument_name": name}, session=scene.mine)
    value = {key: Decimal(str(number)) for key, number in shown.items() if isinstance(number, int | float)}
    size, coins, mark, average = (value[key] for key in ("size", "size_currency", "mark_price", "average_price"))

    if name == BTC:
        assert abs(coins - size / mark) < Decimal("1e-8")
        assert abs(value["total_profit_loss"] - size * (1 / average - 1 / mark)) < Decimal("2e-8")
    else:
        assert abs(size - coins * mark) < Decimal("1e-6")
        assert abs(value["total_profit_loss"] - coins * (mark - average)) < Decimal("1e-4")
    assert value["delta"] == coins
    assert (size > 0) == (shown["direction"] == "buy")
    assert shown["estimated_liquidation_price"] is None
    assert isinstance(shown["leverage"], int)


def test_equity_is_balance_and_what_the_session_made(scene: Scene) -> None:
    scene.wait(60_000)
    for currency in ("BTC", "ETH", "USDC"):
        row = scene.result("private/get_account_summary", {"currency": currency}, session=scene.mine)
        made = Decimal(str(row["session_upl"])) + Decimal(str(row["session_rpl"]))
        assert abs(Decimal(str(row["equity"])) - Decimal(str(row["balance"])) - made) < Decimal("0.000003")
        free = max(Decimal(0), Decimal(str(row["margin_balance"])) - Decimal(str(row["initial_margin"])))
        assert abs(Decimal(str(row["available_funds"])) - free) < Decimal("0.000003")


# --- the envelope and the session


def test_any_id_is_echoed_and_a_request_without_one_is_answered_without(scene: Scene) -> None:
    for echo in ({"id": 7}, {"id": "text"}, {}):
        scene.exchange.receive_frame(
            scene.session, encode({"jsonrpc": "2.0", "method": "public/test", **echo}), scene.now_ms
        )
        scene.exchange.advance(scene.now_ms + 1_000)
        (reply,) = [
            item.message for item in scene.exchange.drain() if isinstance(item, Send) and "result" in item.message
        ]
        assert {key: reply[key] for key in ("id",) if key in reply} == echo


def test_a_frame_that_is_no_json_is_answered_without_an_id_and_the_socket_stays(scene: Scene) -> None:
    scene.exchange.receive_frame(scene.session, "{no json", scene.now_ms)
    (reply,) = [item.message for item in scene.exchange.drain() if isinstance(item, Send)]

    assert reply["error"] == {"code": 11050, "message": "bad_request", "data": "invalid json"}
    assert "id" not in reply
    assert "result" in scene.call("public/test")


def test_a_frame_of_more_than_32_kb_is_too_large(scene: Scene) -> None:
    scene.exchange.receive_frame(scene.session, '{"pad":"' + "x" * 33_000 + '"}', scene.now_ms)
    (reply,) = [item.message for item in scene.exchange.drain() if isinstance(item, Send)]

    assert reply["error"]["code"] == -32600


def test_logging_out_closes_the_socket_without_an_answer(scene: Scene) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": "private/logout", "params": {}}
    scene.exchange.receive_frame(scene.mine, encode(request), scene.now_ms)
    left = scene.exchange.drain()

    assert [type(item).__name__ for item in left if item.session_id == scene.mine] == ["Close"]


def test_status_is_told_in_words(scene: Scene) -> None:
    assert scene.result("public/status")["locked"] == "false"


def test_microseconds_in_and_out_are_told_and_subtracted(scene: Scene) -> None:
    reply = scene.call("public/get_time")

    assert reply["usDiff"] == reply["usOut"] - reply["usIn"] >= 0
    assert reply["usIn"] // 1_000_000 == scene.now_ms // 1_000
    assert isinstance(reply["testnet"], bool)
