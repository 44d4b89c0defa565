"""Orders a second through the exchange in this process: the engine alone, and with the protocol around it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from bench.figure import Effort, Figure, Result, per_second
from bench.inside import BTC, Inside
from exchange.records import Ticket

Work = Callable[[], int]

ORDERS: Final = 20_000
GOAL: Final = 20_000.0  # orders a second, from the design's plan for the exchange


def run(effort: Effort) -> list[Result]:
    """Engine: market orders, limit and cancel. Protocol: the same as JSON-RPC objects, replies and all."""
    count = effort.count(ORDERS)
    return [
        Figure(
            name="engine: market orders, filled at once",
            unit="orders/s",
            runs=per_second(lambda: _engine_market(count), effort.runs),
            better="more",
            goal=GOAL,
        ),
        Figure(
            name="engine: limit orders that rest and are cancelled",
            unit="orders/s",
            runs=per_second(lambda: _engine_limit(count), effort.runs),
            better="more",
            goal=GOAL,
            note="place and cancel count as one",
        ),
        Figure(
            name="protocol in process: private/buy at market, replies taken",
            unit="orders/s",
            runs=per_second(lambda: _protocol_market(count // 2), effort.runs),
            better="more",
            note="JSON-RPC objects, no bytes",
        ),
        Figure(
            name="protocol in process: private/buy and private/cancel",
            unit="orders/s",
            runs=per_second(lambda: _protocol_limit(count // 2), effort.runs),
            better="more",
            note="place and cancel count as one",
        ),
        Figure(
            name="protocol in process, two private channels: private/buy at market",
            unit="orders/s",
            runs=per_second(lambda: _protocol_market(count // 2, subscribed=True), effort.runs),
            better="more",
            note="user.changes and user.portfolio subscribed",
        ),
    ]


def _ticket(side: str, **more: Any) -> Ticket:
    return Ticket(instrument_name=BTC, direction=side, amount=Decimal(10), **more)


def _engine_market(count: int) -> Work:
    """Buy and sell in turn, the price standing still, what happened cleared as the exchange does."""
    engine = (inside := Inside()).exchange.engine
    account = engine.accounts["main"]
    tickets = (_ticket("buy", type="market"), _ticket("sell", type="market"))
    place, clear, now_ms = engine.place, engine.changes.clear, inside.now_ms

    def work() -> int:
        for number in range(count):
            place(account, tickets[number & 1], now_ms)
            clear()
        return count

    return work


def _engine_limit(count: int) -> Work:
    engine = (inside := Inside()).exchange.engine
    account = engine.accounts["main"]
    ticket = _ticket("buy", price=inside.price("-1"))
    place, cancel, clear, now_ms = engine.place, engine.cancel, engine.changes.clear, inside.now_ms

    def work() -> int:
        for _ in range(count):
            order, _trades = place(account, ticket, now_ms)
            cancel(account, order.order_id, now_ms)
            clear()
        return count

    return work


def _protocol_market(count: int, *, subscribed: bool = False) -> Work:
    inside = Inside(logged_in=True)
    if subscribed:
        inside.call("private/subscribe", {"channels": ["user.changes.any.any.raw", "user.portfolio.any"]})
    params = {"instrument_name": BTC, "amount": 10, "type": "market"}
    receive, drain, session, now_ms = inside.exchange.receive, inside.exchange.drain, inside.session, inside.now_ms
    sides = ("private/buy", "private/sell")

    def work() -> int:
        for number in range(count):
            receive(session, {"jsonrpc": "2.0", "id": number, "method": sides[number & 1], "params": params}, now_ms)
            drain()
        assert "result" in inside.call("public/test")
        return count

    return work


def _protocol_limit(count: int) -> Work:
    inside = Inside(logged_in=True)
    params = {"instrument_name": BTC, "amount": 10, "price": inside.price("-1")}

    def work() -> int:
        for _ in range(count):
            placed = inside.call("private/buy", params)["result"]["order"]
            inside.call("private/cancel", {"order_id": placed["order_id"]})
        return count

    return work
