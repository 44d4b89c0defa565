"""What survives the exchange's own end, also a kill: a snapshot of everything, and what has changed since.

In the data directory `snapshot.jsonl` holds one row per line and `journal.jsonl` one line for each set of rows that
changed together: a set is there whole or not at all. Each file starts with a header; a journal belongs to the
snapshot of the same generation. Changes are handed to the operating system before any reply leaves, so they survive
the end of the process; they are not forced to the disk one by one, so a power cut may take the last seconds. A torn
last line was never answered and is ignored.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from exchange import remembered
from exchange.changes import Changes
from exchange.clock import MOMENT_EVERY_MS, Moment
from exchange.image import mark_of
from exchange.market import Market
from exchange.records import Counters, Row
from exchange.remembered import JOURNAL, SNAPSHOT, Header, Unusable

JOURNAL_BYTES_MAX: Final = 16 * 1024 * 1024  # past this a new snapshot is written
SNAPSHOT_EVERY_S: Final = 600.0

LOCK: Final = "lock"
_encoder: Final = msgspec.json.Encoder()
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Source(Protocol):
    """Whose memory this is: the engine."""

    @property
    def counters(self) -> Counters: ...

    @property
    def markets(self) -> Mapping[str, Market]: ...

    def image(self) -> Iterator[Row]: ...


class Journal:
    """The memory of one exchange in one directory.

    When a write fails, it says so once, is `broken`, and everything waits for `mend`.
    """

    def __init__(self, directory: Path, say: Callable[[str], None]) -> None:
        self.broken = False
        self.written = 0  # rows, for people
        self.generation = 0
        self.moment: Moment | None = None  # the last one that was read
        self._directory = directory
        self._say = say
        self._source: Source | None = None
        self._clock: Callable[[], Moment] = _no_clock
        self._file = -1
        self._size = 0  # of the journal, as far as its lines are whole
        self._snapshot_at = self._marked_at = 0.0
        self._lock = _locked(directory)

    # --- reading

    def load(self) -> list[Row]:
        """Every row that was remembered, the latest of each thing. Raises Unusable when a file is damaged."""
        found = remembered.read(self._directory)
        self.generation, self.moment = found.generation, found.moment
        return found.rows

    # --- writing

    def begin(self, source: Source, clock: Callable[[], Moment]) -> None:
        """From here on changes are written down; starts with a snapshot. Raises Unusable."""
        self._source, self._clock = source, clock
        try:
            self._renew()
        except OSError as failure:
            raise Unusable(f"cannot write in {self._directory}: {failure.strerror}") from failure

    def publish(self, where: str) -> None:
        """Say in the lock file who this is and where it listens, for whoever comes next."""
        self._attempt(lambda: _sign(self._lock, where))

    def record(self, changes: Changes) -> None:
        """Write down what has changed. Returns when the operating system has it, or when it is `broken`."""
        if self.broken or self._source is None:
            return
        if changes.orders or changes.trades or changes.positions or changes.wallets or changes.rare:
            rows: list[Row | Moment] = [*changes.orders.values(), *changes.trades, *changes.positions.values()]
            rows += [*changes.wallets.values(), *changes.ledger, *changes.trigger_rows]
            self._append([*rows, self._source.counters, self._clock()])

    def mark(self) -> None:
        """Write down where prices and time stand."""
        if not self.broken and self._source is not None:
            self._marked_at = time.monotonic()
            marks = [mark_of(market) for market in self._source.markets.values()]
            self._append([*marks, self._source.counters, self._clock()])

    def tick(self) -> None:
        """Now and then: prices and time, and a new snapshot when the journal is long or old."""
        now = time.monotonic()
        if now - self._marked_at >= MOMENT_EVERY_MS / 1000:
            self.mark()
        if not self.broken and (self._size > JOURNAL_BYTES_MAX or now - self._snapshot_at > SNAPSHOT_EVERY_S):
            self._attempt(self._renew)

    def mend(self) -> bool:
        """A fresh snapshot holds all that could not be written."""
        self.broken = False
        self._attempt(self._renew)
        if not self.broken:
            self._say("the journal can be written again; the exchange goes on")
        return not self.broken

    def close(self) -> None:
        """A last snapshot, and the directory is free for the next exchange."""
        if self._source is not None:
            self._attempt(self._renew)
            self._source = None
        if self._file >= 0:
            os.close(self._file)
        os.close(self._lock)

    def _append(self, rows: list[Row | Moment]) -> None:
        line = _encoder.encode(rows) + b"\n"

        def write() -> None:
            _write_all(self._file, line)
            self._size += len(line)
            self.written += len(rows)

        self._attempt(write)

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as failure:
            self.broken = True
            self._say(
                f"cannot write in {self._directory}: {failure.strerror}. Nothing trades until it can: an exchange that "
                f"cannot remember must not promise. It tries again every second"
            )

    def _renew(self) -> None:
        """A new snapshot beside the old one, then in its place, then an empty journal that belongs to it."""
        assert self._source is not None
        generation = self.generation + 1
        header = _encoder.encode_lines([Header(generation=generation)])
        snapshot, journal = self._directory / f"{SNAPSHOT}.new", self._directory / f"{JOURNAL}.new"
        file = os.open(snapshot, _NEW, 0o600)
        try:
            _write_all(file, header + _encoder.encode_lines([*self._source.image(), self._clock()]))
            os.fsync(file)
        finally:
            os.close(file)
        file = os.open(journal, _NEW, 0o600)
        try:
            _write_all(file, header)
            # A kill between the two leaves a journal of the old generation: it is ignored, the snapshot has it all.
            snapshot.rename(self._directory / SNAPSHOT)
            journal.rename(self._directory / JOURNAL)
        except OSError:
            os.close(file)
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self.generation = file, len(header), generation
        self._snapshot_at = time.monotonic()


def _no_clock() -> Moment:
    raise AssertionError("the journal has not begun")


def set_aside(directory: Path) -> list[Path]:
    """Start over: what was remembered is renamed, not deleted. Returns the new names."""
    moved = []
    suffix = f".{time.strftime('%Y%m%dT%H%M%S')}"
    for name in (SNAPSHOT, JOURNAL):
        old = directory / name
        if old.exists():
            moved.append(old.rename(directory / f"{name}{suffix}"))
    return moved


def _locked(directory: Path) -> int:
    """The lock of this directory, held until the process ends, however it ends. Raises Unusable."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as failure:
        raise Unusable(f"cannot use {directory}: {failure.strerror}") from failure
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        owner = os.read(file, 200).decode(errors="replace").strip() or "unknown"
        os.close(file)
        raise Unusable(
            f"another exchange (process {owner}) is using {directory}; stop it or choose another"
        ) from failure
    _sign(file, "")
    return file


def _sign(file: int, where: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()} {where}".strip().encode() + b"\n", 0)


def _write_all(file: int, lines: bytes) -> None:
    """Everything or OSError; what a failed write left behind is taken away again, so that lines stay whole."""
    size = os.fstat(file).st_size
    left = memoryview(lines)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.ftruncate(file, size)
        raise
