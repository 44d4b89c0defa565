"""One embedded exchange as a process: settings, memory, clock, sockets, signals; from its start to its orderly end.

Exchange time is the wall clock at the start, and from there on real time times the speed; never before what the
journal has seen.
"""

import asyncio
import faulthandler
import gc
import logging
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from exchange import faults, settings
from exchange.admin import Admin
from exchange.checked import TableError
from exchange.clock import Clock, Moment
from exchange.exchange import Exchange
from exchange.feeds import open_feed
from exchange.journal import Journal, set_aside
from exchange.ports import NoMemory
from exchange.pump import Pump
from exchange.recording import Recorder
from exchange.records import Order, Row, Wallet
from exchange.remembered import Unusable
from exchange.request_log import Output, RequestLog, RotatingFile, Sink
from exchange.server import WS_PATH, Server
from exchange.settings import Settings

OK: Final = 0
FAILED: Final = 1
CONFIGURATION: Final = 78

HOUSEKEEPING_S: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says; None = not said."""

    host: str = "127.0.0.1"
    port: int = 8090
    seed: int | None = None
    feed: str | None = None
    faults: str | None = None
    speed: float = 1.0
    accounts: Path | None = None
    settings: Path | None = None
    data_dir: Path | None = None
    fresh: bool = False
    admin: bool = False
    record: Path | None = None
    quiet: bool = False


def run(options: Options) -> int:
    """The whole life of the process; returns its exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    try:
        return asyncio.run(_live(options, configured(options)))
    except TableError as wrong:
        for problem in wrong.problems:
            _say(problem)
        return CONFIGURATION
    except Unusable as failure:
        _say(str(failure))
        return FAILED


def configured(options: Options) -> Settings:
    """The settings file with the flags laid over it. Raises TableError with everything that is wrong in all of them."""
    problems: list[str] = []
    chosen = Settings()

    def attempt(change: Callable[[Settings], Settings]) -> None:
        nonlocal chosen
        try:
            chosen = change(chosen)
        except TableError as wrong:
            problems.extend(wrong.problems)

    if (path := options.settings) is not None:
        attempt(lambda _chosen: settings.load(path))
    if (accounts := options.accounts) is not None:
        attempt(lambda chosen: settings.with_accounts(chosen, accounts))
    if (source := options.faults) is not None:
        attempt(lambda chosen: msgspec.structs.replace(chosen, faults=faults.load(source)))
    if (seed := options.seed) is not None:
        attempt(lambda chosen: msgspec.structs.replace(chosen, seed=seed))
    if (feed := options.feed) is not None:
        attempt(lambda chosen: msgspec.structs.replace(chosen, feed=msgspec.structs.replace(chosen.feed, source=feed)))
    if problems:
        raise TableError(problems)
    return chosen


async def _live(options: Options, chosen: Settings) -> int:
    directory = options.data_dir
    journal = None
    rows: list[Row] = []
    if directory is not None:
        journal = Journal(directory, _say)
        if options.fresh:
            for moved in set_aside(directory):
                _say(f"starting over; what was there is kept as {moved}")
        rows = journal.load()
    try:
        return await _House(options, chosen, journal, rows).live()
    finally:
        if journal is not None:
            journal.close()


class _House:
    """Everything of one exchange under one roof."""

    def __init__(self, options: Options, chosen: Settings, journal: Journal | None, rows: list[Row]) -> None:
        self._options = options
        self._settings = chosen
        self._journal = journal
        wall_ms = _wall_ms()
        seen = None if journal is None else journal.moment
        start_ms = wall_ms if seen is None else seen.resumed_ms(wall_ms)
        try:
            feed = open_feed(chosen, start_ms=start_ms)
        except (OSError, ValueError) as failure:
            raise TableError([f"the feed cannot be used: {failure}"]) from failure
        self.exchange = Exchange(settings=chosen, feed=feed, start_ms=start_ms)
        self.clock = Clock(start_ms, speed=options.speed, monotonic=time.monotonic)
        self._output = Output(1, _can_write)
        sinks: list[Sink] = [] if options.quiet else [self._output]
        if options.data_dir is not None:
            sinks.append(RotatingFile(options.data_dir))
        self.log = RequestLog(sinks, now_ms=lambda: self.clock.now_ms, monotonic=time.monotonic)
        self.pump = Pump(self.exchange, self.clock, asyncio.get_running_loop(), journal or NoMemory(), self.log)
        if journal is not None:
            self._remember(journal, rows, start_ms)
        self._record = None
        if options.record is not None:
            self._record = _record(options.record, self.exchange, start_ms)
            self.exchange = self.pump.exchange = self._record.exchange
        self.server = Server(self.pump, Admin(self.pump, self._facts) if options.admin else None)

    def _remember(self, journal: Journal, rows: list[Row], start_ms: int) -> None:
        engine = self.exchange.engine
        if rows:
            for name in {row.account for row in rows if isinstance(row, Wallet)} & set(engine.accounts):
                engine.accounts[name].archive.ledger.clear()  # its opening deposits stand in the rows, too
            engine.restore(iter(rows), start_ms)
            sessions = [row.session_id for row in rows if isinstance(row, Order)]
            self.exchange.sessions.start_counting_from(max(sessions, default=0))

        def moment() -> Moment:
            now_ms = max(engine.now_ms, self.pump.reached_ms)
            return Moment(wall_ms=_wall_ms(), now_ms=now_ms, speed=self._options.speed)

        self.exchange.recorder = journal.record
        journal.begin(engine, moment)

    async def live(self) -> int:
        """Serve until told to stop."""
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        try:
            port = await self.server.start(self._options.host, self._options.port)
        except OSError as failure:
            _say(f"cannot listen on {self._options.host} port {self._options.port}: {failure.strerror}")
            return FAILED
        if self._journal is not None:
            self._journal.publish(f"ws://{self._options.host}:{port}{WS_PATH}")
        gc.collect()
        gc.freeze()  # what is there now stays; looking through it again and again costs milliseconds
        self._output.write("\n".join([*self._greeting(port), ""]))
        self.pump.tick()
        while not told.is_set():
            self.log.flush()
            if self._journal is not None:
                self._journal.tick()
            with suppress(TimeoutError):
                async with asyncio.timeout(HOUSEKEEPING_S):
                    await told.wait()
        await self.server.stop()
        self.pump.stop()
        if self._record is not None:
            self._record.close()
        self.log.note("stopped")
        self.log.flush()
        return OK

    def _greeting(self, port: int) -> list[str]:
        chosen, options = self._settings, self._options
        host = f"[{options.host}]" if ":" in options.host else options.host
        lines = [
            "Tradebaas embedded exchange: Deribit's protocol, made-up money",
            f"  websocket    ws://{host}:{port}{WS_PATH}",
            f"  http         http://{host}:{port}/api/v2",
        ]
        if options.admin:
            lines.append(f"  admin        http://{host}:{port}/admin/state")
        lines += [f"  key          {key.client_id} (account {key.account})" for key in chosen.keys]
        lines += [
            "  secrets      of the default keys: the same as the key, so paper:paper",
            f"  instruments  {', '.join(spec.instrument_name for spec in chosen.instruments)}",
            f"  seed         {chosen.seed}   feed {chosen.feed.source}   speed {options.speed:g}",
            f"  data         {options.data_dir or 'none: everything is forgotten at the end'}",
            "  stop         Ctrl-C",
            f"listening on {host}:{port}",
        ]
        return lines

    def _facts(self) -> dict[str, Any]:
        """What the core does not know about itself."""
        journal = self._journal
        return {
            "connections": self.server.connections,
            "internal_errors": self.pump.internal_errors,
            "too_slow": self.server.too_slow,
            "behind": self.pump.behind,
            "journal": None
            if journal is None
            else {"generation": journal.generation, "rows_written": journal.written, "broken": journal.broken},
        }


def _record(path: Path, exchange: Exchange, start_ms: int) -> Recorder:
    try:
        return Recorder(path, exchange, start_ms=start_ms)
    except OSError as failure:
        raise Unusable(f"cannot write {path}: {failure.strerror}") from failure


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _can_write(descriptor: int) -> bool:
    """Would a write be taken at once?"""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))


def _say(sentence: str) -> None:
    print(f"tradebaas exchange: {sentence}", file=sys.stderr, flush=True)  # noqa: T201 - a command speaks
