"""What the published schemas are silent about in orders: which keys are missing when, ids, linked orders, cancelling.

The evidence is in the project's notes about the real exchange; this needs none of the published files.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.schema.scene import BTC, USDC, Scene

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
