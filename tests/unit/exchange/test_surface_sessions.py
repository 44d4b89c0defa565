"""Signs of life, silence, cancel on disconnect, credits, and how many may come at once."""

from typing import Any

import pytest

from exchange.exchange import TooManyConnections
from exchange.outbox import Send
from exchange.settings import Limits
from exchange.switches import Switches
from tests.unit.exchange.surface import Client, Wire

ORDER = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit", "price": 63_500}


@pytest.fixture
def wire() -> Wire:
    return Wire()


def _tests(items: list[Any]) -> int:
    """How many test_requests are among these."""
    sent = [item.message for item in items if isinstance(item, Send)]
    return sum(message.get("method") == "heartbeat" and message["params"]["type"] == "test_request" for message in sent)


class TestHeartbeats:
    """With an interval of 10: after 12 s, then every 10.6 s; unanswered, the end 10 s later."""

    def test_they_come_a_little_later_than_the_interval(self, wire: Wire) -> None:
        client = wire.client()
        assert client.result("public/set_heartbeat", interval=10) == "ok"
        assert _tests(wire.waits(11_999)) == 0
        assert _tests(wire.waits(1)) == 1
        client.result("public/test")
        assert _tests(wire.waits(10_599)) == 0
        assert _tests(wire.waits(1)) == 1

    def test_an_answered_one_keeps_the_socket(self, wire: Wire) -> None:
        client = wire.client()
        client.result("public/set_heartbeat", interval=10)
        for _ in range(20):
            wire.waits(9_000)
            client.result("public/test")
        assert client.is_open

    def test_an_unanswered_one_ends_it_ten_seconds_later(self, wire: Wire) -> None:
        client = wire.client()
        client.result("public/set_heartbeat", interval=10)
        wire.waits(12_000)
        client.result("public/get_time")  # other traffic is no answer
        wire.waits(9_999)
        assert client.is_open
        wire.waits(1)
        assert (client.end.code, client.end.reason) == (4000, "heartbeat close")

    def test_in_a_simulated_quiet_it_comes_half_as_often_and_asks_each_third_time(self, wire: Wire) -> None:
        client = wire.client()
        client.result("public/set_heartbeat", interval=10)
        wire.exchange.sessions.may_spare = lambda _now_ms: True
        assert len(wire.waits(11_999)) == 0
        said = wire.waits(1)
        assert (len(said), _tests(said)) == (1, 0), "it lives, and asks nothing"
        assert len(wire.waits(21_199)) == 0
        said = wire.waits(1)
        assert (len(said), _tests(said)) == (1, 0)
        said = wire.waits(21_200)
        assert (len(said), _tests(said)) == (1, 1), "the third time it asks"
        client.result("public/test")
        wire.exchange.sessions.may_spare = lambda _now_ms: False
        said = wire.waits(21_200)
        assert (len(said), _tests(said)) == (2, 1)
        client.result("public/test")
        assert _tests(wire.waits(10_600)) == 1

    def test_they_can_be_switched_off_and_set_anew(self, wire: Wire) -> None:
        client = wire.client()
        client.result("public/set_heartbeat", interval=10)
        client.result("public/set_heartbeat", interval=30)
        assert _tests(wire.waits(35_999)) == 0
        client.result("public/disable_heartbeat")
        assert _tests(wire.waits(20_000)) == 0

    def test_less_than_ten_seconds_is_refused(self, wire: Wire) -> None:
        assert wire.client(None).code("public/set_heartbeat", interval=9) == -32602


class TestSilence:
    """A socket that says and hears nothing is dropped after a minute, without a closing frame."""

    def test_an_idle_socket_is_dropped(self, wire: Wire) -> None:
        client = wire.client()
        wire.waits(30_000)
        client.result("public/test")
        wire.waits(59_999)
        assert client.is_open
        wire.waits(1)
        assert (client.end.code, client.end.abrupt) == (1006, True)

    def test_one_subscription_is_enough_to_stay(self, wire: Wire) -> None:
        client = wire.client()
        client.subscribes("platform_state")
        wire.waits(600_000)
        assert client.is_open
        client.result("private/unsubscribe_all")
        wire.waits(120_000)
        assert not client.is_open


class TestCancelOnDisconnect:
    """Only what came over the armed socket goes, and only when the socket breaks."""

    def _orders(self, wire: Wire) -> int:
        return len(wire.client().result("private/get_open_orders"))

    def test_it_is_off_at_first(self, wire: Wire) -> None:
        client = wire.client()
        assert client.result("private/get_cancel_on_disconnect") == {"scope": "connection", "enabled": False}
        client.result("private/buy", ORDER)
        wire.exchange.disconnected(client.id, wire.now_ms)
        assert self._orders(wire) == 1

    def test_an_armed_socket_takes_its_own_orders_with_it(self, wire: Wire) -> None:
        armed, other = wire.client(), wire.client()
        armed.result("private/enable_cancel_on_disconnect")
        armed.result("private/buy", ORDER)
        other.result("private/buy", ORDER)
        wire.exchange.disconnected(armed.id, wire.now_ms)
        left = other.result("private/get_open_orders")
        assert len(left) == 1
        history = other.result("private/get_order_history_by_currency", currency="BTC", include_unfilled=True)
        assert [order["cancel_reason"] for order in history] == ["cancel_on_disconnect"]

    def test_a_heartbeat_failure_counts_too(self, wire: Wire) -> None:
        client = wire.client()
        client.result("private/enable_cancel_on_disconnect")
        client.result("private/buy", ORDER)
        client.result("public/set_heartbeat", interval=10)
        wire.waits(30_000)
        assert self._orders(wire) == 0

    def test_the_account_scope_arms_this_socket_and_later_ones(self, wire: Wire) -> None:
        first = wire.client()
        first.result("private/enable_cancel_on_disconnect", scope="account")
        second = wire.client()
        assert first.result("private/get_cancel_on_disconnect")["enabled"]
        assert second.result("private/get_cancel_on_disconnect")["enabled"]
        first.result("private/disable_cancel_on_disconnect", scope="account")
        assert not wire.client().result("private/get_cancel_on_disconnect")["enabled"]

    def test_over_http_there_is_no_connection_to_watch(self, wire: Wire) -> None:
        token = wire.client(scope="session:mine").login["access_token"]
        reply = wire.http(
            "GET", "/api/v2/private/enable_cancel_on_disconnect", headers={"Authorization": f"Bearer {token}"}
        )
        assert reply["error"]["code"] == 10030


class TestCredits:
    """An empty pool is 10028, and the end of the session."""

    def _exhausts(self, client: Client, method: str, params: dict[str, Any], most: int) -> int:
        for count in range(most):
            if "error" in (reply := client.call(method, params)):
                assert reply["error"]["code"] == 10028
                return count
        return most

    @pytest.mark.parametrize(
        ("method", "params", "burst"),
        [
            ("public/get_time", {}, 100),  # the login was paid by the address
            ("public/get_instruments", {"currency": "BTC"}, 50),
            ("private/subscribe", {"channels": []}, 10),
            ("private/cancel_all", {}, 20),
            ("private/cancel_by_label", {"label": "none"}, 20),
            ("private/get_transaction_log", {"currency": "BTC", "start_timestamp": 0, "end_timestamp": 1}, 8),
        ],
    )
    def test_each_pool_has_its_burst(self, method: str, params: dict[str, Any], burst: int) -> None:
        client = Wire(spends=True).client()
        # Nothing refills a pool while time stands still.
        assert self._exhausts(client, method, params, 120) == burst
        assert client.end.code == 1008

    @pytest.mark.parametrize("code", [1008, 4001])
    def test_the_close_code_is_a_switch(self, code: Any) -> None:
        client = Wire(spends=True, switches=Switches(credits_close_code=code)).client()
        self._exhausts(client, "private/cancel_all", {}, 30)
        assert client.end.code == code

    def test_time_refills_the_pool(self) -> None:
        wire = Wire(spends=True)
        client = wire.client()
        for _ in range(100):
            assert client.result("private/cancel_by_label", label="none") == 0
            wire.waits(200)

    def test_a_better_tier_has_more(self) -> None:
        wire = Wire(limits=Limits(tier=1))
        assert self._exhausts(wire.client(), "private/cancel_all", {}, 120) == 100

    def test_accounts_do_not_eat_each_others_credits(self) -> None:
        wire = Wire(spends=True)
        self._exhausts(wire.client(), "private/cancel_all", {}, 30)
        assert wire.client("other").result("private/cancel_all") == 0

    def test_the_limits_are_told(self) -> None:
        limits = Wire(limits=Limits(tier=2)).client().result("private/get_account_summary", currency="BTC")["limits"]
        assert limits["matching_engine"]["trading"]["total"] == {"rate": 20, "burst": 50}
        assert limits["non_matching_engine"] == {"rate": 20, "burst": 100}


def test_the_connection_after_the_last_one_is_refused_until_one_ends() -> None:
    wire = Wire(limits=Limits(credits=False, connections_per_address=3))
    first = wire.client()
    wire.client()
    wire.client()
    with pytest.raises(TooManyConnections):
        wire.exchange.connect(wire.now_ms)
    assert wire.exchange.connect(wire.now_ms, address="elsewhere")
    wire.exchange.disconnected(first.id, wire.now_ms)
    assert wire.exchange.connect(wire.now_ms)


def test_the_operator_can_close_the_sockets_of_one_key(wire: Wire) -> None:
    mine, theirs = wire.client(), wire.client("other")
    assert wire.exchange.close_sessions("paper", wire.now_ms) == 1
    wire.collect()
    assert not mine.is_open
    assert theirs.is_open
