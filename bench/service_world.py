"""A whole world for one measurement: an exchange, the service and whoever disturbs it, each a process of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from bench.started import ROOT

KEY: Final = "operate-operate-operate"
HZ: Final = os.sysconf("SC_CLK_TCK")
UP_S_MAX: Final = 30.0
STOP_S_MAX: Final = 20.0

_EXCHANGE: Final = """
[feed]
profile = "{profile}"
step_ms = {step_ms}
[limits]
credits = false
tier = 1
[switches]
numbers = "plain"
"""
_SERVICE: Final = """
[service]
data_dir = "service"
[broker]
url = "{url}"
[web]
port = 0
operate_token = "{key}"
streams_max = 30
[limits]
crashes_max = 1000000
[log]
level = "info"
format = "json"
{strategies}
"""


class Told(msgspec.Struct):
    """What a service wrote down at its end."""

    to_order_s: list[tuple[float, float]] = []
    round_trips_s: list[float] = []
    stages_s: list[list[float]] = []


class Service:
    """The running service, seen from outside."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder, self.process = folder, process
        self.url = ""

    def ask(self, path: str) -> Any:
        """Ask its API. Raises OSError when nobody answers."""
        return msgspec.json.decode(self.text(path))

    def text(self, path: str) -> str:
        """Ask it for something that is no JSON."""
        if not self.url:
            left = msgspec.json.decode((self._folder / "service" / "api.json").read_bytes())
            self.url = left["url"]
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + path, headers={"Authorization": f"Bearer {KEY}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - our own address
            return str(answer.read().decode())

    def wait_until_well(self) -> float:
        """Wait until it is connected and reconciled; give the moment (time.monotonic)."""
        until = time.monotonic() + UP_S_MAX
        while True:
            try:
                if self.ask("/health")["status"] in {"ok", "degraded"}:
                    return time.monotonic()
            except (OSError, msgspec.DecodeError):
                self.url = ""
            assert self.process.poll() is None, f"the service has ended: {self.log()}"
            assert time.monotonic() < until, f"the service does not get well: {self.log()}"
            time.sleep(0.005)

    def metric(self, name: str, of_many: Callable[[Iterable[float]], float] = sum) -> float:
        """One of its figures; of all series that begin so, their sum or what else is wanted."""
        lines = self.text("/metrics").splitlines()
        found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)]
        return of_many(found) if found else 0.0

    def memory_mb(self) -> float:
        """Resident memory now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise LookupError("VmRSS")

    def cpu_s(self) -> float:
        """Processor time used so far."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / HZ

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(STOP_S_MAX)

    def stop(self) -> Told:
        """End it in order and read what it wrote down."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_S_MAX)
        out = self._folder / "told.json"
        return msgspec.json.decode(out.read_bytes(), type=Told) if out.exists() else Told()

    def log(self) -> str:
        """The end of its log."""
        return (self._folder / "service.log").read_text(errors="replace")[-2000:]


class World:
    """An exchange, and services that trade on it."""

    def __init__(self, folder: Path, url: str, leaving: ExitStack) -> None:
        self.folder, self.url, self._leaving = folder, url, leaving

    def service(self, strategies: str, *flags: str, name: str = "a", host: bool = True) -> Service:
        """Start one in a folder of its own; `host` is the one with stamps."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        config = folder / "tradebaas.toml"
        config.write_text(_SERVICE.format(url=self.url, key=KEY, strategies=strategies))
        config.chmod(0o600)
        command = ["bench.service_host", "--out", str(folder / "told.json")] if host else ["tradebaas", "run"]
        process = self.start([*command, "--config", str(config), *flags], log=folder / "service.log")
        return Service(folder, process)

    def start(self, module: list[str], *, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a module as a process that ends with this world."""
        with (log or Path(os.devnull)).open("ab") as out:
            process = subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT, stdout=out, stderr=out)
        self._leaving.callback(_end, process)
        return process


@contextmanager
def world(step_ms: int, profile: str = "calm") -> Iterator[World]:
    """An exchange whose markets step once in so many milliseconds."""
    with ExitStack() as leaving:
        folder = Path(leaving.enter_context(TemporaryDirectory(prefix="bench-")))
        settings = folder / "exchange.toml"
        settings.write_text(_EXCHANGE.format(step_ms=step_ms, profile=profile))
        command = ["tradebaas", "exchange", "--port", "0", "--seed", "7", "--quiet", "--settings", str(settings)]
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        leaving.callback(_end, process)
        assert process.stdout is not None
        line = next((line for line in process.stdout if "listening on" in line), None)
        assert line is not None, "the exchange did not start"
        yield World(folder, f"ws://{line.split()[-1]}/ws/api/v2", leaving)


def _end(process: subprocess.Popen[Any]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()
