"""The service as a process of its own, with stamps: `python -m bench.service_host --config FILE --out FILE`.

It is `tradebaas run` but for three things: the transport is wrapped (bench/stamps.py), tickers are asked for raw, and
the bench's strategies can be named in the settings. What was stamped is written when it ends.
"""

import argparse
import functools
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

import strategies
from bench import stamps
from brokers import registry
from brokers.deribit.settings import Settings as AdapterSettings
from persistence.data_dir import DataDir
from persistence.secret import Redactor
from tradebaas import logs, service
from tradebaas.settings import load
from tradebaas.settings.kinds import known_kinds
from trading.labels import bracket_id, parse
from trading.values import InstrumentName, StrategyName


def main() -> int:
    """Run until told to stop; then write down what was stamped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--times", type=int, default=1, help="hand on each ticker so many times")
    parser.add_argument("--stages", action="store_true", help="stamp every stage on the way of an order, too")
    parser.add_argument("--profile", type=Path, help="profile the actors' threads into this file")
    given = parser.parse_args()
    strategies.__path__.append(str(Path(__file__).parent / "strategies"))
    make = registry.make

    def stamping(entry: Any, *, url: str | None = None, **more: Any) -> Any:
        transport = stamps.StampingTransport(url or entry.url, given.times)
        more.pop("transport", None)
        return make(entry, **{**more, "settings": AdapterSettings(ticker_interval="raw")}, transport=transport)

    registry.make = functools.partial(stamping)
    settings = load(file=given.config, flags={}, kinds=known_kinds())
    DataDir(settings.service.data_dir).prepare()
    logs.set_up(settings.log, Redactor(settings.secrets()))
    if given.stages:
        stamps.watch_stages()
    if given.profile is not None:
        _profile(given.profile)
    code = service.run(settings)
    told = {"to_order_s": _latencies(), "round_trips_s": stamps.ROUND_TRIPS, "stages_s": _stages()}
    given.out.write_bytes(msgspec.json.encode(told))
    logs.stop()
    return code


def _latencies() -> list[tuple[float, float]]:
    """From the tick to the decision, and from the tick to the order, in seconds, one pair for each signal that left."""
    left = {label.bracket: at for text, at in stamps.ORDERS.items() if (label := parse(text)) is not None}
    found = []
    for name, instrument, key, came, decided in stamps.SIGNALS:
        sent = left.get(bracket_id(StrategyName(name), InstrumentName(instrument), key))
        if sent is not None:
            found.append((decided - came, sent - came))
    return found


def _stages() -> list[list[float]]:
    """Of each signal that left and was stamped on its whole way: the seconds each stage took, the last one sending."""
    left = {label.bracket: (text, at) for text, at in stamps.ORDERS.items() if (label := parse(text)) is not None}
    found = []
    for name, instrument, key, came, _ in stamps.SIGNALS:
        bracket = bracket_id(StrategyName(name), InstrumentName(instrument), key)
        text, sent = left.get(bracket, ("", 0.0))
        between = stamps.stages(bracket, text, instrument, key)
        if between:
            found.append([later - sooner for sooner, later in pairwise((came, *between, sent))])
    return found


def _profile(path: Path) -> None:
    """Every thread with a profiler of its own, their figures in one file each."""
    import cProfile  # noqa: PLC0415 - only when asked for
    import threading  # noqa: PLC0415 - the same

    run = threading.Thread.run

    def profiled(thread: Any) -> None:
        profiler = cProfile.Profile()
        try:
            profiler.runcall(run, thread)
        finally:
            profiler.dump_stats(path.with_name(f"{path.name}.{thread.name.replace(':', '-')}"))

    threading.Thread.run = profiled  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    sys.exit(main())
