"""An order's way through a real socket to a real process and back."""

import time
from typing import Final

from bench.figure import Effort, Figure, Result, percentile
from bench.inside import BTC
from bench.started import Socket, started

ORDERS: Final = 4_000
GOAL_MS: Final = 0.5


def run(effort: Effort) -> list[Result]:
    """Sent to answered, at a gentle pace as a strategy would, and as fast as it goes."""
    count = effort.count(ORDERS)
    half, tail, rates = [], [], []
    with started() as exchange:
        for _ in range(effort.runs):
            times = _times(exchange.open(), count)
            half.append(percentile(times, 50) * 1000)
            tail.append(percentile(times, 99) * 1000)
            rates.append(len(times) / sum(times))
    return [
        Figure(name="order round trip over a socket, p50", unit="ms", runs=tuple(half), better="less", goal=GOAL_MS),
        Figure(name="order round trip over a socket, p99", unit="ms", runs=tuple(tail), better="less"),
        Figure(name="orders one after the other over a socket", unit="orders/s", runs=tuple(rates), better="more"),
    ]


def _times(link: Socket, count: int) -> list[float]:
    params = {"instrument_name": BTC, "amount": 10, "type": "market"}
    times = []
    for number in range(count + 200):
        began = time.perf_counter()
        reply = link.call("private/sell" if number & 1 else "private/buy", params)
        took = time.perf_counter() - began
        assert "result" in reply, reply
        if number >= 200:  # what comes before warms up
            times.append(took)
    link.close()
    return times
