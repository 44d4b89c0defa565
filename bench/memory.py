"""What a long-running exchange weighs, and how long it takes to start."""

import time
from typing import Final

from bench.figure import Effort, Figure, Result
from bench.inside import BTC
from bench.started import Started, started

EVENTS: Final = 1_000_000
EVENTS_PER_S: Final = 20  # five markets, four steps a second
SKIP_MS: Final = 600_000
ORDERS: Final = 20_000
GOAL_MB: Final = 80.0


def run(effort: Effort) -> list[Result]:
    """Start-up several times; memory once, because a million events take their time."""
    start_times = []
    for _ in range(max(3, effort.runs)):
        with started() as exchange:
            start_times.append(exchange.start_s)
            fresh = exchange.memory_mb()
    with started() as exchange:
        took_s, orders = _live_through(exchange, effort.count(EVENTS), effort.count(ORDERS))
        now, most = exchange.memory_mb(), exchange.memory_mb("VmHWM")
    told = f"after {effort.count(EVENTS):,} market steps and {orders:,} orders, which took {took_s:.0f} s"
    return [
        Figure(name="start to first answer", unit="s", runs=tuple(start_times), better="less"),
        Figure(name="memory of the process, just started", unit="MB", runs=(fresh,), better="less"),
        Figure(name="memory of the process, lived in", unit="MB", runs=(now,), better="less", goal=GOAL_MB, note=told),
        Figure(name="memory of the process, at its highest", unit="MB", runs=(most,), better="less", note="the same"),
    ]


def _live_through(exchange: Started, events: int, orders: int) -> tuple[float, int]:
    """Time skipped in pieces with somebody listening and trading in between."""
    began = time.monotonic()
    listener = exchange.open()
    trader = exchange.open()
    listener.call("private/subscribe", {"channels": ["user.changes.any.any.raw", "user.portfolio.any"]})
    pieces = max(1, events * 1000 // EVENTS_PER_S // SKIP_MS)
    done = 0
    for piece in range(pieces):
        exchange.admin("clock", {"skip_ms": SKIP_MS})
        for number in range(orders * (piece + 1) // pieces - done):
            side = "private/sell" if number & 1 else "private/buy"
            reply = trader.call(side, {"instrument_name": BTC, "amount": 10, "type": "market", "label": f"n{done}"})
            done += 1
            assert "result" in reply or reply["error"]["code"] in {10041, 13009}, reply
            if "error" in reply:
                trader.close()
                trader = exchange.open()
    return time.monotonic() - began, done
