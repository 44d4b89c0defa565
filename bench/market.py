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
    steps = effort.count(STEPS)
    figures: list[Result] = [
        Figure(
            name=f"market steps, {told}",
            unit="steps/s",
            runs=per_second(lambda channels=channels: _steps(steps, channels), effort.runs),  # type: ignore[misc]
            better="more",
        )
        for told, channels in (
            ("nobody listens", []),
            ("one ticker channel", [f"ticker.{BTC}.100ms"]),
            ("every ticker and every book", ["ticker.*.100ms", "book.*.100ms"]),
        )
    ]
    figures.append(
        Figure(
            name="book events made, one book channel",
            unit="events/s",
            runs=per_second(lambda: _steps(steps, [f"book.{BTC}.100ms"], "events"), effort.runs),
            better="more",
            note="one price level changed = one event",
        )
    )
    return figures


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
