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
SETTLING: Final = 10041
GOAL_MB: Final = 80.0


def run(effort: Effort) -> list[Result]:
    """Start-up several times; memory once, because a million events take their time."""
    start_times = []
    fresh = 0.0
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
    """Time is skipped in pieces; between them somebody comes, listens, trades and goes."""
    began = time.monotonic()
    pieces = max(1, events * 1000 // EVENTS_PER_S // SKIP_MS)
    done = 0
    for piece in range(1, pieces + 1):
        exchange.admin("clock", {"skip_ms": SKIP_MS})
        trader = exchange.open()
        trader.call("private/subscribe", {"channels": ["user.changes.any.any.raw", "user.portfolio.any"]})
        while done < orders * piece // pieces:
            side = "private/sell" if done & 1 else "private/buy"
            order = {"instrument_name": BTC, "amount": 10, "type": "market", "label": f"n{done}"}
            reply = trader.call(side, order)
            assert "result" in reply or reply["error"]["code"] == SETTLING, reply
            done += 1
        trader.close()
    return time.monotonic() - began, done
