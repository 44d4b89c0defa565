"""The real service as a process: started, killed, out of disk, and told commands over its API."""

import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import requests

from simulation.plan import Plan, RunnerPlan
from tools.socket_check.market import ROOT
from tools.socket_check.squeeze import plain

TICK_S: Final = 0.05
UP_S_MAX: Final = 30.0
ANSWER_S_MAX: Final = 10.0
STARTING_S_MAX: Final = 3.0
"""So long somebody tries again who is told that it cannot be done now: the API is up before the rest is."""
STOP_S_MAX: Final = 20.0
TOKEN: Final = "operate-operate-operate"  # noqa: S105 - of a service made for this, on paper
NO_BYTES: Final = 4_096
"""A file may be written up to here: the first page of the database, and nothing after it."""
SAID: Final = 2_000
_NO_END: Final = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
_PATHS: Final[dict[str, str]] = {
    "StartStrategy": "start",
    "PauseStrategy": "pause",
    "ResumeStrategy": "resume",
    "StopStrategy": "stop",
    "CloseStrategy": "close",
    "Halt": "halt",
    "Unhalt": "unhalt",
    "Panic": "panic",
    "Connect": "broker/connect",
    "Disconnect": "broker/disconnect",
    "Reconnect": "broker/reconnect",
    "Reconcile": "reconcile",
    "Acknowledge": "alerts/acknowledge",
}
_BODIES: Final[dict[str, dict[str, Any]]] = {
    "Halt": {"reason": "by hand"},
    "Panic": {"confirm": "panic"},
    "Reconnect": {"resume": True},
}


class Service:
    """One folder, and one life of the process after the other in it."""

    def __init__(self, plan: Plan, folder: Path, url: str) -> None:
        self.folder = folder / "service"
        self.answered = self.unanswered = 0
        self._kinds, self._config, self._log = folder / "kinds", folder / "tradebaas.toml", folder / "service.log"
        self._kinds.mkdir()
        (self._kinds / "runners.py").symlink_to(ROOT / "simulation" / "runners.py")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self._port = int(taken.getsockname()[1])
        self._config.write_text(_settings(plan, url, self.folder, self._port), encoding="utf-8")
        self._config.chmod(0o600)
        self._locking: sqlite3.Connection | None = None
        self._caller = requests.Session()
        self._caller.trust_env = False
        self._caller.headers["Authorization"] = f"Bearer {TOKEN}"
        self._process = self._begun()
        try:
            self._comes_up()
        except RuntimeError:
            self.stops()
            raise

    def _begun(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "tools.socket_check.runs", str(self._kinds),
                 "run", "--config", str(self._config)],
                cwd=ROOT, stdout=out, stderr=out, env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def _comes_up(self) -> None:
        until = time.monotonic() + UP_S_MAX
        while time.monotonic() < until and self.ended_with is None:
            with contextlib.suppress(requests.RequestException):
                self._caller.get(f"http://127.0.0.1:{self._port}/health", timeout=ANSWER_S_MAX)
                return
            time.sleep(TICK_S)
        said = self._log.read_text(encoding="utf-8", errors="replace")[-SAID:]
        raise RuntimeError(f"the service did not come up: {said}")

    @property
    def ended_with(self) -> int | None:
        """Its exit code, when it has ended by itself."""
        return self._process.poll()

    def starts_again(self) -> None:
        """Begin another life. It is not waited for."""
        self._process = self._begun()

    def dies(self) -> None:
        """Killed, and started again at once. Its disk is well by then, as in the simulated world."""
        self.mends()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(STOP_S_MAX)
        self.starts_again()

    def stops(self) -> str:
        """Told to stop: what was wrong with how it did, if anything."""
        wrong = ""
        self.mends()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                code = self._process.wait(STOP_S_MAX)
                wrong = f"an orderly stop ended with {code}" if code else ""
            except subprocess.TimeoutExpired:
                wrong = f"an orderly stop took longer than {STOP_S_MAX:g} s"
                self._process.kill()
                self._process.wait(STOP_S_MAX)
        self._caller.close()
        return wrong

    # --- its disk

    def ails(self, trouble: str) -> None:
        """No file may grow, or somebody else holds the lock. Only one trouble at a time."""
        self.mends()
        if trouble == "disk_full":
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (NO_BYTES, resource.RLIM_INFINITY))
            return
        locking = sqlite3.connect(self.folder / "tradebaas.sqlite3", timeout=1, isolation_level=None)
        try:
            locking.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            locking.close()  # the service writes all the time: then nobody else gets it
            return
        self._locking = locking

    def mends(self) -> None:
        """The disk takes writes again. Told twice it changes nothing."""
        if self._locking is not None:
            self._locking.rollback()
            self._locking.close()
            self._locking = None
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, _NO_END)

    # --- commands

    def presses(self, command: str, name: str, meanwhile: Callable[[], None]) -> bool:
        """A person gives a command; whether it was answered with success."""
        path = f"strategies/{name}/{_PATHS[command]}" if name else _PATHS[command]
        return self.posts(path, _BODIES.get(command, {}), meanwhile)

    def posts(self, path: str, body: dict[str, Any], meanwhile: Callable[[], None]) -> bool:
        """The same by its address. While nobody is there, they try again for a while."""
        began = time.monotonic()
        while time.monotonic() < began + ANSWER_S_MAX:
            try:
                url = f"http://127.0.0.1:{self._port}/api/v2/{path}"
                answer = self._caller.post(url, json=body, timeout=ANSWER_S_MAX)
            except requests.ConnectionError:
                meanwhile()
                time.sleep(TICK_S)
                continue
            except requests.Timeout:
                break
            is_not_now = answer.status_code == requests.codes.service_unavailable
            if is_not_now and time.monotonic() < began + STARTING_S_MAX:
                meanwhile()
                time.sleep(TICK_S)
                continue
            is_done = answer.status_code == requests.codes.ok and bool(answer.json().get("ok"))
            self.answered += is_done
            return is_done
        self.unanswered += 1
        return False


def _settings(plan: Plan, url: str, folder: Path, port: int) -> str:
    return (
        f'[service]\nmode = "paper"\ndata_dir = "{folder}"\n'
        f'[broker]\nurl = "{url}"\nbracket_mode = "{plan.mode}"\nfill_condition = "{plan.fill_condition}"\n'
        f"auto_reconnect = {str(plan.auto_reconnect).lower()}\n"
        f'[web]\nport = {port}\noperate_token = "{TOKEN}"\n'
        "[risk]\nvalue = 0.1\nleverage = 50\n"
        f"[reconcile]\ninterval_s = {plan.reconcile_ms // 1_000}\n"
        "[limits]\ncrashes_max = 100000\n" + "".join(_strategy(one) for one in plan.runners)
    )


def _strategy(one: RunnerPlan) -> str:
    kind = "patient" if one.is_patient else "eager"
    lines = "".join(f"{key} = {plain(value)}\n" for key, value in one.parameters.items())
    return f'[strategies.{one.name}]\nstrategy = "{kind}"\ninstrument = "{one.instrument}"\nautostart = true\n{lines}'
