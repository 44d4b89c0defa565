"""The real thing: `tradebaas exchange` as a process of its own, started, measured from outside and ended."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import websocket

ROOT: Final = Path(__file__).resolve().parents[1]
NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
NO_CREDITS: Final = '[limits]\ncredits = false\n\n[switches]\nnumbers = "plain"\n'


class Started:
    """A running exchange and how long it took until it answered."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], start_s: float) -> None:
        self.port, self.process, self.start_s = port, process, start_s

    def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/admin/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method="GET" if body is None else "POST",
        )
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - our own address
            return json.load(answer)

    def open(self, *, logged_in: bool = True) -> "Socket":
        return Socket(self.port, logged_in=logged_in)

    def memory_mb(self, kind: str = "VmRSS") -> float:
        """Resident memory now, or at its highest (VmHWM)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(kind):
                return int(line.split()[1]) / 1024
        raise LookupError(kind)


class Socket:
    """One WebSocket to it, tuned as our own client is."""

    def __init__(self, port: int, *, logged_in: bool) -> None:
        url = f"ws://127.0.0.1:{port}/ws/api/v2"
        self.link = websocket.create_connection(url, timeout=30, skip_utf8_validation=True, sockopt=[NO_DELAY])
        self._number = 0
        if logged_in:
            grant = {"grant_type": "client_credentials", "client_id": "paper", "client_secret": "paper"}
            assert "result" in self.call("public/auth", grant)

    def call(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params or {}}
        self.link.send(json.dumps(request))
        while True:
            message: dict[str, Any] = json.loads(self.link.recv())
            if message.get("id") == self._number:
                return message

    def close(self) -> None:
        self.link.close()


@contextmanager
def started(*flags: str) -> Iterator[Started]:
    """An exchange without rate limits on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with TemporaryDirectory() as folder:
        settings = Path(folder) / "bench.toml"
        settings.write_text(NO_CREDITS)
        command = [sys.executable, "-m", "tradebaas", "exchange", "--port", str(port), "--seed", "7", "--quiet"]
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--admin", "--settings", str(settings), *flags], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        try:
            _wait_for(port, process)
            yield Started(port, process, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it answers a question, not only a connection."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/public/test", timeout=1):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.005)
