"""ccxt trades on the embedded exchange as if it were Deribit: same methods, same numbers, nothing patched."""

import itertools
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.process.ccxt_client import client_of, operate, running
from tests.process.exchange_client import Exchange

pytestmark = [pytest.mark.process, pytest.mark.filterwarnings("default")]

INVERSE: Final = "BTC/USD:BTC"
LINEAR: Final = "BTC/USDC:USDC"
BOTH: Final = pytest.mark.parametrize(
    ("symbol", "amount"), [(INVERSE, 20), (LINEAR, "0.002")], ids=["inverse", "linear"]
)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(exchange: Exchange) -> Any:
    found = client_of(exchange)
    found.load_markets()
    return found


def _near(client: Any, symbol: str, percent: float) -> str:
    """A price so far from the mark, on the tick."""
    mark = Decimal(client.fetch_ticker(symbol)["markPrice"])
    return str(client.price_to_precision(symbol, float(mark * Decimal(str(1 + percent / 100)))))


def _flat(client: Any) -> None:
    client.cancel_all_orders()
    for position in client.fetch_positions():
        size = Decimal(position["info"]["size"])
        if size:
            name = position["info"]["instrument_name"]
            client.private_get_close_position({"instrument_name": name, "type": "market"})


def test_markets_are_read_whole(client: Any) -> None:
    inverse, linear = client.market(INVERSE), client.market(LINEAR)

    assert (inverse["id"], linear["id"]) == ("BTC-PERPETUAL", "BTC_USDC-PERPETUAL")
    assert (inverse["swap"], inverse["inverse"], inverse["linear"]) == (True, True, False)
    assert (linear["swap"], linear["inverse"], linear["linear"]) == (True, False, True)
    assert (inverse["settle"], linear["settle"]) == ("BTC", "USDC")
    assert (inverse["active"], linear["active"]) == (True, True)
    assert Decimal(inverse["precision"]["price"]) == Decimal("0.5")
    assert Decimal(linear["precision"]["amount"]) == Decimal("0.0001")
    assert Decimal(inverse["taker"]) == Decimal("0.00035")
    assert Decimal(inverse["contractSize"]) == 10
    assert {"ETH/USD:ETH", "ETH/USDC:USDC", "SOL/USDC:USDC"} <= set(client.symbols)


def test_the_clock_and_the_status_are_told(client: Any) -> None:
    assert abs(client.fetch_time() - time.time() * 1000) < 5_000
    assert client.fetch_status()["status"] == "ok"
    assert "BTC" in client.fetch_currencies()


@BOTH
def test_the_market_can_be_watched(client: Any, symbol: str, amount: object) -> None:
    del amount
    ticker = client.fetch_ticker(symbol)
    assert Decimal(ticker["bid"]) < Decimal(ticker["ask"])
    assert Decimal(ticker["bidVolume"]) > 0
    assert ticker["timestamp"] > 1_600_000_000_000
    book = client.fetch_order_book(symbol, 10)
    assert len(book["bids"]) == len(book["asks"]) == 10
    assert Decimal(book["bids"][0][0]) > Decimal(book["bids"][1][0])
    assert isinstance(book["nonce"], int)
    candles = client.fetch_ohlcv(symbol, "1m", limit=30)
    assert len(candles) >= 20
    assert [later[0] - earlier[0] for earlier, later in itertools.pairwise(candles)] == [60_000] * (len(candles) - 1)
    for _, opened, high, low, close, _ in candles:
        assert (
            Decimal(low)
            <= min(Decimal(opened), Decimal(close))
            <= max(Decimal(opened), Decimal(close))
            <= Decimal(high)
        )
    assert client.fetch_ohlcv(symbol, "1h", since=candles[0][0] - 7_200_000, limit=2)


@BOTH
def test_the_tape_and_the_summaries_are_read(client: Any, symbol: str, amount: object) -> None:
    client.create_order(symbol, "market", "buy", amount)
    trades = client.fetch_trades(symbol, limit=50)
    assert trades
    assert {trade["symbol"] for trade in trades} == {symbol}
    assert [trade["timestamp"] for trade in trades] == sorted(trade["timestamp"] for trade in trades)
    assert client.fetch_trades(symbol, since=trades[-1]["timestamp"], limit=10)
    # The library would look for the linear one among those settled in BTC, so it is told the currency.
    assert client.fetch_tickers(None, {"code": client.market(symbol)["settle"]})[symbol]["last"] is not None
    assert client.fetch_funding_rate(symbol)["fundingRate"] is not None
    assert Decimal(client.fetch_open_interest(symbol)["info"]["open_interest"]) > 0
    assert client.fetch_funding_rate_history(symbol) is not None
    _flat(client)


def test_the_account_is_read(client: Any) -> None:
    balance = client.fetch_balance()
    assert Decimal(balance["BTC"]["total"]) > 0
    assert Decimal(balance["USDC"]["total"]) > 0
    assert Decimal(client.fetch_balance({"code": "ETH"})["ETH"]["free"]) > 0
    fees = client.fetch_trading_fees()
    assert Decimal(fees[INVERSE]["maker"]) == Decimal("0.00015")
    assert Decimal(fees[INVERSE]["taker"]) == Decimal("0.00035")
    assert client.fetch_accounts()[0]["type"] == "main"


@BOTH
def test_a_limit_order_rests_is_edited_and_cancelled(client: Any, symbol: str, amount: Any) -> None:
    placed = client.create_order(symbol, "limit", "buy", amount, _near(client, symbol, -1), {"label": "ccxt-1"})
    assert (placed["status"], placed["type"], placed["side"]) == ("open", "limit", "buy")
    assert Decimal(placed["amount"]) == Decimal(amount)
    assert Decimal(placed["filled"]) == 0
    assert placed["info"]["label"] == "ccxt-1"

    lower = _near(client, symbol, -1.2)
    edited = client.edit_order(placed["id"], symbol, "limit", "buy", Decimal(amount) * 2, lower)
    assert edited["id"] == placed["id"]
    assert (Decimal(edited["price"]), Decimal(edited["amount"])) == (Decimal(lower), Decimal(amount) * 2)
    assert edited["info"]["replaced"] is True

    assert client.fetch_order(placed["id"], symbol)["status"] == "open"
    assert placed["id"] in [order["id"] for order in client.fetch_open_orders(symbol)]
    gone = client.cancel_order(placed["id"], symbol)
    assert (gone["id"], gone["status"]) == (placed["id"], "canceled")
    assert client.fetch_order(placed["id"], symbol)["status"] == "canceled"
    assert client.fetch_open_orders(symbol) == []


@BOTH
def test_a_market_order_fills_and_every_reading_of_it_agrees_to_the_last_digit(
    client: Any, symbol: str, amount: Any
) -> None:
    _flat(client)
    before = Decimal(str(client.fetch_balance({"code": client.market(symbol)["settle"]})["info"]["balance"]))
    placed = client.create_order(symbol, "market", "buy", amount)
    assert placed["status"] == "closed"
    assert Decimal(placed["filled"]) == Decimal(amount)

    trades = client.fetch_order_trades(placed["id"], symbol)
    assert sum(Decimal(trade["amount"]) for trade in trades) == Decimal(amount)
    assert {trade["takerOrMaker"] for trade in trades} == {"taker"}
    mine = client.fetch_my_trades(symbol, limit=100)
    assert {trade["id"] for trade in trades} <= {trade["id"] for trade in mine}
    by_id = {trade["id"]: trade["info"] for trade in mine}
    assert all(by_id[trade["id"]] == trade["info"] for trade in trades)
    assert client.fetch_my_trades(symbol, since=trades[0]["timestamp"])

    fees = Decimal(0)
    for trade in trades:
        price, size = Decimal(trade["price"]), Decimal(trade["amount"])
        value = size / price if symbol == INVERSE else size * price
        assert Decimal(trade["fee"]["cost"]) == (value * Decimal("0.00035")).quantize(Decimal("0.00000001"))
        assert trade["fee"]["currency"] == client.market(symbol)["settle"]
        fees += Decimal(trade["fee"]["cost"])
    after = Decimal(str(client.fetch_balance({"code": client.market(symbol)["settle"]})["info"]["balance"]))
    shown = Decimal("0.00000001") if symbol == INVERSE else Decimal("0.000001")
    assert abs(before - after - fees) <= shown

    position = client.fetch_position(symbol)
    assert position["side"] == "long"
    assert Decimal(str(position["info"]["size" if symbol == INVERSE else "size_currency"])) == Decimal(amount)
    assert symbol in [one["symbol"] for one in client.fetch_positions([symbol])]
    closed = client.fetch_closed_orders(symbol, limit=100)
    assert placed["id"] in [order["id"] for order in closed]
    _flat(client)
    assert Decimal(client.fetch_position(symbol)["info"]["size"]) == 0


@BOTH
@pytest.mark.parametrize(
    ("kind", "price_name", "percent", "expected"),
    [
        ("market", "stopLossPrice", -1.2, "stop_market"),
        ("limit", "stopLossPrice", -1.2, "stop_limit"),
        ("market", "takeProfitPrice", 1.2, "take_market"),
        ("limit", "takeProfitPrice", 1.2, "take_limit"),
        ("market", "trailingAmount", 0, "trailing_stop"),
    ],
)
def test_a_trigger_order_waits_untriggered(
    client: Any, symbol: str, amount: Any, kind: str, price_name: str, percent: float, expected: str
) -> None:
    price = None if kind == "market" else _near(client, symbol, percent)
    trigger = "100" if price_name == "trailingAmount" else _near(client, symbol, percent)
    params = {price_name: trigger, "trigger": "mark_price", "reduceOnly": True}

    placed = client.create_order(symbol, kind, "sell", amount, price, params)

    assert placed["info"]["order_type"] == expected
    assert placed["info"]["order_state"] == "untriggered"
    assert placed["status"] == "open"
    assert placed["info"]["reduce_only"] is True
    assert placed["id"] in [order["id"] for order in client.fetch_open_orders(symbol)]
    assert client.fetch_order(placed["id"], symbol)["status"] == "open"
    assert client.cancel_order(placed["id"], symbol)["status"] == "canceled"


def test_a_stop_fires_under_a_new_id_when_the_price_comes(exchange: Exchange, client: Any) -> None:
    symbol = "SOL/USDC:USDC"
    client.create_order(symbol, "market", "buy", 2)
    stop = client.create_order(
        symbol,
        "market",
        "sell",
        2,
        None,
        {"stopLossPrice": _near(client, symbol, -1), "reduceOnly": True, "label": "sl"},
    )
    mark = float(client.fetch_ticker(symbol)["markPrice"])
    operate(
        exchange, "price", {"instrument_name": "SOL_USDC-PERPETUAL", "price": round(mark * 0.985, 3), "hold": False}
    )

    deadline = time.monotonic() + 10
    while Decimal(client.fetch_position(symbol)["info"]["size"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Decimal(client.fetch_position(symbol)["info"]["size"]) == 0
    fired = [
        order for order in client.fetch_closed_orders(symbol) if order["info"].get("trigger_order_id") == stop["id"]
    ]
    assert [order["info"]["label"] for order in fired] == ["sl"]
    assert fired[0]["id"] != stop["id"]


def test_everything_can_be_cancelled_at_once(client: Any) -> None:
    for symbol, amount in ((INVERSE, 10), (LINEAR, "0.001")):
        for percent in (-1, -1.1):
            client.create_order(symbol, "limit", "buy", amount, _near(client, symbol, percent))
    client.cancel_all_orders(LINEAR)
    assert client.fetch_open_orders(LINEAR) == []
    assert len(client.fetch_open_orders(INVERSE)) == 2
    client.cancel_all_orders()
    assert client.fetch_open_orders(INVERSE) == []


def test_time_in_force_and_post_only_arrive(client: Any) -> None:
    price = _near(client, INVERSE, -1)
    killed = client.create_order(INVERSE, "limit", "buy", 10, price, {"timeInForce": "IOC"})
    assert killed["status"] == "canceled"
    posted = client.create_order(INVERSE, "limit", "buy", 10, price, {"postOnly": True})
    assert (posted["status"], posted["postOnly"]) == ("open", True)
    assert posted["info"]["reject_post_only"] is True
    client.cancel_order(posted["id"], INVERSE)
