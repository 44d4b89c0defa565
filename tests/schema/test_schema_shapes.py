"""What the published schemas are silent about: which keys are missing when, ids, orders of lists, retention, formulas.

The evidence is in the project's notes about the real exchange; this needs none of the published files.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final

import pytest

from exchange.encoding import encode
from exchange.exchange import Send
from tests.schema.scene import BTC, USDC, Scene

HALF_HOUR_MS: Final = 30 * 60_000
ALWAYS_KEYS: Final = {
    "order_id",
    "user_id",
    "instrument_name",
    "direction",
    "order_type",
    "order_state",
    "price",
    "amount",
    "label",
    "time_in_force",
    "post_only",
    "reject_post_only",
    "reduce_only",
    "mmp",
    "replaced",
    "risk_reducing",
    "is_liquidation",
    "api",
    "web",
    "creation_timestamp",
    "last_update_timestamp",
}
RETIRED: Final = {"profit_loss", "commission", "max_show", "stop_price", "stop_order_id"}


@pytest.fixture
def scene() -> Scene:
    return Scene(numbers="plain")


def _bracket(scene: Scene, **more: Any) -> dict[str, Any]:
    leg = {"amount": 100, "direction": "sell", "reduce_only": True}
    stop = {"type": "stop_market", "trigger": "mark_price", "trigger_price": scene.low(BTC), "label": "sl"}
    legs = [{**leg, **stop}, {**leg, "type": "limit", "price": scene.high(BTC), "label": "tp"}]
    params = {"amount": 100, "label": "entry", "linked_order_type": "one_triggers_one_cancels_other"}
    return scene.place("buy", otoco_config=legs, **params, **more)


def _open(scene: Scene) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scene.result("private/get_open_orders", session=scene.mine)
    return found


# --- orders and trades


def test_every_order_carries_the_keys_every_real_order_carries_and_none_of_the_retired(scene: Scene) -> None:
    scene.resting()
    scene.stop()
    _bracket(scene, price=scene.low(BTC))

    for order in _open(scene):
        assert set(order) >= ALWAYS_KEYS, order
        assert not set(order) & RETIRED, order


def test_an_order_without_a_label_has_an_empty_one(scene: Scene) -> None:
    assert scene.place("buy", price=scene.low(BTC))["order"]["label"] == ""


def test_an_untriggered_market_stop_has_a_text_for_a_price_and_no_fill_at_all(scene: Scene) -> None:
    order = next(order for order in _open(scene) if order["order_type"] == "stop_market")

    assert order["price"] == "market_price"
    assert order["order_state"] == "untriggered"
    assert not {"filled_amount", "average_price"} & set(order)


def test_a_resting_order_shows_that_nothing_is_filled(scene: Scene) -> None:
    order = scene.place("buy", price=scene.low(BTC))["order"]

    assert (order["filled_amount"], order["average_price"]) == (0, 0)
    assert order["contracts"] == 1


@pytest.mark.parametrize(
    ("instrument", "pattern"),
    [(BTC, r"\d+"), ("ETH-PERPETUAL", r"ETH-\d+"), (USDC, r"USDC-\d+"), ("SOL_USDC-PERPETUAL", r"USDC-\d+")],
)
def test_ids_look_as_they_do_on_deribit(scene: Scene, instrument: str, pattern: str) -> None:
    lot = scene.exchange.engine.markets[instrument].spec.min_trade_amount
    placed = scene.place("buy", instrument_name=instrument, amount=lot, type="market")

    assert re.fullmatch(pattern, placed["order"]["order_id"])
    assert all(re.fullmatch(pattern, trade["trade_id"]) for trade in placed["trades"])
    waiting = scene.place(
        "sell",
        instrument_name=instrument,
        amount=lot,
        type="stop_market",
        trigger="index_price",
        trigger_price=scene.low(instrument),
    )
    prefix = pattern.removesuffix(r"\d+")
    assert re.fullmatch(prefix + r"SLIS-\d+", waiting["order"]["order_id"])


def test_an_edited_order_says_it_was_replaced_and_keeps_its_id_and_label(scene: Scene) -> None:
    before = scene.place("buy", price=scene.low(BTC), label="kept")["order"]
    edit = {"order_id": before["order_id"], "amount": 30, "price": before["price"]}
    after = scene.result("private/edit", edit, session=scene.mine)["order"]

    assert (before["replaced"], after["replaced"]) == (False, True)
    assert (after["order_id"], after["label"], after["amount"]) == (before["order_id"], "kept", 30)


def test_a_fill_is_told_from_its_owners_side_and_adds_up(scene: Scene) -> None:
    placed = scene.place("sell", amount=120_000, type="market")
    trades = placed["trades"]

    assert {trade["direction"] for trade in trades} == {"sell"}
    assert {trade["liquidity"] for trade in trades} == {"T"}
    assert {trade["matching_id"] for trade in trades} == {None}
    assert sum(trade["amount"] for trade in trades) == placed["order"]["filled_amount"]
    assert [trade["state"] for trade in trades] == ["open"] * (len(trades) - 1) + ["filled"]
    assert all(trade["contracts"] == trade["amount"] / 10 for trade in trades)
    value = sum(Decimal(str(trade["amount"])) / Decimal(str(trade["price"])) for trade in trades)
    assert abs(Decimal(str(placed["order"]["average_price"])) - Decimal(120_000) / value) <= Decimal("0.01")


def test_a_post_only_order_that_would_take_slides_behind_the_other_side(scene: Scene) -> None:
    ask = scene.result("public/ticker", {"instrument_name": BTC})["best_ask_price"]
    order = scene.place("buy", price=scene.high(BTC), post_only=True)["order"]

    assert (order["order_state"], order["price"]) == ("open", ask - 0.5)


def test_an_order_that_cannot_fill_at_once_is_answered_as_cancelled_not_as_an_error(scene: Scene) -> None:
    for force in ("immediate_or_cancel", "fill_or_kill"):
        placed = scene.place("buy", price=scene.low(BTC), time_in_force=force)
        assert (placed["order"]["order_state"], placed["trades"]) == ("cancelled", [])


def test_a_reduce_only_order_is_cut_to_the_position(scene: Scene) -> None:
    held = scene.result("private/get_position", {"instrument_name": BTC}, session=scene.mine)["size"]
    order = scene.place("sell", amount=held + 500, price=scene.high(BTC), reduce_only=True)["order"]

    assert order["amount"] == held


# --- linked orders


def test_a_brackets_children_are_announced_at_once_and_wait_under_slot_ids(scene: Scene) -> None:
    order = _bracket(scene, price=scene.low(BTC))["order"]

    assert order["is_primary_otoco"] is True
    assert order["trigger_fill_condition"] == "first_hit"
    assert all(re.fullmatch(r"OTO-\d+", slot) for slot in order["oto_order_ids"])
    waiting = {child["order_id"]: child for child in _open(scene)}
    stop, take = (waiting[slot] for slot in order["oto_order_ids"])
    assert (stop["order_type"], take["order_type"]) == ("stop_market", "limit")
    for child in (stop, take):
        assert (child["order_state"], child["is_secondary_oto"], child["triggered"]) == ("untriggered", True, False)
    assert not {"average_price", "contracts"} & set(stop)
    assert (take["filled_amount"], take["average_price"]) == (0, 0)
    for slot in order["oto_order_ids"]:
        assert scene.refusal("private/get_order_state", {"order_id": slot}, session=scene.mine)["code"] == 10004


def test_children_come_alive_later_under_new_ids_and_find_each_other_by_reference(scene: Scene) -> None:
    placed = _bracket(scene, type="market")["order"]
    scene.wait(1_500)

    live = {order["label"]: order for order in _open(scene) if order.get("is_secondary_oto")}
    assert set(live) == {"sl", "tp"}
    assert {order["oco_ref"] for order in live.values()} == {live["sl"]["oco_ref"]}
    assert {order["primary_order_id"] for order in live.values()} == {placed["order_id"]}
    assert not {order["order_id"] for order in live.values()} & set(placed["oto_order_ids"])
    assert re.fullmatch(r"SLMS-\d+", live["sl"]["order_id"])
    assert live["tp"]["order_state"] == "open"


def test_a_cancelled_primary_takes_its_children_with_it(scene: Scene) -> None:
    order = _bracket(scene, price=scene.low(BTC))["order"]
    scene.result("private/cancel", {"order_id": order["order_id"]}, session=scene.mine)

    assert [one for one in _open(scene) if one.get("is_secondary_oto")] == []


def test_a_plain_oto_says_nothing_of_being_an_otoco(scene: Scene) -> None:
    leg = {"amount": 10, "direction": "sell", "price": scene.high(BTC)}
    order = scene.place("buy", price=scene.low(BTC), linked_order_type="one_triggers_other", otoco_config=[leg])[
        "order"
    ]

    assert "is_primary_otoco" not in order
    assert len(order["oto_order_ids"]) == 1


# --- cancelling


def test_cancel_answers_with_the_order_itself(scene: Scene) -> None:
    order_id = scene.resting()
    order = scene.result("private/cancel", {"order_id": order_id}, session=scene.mine)

    assert (order["order_id"], order["order_state"], order["cancel_reason"]) == (order_id, "cancelled", "user_request")


def test_cancelling_many_answers_with_a_count_or_in_detail(scene: Scene) -> None:
    scene.result("private/cancel_all", session=scene.mine)
    scene.resting()
    scene.resting()
    assert scene.result("private/cancel_all_by_instrument", {"instrument_name": BTC}, session=scene.mine) == 2
    assert scene.result("private/cancel_by_label", {"label": "nobody"}, session=scene.mine) == 0
    order_id = scene.resting()
    detailed = scene.result("private/cancel_all", {"detailed": True}, session=scene.mine)
    assert order_id in json.dumps(detailed)
    assert isinstance(detailed, list)


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
    assert {b - a for a, b in zip(found["ticks"], found["ticks"][1:], strict=False)} == {300_000}
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
