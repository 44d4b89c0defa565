"""The real service on paper, and the exchange it trades on: two processes, and a person's hands on both."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from webui.left import left_in

ROOT = Path(__file__).parents[2]
DEADLINE_S = 20.0
OPERATE, OBSERVE = "operate-operate-operate", "observe-observe-observe"
BTC = "BTC-PERPETUAL"

CONFIG = """
[service]
mode = "paper"
data_dir = "{data}"
[broker]
url = "ws://{address}/ws/api/v2"
[web]
port = 0
operate_token = "{operate}"
observe_token = "{observe}"
[risk]
value = 0.1
[strategies.fast]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
every_s = 1
stop_bps = 60
target_bps = 60
cooldown_s = 2
[strategies.stumble]
strategy = "stumble"
instrument = "ETH-PERPETUAL"
"""


def eventually(look: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Wait for a fact."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {deadline_s:.0f} s: {what}")


class Running:
    """Both processes."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        text = CONFIG.format(data=folder / "service", address=address, operate=OPERATE, observe=OBSERVE)
        (folder / "tradebaas.toml").write_text(text, encoding="utf-8")
        (folder / "tradebaas.toml").chmod(0o600)

    def starts(self) -> None:
        """Start the service and wait until it has compared database and exchange."""
        with (self.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.host", "run", "--config", str(self.folder / "tradebaas.toml")],
                cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        left = eventually(self._left, "the service listens; its log is in the folder of the test")
        self.url = left.url
        eventually(lambda: self.status().get("reconciled"), "reconciled")

    def _left(self) -> Any:
        assert self._process is not None
        assert self._process.poll() is None, f"the service ended by itself:\n{self.log()}"
        left = left_in(self.folder / "service")
        return left if left is not None and left.pid == self._process.pid else None

    def stops(self) -> None:
        """End the service in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_S)
            self._process = None

    def log(self) -> str:
        """What the service has said, for a test that fails."""
        return (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")[-3_000:]

    # --- the API, as a program asks it

    def get(self, path: str) -> Any:
        """Ask."""
        try:
            answer = requests.get(f"{self.url}/api/v2/{path}", headers=_key(), timeout=5)
        except requests.ConnectionError:
            return {}
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """Command."""
        return requests.post(f"{self.url}/api/v2/{path}", json=body or {}, headers=_key(), timeout=10).json()

    def patch(self, path: str, body: Any) -> Any:
        """Change."""
        return requests.patch(f"{self.url}/api/v2/{path}", json=body, headers=_key(), timeout=10).json()

    def status(self) -> Any:
        """Everything at a glance."""
        return self.get("status")

    def state(self, name: str) -> str:
        """Where a strategy is."""
        return str(self.get(f"strategies/{name}").get("state"))

    # --- the exchange

    def admin(self, verb: str, **body: Any) -> Any:
        """Turn a screw of the exchange."""
        answer = requests.post(f"http://{self.address}/admin/{verb}", json=body, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def mark(self, instrument: str = BTC) -> float:
        """The price now."""
        found = requests.get(
            f"http://{self.address}/api/v2/public/ticker", params={"instrument_name": instrument}, timeout=5
        )
        return float(found.json()["result"]["mark_price"])

    def price_is(self, price: float, instrument: str = BTC) -> None:
        """Put the price somewhere, and keep it there."""
        self.admin("price", instrument_name=instrument, price=round(price), hold=True)

    def hand(self, side: str, amount: int, instrument: str = BTC) -> Any:
        """A person trades on the same account, beside the service."""
        answer = requests.get(
            f"http://{self.address}/api/v2/private/{side}",
            params={"instrument_name": instrument, "amount": str(amount), "type": "market"},
            auth=("person", "person"), timeout=5,
        )  # fmt: skip
        return answer.json()


def _key() -> dict[str, str]:
    return {"Authorization": f"Bearer {OPERATE}"}


@contextmanager
def running(folder: Path, seed: int = 7) -> Iterator[Running]:
    """Start an exchange and a service on it; end both."""
    settings = folder / "exchange.toml"
    settings.write_text("[feed]\nstep_ms = 100\n[limits]\ncredits = false\n", encoding="utf-8")
    exchange = subprocess.Popen(
        [sys.executable, "-m", "tradebaas", "exchange", "--port", "0", "--seed", str(seed), "--admin", "--quiet",
         "--settings", str(settings)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert exchange.stdout is not None
    service = None
    try:
        line = exchange.stdout.readline()
        while "listening on" not in line:
            assert line, "the exchange did not start"
            line = exchange.stdout.readline()
        service = Running(folder, line.rsplit(" ", 1)[1].strip())
        service.starts()
        yield service
    finally:
        if service is not None:
            service.stops()
        exchange.terminate()
        exchange.wait(DEADLINE_S)
        exchange.stdout.close()
