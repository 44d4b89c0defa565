"""The embedded exchange as a process of its own, for paper mode without an address.

An exchange does not die with its client: whatever becomes of the service, the exchange goes on, and the next start
finds and adopts it. Who holds the lock file in its folder is the exchange of that folder. Only `stop` ends it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tradebaas.paper_lock import HOST, LOOK_S, Holder, NoExchange, alone, holder_of, written_in

FOLDER: Final = "exchange"
STARTING: Final = "exchange.starting"  # held while somebody looks for an exchange, starts or stops one
LOG: Final = "exchange.log"
LOG_BYTES_MAX: Final = 1_000_000
START_S_MAX: Final = 20.0
STOP_S_MAX: Final = 8.0
_CHECKOUT: Final = Path(__file__).resolve().parents[1]

__all__ = ["NoExchange", "PaperExchange"]


def _say_nothing(_sentence: str) -> None:
    """Stand in for a log."""


class PaperExchange:
    """The exchange of one data directory. Safe when several ask for it at once: they get the same one."""

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        fresh: bool = False,
        arguments: Sequence[str] = (),
        start_s_max: float = START_S_MAX,
        stop_s_max: float = STOP_S_MAX,
        say: Callable[[str], None] = _say_nothing,
    ) -> None:
        """``port`` 0 takes the one it had before, if that is free; ``arguments`` go to a new one, not to an adopted."""
        self._data_dir = data_dir.resolve()
        self._folder = self._data_dir / FOLDER
        self._port, self._fresh, self._arguments = port, fresh, tuple(arguments)
        self._start_s_max, self._stop_s_max, self._say = start_s_max, stop_s_max, say
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.pid = 0
        self.is_adopted = False

    def start(self) -> str:
        """Find it or start it, and give the address of its WebSocket. Told again it makes sure that it is there.

        Raises:
            NoExchange: it cannot be started, or one is there and does not answer.
        """
        deadline = time.monotonic() + self._start_s_max
        self._reap()
        with alone(self._data_dir / STARTING, deadline=deadline):
            found = self._find(deadline)
            if found is not None and self._fresh:
                self._say(f"starting over: the embedded exchange that runs (process {found.pid}) is stopped first")
                self._end(found)
                found = None
            started = self._begin(deadline) if found is None else None
            # One may still have come up that was started just before its starter was killed.
            found = found or started or self._find(deadline)
            if found is None:
                raise NoExchange(f"the embedded exchange ended at once: {self._last_words()}")
        how = "started the embedded exchange" if started else "found the embedded exchange running"
        if (self.pid, self.url) != (found.pid, found.url):
            self._say(f"{how} (process {found.pid}) at {found.url}")
        self._fresh, self.is_adopted = False, started is None
        self.url, self.pid = found.url, found.pid
        return self.url

    def stop(self) -> None:
        """End the exchange that was started or adopted, in order; past the time-out by force: it has it all on disk.

        Told twice, or when another has taken its place, it does nothing.

        Raises:
            NoExchange: it cannot be ended.
        """
        if not self.pid:
            return
        with alone(self._data_dir / STARTING, deadline=time.monotonic() + self._stop_s_max):
            holder = holder_of(self._folder)
            if holder is not None and holder.pid == self.pid:
                self._end(holder)
        self._reap(self._stop_s_max)
        self.url, self.pid = "", 0

    # --- starting

    def _find(self, deadline: float) -> Holder | None:
        """Give the one that runs and answers; None when there is none. One that starts or ends is waited for."""
        while (holder := holder_of(self._folder)) is not None:
            if holder.answers():
                return holder
            if time.monotonic() > deadline:
                what = f"does not answer at {holder.url}" if holder.url else "does not say where it listens"
                raise NoExchange(f"the exchange of {self._folder} (process {holder.pid or '?'}) {what}; end it first")
            time.sleep(LOOK_S)
        return None

    def _begin(self, deadline: float) -> Holder | None:
        """Start a new one; where the last one listened if nobody else does now, so that its clients find it again."""
        former = 0 if self._port else written_in(self._folder).port
        started = self._spawn(former, deadline) if former else None
        return started or self._spawn(self._port, deadline)

    def _spawn(self, port: int, deadline: float) -> Holder | None:
        """Start one and wait until it answers; None when it ends before that."""
        self._reap(self._stop_s_max)  # nobody holds the folder, so a former one of ours has ended, or is about to
        options = ["--host", HOST, "--port", str(port), "--data-dir", str(self._folder), "--quiet", *self._arguments]
        command = [sys.executable, "-m", "tradebaas", "exchange", *options, *(["--fresh"] if self._fresh else [])]
        # It needs none of the service's settings, and secrets are among them.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADEBAAS_")}
        try:
            with self._log() as log:
                process = subprocess.Popen(  # noqa: S603 - our own program
                    command,
                    cwd=_CHECKOUT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # neither Ctrl-C nor the kill of a process group reaches it
                )
        except OSError as failure:
            raise NoExchange(f"cannot start the embedded exchange: {failure.strerror}") from failure
        self._process = process
        while process.poll() is None:
            holder = written_in(self._folder)
            if holder.pid == process.pid and holder.answers():
                return holder
            if time.monotonic() > deadline:
                process.kill()
                self._reap(self._stop_s_max)
                raise NoExchange(f"the embedded exchange did not answer within {self._start_s_max:g} s")
            time.sleep(LOOK_S)
        self._process = None
        return None

    @contextmanager
    def _log(self) -> Iterator[int]:
        """Open the file its output goes to; a long one is set aside, in the place of the one before."""
        path = self._data_dir / LOG
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_name(f"{LOG}.1"))
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield file
        finally:
            os.close(file)

    def _last_words(self) -> str:
        path = self._data_dir / LOG
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2_000))
            lines = file.read().decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("tradebaas exchange: ") if lines else f"see {path}"

    # --- ending

    def _end(self, holder: Holder) -> None:
        """Have it end in order, or by force; its folder is free when this returns."""
        assert holder.pid > 1, "nobody's process"
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(holder.pid, number)
            except ProcessLookupError:
                return
            except PermissionError as failure:
                raise NoExchange(f"the embedded exchange (process {holder.pid}) is somebody else's") from failure
            deadline = time.monotonic() + self._stop_s_max
            while time.monotonic() < deadline:
                now = holder_of(self._folder)
                if now is None or now.pid != holder.pid:
                    return
                time.sleep(LOOK_S)
            self._say(f"the embedded exchange (process {holder.pid}) has not ended within {self._stop_s_max:g} s")
        raise NoExchange(f"the embedded exchange (process {holder.pid}) cannot be ended")

    def _reap(self, within_s: float = 0) -> None:
        """Take note of the end of one we started ourselves."""
        if self._process is None:
            return
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return
        self._process = None
