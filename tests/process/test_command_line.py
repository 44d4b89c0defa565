"""Every command against a service that runs: what it prints, what it changes, and how it ends."""

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.exchange_client import ROOT, eventually
from tradebaas.commands import COMMANDS

pytestmark = pytest.mark.process

PROGRAM = [sys.executable, "-m", "tradebaas"]
NAME = "fasttest"


class Running:
    """A service on paper in a folder of its own, and its command line as a person uses it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("TRADEBAAS_")}
        self.environment |= {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
        self.log = folder / "run.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [*PROGRAM, "run", "--port", "0"], cwd=folder, env=self.environment, stdout=out, stderr=out
            )

    def __call__(self, *words: str, code: int = 0, **environment: str) -> str:
        """Run a command; its two outputs together."""
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--json"))

    def state(self) -> str:
        (strategy,) = self.json("strategies")["items"]
        return str(strategy["state"])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(30) == 0, self.log.read_text()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("service"))
    try:
        eventually(lambda: running.process.poll() is not None or "API at" in running.log.read_text(), "it starts", 30)
        eventually(lambda: running.json("status")["reconciled"], "it is reconciled", 30)
        eventually(lambda: running.json("trades")["items"], "it trades", 60)
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize(
    "name", ["status", "strategies", "trades", "orders", "positions", "events", "issues", "reports", "backups"]
)
@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_every_list_fits_its_terminal(service: Running, name: str, columns: str) -> None:
    lines = service(name, COLUMNS=columns).splitlines()

    assert lines
    assert [line for line in lines if len(line) > int(columns)] == []
    assert "\x1b" not in "".join(lines), "colours are for people who look"


def test_json_is_what_the_api_says(service: Running) -> None:
    status = service.json("status")

    assert status["mode"] == "paper"
    assert service.json("version")["version"] == status["version"]
    assert {"items", "next"} <= service.json("events").keys()


def test_one_trade_is_told_with_its_timeline(service: Running) -> None:
    trade = service.json("trades")["items"][-1]["id"]

    told = service("trades", trade)

    assert "bracket_begun" in told
    assert NAME in told


def test_a_strategy_is_paused_and_goes_on(service: Running) -> None:
    service("pause", NAME)
    eventually(lambda: service.state() == "PAUSED", "it is paused")
    assert "is paused, so a start does nothing: resume it" in service("start", NAME, code=1)
    assert service.state() == "PAUSED"
    service("resume", NAME)
    eventually(lambda: service.state() != "PAUSED", "it goes on")


def test_halt_holds_until_it_is_lifted(service: Running) -> None:
    service("halt", "--reason", "a test")
    assert "a test" in service("status")
    service("unhalt")
    assert service.json("status")["halt"] is None


def test_the_connection_is_closed_and_comes_back(service: Running) -> None:
    service("disconnect")
    eventually(lambda: not service.json("status")["broker"]["is_up"], "it is closed")
    service("connect")
    eventually(lambda: service.json("status")["reconciled"], "it is up and compared")
    assert "connected" in service("reconnect", "--resume")
    if service.state() == "PAUSED":
        service("resume", NAME)
    assert service("reconcile")
    assert service("ack")


def test_close_flattens_and_stop_ends_and_panic_asks_first(service: Running) -> None:
    service("stop", NAME)
    eventually(lambda: service.state() == "IDLE", "it is stopped")
    assert "--yes" in service("panic", code=2)
    service("panic", "--yes")
    eventually(lambda: not service.json("positions")["items"], "nothing is held")
    service("unhalt")
    service("start", NAME)


def test_unknown_names_are_answered_with_the_nearest(service: Running) -> None:
    assert f"did you mean {NAME}?" in service("start", "fastest", code=1)
    assert "did you mean status?" in service("staus", code=2)
    assert "did you mean TRADEBAAS_WEB__PORT?" in service("status", TRADEBAAS_WEB__PRT="1", code=78)


def test_the_doctor_finds_a_running_service_well(service: Running) -> None:
    told = service.json("doctor")

    assert told["clean"] is True
    names = {check["name"] for check in told["checks"]}
    assert {"settings", "permissions", "disk", "database", "clock", "key", "cancel on disconnect"} <= names
    assert f"process {service.process.pid}" in service("doctor")


def test_credentials_are_tried_on_the_exchange(service: Running) -> None:
    assert "trade:read_write" in service("credentials", "test")
    assert service.json("credentials", "test")["missing"] == []


def test_a_copy_is_made_while_it_trades_and_not_put_back_while_it_runs(service: Running) -> None:
    made = service.json("backup")

    assert made["file"] in service("backups")
    assert str(service.process.pid) in service("restore", made["file"], "--yes", code=1)
    assert "there is no copy" in service("restore", "nope.sqlite3", code=1)


def test_watching_redraws_in_place_and_ends_well(service: Running) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "status", "--watch", "--every", "0.2"],
        cwd=service.folder,
        env=service.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = bytearray()

    def read() -> None:
        try:
            while piece := os.read(ours, 65_536):
                seen.extend(piece)
        except OSError:
            return  # the other end is gone

    reader = threading.Thread(target=read)
    reader.start()
    eventually(lambda: seen.count(b"\x1b[H\x1b[J") >= 3, "it redraws")
    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 0
    reader.join(10)
    os.close(ours)


def test_watching_as_json_says_as_json_that_nobody_is_there(tmp_path: Path) -> None:
    words = ["status", "--watch", "--json", "--every", "0.2", "--data-dir", str(tmp_path)]
    with subprocess.Popen([*PROGRAM, *words], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = list(itertools.islice(process.stdout, 20))
        process.terminate()

    text = "".join(first)
    found, end = json.JSONDecoder().raw_decode(text)
    assert found["error"]["code"] == "not_running"
    assert text[end:].lstrip().startswith("{"), "and again"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(service: Running, shell: str) -> None:
    assert "_TRADEBAAS_COMPLETE" in service("completion", shell)


def test_the_shell_is_told_the_commands(service: Running) -> None:
    words = service(_TRADEBAAS_COMPLETE="bash_complete", COMP_WORDS="tradebaas st", COMP_CWORD="1").split()

    assert {word.removeprefix("plain,") for word in words} == {name for name in COMMANDS if name.startswith("st")}


def test_a_copy_is_put_back_once_it_has_stopped(tmp_path: Path) -> None:
    other = Running(tmp_path)
    try:
        eventually(lambda: "API at" in other.log.read_text(), "it starts", 30)
        made = other.json("backup")
    finally:
        other.stop()

    assert "--yes" in other("restore", made["file"], code=2)
    told = other.json("restore", made["file"], "--yes")

    assert Path(told["kept"]).exists(), "what was there is kept"
    assert "does not run now" in other("doctor")
    assert "the service is not running" in other("status", code=1)
    Path(made["path"]).write_bytes(b"not a database at all" * 100)
    assert "nothing was restored" in other("restore", made["file"], "--yes", code=1)
