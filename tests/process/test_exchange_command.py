"""The command: what it prints, how it ends, and with which exit code."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets.sync.client import connect

import tradebaas
from tests.process.exchange_client import DEADLINE_S, PROGRAM, ROOT, Client, Start, eventually

pytestmark = pytest.mark.process


def run(*arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, *python, "-m", "tradebaas"] if python else PROGRAM
    return subprocess.run(
        [*program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


# --- the start


def test_the_greeting_says_where_it_listens_who_may_log_in_and_how_to_stop_it(start: Start) -> None:
    exchange = start("--seed", "42", "--admin")
    printed = exchange.output()

    for fact in (exchange.ws_url, f"{exchange.url}/api/v2", "/admin/state", "paper:paper", "BTC-PERPETUAL", "Ctrl-C"):
        assert fact in printed
    assert re.search(r"seed +42", printed)


def test_it_answers_within_a_second_or_so(start: Start) -> None:
    """The goal is one second; a busy machine gets some more before the test fails."""
    begun = time.monotonic()
    exchange = start("--quiet")
    assert exchange.get("/api/v2/public/test").status_code == 200
    assert time.monotonic() - begun < 3.0


def test_quiet_prints_no_requests(start: Start) -> None:
    exchange = start("--quiet")
    exchange.get("/api/v2/public/test")
    exchange.stop()
    assert "public/test" not in exchange.output()


@pytest.mark.parametrize("reader", ["never reads", "is gone"])
def test_an_exchange_does_not_depend_on_who_reads_its_output(tmp_path: Path, no_credits: str, reader: str) -> None:
    """It prints more than a pipe holds; whoever started it may have been killed."""
    options = ["--port", "0", "--data-dir", str(tmp_path), "--settings", no_credits]
    with subprocess.Popen([*PROGRAM, "exchange", *options], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            if reader == "is gone":
                process.stdout.close()
            lock = tmp_path / "lock"
            eventually(lambda: lock.exists() and "ws://" in lock.read_text(), "it listens")
            with Client(connect(lock.read_text().split()[1], compression=None)) as client:
                for _ in range(3000):
                    client.call("public/get_time")
            process.terminate()
            assert process.wait(DEADLINE_S) == 0
        finally:
            process.kill()


# --- the end


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(start: Start, number: int, tmp_path: Path) -> None:
    """Sockets are closed with 1001, and it is gone within three seconds, even if a peer does not answer."""
    exchange = start("--quiet", "--data-dir", str(tmp_path))
    with exchange.connect() as client, socket.create_connection((exchange.host, exchange.port)) as silent:
        client.call("public/get_time")
        begun = time.monotonic()
        assert exchange.stop(number) == 0
        assert time.monotonic() - begun < 3.0
        client.socket.close()
        assert client.socket.close_code == 1001
        silent.settimeout(DEADLINE_S)
        assert silent.recv(1) == b""


def test_after_the_end_the_port_is_free_at_once(start: Start) -> None:
    first = start("--quiet")
    with first.connect() as client:
        client.call("public/get_time")
        first.stop()
    second = start("--quiet", "--port", str(first.port))
    assert second.port == first.port


# --- exit codes


def test_a_taken_port_is_one_clear_sentence_and_exit_code_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("exchange", "--port", str(port))

    assert ended.returncode == 1
    assert ended.stderr == f"tradebaas exchange: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_directory_that_cannot_be_written_is_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = run("exchange", "--port", "0", "--data-dir", str(tmp_path / "file" / "inside"))

    assert ended.returncode == 1
    assert "cannot use" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["exchange", "--prot", "1"],
        ["exchange", "--port", "x"],
        ["exchange", "--speed", "-1"],
        ["exchange", "--fresh"],
        ["nothing"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    ended = run(*arguments)

    assert ended.returncode == 2
    assert "Usage" in ended.stderr


def test_wrong_settings_are_exit_code_78_with_every_problem(tmp_path: Path) -> None:
    settings, accounts = tmp_path / "settings.toml", tmp_path / "accounts.toml"
    settings.write_text('sed = 5\n[switches]\nnumbers = "roman"\n')
    accounts.write_text('[[account]]\nnam = "second"\n')
    ended = run(
        "exchange", "--settings", str(settings), "--accounts", str(accounts), "--faults", "ruogh", "--port", "0"
    )

    assert ended.returncode == 78
    for problem in ('did you mean "seed"', "numbers", 'did you mean "name"', 'did you mean "rough"'):
        assert problem in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_feed_that_does_not_exist_is_exit_code_78(tmp_path: Path) -> None:
    ended = run("exchange", "--feed", str(tmp_path / "nothing.csv"), "--port", "0")

    assert ended.returncode == 78
    assert "nothing.csv" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_more_accounts_come_from_a_file(start: Start, tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(
        '[[account]]\nname = "second"\ndeposits = { BTC = 5 }\n'
        '[[account.keys]]\nclient_id = "two"\nclient_secret = "two"\n'
    )
    exchange = start("--quiet", "--accounts", str(accounts))
    with exchange.connect() as client:
        client.login("two")
        assert client.call("private/get_account_summary", currency="BTC")["balance"] == 5


def test_the_version_is_a_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", tradebaas.__version__)
    assert run("version").stdout == f"tradebaas {tradebaas.__version__}\n"


def test_help_lists_every_command_and_every_option() -> None:
    assert "exchange" in run("--help").stdout
    shown = run("exchange", "--help").stdout
    for option in (
        "port",
        "host",
        "seed",
        "feed",
        "faults",
        "speed",
        "accounts",
        "settings",
        "data-dir",
        "fresh",
        "admin",
        "record",
        "quiet",
    ):
        assert f"--{option}" in shown


def test_it_refuses_to_run_without_assertions() -> None:
    ended = run("version", python=("-O",))

    assert ended.returncode == 78
    assert "assertions" in ended.stderr


def test_speed_makes_time_run_faster(start: Start, no_credits: str) -> None:
    exchange = start("--quiet", "--speed", "100", "--settings", no_credits)
    with exchange.connect() as client:
        real = time.monotonic()
        shown = later = client.call("public/get_time")
        while time.monotonic() - real < 0.5:
            later = client.call("public/get_time")
        factor = (later - shown) / 1000 / (time.monotonic() - real)
    assert 50 < factor < 110
