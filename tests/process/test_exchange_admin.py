"""The operator's surface: what it shows, what it does, and how it says no."""

import json
import threading
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
import requests
from websockets.exceptions import ConnectionClosed

from tests.process.exchange_client import DEADLINE_S, Exchange, Refused, Start, eventually

pytestmark = pytest.mark.process

PERPETUAL = "BTC-PERPETUAL"


def test_without_the_flag_there_is_no_such_surface(start: Start) -> None:
    exchange = start("--quiet")

    assert exchange.get("/admin/state").status_code == 404
    assert exchange.post("/admin/price", {}).status_code == 404


def test_state_shows_every_account_and_the_counters(exchange: Exchange) -> None:
    with exchange.connect() as client:
        client.login()
        client.call("private/buy", instrument_name=PERPETUAL, amount=10, type="limit", price=63000, label="shown")
        state = exchange.state()
        client.call("private/cancel_all")

    account = state["accounts"]["main"]
    assert {"orders", "positions", "balances", "trades"} <= set(account)
    assert "shown" in [order["label"] for order in account["orders"]]
    assert isinstance(state["counters"], dict)
    assert state["server"]["internal_errors"] == 0
    assert state["server"]["connections"] >= 1


def test_a_price_moves_at_once_and_stays_when_held(exchange: Exchange) -> None:
    answer = exchange.post("/admin/price", {"instrument_name": "ETH-PERPETUAL", "price": 2000, "hold": True})

    assert answer.status_code == 200, answer.text
    with exchange.connect() as client:
        for _ in range(3):
            book = client.call("public/get_order_book", instrument_name="ETH-PERPETUAL", depth=1)
            assert book["best_bid_price"] <= 2000 <= book["best_ask_price"]
            assert abs(book["mark_price"] - 2000) < 20


@pytest.mark.parametrize("key", ["paper", None])
def test_sockets_are_closed_by_key_or_all_of_them(exchange: Exchange, key: str | None) -> None:
    with exchange.connect() as paper, exchange.connect() as person:
        paper.login("paper")
        person.login("person")
        body: dict[str, Any] = {} if key is None else {"key": key}
        assert exchange.post("/admin/disconnect", body).status_code == 200
        with pytest.raises(ConnectionClosed):
            paper.call("public/get_time")
        if key is not None:
            assert person.call("public/get_time")


def test_faults_come_and_go(exchange: Exchange) -> None:
    rule = {"fault": "refused", "code": 11094, "method": "public/test"}
    answer = exchange.post("/admin/faults", {"rules": [rule]})
    assert answer.status_code == 200, answer.text
    try:
        assert exchange.get("/api/v2/public/test").json()["error"]["code"] == 11094
        assert exchange.get("/admin/faults").json()["rules"]
    finally:
        assert requests.delete(exchange.url + "/admin/faults", timeout=DEADLINE_S).status_code == 200
    assert exchange.get("/api/v2/public/test").status_code == 200


def test_a_profile_of_faults_has_a_name(exchange: Exchange) -> None:
    assert exchange.post("/admin/faults", {"profile": "none"}).status_code == 200
    wrong = exchange.post("/admin/faults", {"profile": "ruogh"})

    assert wrong.status_code == 400
    assert 'did you mean "rough"' in wrong.json()["error"]["reason"]


def test_skipped_time_passes_for_everybody_and_all_that_falls_due_happens(start: Start) -> None:
    exchange = start("--quiet", "--admin")
    with exchange.connect() as client:
        before = client.call("public/get_time")
        answer = exchange.post("/admin/clock", {"skip_ms": 120_000})
        assert answer.status_code == 200, answer.text
        assert answer.json()["now_ms"] >= before + 120_000
    with exchange.connect() as client:
        assert client.call("public/get_time") >= before + 120_000
        bars = client.call(
            "public/get_tradingview_chart_data",
            instrument_name=PERPETUAL,
            resolution="1",
            start_timestamp=before,
            end_timestamp=before + 120_000,
        )
        assert len(bars["ticks"]) >= 2


def test_the_sockets_are_served_while_an_hour_is_skipped(start: Start, no_credits: str) -> None:
    exchange = start("--quiet", "--admin", "--settings", no_credits)
    with exchange.connect() as client:
        client.call("public/subscribe", channels=["ticker.BTC-PERPETUAL.100ms"])
        times = [client.call("public/get_time")]
        answers: list[int] = []
        skipping = threading.Thread(
            target=lambda: answers.append(exchange.post("/admin/clock", {"skip_ms": 3_600_000}).json()["now_ms"])
        )
        skipping.start()
        while skipping.is_alive() and len(times) < 5000:
            times.append(client.call("public/get_time"))
        skipping.join(60)
        times.append(client.call("public/get_time"))

    assert times == sorted(times), "time went back"
    assert answers[0] - times[0] >= 3_600_000, "answered before all had happened"


def test_a_socket_with_heartbeats_survives_a_skip_if_it_answers(start: Start, no_credits: str) -> None:
    """A client cannot answer within a second that lasts a microsecond: the skip waits for it."""
    exchange = start("--quiet", "--admin", "--settings", no_credits)
    with exchange.connect() as client:
        client.call("public/set_heartbeat", interval=10)
        skipping = threading.Thread(target=lambda: exchange.post("/admin/clock", {"skip_ms": 600_000}))
        skipping.start()
        answered = 0
        while skipping.is_alive():
            with suppress(TimeoutError):
                message = json.loads(client.socket.recv(timeout=0.2))
                if message.get("params", {}).get("type") == "test_request":
                    client.socket.send('{"jsonrpc":"2.0","id":0,"method":"public/test"}')
                    answered += 1
        assert answered > 40
        assert client.call("public/get_time")


def test_maintenance_refuses_orders_until_it_ends(exchange: Exchange) -> None:
    assert exchange.post("/admin/maintenance", {"on": True}).json() == {"on": True}
    try:
        with exchange.connect() as client, pytest.raises(Refused) as refused:
            client.login()
        assert refused.value.code == 11051
    finally:
        assert exchange.post("/admin/maintenance", {"on": False}).status_code == 200
    with exchange.connect() as client:
        client.login()
        client.call("private/buy", instrument_name=PERPETUAL, amount=10, type="limit", price=63500)
        client.call("private/cancel_all")


def test_a_switch_changes_its_position(exchange: Exchange) -> None:
    answer = exchange.post("/admin/switches", {"numbers": "plain"})

    assert answer.status_code == 200, answer.text
    assert answer.json()["switches"]["numbers"] == "plain"
    exchange.post("/admin/switches", {"numbers": "mixed"})


def test_a_locked_account_may_not_trade(exchange: Exchange) -> None:
    assert exchange.post("/admin/lock", {"currency": "BTC", "locked": True}).status_code == 200
    try:
        with exchange.connect() as client:
            client.login()
            with pytest.raises(Refused) as refused:
                client.call("private/buy", instrument_name=PERPETUAL, amount=10, type="market")
        assert refused.value.code in {10019, 11098}
    finally:
        exchange.post("/admin/lock", {"currency": "BTC", "locked": False})


WRONG: dict[str, tuple[str, object, str]] = {
    "no instrument": ("price", {"price": 1}, "instrument_name"),
    "unknown instrument": ("price", {"instrument_name": "BTC-PERPETUL", "price": 1}, "instrument_name"),
    "no price": ("price", {"instrument_name": PERPETUAL}, "price"),
    "price of words": ("price", {"instrument_name": PERPETUAL, "price": "high"}, "price"),
    "price of zero": ("price", {"instrument_name": PERPETUAL, "price": 0}, "price"),
    "price true": ("price", {"instrument_name": PERPETUAL, "price": True}, "price"),
    "price NaN": ("price", {"instrument_name": PERPETUAL, "price": "NaN"}, "price"),
    "hold of words": ("price", {"instrument_name": PERPETUAL, "price": 1, "hold": "yes"}, "hold"),
    "unknown field": ("price", {"instrument_name": PERPETUAL, "prise": 1}, "prise"),
    "not an object": ("price", [1], "body"),
    "key is a number": ("disconnect", {"key": 1}, "key"),
    "no skip": ("clock", {}, "skip_ms"),
    "back in time": ("clock", {"skip_ms": -1}, "skip_ms"),
    "too far": ("clock", {"skip_ms": 10**15}, "skip_ms"),
    "half a millisecond": ("clock", {"skip_ms": 0.5}, "skip_ms"),
    "maintenance of words": ("maintenance", {"on": "yes"}, "on"),
    "unknown switch": ("switches", {"nubers": "plain"}, "nubers"),
    "unknown position": ("switches", {"numbers": "roman"}, "numbers"),
    "unknown account": ("lock", {"account": "mian", "currency": "BTC", "locked": True}, "account"),
    "unknown currency": ("lock", {"currency": "XYZ", "locked": True}, "currency"),
    "profile and rules": ("faults", {"profile": "none", "rules": []}, "profile"),
    "wrong rule": ("faults", {"rules": [{"fault": "refuse"}]}, "faults"),
}


@pytest.mark.parametrize(("path", "body", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_input_is_400_with_the_field_and_the_reason(
    exchange: Exchange, path: str, body: object, field: str
) -> None:
    answer = exchange.post(f"/admin/{path}", body)

    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["field"] == field
    assert len(error["reason"]) > 3


def test_a_body_that_is_not_json_is_400(exchange: Exchange) -> None:
    answer = requests.post(exchange.url + "/admin/price", data=b"{price", timeout=DEADLINE_S)

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "body")


def test_an_unknown_path_is_404_and_a_wrong_verb_405(exchange: Exchange) -> None:
    unknown, wrong = exchange.post("/admin/prize", {}), exchange.get("/admin/price")

    assert unknown.status_code == 404
    assert 'did you mean "price"' in unknown.json()["error"]["reason"]
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (405, "method")


def test_a_page_of_another_site_may_not_operate_the_exchange(exchange: Exchange) -> None:
    foreign = exchange.post("/admin/maintenance", {"on": True}, headers={"Origin": "https://example.com"})
    own = exchange.post("/admin/maintenance", {"on": False}, headers={"Origin": exchange.url})

    assert (foreign.status_code, own.status_code) == (403, 200)


def test_a_gap_through_a_stop_fills_it_beyond_its_price(exchange: Exchange) -> None:
    """What the surface is for: a price by hand, and its consequences for an account."""
    exchange.post("/admin/price", {"instrument_name": PERPETUAL, "price": 60000, "hold": True})
    with exchange.connect() as client:
        client.login()
        client.call("private/buy", instrument_name=PERPETUAL, amount=1000, type="market")
        client.call(
            "private/sell",
            instrument_name=PERPETUAL,
            amount=1000,
            type="stop_market",
            trigger="mark_price",
            trigger_price=59000,
            reduce_only=True,
        )
        exchange.post("/admin/price", {"instrument_name": PERPETUAL, "price": 58000, "hold": True})

        def flat() -> bool:
            return all(not position["size"] for position in client.call("private/get_positions"))

        eventually(flat, "the stop has closed the position")
        trades = client.call("private/get_user_trades_by_instrument", instrument_name=PERPETUAL, sorting="desc")[
            "trades"
        ]
    assert abs(Decimal(trades[0]["price"]) - 58000) < 300
