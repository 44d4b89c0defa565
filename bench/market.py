"""Market steps a second in this process, with nobody listening and with somebody; and events of the order book."""

from collections.abc import Callable
from typing import Final

from bench.figure import Effort, Figure, Result, per_second
from bench.inside import BTC, Inside

STEPS: Final = 200_000
STEP_MS: Final = 250
MARKETS: Final = 5  # each makes one step in that time


def run(effort: Effort) -> list[Result]:
    """A step moves one market: book, mark, funding, bars, triggers, accounts."""
    every = ["ticker.*.100ms", "book.*.100ms"]
    return [
        _figure("market steps, nobody listens", effort, STEPS, []),
        _figure("market steps, one ticker channel", effort, STEPS, [f"ticker.{BTC}.100ms"]),
        _figure("market steps, every ticker and every book", effort, STEPS // 10, every),
        Figure(
            name="book events made, one book channel",
            unit="events/s",
            runs=per_second(lambda: _steps(effort.count(STEPS // 4), [f"book.{BTC}.100ms"], "events"), effort.runs),
            better="more",
            note="one price level changed = one event",
        ),
    ]


def _figure(name: str, effort: Effort, steps: int, channels: list[str]) -> Figure:
    count = effort.count(steps)
    return Figure(
        name=name,
        unit="steps/s",
        runs=per_second(lambda: _steps(count, channels), effort.runs),
        better="more",
    )


def _steps(count: int, channels: list[str], counts: str = "steps") -> Callable[[], int]:
    """Time passes a second at a time, as a socket server's clock would let it; counts steps or levels told."""
    inside = Inside()
    names = list(inside.exchange.engine.markets)
    wanted = [one.replace("*", name) for one in channels for name in (names if "*" in one else [BTC])]
    if wanted:
        inside.call("public/subscribe", {"channels": wanted})

    def work() -> int:
        events = 0
        for _ in range(count * STEP_MS // MARKETS // 1000):
            for item in inside.pass_time(1000):
                told = getattr(item, "message", {}).get("params", {}).get("data", {})
                if isinstance(told, dict) and "bids" in told:
                    events += len(told["bids"]) + len(told["asks"])
        return events if counts == "events" else count

    return work
