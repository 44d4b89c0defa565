"""What goes wrong on purpose goes wrong as it was ordered: requests, replies, pushes, sessions, markets."""

from decimal import Decimal
from typing import Any

import pytest

from exchange.outbox import Close, Send
from exchange.settings import Latency
from tests.unit.exchange.surface import INVERSE, Client, Wire

BUY = {"instrument_name": INVERSE, "amount": 10, "type": "limit", "price": 63_500, "label": "mine"}
BOUGHT = "user.orders.any.any.raw"


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Client:
    client = wire.client()
    client.subscribes(BOUGHT)
    return client


def _buys(client: Client, number: int = 5, **more: Any) -> list[Any]:
    """What comes back at once for a buy."""
    return client.sends({"jsonrpc": "2.0", "id": number, "method": "private/buy", "params": BUY | more})


def _kinds(items: list[Any]) -> list[str]:
    return ["close" if isinstance(item, Close) else "reply" if "id" in item.message else "push" for item in items]


def _breaks(wire: Wire, *rules: dict[str, Any]) -> None:
    wire.exchange.set_faults(list(rules))


def _live(wire: Wire) -> int:
    return len(wire.exchange.engine.accounts["main"].live)


class TestRequests:
    """Lost, late, refused; executed or not."""

    def test_a_lost_request_leaves_no_trace(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "request_lost", "method": "private/buy"})
        assert _buys(client) == []
        assert _live(wire) == 0

    def test_a_lost_reply_leaves_the_order(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "reply_lost", "method": "private/buy"})
        assert _kinds(_buys(client)) == ["push"]
        assert _live(wire) == 1

    def test_a_late_request_is_executed_late(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "request_late", "delay_ms": 5_000, "method": "private/buy"})
        assert _buys(client) == []
        wire.waits(4_999)
        assert _live(wire) == 0
        assert _kinds(wire.waits(1)) == ["reply", "push"]

    def test_a_late_request_still_lands_when_its_socket_is_gone(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "request_late", "delay_ms": 5_000, "method": "private/buy"})
        _buys(client)
        wire.exchange.disconnected(client.id, wire.now_ms)
        wire.waits(5_000)
        assert _live(wire) == 1

    def test_a_deadline_protects_from_that(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "request_late", "delay_ms": 5_000, "method": "private/buy"})
        _buys(client, valid_until=wire.now_ms + 2_000)
        wire.exchange.disconnected(client.id, wire.now_ms)
        wire.waits(5_000)
        assert _live(wire) == 0

    def test_what_is_sent_after_a_late_request_waits_behind_it(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "request_late", "delay_ms": 1_000, "method": "private/buy", "count": 1})
        _buys(client, 1)
        client.sends({"id": 2, "method": "private/cancel_all", "params": {}})
        numbers = [item.message["id"] for item in wire.waits(1_000) if isinstance(item, Send) and "id" in item.message]
        assert numbers == [1, 2]
        assert _live(wire) == 0

    def test_a_late_and_a_doubled_reply(self, wire: Wire, client: Client) -> None:
        _breaks(
            wire,
            {"fault": "reply_late", "delay_ms": 700, "method": "private/buy"},
            {"fault": "reply_duplicated", "method": "private/buy"},
        )
        assert _kinds(_buys(client)) == ["push"]
        assert _kinds(wire.waits(700)) == ["reply", "reply"]

    def test_a_refusal_that_was_ordered(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "refused", "code": 10040, "message": "retry", "method": "private/buy"})
        (reply,) = _buys(client)
        assert reply.message["error"]["code"] == 10040
        assert _live(wire) == 0

    def test_an_error_after_the_order_took_effect(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "failed", "code": 13028, "method": "private/buy"})
        replies = [item for item in _buys(client) if "id" in item.message]
        assert replies[0].message["error"]["code"] == 13028
        assert _live(wire) == 1

    def test_news_before_the_reply(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "push_before_reply", "method": "private/buy"})
        assert _kinds(_buys(client)) == ["push", "reply"]

    def test_only_part_of_it_finds_somebody(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "partial_fill", "fraction": 0.3, "method": "private/buy"})
        order = client.result("private/buy", BUY | {"amount": 1000, "price": 64_100})["order"]
        assert (order["order_state"], order["filled_amount"]) == ("open", 300)

    def test_a_stale_answer_is_what_was_true_before(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "stale_snapshot", "duration_ms": 10_000, "method": "private/get_open_orders"})
        assert client.result("private/get_open_orders") == []
        client.result("private/buy", BUY)
        assert client.result("private/get_open_orders") == []
        wire.waits(10_001)
        assert len(client.result("private/get_open_orders")) == 1

    def test_requests_take_their_time_when_set_so(self) -> None:
        wire = Wire(latency=Latency(request_ms=50))
        client = Client(wire, wire.exchange.connect(wire.now_ms))
        assert client.sends({"id": 1, "method": "public/test", "params": {}}) == []
        assert _kinds(wire.waits(50)) == ["reply"]


class TestPushes:
    """Lost, late, twice, out of order."""

    def test_lost_and_twice(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "push_lost", "channel": "user.*"})
        assert _kinds(_buys(client)) == ["reply"]
        _breaks(wire, {"fault": "push_duplicated", "channel": "user.*"})
        assert _kinds(_buys(client)) == ["reply", "push", "push"]

    def test_a_late_one_holds_up_those_behind_it(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "push_late", "delay_ms": 300, "channel": BOUGHT, "count": 1})
        _buys(client, 1, label="first")
        _buys(client, 2, label="second")
        assert client.pushes(BOUGHT) == []
        wire.waits(300)
        assert [order["label"] for order in client.pushes(BOUGHT)] == ["first", "second"]

    def test_a_reordered_one_is_overtaken(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "push_reordered", "delay_ms": 300, "channel": BOUGHT, "count": 1})
        _buys(client, 1, label="first")
        _buys(client, 2, label="second")
        wire.waits(300)
        assert [order["label"] for order in client.pushes(BOUGHT)] == ["second", "first"]

    def test_a_push_that_ends_its_socket_does_not_keep_the_others_from_hearing(
        self, wire: Wire, client: Client
    ) -> None:
        other = wire.client()
        other.subscribes(BOUGHT)
        _breaks(wire, {"fault": "socket_closed", "channel": BOUGHT, "count": 1})
        assert _kinds(_buys(client)) == ["reply", "push", "push"]
        wire.waits(1)
        assert [client.is_open, other.is_open] == [False, True]


class TestSessions:
    """Closed, deaf, slow, forgotten."""

    @pytest.mark.parametrize(("when", "orders"), [("before", 0), ("after", 1)])
    def test_the_socket_closes_before_or_after_the_order_took_effect(
        self, wire: Wire, client: Client, when: str, orders: int
    ) -> None:
        _breaks(wire, {"fault": "socket_closed", "method": "private/buy", "when": when})
        assert "reply" not in _kinds(_buys(client))
        assert client.end.abrupt
        assert _live(wire) == orders

    def test_a_half_open_socket_says_nothing_and_hears_nothing(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "half_open", "method": "public/test"})
        client.sends({"id": 1, "method": "public/test", "params": {}})
        assert _buys(client) == []
        assert wire.waits(600_000) == []
        assert client.is_open
        assert _live(wire) == 0

    def test_a_slow_socket_keeps_the_order(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "slow", "delay_ms": 200, "duration_ms": 1_000, "method": "public/test", "count": 1})
        client.sends({"id": 1, "method": "public/test", "params": {}})
        assert _buys(client, 2) == []
        assert _kinds(wire.waits(200)) == ["reply", "reply", "push"]

    def test_a_silent_subscription_is_still_believed_in(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "subscription_lost", "method": "public/test", "silent": "user.*"})
        client.result("public/test")
        assert _kinds(_buys(client)) == ["reply"]
        assert client.subscribes(BOUGHT) == [BOUGHT]
        assert _kinds(_buys(client)) == ["reply"]
        client.result("private/unsubscribe", channels=[BOUGHT])
        client.subscribes(BOUGHT)
        assert _kinds(_buys(client)) == ["reply", "push"]

    def test_a_token_can_die_early(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "token_expired", "method": "public/test"})
        client.result("public/test")
        assert client.code("private/buy", BUY) == 13009

    def test_credits_can_be_gone(self) -> None:
        wire = Wire(spends=True)
        client = wire.client()
        _breaks(wire, {"fault": "credits_gone", "method": "public/test"})
        client.result("public/test")
        assert client.code("private/buy", BUY) == 10028
        assert not client.is_open


class TestWorld:
    """Gaps, locks, maintenance, somebody else's hands, a wrong clock."""

    def test_a_gap_moves_the_market_at_once(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "gap", "at_ms": 100, "percent": 5, "toward": "down", "instrument_name": INVERSE})
        wire.waits(100)
        mark = client.result("public/ticker", instrument_name=INVERSE)["mark_price"]
        assert abs(mark - Decimal(60_800)) < 100

    def test_a_locked_index_opens_again(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "index_locked", "at_ms": 100, "duration_ms": 1_000, "instrument_name": INVERSE})
        wire.waits(100)
        assert client.code("private/buy", BUY) == 10019
        wire.waits(1_000)
        assert client.result("private/buy", BUY)

    def test_maintenance_passes(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "maintenance", "at_ms": 100, "duration_ms": 5_000})
        wire.waits(2_000)
        assert not client.is_open
        assert wire.client(None).code("public/auth", grant_type="client_credentials") == 11051
        wire.waits(4_000)
        assert wire.client().result("private/buy", BUY)

    @pytest.mark.parametrize("what", ["trade", "cancel", "close"])
    def test_a_person_meddles(self, wire: Wire, client: Client, what: str) -> None:
        client.result("private/buy", instrument_name=INVERSE, amount=100, type="market")
        _buys(client)
        trades = len(wire.exchange.engine.accounts["main"].archive.trades)
        _breaks(wire, {"fault": "meddling", "at_ms": 100, "what": what, "client_id": "paper"})
        wire.waits(100)
        account = wire.exchange.engine.accounts["main"]
        assert len(account.archive.trades) > trades or not account.live

    def test_a_clock_can_be_wrong(self, wire: Wire, client: Client) -> None:
        _breaks(wire, {"fault": "clock_jump", "at_ms": 100, "skip_ms": 3_000})
        wire.waits(100)
        assert client.result("public/get_time") == wire.now_ms + 3_000
        assert client.code("private/buy", BUY | {"valid_until": wire.now_ms + 2_000}) == 13888

    def test_a_thin_book_becomes_deep_again(self, wire: Wire) -> None:
        market = wire.exchange.engine.markets[INVERSE]
        deep = sum(amount for _, amount in market.depth("asks", 40))
        _breaks(
            wire,
            {"fault": "thin_book", "at_ms": 1, "fraction": 0.1, "duration_ms": 1_000, "instrument_name": INVERSE},
        )
        wire.waits(1)
        assert sum(amount for _, amount in market.depth("asks", 40)) < deep / 5
        wire.waits(1_000)
        assert sum(amount for _, amount in market.depth("asks", 40)) == deep


def test_faults_are_counted_and_can_be_cleared(wire: Wire, client: Client) -> None:
    _breaks(wire, {"fault": "reply_lost", "method": "private/buy"})
    _buys(client)
    wire.exchange.clear_faults()
    assert _kinds(_buys(client)) == ["reply", "push"]
    assert wire.exchange.fault_state()["injected"] == {"reply_lost": 1}
    assert wire.exchange.fault_state()["rules"] == []
    assert wire.exchange.state(wire.now_ms)["counters"]["requests"] > 0


def test_the_overview_shows_everything_there_is(wire: Wire, client: Client) -> None:
    client.result("private/buy", instrument_name=INVERSE, amount=100, type="market")
    _buys(client)
    seen = wire.exchange.state(wire.now_ms)
    assert seen.keys() >= {"now_ms", "accounts", "markets", "sessions", "counters", "faults", "maintenance"}
    account = seen["accounts"]["main"]
    assert [order["order_state"] for order in account["orders"]] == ["filled", "open"]
    assert account["positions"][0]["size"] == 100
    assert len(account["trades"]) == 1
    assert Decimal(account["balances"]["BTC"]) < 10
    assert seen["markets"][INVERSE].keys() >= {"mid", "mark", "index", "last", "state", "held"}
    assert seen["sessions"][0]["client_id"] == "paper"


def test_two_exchanges_with_the_same_history_say_the_same() -> None:
    def history() -> list[Any]:
        wire = Wire()
        client = wire.client()
        client.subscribes("user.changes.any.any.raw", f"ticker.{INVERSE}.raw", "user.portfolio.any")
        wire.exchange.set_faults([{"fault": "reply_late", "delay_ms": [10, 500], "probability": 0.5}])
        for number in range(30):
            _buys(client, number)
            wire.moves_to(str(63_000 + 50 * (number % 30)))
            wire.waits(100)
        return wire.heard

    assert history() == history()
