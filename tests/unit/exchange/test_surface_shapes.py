"""Which key an order, a trade or a position has in which situation: a table of cases, as Deribit sends them."""

from decimal import Decimal
from typing import Any

import pytest

from exchange import shapes, shapes_market
from exchange.instruments import LISTED
from exchange.records import Order, PublicTrade
from exchange.switches import Switches
from tests.unit.exchange.surface import INVERSE, LINEAR, Client, Wire

ALWAYS = {
    "order_id", "user_id", "instrument_name", "direction", "order_type", "order_state", "price", "amount", "label",
    "time_in_force", "post_only", "reject_post_only", "reduce_only", "mmp", "replaced", "risk_reducing",
    "is_liquidation", "api", "web", "creation_timestamp", "last_update_timestamp",
}  # fmt: skip
FILL = {"filled_amount", "average_price", "contracts"}
TRIGGER = {"trigger", "trigger_price", "triggered"}


def _order(**fields: Any) -> Order:
    plain: dict[str, Any] = {
        "account": "main",
        "order_id": "1",
        "instrument_name": INVERSE,
        "direction": "sell",
        "order_type": "limit",
        "order_state": "open",
        "amount": Decimal(30),
        "price": Decimal(64000),
        "created_ms": 1,
        "updated_ms": 2,
    }
    return Order(**(plain | fields))


STOP = {
    "order_type": "stop_market",
    "order_state": "untriggered",
    "price": None,
    "trigger": "mark_price",
    "trigger_price": Decimal(60000),
}
DORMANT = {"is_dormant": True, "is_secondary_oto": True, "trigger_fill_condition": "first_hit", "primary_order_id": "7"}


@pytest.mark.parametrize(
    ("fields", "more"),
    [
        ({}, FILL),
        ({"order_state": "filled", "filled_amount": Decimal(30)}, FILL),
        ({"order_state": "cancelled", "cancel_reason": "user_request"}, FILL | {"cancel_reason"}),
        (STOP, TRIGGER),
        (STOP | {"order_type": "stop_limit", "price": Decimal(59000)}, TRIGGER | FILL),
        (STOP | {"order_state": "triggered", "triggered": True}, TRIGGER),
        (STOP | {"order_state": "cancelled", "cancel_reason": "user_request"}, TRIGGER | {"cancel_reason"}),
        (
            STOP | {"order_type": "trailing_stop", "trigger_price": None, "trigger_offset": Decimal(5),
                    "trigger_reference_price": Decimal(64000)},
            {"trigger", "triggered", "trigger_offset", "trigger_reference_price"},
        ),
        (
            {"order_state": "untriggered"} | DORMANT,
            {"filled_amount", "average_price", "is_secondary_oto", "trigger_fill_condition"},
        ),
        (STOP | DORMANT, TRIGGER | {"filled_amount", "is_secondary_oto", "trigger_fill_condition"}),
        (
            {"is_secondary_oto": True, "primary_order_id": "7", "oco_ref": "1", "trigger_fill_condition": "first_hit"},
            FILL | {"is_secondary_oto", "primary_order_id", "oco_ref", "trigger_fill_condition"},
        ),
        (
            {"oto_order_ids": ("OTO-1", "OTO-2"), "is_primary_otoco": True, "trigger_fill_condition": "incremental"},
            FILL | {"oto_order_ids", "is_primary_otoco", "trigger_fill_condition"},
        ),
        (
            {"oto_order_ids": ("OTO-1",), "trigger_fill_condition": "incremental"},
            FILL | {"oto_order_ids", "trigger_fill_condition"},
        ),
        ({"trigger_order_id": "SLMS-1", "triggered": True}, FILL | {"trigger_order_id", "triggered"}),
        ({"display_amount": Decimal(10)}, FILL | {"display_amount", "refresh_amount"}),
        ({"order_type": "market_limit"}, FILL | {"original_order_type"}),
    ],
    ids=[
        "resting", "filled", "cancelled", "stop_market_untriggered", "stop_limit_untriggered", "stop_triggered",
        "stop_cancelled", "trailing_stop", "dormant_limit", "dormant_stop", "live_child", "otoco_primary",
        "oto_primary", "sent_by_a_trigger", "iceberg", "market_limit",
    ],
)  # fmt: skip
def test_an_order_has_these_keys_and_no_others(fields: dict[str, Any], more: set[str]) -> None:
    assert shapes.order(_order(**fields), LISTED[0], 1, Switches()).keys() == ALWAYS | more


def test_an_untriggered_stop_has_a_word_for_a_price() -> None:
    assert shapes.order(_order(**STOP), LISTED[0], 1, Switches())["price"] == "market_price"


def test_whether_it_shows_what_has_filled_is_a_switch() -> None:
    shown = shapes.order(_order(**STOP), LISTED[0], 1, Switches(untriggered_shows_fill="yes"))
    assert (shown["filled_amount"], shown["average_price"]) == (0, 0)


def test_a_market_order_may_be_shown_as_a_limit_order() -> None:
    entry = _order(order_type="market")
    assert shapes.order(entry, LISTED[0], 1, Switches())["order_type"] == "market"
    shown = shapes.order(entry, LISTED[0], 1, Switches(market_order_shown_as="limit"))
    assert (shown["order_type"], shown["original_order_type"]) == ("limit", "market")


@pytest.mark.parametrize(("age_ms", "shown"), [(0, False), (3_599_999, False), (3_600_000, True)])
def test_the_tape_tells_of_a_liquidation_an_hour_later(age_ms: int, shown: bool) -> None:
    entry = PublicTrade(
        trade_id="1", trade_seq=1, instrument_name=INVERSE, timestamp=0, direction="sell", price=Decimal(1),
        amount=Decimal(10), index_price=Decimal(1), mark_price=Decimal(1), tick_direction=0, liquidation="T",
    )  # fmt: skip
    assert ("liquidation" in shapes.public_trade(entry, LISTED[0], age_ms)) == shown


class TestOnTheWire:
    """The same, as a client meets it."""

    @pytest.fixture
    def client(self) -> Client:
        return Wire().client()

    def test_a_user_trade(self, client: Client) -> None:
        buy = {"instrument_name": INVERSE, "amount": 10, "type": "market", "label": "mine"}
        (trade,) = client.result("private/buy", buy)["trades"]
        assert trade.keys() == {
            "trade_id", "trade_seq", "order_id", "instrument_name", "timestamp", "price", "amount", "contracts",
            "direction", "liquidity", "fee", "fee_currency", "profit_loss", "index_price", "mark_price",
            "tick_direction", "state", "order_type", "post_only", "reduce_only", "mmp", "risk_reducing", "api",
            "self_trade", "matching_id", "label",
        }  # fmt: skip
        assert (trade["state"], trade["liquidity"], trade["fee_currency"]) == ("filled", "T", "BTC")
        del buy["label"]
        assert "label" not in client.result("private/buy", buy)["trades"][0]

    def test_a_flat_position(self, client: Client) -> None:
        position = client.result("private/get_position", instrument_name=INVERSE)
        assert (position["direction"], position["size"], position["average_price"]) == ("zero", 0, 0)
        assert position["estimated_liquidation_price"] is None

    @pytest.mark.parametrize(
        ("instrument", "amount", "size_unit"), [(INVERSE, Decimal(1000), "USD"), (LINEAR, Decimal("0.1"), "USDC")]
    )
    def test_a_short_position_is_negative_in_both_sizes(
        self, client: Client, instrument: str, amount: Decimal, size_unit: str
    ) -> None:
        client.result("private/sell", instrument_name=instrument, amount=amount, type="market")
        position = client.result("private/get_position", instrument_name=instrument)
        assert position["direction"] == "sell"
        size, coins = position["size"], position["size_currency"]
        assert size < 0
        assert coins < 0
        expected = amount if size_unit == "USD" else amount * position["mark_price"]
        assert abs(-size - expected) < Decimal("0.000001")

    def test_an_otoco_and_its_children(self, client: Client) -> None:
        legs = [
            {"amount": 10, "direction": "sell", "type": "stop_market", "trigger": "mark_price",
             "trigger_price": 63_000, "reduce_only": True, "label": "stop"},
            {"amount": 10, "direction": "sell", "type": "limit", "price": 64_800, "reduce_only": True, "label": "take"},
        ]  # fmt: skip
        entry = {
            "instrument_name": INVERSE, "amount": 10, "type": "limit", "price": 63_900, "label": "entry",
            "linked_order_type": "one_triggers_one_cancels_other", "otoco_config": legs,
        }  # fmt: skip
        primary = client.result("private/buy", entry)["order"]
        dormant = {order["label"]: order for order in client.result("private/get_open_orders")}
        assert {dormant["stop"]["order_id"], dormant["take"]["order_id"]} == set(primary["oto_order_ids"])
        assert client.code("private/get_order_state", order_id=dormant["stop"]["order_id"]) == 10004
        client.wire.moves_to("63800")
        client.wire.waits(400)
        live = {order["label"]: order for order in client.result("private/get_open_orders")}
        assert live.keys() == {"stop", "take"}
        assert live["stop"]["oco_ref"] == live["take"]["oco_ref"]
        assert live["stop"]["order_id"] not in primary["oto_order_ids"]
        assert live["take"]["primary_order_id"] == primary["order_id"]

    def test_an_instrument_says_what_it_is(self, client: Client) -> None:
        linear = client.result("public/get_instrument", instrument_name=LINEAR)
        assert (linear["instrument_type"], linear["settlement_currency"]) == ("linear", "USDC")
        assert (linear["tick_size_steps"], linear["expiration_timestamp"]) == ([], 32_503_708_800_000)
        names = [row["instrument_name"] for row in client.result("public/get_instruments", currency="USDC")]
        assert LINEAR in names
        assert INVERSE not in names

    def test_no_float_is_ever_in_a_message(self, client: Client) -> None:
        wanted: list[tuple[str, dict[str, Any]]] = [
            ("public/ticker", {"instrument_name": INVERSE}),
            ("public/get_order_book", {"instrument_name": LINEAR}),
            ("public/get_book_summary_by_currency", {"currency": "BTC"}),
            ("private/get_account_summaries", {"extended": True}),
            ("public/get_funding_chart_data", {"instrument_name": INVERSE, "length": "8h"}),
        ]
        for method, params in wanted:
            assert list(_floats(client.result(method, params))) == []


def _floats(value: Any) -> Any:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _floats(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _floats(entry)


def test_grouped_levels_round_away_from_the_mid() -> None:
    market = Wire().exchange.engine.markets[INVERSE]
    bids = shapes_market.side(market, "bids", 5, Decimal(10))
    asks = shapes_market.side(market, "asks", 5, Decimal(10))
    assert bids[0][0] <= Decimal(str(market.mid)) <= asks[0][0]
