"""Requests and replies look as Deribit's do, broken ones included."""

from typing import Any

import pytest

from tests.unit.exchange.surface import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_reply_carries_the_id_and_three_stamps(wire: Wire) -> None:
    reply = wire.client(None).call("public/test")
    assert reply.keys() == {"jsonrpc", "id", "result", "usIn", "usOut", "usDiff", "testnet"}
    assert reply["usOut"] - reply["usIn"] == reply["usDiff"] > 0
    assert reply["testnet"] is True


@pytest.mark.parametrize("number", [0, -1, "text", None, 2**60, {"a": [1]}, [1], True])
def test_the_id_comes_back_whatever_it_is(wire: Wire, number: Any) -> None:
    client = wire.client(None)
    (sent,) = client.sends({"jsonrpc": "2.0", "id": number, "method": "public/test", "params": {}})
    assert sent.message["id"] == number  # type: ignore[union-attr]


def test_a_request_without_an_id_is_executed_and_answered_without_one(wire: Wire) -> None:
    client = wire.client()
    (sent,) = client.sends({"jsonrpc": "2.0", "method": "private/enable_cancel_on_disconnect", "params": {}})
    assert "id" not in sent.message  # type: ignore[union-attr]
    assert client.result("private/get_cancel_on_disconnect")["enabled"] is True


@pytest.mark.parametrize(
    ("frame", "code", "data"),
    [
        (b"nonsense", 11050, "invalid json"),
        (b"", 11050, "invalid json"),
        (b"\xff\xfe", 11050, "invalid json"),
        (b"[" * 20_000, 11050, "invalid json"),
        (b" " * 32_769, -32600, None),
        ("\u20ac" * 11_000, -32600, None),
        (b"[]", 11050, "request must be an object"),
        (b"17", 11050, "request must be an object"),
        (b'[{"method":"public/test"}]', 11050, "request must be an object"),
        (b'{"jsonrpc":"1.0","method":"public/test"}', 11050, "jsonrpc must be 2.0"),
        (b'{"method":17}', 11050, "method must be a string"),
        (b"{}", 11050, "method must be a string"),
        (b'{"method":"public/none"}', -32601, None),
        (b'{"method":"public/test","params":[]}', -32602, {"reason": "must be an object", "param": "params"}),
    ],
)
def test_a_broken_frame_is_answered_and_the_socket_stays(wire: Wire, frame: bytes | str, code: int, data: Any) -> None:
    client = wire.client(None)
    error = client.frame(frame)["error"]
    assert (error["code"], error.get("data")) == (code, data)
    assert client.result("public/test")


def test_params_may_be_left_out_and_so_may_jsonrpc(wire: Wire) -> None:
    assert wire.client(None).frame(b'{"id":1,"method":"public/get_time"}')["result"] == wire.now_ms


@pytest.mark.parametrize(
    ("params", "param", "reason"),
    [
        ({}, "instrument_name", "value is required"),
        ({"instrument_name": None}, "instrument_name", "value must not be null"),
        ({"instrument_name": 5}, "instrument_name", "wrong format"),
        (
            {"instrument_name": "BTC-PERPETUAL", "depth": 3},
            "depth",
            "must be one of 1, 5, 10, 20, 50, 100, 1000, 10000",
        ),
        ({"instrument_name": "BTC-PERPETUAL", "depth": None}, "depth", "value must not be null"),
        ({"instrument_name": "BTC-PERPETUAL", "depth": "5"}, "depth", "must be a number"),
        ({"instrument_name": "BTC-PERPETUAL", "depth": True}, "depth", "must be a number"),
    ],
)
def test_a_wrong_parameter_is_named_with_the_reason(
    wire: Wire, params: dict[str, Any], param: str, reason: str
) -> None:
    error = wire.client(None).error("public/get_order_book", params)
    assert error["code"] == -32602
    assert error["data"] == {"reason": reason, "param": param}


def test_unknown_parameters_are_ignored(wire: Wire) -> None:
    assert wire.client(None).result("public/get_order_book", instrument_name="BTC-PERPETUAL", colour="red")["bids"]


def test_an_unknown_instrument_is_not_found(wire: Wire) -> None:
    assert wire.client(None).code("public/ticker", instrument_name="DOGE-PERPETUAL") == 13020


class TestOverHttp:
    """GET has text in the query, POST a body; some methods want a socket."""

    def test_a_query_is_read_as_its_kinds(self, wire: Wire) -> None:
        query = {"instrument_name": "BTC-PERPETUAL", "depth": "10"}
        reply = wire.http("GET", "/api/v2/public/get_order_book", query=query)
        assert len(reply["result"]["bids"]) == 10
        assert "id" not in reply
        assert (
            wire.http("GET", "/api/v2/public/get_instruments", query={"currency": "BTC", "expired": "true"})["result"]
            == []
        )

    @pytest.mark.parametrize("path", ["/api/v2", "/api/v2/public/get_time"])
    def test_a_body_is_a_request(self, wire: Wire, path: str) -> None:
        body = b'{"jsonrpc":"2.0","id":9,"method":"public/get_time","params":{}}'
        reply = wire.http("POST", path, body=body)
        assert (reply["id"], reply["result"]) == (9, wire.now_ms)

    @pytest.mark.parametrize(
        "method",
        [
            "public/subscribe",
            "public/unsubscribe_all",
            "public/set_heartbeat",
            "public/disable_heartbeat",
            "public/hello",
            "private/logout",
        ],
    )
    def test_what_needs_a_socket_says_so(self, wire: Wire, method: str) -> None:
        assert wire.http("GET", f"/api/v2/{method}")["error"]["code"] == 10030

    def test_a_body_that_is_not_json_is_a_bad_request(self, wire: Wire) -> None:
        assert wire.http("POST", "/api/v2", body=b"{")["error"]["data"] == "invalid json"

    def test_candles_are_served_unless_the_switch_says_no(self, wire: Wire) -> None:
        query = {"instrument_name": "BTC-PERPETUAL", "start_timestamp": "0", "end_timestamp": "1", "resolution": "5"}
        path = "/api/v2/public/get_tradingview_chart_data"
        assert wire.http("GET", path, query=query)["result"]["status"] == "no_data"


def test_maintenance_is_announced_unasked_and_ends_the_sockets(wire: Wire) -> None:
    client = wire.client()
    client.subscribes("platform_state")
    wire.exchange.set_maintenance(on=True, now_ms=wire.now_ms)
    said = [item.message for item in wire.collect()]  # type: ignore[union-attr]
    assert client.pushes("platform_state") == [{"maintenance": True}]
    assert [message["error"]["code"] for message in said if "error" in message] == [11051]
    assert client.code("private/get_positions") == 11051
    assert client.result("public/test")
    wire.waits(1_000)
    assert client.end.code == 1012
    wire.exchange.set_maintenance(on=False, now_ms=wire.now_ms)
    assert wire.client().result("private/get_positions") == []
