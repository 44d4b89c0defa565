"""Our refusals come out of ccxt as the exceptions its users catch."""

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.process.ccxt_client import client_of, operate, running
from tests.process.exchange_client import Exchange

ccxt = pytest.importorskip("ccxt")

pytestmark = [pytest.mark.process, pytest.mark.filterwarnings("default")]

INVERSE: Final = "BTC/USD:BTC"
LINEAR: Final = "BTC/USDC:USDC"


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with running() as started:
        yield started


@pytest.fixture(scope="module")
def client(exchange: Exchange) -> Any:
    found = client_of(exchange)
    found.load_markets()
    return found


def _mark(client: Any) -> Decimal:
    return Decimal(client.fetch_ticker(INVERSE)["markPrice"])


def _price(client: Any, percent: str) -> str:
    return str(client.price_to_precision(INVERSE, float(_mark(client) * (1 + Decimal(percent) / 100))))


def _raw(client: Any, **params: Any) -> Any:
    return client.private_get_buy({"instrument_name": "BTC-PERPETUAL", "amount": "10", "type": "limit", **params})


def _many_times(act: Callable[[], Any]) -> None:
    for _ in range(300):  # far more than the burst, however slow this machine is today
        time.sleep(0.002)  # the nonce of ccxt is the millisecond, and one nonce is good once
        act()


def _cancel_twice(client: Any) -> None:
    placed = client.create_order(INVERSE, "limit", "buy", 10, _price(client, "-1"))
    client.cancel_order(placed["id"])
    client.cancel_order(placed["id"])


CASES: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "no order of that id": ("OrderNotFound", lambda c: c.fetch_order("81000000000")),
    "nothing to cancel": ("OrderNotFound", lambda c: c.cancel_order("81000000000")),
    "nothing to edit": ("OrderNotFound", lambda c: c.edit_order("81000000000", INVERSE, "limit", "buy", 10, 60000)),
    "cancelled twice": ("InvalidOrder", _cancel_twice),
    "more than the account can pay": (
        "InsufficientFunds",
        lambda c: c.create_order(INVERSE, "limit", "buy", 90_000_000, _price(c, "-1")),
    ),
    "more than the account can pay, linear": (
        "InsufficientFunds",
        lambda c: c.create_order(LINEAR, "limit", "buy", 900, str(int(_mark(c) * Decimal("0.99")))),
    ),
    "price above the band": ("InvalidOrder", lambda c: c.create_order(INVERSE, "limit", "buy", 10, _price(c, "5"))),
    "price below the band": ("InvalidOrder", lambda c: c.create_order(INVERSE, "limit", "sell", 10, _price(c, "-5"))),
    "price off the tick": ("InvalidOrder", lambda c: _raw(c, price=str(int(_mark(c)) - 99) + ".3")),
    "trigger price off the tick": (
        "InvalidOrder",
        lambda c: _raw(c, type="stop_market", trigger="mark_price", trigger_price=str(int(_mark(c)) + 99) + ".3"),
    ),
    "post-only that would take": (
        "InvalidOrder",
        lambda c: c.create_order(INVERSE, "limit", "buy", 10, _price(c, "1"), {"postOnly": True}),
    ),
    "a parameter missing": ("BadRequest", lambda c: c.private_get_buy({"amount": "10"})),
    "a parameter of the wrong kind": ("BadRequest", lambda c: _raw(c, price="sixty")),
    "no such method": ("BadRequest", lambda c: c.fetch2("no_such_method", ["public"], "GET", {})),
    "a method for sockets only": (
        "ExchangeError",
        lambda c: c.fetch2("set_heartbeat", ["public"], "GET", {"interval": "30"}),
    ),
}


@pytest.mark.parametrize("name", CASES, ids=lambda name: name.replace(" ", "-"))
def test_a_refusal_is_the_exception_ccxts_users_catch(client: Any, name: str) -> None:
    expected, act = CASES[name]
    with pytest.raises(getattr(ccxt, expected)) as caught:
        act(client)
    assert '"code":' in str(caught.value).replace('"code": ', '"code":')


def test_a_wrong_secret_and_a_missing_right_are_told_apart(exchange: Exchange) -> None:
    stranger = client_of(exchange, "paper")
    stranger.secret = "not it"
    with pytest.raises(ccxt.AuthenticationError):
        stranger.fetch_balance()
    observer = client_of(exchange, "observer")
    assert observer.fetch_balance()["BTC"]["total"]
    # 13021 forbidden; 13403 scope_exceeded is newer than ccxt's table and comes out as the general ExchangeError
    with pytest.raises((ccxt.PermissionDenied, ccxt.ExchangeError)):
        observer.create_order(INVERSE, "market", "buy", 10)


def test_maintenance_is_called_maintenance(exchange: Exchange, client: Any) -> None:
    operate(exchange, "maintenance", {"on": True})
    try:
        with pytest.raises(ccxt.OnMaintenance):
            client.fetch_ticker(INVERSE)
    finally:
        operate(exchange, "maintenance", {"on": False})
    assert client.fetch_ticker(INVERSE)["last"]


def test_too_many_orders_are_a_rate_limit(exchange: Exchange) -> None:
    hasty = client_of(exchange, "person", enableRateLimit=False)
    hasty.load_markets()
    with pytest.raises(ccxt.DDoSProtection):
        _many_times(lambda: hasty.cancel_all_orders(LINEAR))
    time.sleep(1)
    assert hasty.fetch_balance()["BTC"]["total"]


def test_an_exchange_that_is_gone_is_a_network_error() -> None:
    with running() as started:
        left = client_of(started)
        left.load_markets()
    with pytest.raises(ccxt.NetworkError):
        left.fetch_ticker(INVERSE)


def test_a_repeated_signature_is_refused_and_a_stale_one_too(exchange: Exchange, client: Any) -> None:
    """Each request is signed with a fresh nonce; whoever recorded one must not be able to send it again later."""
    import requests  # noqa: PLC0415 - only here

    signed = client.sign("get_positions", ["private"], "GET", {})
    first = requests.get(signed["url"], headers=signed["headers"], timeout=5)
    assert first.status_code == 200, first.text
    again = requests.get(signed["url"], headers=signed["headers"], timeout=5)
    assert again.status_code == 400
    assert again.json()["error"]["code"] in {13004, 13009}
    tampered = requests.get(signed["url"] + "?currency=BTC", headers=signed["headers"], timeout=5)
    assert tampered.json()["error"]["code"] in {13004, 13009}
    assert exchange.get("/api/v2/public/test").status_code == 200
