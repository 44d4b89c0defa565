"""What the methods answer: placing, cancelling, reading back."""

from decimal import Decimal
from typing import Any

import pytest

from exchange.methods import METHODS
from tests.unit.exchange.surface import INVERSE, LINEAR, Client, Wire

BUY = {"instrument_name": INVERSE, "amount": 10, "type": "limit", "price": 63_500}
STOP = {
    "instrument_name": INVERSE, "amount": 10, "type": "stop_market", "trigger": "mark_price", "trigger_price": 63_000,
}  # fmt: skip
MINUTE_MS = 60_000


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Client:
    return wire.client()


def test_everything_that_is_written_wants_the_right_to_write() -> None:
    writing = {"buy", "sell", "edit", "edit_by_label", "close_position"}
    for name, method in METHODS.items():
        verb = name.removeprefix("private/")
        if verb in writing or verb.startswith("cancel"):
            assert method.scope == "trade:read_write", name
        if method.is_private and verb != "logout" and "subscribe" not in verb:
            assert method.scope, name


class TestPlacing:
    """Amounts, contracts, deadlines."""

    def test_contracts_are_as_good_as_an_amount(self, client: Client) -> None:
        order = client.result("private/buy", BUY | {"amount": 20, "contracts": 2})["order"]
        assert (order["amount"], order["contracts"]) == (20, 2)
        without = {name: value for name, value in BUY.items() if name != "amount"}
        assert client.result("private/buy", without, contracts=3)["order"]["amount"] == 30

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"contracts": 2}, -32602),  # 10 USD is one contract
            ({"amount": None}, -32602),
            ({"contracts": Decimal("0.5"), "amount": 5}, 10027),
            ({"amount": "10"}, -32602),
            ({"amount": Decimal("1e400")}, -32602),
            ({"type": "best"}, -32602),
            ({"label": "x" * 65}, -32602),
            ({"post_only": "true"}, -32602),
            ({"otoco_config": [{"amount": 10}]}, -32602),
            ({"otoco_config": "none"}, -32602),
        ],
    )
    def test_a_wish_that_makes_no_sense_is_refused(self, client: Client, fields: dict[str, Any], code: int) -> None:
        assert client.code("private/buy", BUY | fields) == code
        assert client.result("private/get_open_orders") == []

    def test_a_label_of_64_characters_is_kept(self, client: Client) -> None:
        assert client.result("private/buy", BUY | {"label": "y" * 64})["order"]["label"] == "y" * 64

    @pytest.mark.parametrize(("left_ms", "late"), [(0, False), (-1, True), (2000, False)])
    def test_too_late_means_nothing_happens(self, wire: Wire, client: Client, left_ms: int, late: bool) -> None:
        reply = client.call("private/buy", BUY | {"valid_until": wire.now_ms + left_ms})
        assert ("error" in reply) == late
        if late:
            assert reply["error"]["code"] == 13888
            assert client.result("private/get_open_orders") == []

    def test_text_is_good_enough_in_a_query(self, wire: Wire) -> None:
        token = wire.client(scope="session:mine").login["access_token"]
        query = {"instrument_name": INVERSE, "amount": "10", "type": "limit", "price": "63500.5", "post_only": "true"}
        reply = wire.http("GET", "/api/v2/private/buy", query=query, headers={"Authorization": f"Bearer {token}"})
        assert (reply["result"]["order"]["price"], reply["result"]["order"]["post_only"]) == (Decimal("63500.5"), True)

    def test_an_edit_keeps_the_id(self, client: Client) -> None:
        order = client.result("private/buy", BUY | {"label": "one"})["order"]
        edited = client.result("private/edit", order_id=order["order_id"], amount=30, price=63_400)["order"]
        assert (edited["order_id"], edited["amount"], edited["replaced"]) == (order["order_id"], 30, True)
        again = client.result("private/edit_by_label", label="one", instrument_name=INVERSE, amount=40)["order"]
        assert again["order_id"] == order["order_id"]

    def test_an_edit_by_a_label_that_two_orders_have_is_refused(self, client: Client) -> None:
        for _ in range(2):
            client.result("private/buy", BUY | {"label": "two"})
        edit = {"label": "two", "instrument_name": INVERSE, "amount": 20}
        assert client.code("private/edit_by_label", edit) == 13032
        assert client.code("private/edit_by_label", edit | {"label": "none"}) == 10004

    def test_closing_a_position_is_a_reduce_only_order(self, client: Client) -> None:
        client.result("private/buy", instrument_name=INVERSE, amount=30, type="market")
        closed = client.result("private/close_position", instrument_name=INVERSE, type="market")
        assert (closed["order"]["reduce_only"], closed["order"]["amount"]) == (True, 30)
        assert "error" in client.call("private/close_position", instrument_name=INVERSE, type="market")


class TestCancelling:
    """An order, a count, or reports."""

    def test_the_result_of_cancel_is_the_order(self, client: Client) -> None:
        order_id = client.result("private/buy", BUY)["order"]["order_id"]
        cancelled = client.result("private/cancel", order_id=order_id)
        assert (cancelled["order_id"], cancelled["order_state"], cancelled["cancel_reason"]) == (
            order_id, "cancelled", "user_request"
        )  # fmt: skip
        assert client.code("private/cancel", order_id=order_id) in {11044, 10010, 10004}
        assert client.code("private/cancel", order_id="nothing") == 10004

    @pytest.mark.parametrize(
        ("method", "params", "count"),
        [
            ("cancel_all", {}, 4),
            ("cancel_all_by_currency", {"currency": "BTC"}, 3),
            ("cancel_all_by_currency", {"currency": "BTC", "type": "limit"}, 2),
            ("cancel_all_by_currency", {"currency": "BTC", "kind": "option"}, 0),
            ("cancel_all_by_currency", {"currency": "ETH"}, 0),
            ("cancel_all_by_instrument", {"instrument_name": LINEAR}, 1),
            ("cancel_all_by_instrument", {"instrument_name": INVERSE, "type": "trigger_all"}, 1),
            ("cancel_all_by_instrument", {"instrument_name": INVERSE, "type": "take"}, 0),
            ("cancel_all_by_kind_or_type", {"currency": ["BTC", "USDC"], "type": "stop"}, 1),
            ("cancel_all_by_kind_or_type", {"currency": "any"}, 4),
            ("cancel_all_by_currency_pair", {"currency_pair": "btc_usdc"}, 1),
            ("cancel_by_label", {"label": "a"}, 2),
            ("cancel_by_label", {"label": "a", "currency": "USDC"}, 1),
            ("cancel_by_label", {"label": "none"}, 0),
        ],
    )
    def test_what_matches_goes_and_is_counted(
        self, client: Client, method: str, params: dict[str, Any], count: int
    ) -> None:
        self._four(client)
        assert client.result(f"private/{method}", params) == count
        assert len(client.result("private/get_open_orders")) == 4 - count

    def _four(self, client: Client) -> None:
        client.result("private/buy", BUY | {"label": "a"})
        client.result("private/buy", BUY | {"label": "b"})
        client.result("private/sell", STOP)
        client.result("private/buy", instrument_name=LINEAR, amount=Decimal("0.01"), price=63_500, label="a")

    def test_reports_hold_the_orders(self, client: Client) -> None:
        self._four(client)
        reports = client.result("private/cancel_all", detailed=True)
        assert [(one["instrument_name"], one["type"], one["currency"], len(one["result"])) for one in reports] == [
            (INVERSE, "limit", "BTC", 2),
            (INVERSE, "trigger", "BTC", 1),
            (LINEAR, "limit", "USDC", 1),
        ]


class TestReading:
    """Live orders, closed ones for half an hour, the rest of it as history."""

    def test_live_orders_are_found_by_what_they_are(self, client: Client) -> None:
        client.result("private/buy", BUY | {"label": "a"})
        client.result("private/sell", STOP)
        assert len(client.result("private/get_open_orders", type="stop_market")) == 1
        assert len(client.result("private/get_open_orders_by_currency", currency="BTC", type="limit")) == 1
        assert client.result("private/get_open_orders_by_currency", currency="USDC") == []
        assert len(client.result("private/get_open_orders_by_instrument", instrument_name=INVERSE)) == 2
        assert len(client.result("private/get_open_orders_by_label", currency="BTC", label="a")) == 1
        assert client.code("private/get_open_orders_by_label", currency="XRP", label="a") == -32602

    def test_a_label_finds_live_and_closed_orders_for_half_an_hour(self, wire: Wire, client: Client) -> None:
        client.subscribes("platform_state")
        by_label = {"currency": "BTC", "label": "mine"}
        for _ in range(2):
            client.result("private/buy", BUY | {"label": "mine"})
        order_id = client.result("private/get_open_orders")[0]["order_id"]
        client.result("private/cancel", order_id=order_id)
        assert len(client.result("private/get_order_state_by_label", by_label)) == 2
        assert client.result("private/get_order_state_by_label", by_label | {"currency": "USDC"}) == []
        wire.waits(29 * MINUTE_MS)
        client = wire.client()
        assert client.result("private/get_order_state", order_id=order_id)["order_state"] == "cancelled"
        wire.waits(2 * MINUTE_MS)
        client = wire.client()
        assert len(client.result("private/get_order_state_by_label", by_label)) == 1
        assert client.code("private/get_order_state", order_id=order_id) == 10004

    def test_history_leaves_out_what_never_filled_unless_asked(self, client: Client) -> None:
        client.result("private/cancel", order_id=client.result("private/buy", BUY)["order"]["order_id"])
        client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")
        history = {"currency": "BTC"}
        assert len(client.result("private/get_order_history_by_currency", history)) == 1
        assert len(client.result("private/get_order_history_by_currency", history, include_unfilled=True)) == 2
        assert client.result("private/get_order_history_by_instrument", instrument_name=LINEAR) == []

    def test_a_continuation_leads_through_all_pages(self, client: Client) -> None:
        placed = [
            client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")["order"]["order_id"]
            for _ in range(7)
        ]
        found: list[str] = []
        params: dict[str, Any] = {"currency": "BTC", "count": 3, "with_continuation": True}
        for _ in range(3):
            page = client.result("private/get_order_history_by_currency", params)
            found += [order["order_id"] for order in page["orders"]]
            params["continuation"] = page["continuation"]
        assert params["continuation"] is None
        assert found == placed[::-1]

    def test_trades_come_newest_first_unless_a_start_is_named(self, wire: Wire, client: Client) -> None:
        start_ms = wire.now_ms
        for _ in range(12):
            wire.waits(10)
            client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")
        newest = client.result("private/get_user_trades_by_instrument", instrument_name=INVERSE)
        assert (len(newest["trades"]), newest["has_more"]) == (10, True)
        assert newest["trades"][0]["timestamp"] > newest["trades"][-1]["timestamp"]
        window = {"currency": "BTC", "start_timestamp": start_ms, "end_timestamp": wire.now_ms, "count": 100}
        oldest = client.result("private/get_user_trades_by_currency_and_time", window)
        assert (len(oldest["trades"]), oldest["has_more"]) == (12, False)
        assert oldest["trades"][0]["timestamp"] < oldest["trades"][-1]["timestamp"]
        third = oldest["trades"][2]
        later = client.result(
            "private/get_user_trades_by_currency_and_time", window | {"start_timestamp": third["timestamp"]}
        )
        assert later["trades"] == oldest["trades"][2:]
        since = client.result(
            "private/get_user_trades_by_currency", currency="BTC", start_id=oldest["trades"][10]["trade_id"]
        )
        assert len(since["trades"]) == 2
        order_id = oldest["trades"][0]["order_id"]
        assert len(client.result("private/get_user_trades_by_order", order_id=order_id)) == 1
        assert client.code("private/get_user_trades_by_currency", currency="BTC", count=1001) == -32602

    def test_what_became_of_a_trigger_is_remembered(self, wire: Wire, client: Client) -> None:
        client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")
        client.result("private/sell", STOP | {"reduce_only": True, "label": "sl"})
        wire.moves_to("62900")
        entries = client.result("private/get_trigger_order_history", currency="BTC")["entries"]
        assert entries[0]["label"] == "sl"
        assert entries[0]["trigger_order_id"].startswith("SL")
        assert client.result("private/get_position", instrument_name=INVERSE)["size"] == 0

    def test_the_ledger_adds_up(self, client: Client) -> None:
        client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")
        log = client.result(
            "private/get_transaction_log", currency="BTC", start_timestamp=0, end_timestamp=client.wire.now_ms
        )
        assert [row["type"] for row in log["logs"]] == ["trade", "deposit"]
        trade, deposit = log["logs"]
        assert trade["balance"] == deposit["balance"] + trade["change"]
        balance = client.result("private/get_account_summary", currency="BTC")["balance"]
        assert abs(balance - trade["balance"]) < Decimal("0.00000001")


class TestMarket:
    """What everybody may ask."""

    def test_bars_are_parallel_lists_and_the_last_one_runs(self, wire: Wire, client: Client) -> None:
        client.subscribes("platform_state")
        for _ in range(5):
            wire.waits(MINUTE_MS)
            wire.moves_to("64100")
        asked = {
            "instrument_name": INVERSE, "start_timestamp": wire.now_ms - 10 * MINUTE_MS,
            "end_timestamp": wire.now_ms, "resolution": "1",
        }  # fmt: skip
        bars = client.result("public/get_tradingview_chart_data", asked)
        assert bars["status"] == "ok"
        assert len({len(bars[name]) for name in ("ticks", "open", "high", "low", "close", "volume", "cost")}) == 1
        assert bars["ticks"] == sorted(bars["ticks"])
        assert all(tick % MINUTE_MS == 0 for tick in bars["ticks"])
        assert client.result("public/get_tradingview_chart_data", asked | {"resolution": 5})["status"] == "ok"
        assert client.code("public/get_tradingview_chart_data", asked | {"resolution": "240"}) == -32602
        early = asked | {"start_timestamp": 0, "end_timestamp": 1}
        assert client.result("public/get_tradingview_chart_data", early) == {
            "status": "no_data", "ticks": [], "open": [], "high": [], "low": [], "close": [], "volume": [], "cost": []
        }  # fmt: skip

    def test_a_window_must_not_run_backwards(self, client: Client) -> None:
        asked = {"instrument_name": INVERSE, "start_timestamp": 2, "end_timestamp": 1}
        assert client.code("public/get_funding_rate_history", asked) == -32602

    @pytest.mark.parametrize(
        ("method", "params"),
        [
            ("get_currencies", {}),
            ("get_index_price", {"index_name": "btc_usd"}),
            ("get_index_price_names", {}),
            ("get_contract_size", {"instrument_name": INVERSE}),
            ("get_book_summary_by_instrument", {"instrument_name": INVERSE}),
            ("get_last_trades_by_instrument", {"instrument_name": INVERSE}),
            ("get_last_trades_by_currency", {"currency": "USDC"}),
            ("get_funding_rate_value", {"instrument_name": INVERSE, "start_timestamp": 0, "end_timestamp": 1}),
            ("status", {}),
            ("hello", {"client_name": "x", "client_version": "1"}),
        ],
    )
    def test_there_is_an_answer_without_a_login(self, wire: Wire, method: str, params: dict[str, Any]) -> None:
        assert wire.client(None).result(f"public/{method}", params) is not None

    def test_any_is_no_currency_for_summaries(self, client: Client) -> None:
        assert client.code("public/get_book_summary_by_currency", currency="any") == -32602


class TestAccount:
    """Money and margins."""

    def test_summaries_hold_every_currency_once(self, client: Client) -> None:
        all_of_it = client.result("private/get_account_summaries", extended=True)
        assert [row["currency"] for row in all_of_it["summaries"]] == ["BTC", "ETH", "USDC", "USDT", "EURR"]
        assert all_of_it["self_trading_reject_mode"] == "reject_taker"
        one = client.result("private/get_account_summary", currency="BTC")
        assert one["equity"] == one["balance"] == 10
        assert "self_trading_reject_mode" not in one

    def test_margins_say_what_an_order_would_tie_up(self, client: Client) -> None:
        margins = client.result("private/get_margins", instrument_name=INVERSE, amount=10_000, price=64_000)
        assert margins["buy"] == margins["sell"] > 0
        assert margins["min_price"] < 64_000 < margins["max_price"]

    def test_flat_positions_stay_in_the_list(self, client: Client) -> None:
        assert client.result("private/get_positions") == []
        client.result("private/buy", instrument_name=INVERSE, amount=10, type="market")
        client.result("private/close_position", instrument_name=INVERSE, type="market")
        (flat,) = client.result("private/get_positions", currency="BTC", kind="future")
        assert (flat["direction"], flat["size"]) == ("zero", 0)
        assert client.result("private/get_positions", currency="USDC") == []

    def test_a_locked_account_may_cancel_and_not_trade(self, wire: Wire, client: Client) -> None:
        order_id = client.result("private/buy", BUY)["order"]["order_id"]
        engine = wire.exchange.engine
        engine.lock(engine.accounts["main"], "ALL", locked=True)
        assert all(row["enabled"] for row in client.result("private/get_user_locks"))
        assert client.code("private/buy", BUY) == 10019
        assert client.result("private/cancel", order_id=order_id)["order_state"] == "cancelled"
