"""An unmodified ccxt pointed at an exchange of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ccxt

from tests.process.exchange_client import Exchange


@contextmanager
def running() -> Iterator[Exchange]:
    """`tradebaas exchange` as a process of its own, until the block ends; nothing may have broken inside it."""
    exchange = Exchange("--seed", "7", "--admin", "--quiet")
    try:
        yield exchange
        assert exchange.state()["server"]["internal_errors"] == 0, exchange.output()
    finally:
        exchange.close()


def client_of(exchange: Exchange, key: str = "paper", **options: Any) -> Any:
    """A ccxt client with exact numbers. Of the library nothing but the address is changed."""
    client = ccxt.deribit({"apiKey": key, "secret": key, "number": str, "rateLimit": 60, **options})
    client.urls["api"] = {"rest": exchange.url}
    return client


def operate(exchange: Exchange, path: str, body: dict[str, Any]) -> None:
    """A command to the operator's surface."""
    answer = exchange.post(f"/admin/{path}", body)
    assert answer.status_code == 200, answer.text
