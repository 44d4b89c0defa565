"""A real exchange in a process of its own, and a client for it that somebody else wrote (websockets, requests)."""

import base64
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

import requests
from websockets.sync.client import ClientConnection, connect

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 15.0
PROGRAM = [sys.executable, "-m", "tradebaas"]


def eventually(fact: Callable[[], T], what: str, deadline_s: float = DEADLINE_S) -> T:
    """Asks until the answer is true; says what never became true."""
    end = time.monotonic() + deadline_s
    while True:
        answer = fact()
        if answer:
            return answer
        assert time.monotonic() < end, f"never came true: {what} (last answer: {answer!r})"
        threading.Event().wait(0.005)


class Refused(Exception):
    """The exchange answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.code = error["code"]
        self.error = error


class Client:
    """One WebSocket, one request after the other; pushes are kept aside."""

    def __init__(self, opening: AbstractContextManager[ClientConnection]) -> None:
        self.pushes: list[dict[str, Any]] = []
        self.socket: ClientConnection
        self._opening = opening
        self._number = 0

    def __enter__(self) -> Self:
        self.socket = self._opening.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._opening.__exit__(None, None, None)

    def call(self, method: str, **params: Any) -> Any:
        """The result; raises Refused."""
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.socket.send(json.dumps(request))
        while True:
            message = json.loads(self.socket.recv(timeout=DEADLINE_S), parse_float=Decimal)
            if message.get("id") == self._number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]
            self.pushes.append(message)

    def login(self, key: str = "paper") -> Self:
        self.call("public/auth", grant_type="client_credentials", client_id=key, client_secret=key)
        return self


class Exchange:
    """A running exchange; knows where it listens, what it printed, and how to end it."""

    def __init__(
        self,
        *arguments: str,
        files_max: int | None = None,
        file_blocks_max: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.printed: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.began = time.monotonic()

        command = [*PROGRAM, "exchange", "--port", "0", *arguments]
        if files_max is not None:
            command = ["sh", "-c", f'ulimit -n {files_max}; exec "$@"', "sh", *command]
        if file_blocks_max is not None:  # of 512 bytes; Python ignores the signal and gets the error
            command = ["sh", "-c", f'ulimit -f {file_blocks_max}; exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | (environment or {}),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            where = self._await_line("listening on ").removeprefix("listening on ").strip()
        except BaseException:
            self.close()
            raise
        self.started_s = time.monotonic() - self.began
        self.host, _, port = where.rpartition(":")
        self.port = int(port)
        self.ws_url = f"ws://{where}/ws/api/v2"
        self.url = f"http://{where}"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _await_line(self, beginning: str) -> str:
        while True:
            try:
                line = self._lines.get(timeout=DEADLINE_S)
            except queue.Empty:
                line = None
            assert line is not None, "it did not come up:\n" + "".join(self.printed)
            self.printed.append(line)
            if line.startswith(beginning):
                return line

    def output(self) -> str:
        """What it has printed so far."""
        while not self._lines.empty():
            self.printed.append(self._lines.get() or "")
        return "".join(self.printed)

    def connect(self, **options: Any) -> Client:
        """A client, connected while it is a context."""
        return Client(connect(self.ws_url, compression=None, max_size=None, **options))

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=DEADLINE_S, **options)

    def post(self, path: str, body: object, **options: Any) -> requests.Response:
        return requests.post(self.url + path, json=body, timeout=DEADLINE_S, **options)

    def state(self) -> dict[str, Any]:
        answer = self.get("/admin/state")
        assert answer.status_code == 200, answer.text
        state = json.loads(answer.text, parse_float=Decimal)
        assert isinstance(state, dict)
        return state

    def kill(self) -> None:
        """As if the power had gone, for this process."""
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()


def basic(key: str) -> dict[str, str]:
    """The header of HTTP Basic for a key whose secret is its name."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{key}".encode()).decode()}


Start = Callable[..., Exchange]
