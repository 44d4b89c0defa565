"""What is heard on which channel, in which shape, and when."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from exchange.outbox import Send
from exchange.settings import FeedSettings
from exchange.switches import Switches
from tests.unit.exchange.surface import INVERSE, LINEAR, Client, Wire

MARKET_BUY = {"instrument_name": INVERSE, "amount": 10, "type": "market", "label": "mine"}
RESTING_BUY = {"instrument_name": INVERSE, "amount": 10, "type": "limit", "price": 63_500}


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(wire: Wire) -> Client:
    return wire.client()


class TestSubscribing:
    """The answer lists what is subscribed now, and nothing else."""

    @pytest.mark.parametrize(
        "name",
        [
            "nonsense",
            "ticker.BTC-PERPETUAL",
            "ticker.BTC-PERPETUAL.1s",
            "ticker.DOGE-PERPETUAL.raw",
            "book.BTC-PERPETUAL.none.7.100ms",
            "book.BTC-PERPETUAL.x.10.100ms",
            "book.BTC-PERPETUAL.-1.10.100ms",
            "chart.trades.BTC-PERPETUAL.240",
            "user.orders.future.DOGE.raw",
            "user.changes.thing.any.raw",
            "user.portfolio.doge",
            "deribit_price_index.doge_usd",
            "trades.future.DOGE.raw",
            "",
        ],
    )
    def test_a_channel_nobody_publishes_is_silently_missing(self, client: Client, name: str) -> None:
        assert client.subscribes(name, "platform_state") == ["platform_state"]

    def test_the_order_of_the_answer_is_any(self, client: Client) -> None:
        names = [f"{family}.{INVERSE}.100ms" for family in ("ticker", "trades", "perpetual", "book")]
        orders = set()
        for _ in range(12):
            joined = client.subscribes(*names)
            assert sorted(joined) == sorted(names)
            orders.add(tuple(joined))
        assert len(orders) > 1

    def test_private_channels_are_missing_from_a_public_subscription(self, client: Client) -> None:
        assert client.result("public/subscribe", channels=["user.lock"]) == []

    def test_private_channels_want_their_scope(self, wire: Wire) -> None:
        reader = wire.client(scope="account:none")
        assert reader.subscribes("user.portfolio.any", "user.orders.any.any.raw") == ["user.orders.any.any.raw"]

    def test_channels_of_what_is_not_listed_here_are_accepted_and_silent(self, client: Client) -> None:
        names = ["trades.option.BTC.raw", "user.orders.option.any.raw", "user.access_log", "instrument.state.spot.any"]
        assert sorted(client.subscribes(*names)) == sorted(names)
        client.result("private/buy", MARKET_BUY)
        assert [client.pushes(name) for name in names] == [[]] * 4

    def test_a_session_cannot_have_channels_without_end(self, client: Client) -> None:
        for start in range(1, 2_500, 500):
            client.subscribes(*(f"book.{INVERSE}.{step}.1.agg2" for step in range(start, start + 500)))
        assert client.subscribes("user.lock") == []
        assert client.result("private/unsubscribe_all") == "ok"
        assert client.subscribes("user.lock") == ["user.lock"]

    def test_more_than_500_at_once_are_refused(self, client: Client) -> None:
        assert client.code("private/subscribe", channels=["x"] * 501) == -32602

    def test_unsubscribing_names_what_had_been_subscribed(self, client: Client) -> None:
        client.subscribes("platform_state", "user.lock")
        assert client.result("private/unsubscribe", channels=["user.lock", "nonsense"]) == ["user.lock"]
        assert client.result("private/unsubscribe", channels=["user.lock"]) == []

    def test_a_label_comes_back_with_every_notification(self, wire: Wire, client: Client) -> None:
        client.result("private/subscribe", channels=["user.orders.any.any.raw"], label="here")
        client.result("private/buy", RESTING_BUY)
        sent = [item.message for item in wire.heard if isinstance(item, Send) and "method" in item.message]
        assert [message["params"]["label"] for message in sent] == ["here"]
        assert client.code("private/subscribe", channels=["user.lock"], label="x" * 17) == -32602


class TestTicker:
    """On change, and every five seconds at the least."""

    def test_raw_speaks_on_every_move(self, wire: Wire, client: Client) -> None:
        client.subscribes(f"ticker.{INVERSE}.raw")
        for price in ("64010", "64020", "64030"):
            wire.moves_to(price)
        heard = client.pushes(f"ticker.{INVERSE}.raw")
        assert len(heard) == 4
        assert heard[-1]["last_price"] == 64030
        assert heard[-1]["best_bid_price"] < 64030 < heard[-1]["best_ask_price"]

    @pytest.mark.parametrize(("interval", "ms"), [("100ms", 100), ("agg2", 1000)])
    def test_slower_ones_gather(self, wire: Wire, client: Client, interval: str, ms: int) -> None:
        name = f"ticker.{INVERSE}.{interval}"
        client.subscribes(name)
        for price in ("64010", "64020", "64030"):
            wire.moves_to(price)
        assert [ticker["last_price"] for ticker in client.pushes(name)] == [64000, 64010]
        wire.waits(ms)
        assert client.pushes(name)[-1]["last_price"] == 64030

    def test_a_quiet_market_is_told_every_five_seconds(self, wire: Wire, client: Client) -> None:
        client.subscribes(f"ticker.{INVERSE}.100ms")
        wire.waits(20_000)
        assert len(client.pushes(f"ticker.{INVERSE}.100ms")) == 5

    def test_how_often_a_quiet_market_is_told_can_be_set(self) -> None:
        """Simulated worlds let quiet hours pass without a word."""
        wire = Wire(feed=FeedSettings(pulse_ms=60_000))
        client = wire.client()
        client.subscribes(f"ticker.{INVERSE}.100ms")
        wire.waits(200_000)
        assert len(client.pushes(f"ticker.{INVERSE}.100ms")) == 4

    def test_the_incremental_one_sends_what_has_changed(self, wire: Wire, client: Client) -> None:
        name = f"incremental_ticker.{INVERSE}"
        client.subscribes(name)
        wire.moves_to("64010")
        whole, change = client.pushes(name)
        assert (whole["type"], change["type"]) == ("snapshot", "change")
        assert "settlement_price" in whole
        assert "settlement_price" not in change
        assert change["last_price"] == 64010

    def test_a_quote_speaks_only_when_the_best_price_changes(self, wire: Wire, client: Client) -> None:
        client.subscribes(f"quote.{INVERSE}")
        wire.moves_to("64010")
        wire.moves_to("64010")
        assert client.pushes(f"quote.{INVERSE}")[-1].keys() == {
            "timestamp", "instrument_name", "best_bid_price", "best_bid_amount", "best_ask_price", "best_ask_amount"
        }  # fmt: skip
        assert len(client.pushes(f"quote.{INVERSE}")) <= 3


class TestBook:
    """A snapshot, then a chain."""

    NAME = f"book.{INVERSE}.raw"

    def _rebuilt(self, messages: list[Any]) -> dict[str, dict[Decimal, Decimal]]:
        """The book as a client puts it together."""
        sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}
        last = None
        for message in messages:
            if message["type"] == "snapshot":
                sides = {"bids": {}, "asks": {}}
            else:
                assert message["prev_change_id"] == last
            last = message["change_id"]
            for name, levels in sides.items():
                for action, price, amount in message[name]:
                    if action == "delete":
                        assert amount == 0
                        del levels[price]
                    else:
                        assert (price in levels) == (action == "change")
                        levels[price] = amount
        return sides

    def _shown(self, client: Client) -> dict[str, dict[Decimal, Decimal]]:
        book = client.result("public/get_order_book", instrument_name=INVERSE, depth=10_000)
        return {name: dict(map(tuple, book[name])) for name in ("bids", "asks")}

    def test_the_chain_adds_up_to_the_book(self, wire: Wire, client: Client) -> None:
        client.subscribes(self.NAME)
        for price in ("64010", "64000", "63900"):
            wire.moves_to(price)
            client.result("private/buy", RESTING_BUY)
        assert self._rebuilt(client.pushes(self.NAME)) == self._shown(client)

    def test_somebody_who_joins_later_joins_the_same_chain(self, wire: Wire, client: Client) -> None:
        client.subscribes(self.NAME)
        wire.moves_to("64010")
        late = wire.client()
        late.subscribes(self.NAME)
        wire.moves_to("64020")
        assert self._rebuilt(client.pushes(self.NAME)) == self._rebuilt(late.pushes(self.NAME)) == self._shown(late)

    def test_subscribing_again_brings_no_second_snapshot(self, client: Client) -> None:
        client.subscribes(self.NAME)
        client.subscribes(self.NAME)
        assert [message["type"] for message in client.pushes(self.NAME)] == ["snapshot"]
        client.result("private/unsubscribe", channels=[self.NAME])
        client.subscribes(self.NAME)
        assert [message["type"] for message in client.pushes(self.NAME)] == ["snapshot"] * 2

    def test_change_ids_rise_and_are_not_consecutive(self, wire: Wire, client: Client) -> None:
        client.subscribes(self.NAME)
        for price in range(64_000, 64_040, 2):
            wire.moves_to(str(price))
        numbers = [message["change_id"] for message in client.pushes(self.NAME)]
        steps = {later - earlier for earlier, later in pairwise(numbers)}
        assert min(steps) >= 1
        assert max(steps) > 1

    def test_the_grouped_window_is_whole_each_time(self, wire: Wire, client: Client) -> None:
        name = f"book.{INVERSE}.10.10.100ms"
        client.subscribes(name)
        wire.moves_to("64100")
        window = client.pushes(name)[-1]
        assert window.keys() == {"timestamp", "instrument_name", "change_id", "bids", "asks"}
        assert len(window["bids"]) == 10
        assert all(price % 10 == 0 for price, _ in window["bids"] + window["asks"])
        assert window["bids"][0][0] > window["bids"][1][0]


class TestTrades:
    """The tape is a list, oldest first; a bar repeats itself until the next one opens."""

    @pytest.mark.parametrize("name", [f"trades.{INVERSE}.raw", "trades.future.BTC.raw", "trades.any.any.raw"])
    def test_a_trade_is_heard_on_every_tape_it_belongs_to(self, client: Client, name: str) -> None:
        client.subscribes(name, "trades.future.USDC.raw")
        client.result("private/buy", MARKET_BUY)
        (trade,) = client.pushes(name)[-1]
        assert (trade["direction"], trade["amount"], trade["contracts"]) == ("buy", 10, 1)
        assert client.pushes("trades.future.USDC.raw") == []

    def test_nobody_listening_costs_nothing(self, wire: Wire, client: Client) -> None:
        wanted = [wire.exchange.engine.wants_prints]
        client.subscribes(f"trades.{INVERSE}.raw")
        wanted.append(wire.exchange.engine.wants_prints)
        client.result("private/unsubscribe_all")
        wanted.append(wire.exchange.engine.wants_prints)
        assert wanted == [False, True, False]

    def test_a_bar_grows_and_the_next_one_starts_flat_at_its_close(self, wire: Wire, client: Client) -> None:
        name = f"chart.trades.{INVERSE}.1"
        client.subscribes(name)
        wire.waits(200)
        wire.moves_to("64100")
        wire.waits(60_000)
        bars = client.pushes(name)
        first, last = bars[0], bars[-1]
        assert last["tick"] - first["tick"] == 60_000
        assert last["tick"] % 60_000 == 0
        assert [last[name] for name in ("open", "high", "low", "close")] == [64100] * 4
        assert last["volume"] == 0
        final = [bar for bar in bars if bar["tick"] == first["tick"]][-1]
        assert (final["high"], final["close"]) == (64100, 64100)


class TestUser:
    """Orders, trades and positions of the caller's account, each in its own shape."""

    def test_raw_orders_are_objects_and_the_others_lists(self, wire: Wire, client: Client) -> None:
        names = [f"user.orders.{INVERSE}.raw", "user.orders.any.any.raw", f"user.orders.{INVERSE}.100ms"]
        client.subscribes(*names)
        client.result("private/buy", RESTING_BUY)
        wire.waits(100)
        assert [type(client.pushes(name)[0]) for name in names] == [dict, dict, list]

    @pytest.mark.parametrize("interval", ["raw", "100ms", "agg2"])
    def test_trades_are_always_lists(self, client: Client, interval: str) -> None:
        name = f"user.trades.future.BTC.{interval}"
        client.subscribes(name)
        client.result("private/buy", MARKET_BUY)
        assert [trade["label"] for trade in client.pushes(name)[0]] == ["mine"]

    def test_changes_hold_orders_trades_and_positions_of_one_instrument(self, client: Client) -> None:
        client.subscribes("user.changes.any.any.raw")
        client.result("private/buy", MARKET_BUY)
        client.result("private/buy", RESTING_BUY)
        filled, resting = client.pushes("user.changes.any.any.raw")
        assert filled.keys() == {"instrument_name", "orders", "trades", "positions"}
        assert [len(filled[name]) for name in ("orders", "trades", "positions")] == [1, 1, 1]
        assert filled["positions"][0]["size"] == 10
        assert [len(resting[name]) for name in ("orders", "trades", "positions")] == [1, 0, 0]

    def test_a_channel_speaks_only_of_what_settles_in_its_currency(self, client: Client) -> None:
        client.subscribes("user.orders.future.USDC.raw", f"user.orders.{LINEAR}.raw")
        client.result("private/buy", RESTING_BUY)
        client.result("private/buy", instrument_name=LINEAR, amount=Decimal("0.01"), type="limit", price=63_500)
        for name in ("user.orders.future.USDC.raw", f"user.orders.{LINEAR}.raw"):
            assert [order["instrument_name"] for order in client.pushes(name)] == [LINEAR]

    def test_other_accounts_hear_nothing(self, wire: Wire, client: Client) -> None:
        stranger = wire.client("other")
        stranger.subscribes("user.changes.any.any.raw")
        client.result("private/buy", MARKET_BUY)
        assert stranger.pushes("user.changes.any.any.raw") == []

    def test_a_portfolio_comes_at_once_and_then_when_money_moves(self, wire: Wire, client: Client) -> None:
        client.subscribes("user.portfolio.btc", "user.portfolio.any")
        assert [row["currency"] for row in client.pushes("user.portfolio.any")] == [
            "BTC",
            "ETH",
            "USDC",
            "USDT",
            "EURR",
        ]
        (before,) = client.pushes("user.portfolio.btc")
        client.result("private/buy", MARKET_BUY)
        wire.waits(1_000)
        after = client.pushes("user.portfolio.btc")[-1]
        assert after["balance"] < before["balance"]
        assert "limits" not in after

    def test_a_lock_is_told(self, wire: Wire, client: Client) -> None:
        client.subscribes("user.lock")
        wire.exchange.engine.lock(wire.exchange.engine.accounts["main"], "BTC", locked=True)
        wire.collect()
        assert client.pushes("user.lock") == [{"currency": "BTC", "locked": True}]
        assert client.code("private/buy", MARKET_BUY) == 10019

    def test_a_locked_index_is_told_to_everybody(self, wire: Wire, client: Client) -> None:
        client.subscribes("platform_state", "instrument.state.any.any")
        wire.exchange.engine.set_state(INVERSE, "locked", wire.now_ms)
        wire.collect()
        assert client.pushes("platform_state") == [{"price_index": "btc_usd", "locked": True}]
        assert client.pushes("instrument.state.any.any")[0]["state"] == "locked"
        assert client.result("public/status") == {"locked": "partial", "locked_indices": ["btc_usd"]}


def test_the_index_ticks_once_a_second(wire: Wire, client: Client) -> None:
    client.subscribes("deribit_price_index.btc_usd")
    wire.waits(10_000)
    heard = client.pushes("deribit_price_index.btc_usd")
    assert len(heard) == 10
    assert heard[0].keys() == {"timestamp", "price", "index_name"}


@pytest.mark.parametrize(("position", "expected"), [("no", ["reply", "push"]), ("yes", ["push", "reply"])])
def test_whether_news_leave_before_the_reply_is_a_switch(position: Any, expected: list[str]) -> None:
    client = Wire(switches=Switches(push_before_reply=position)).client()
    client.subscribes("user.orders.any.any.raw")
    out = client.sends({"id": 99, "method": "private/buy", "params": RESTING_BUY})
    kinds = ["reply" if "id" in item.message else "push" for item in out if isinstance(item, Send)]
    assert kinds == expected


def test_what_is_recorded_is_recorded_before_it_leaves(wire: Wire, client: Client) -> None:
    recorded: list[int] = []
    wire.exchange.recorder = lambda changes: recorded.append(len(changes.orders))
    client.result("private/buy", RESTING_BUY)
    assert sum(recorded) == 1
    assert wire.exchange.engine.changes.empty
