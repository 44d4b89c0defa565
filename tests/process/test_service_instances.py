"""Real services beside each other: two workers on one account, a second instance, a database that is full or locked.

Each trades on one exchange in a process of its own; what is checked is read from the exchange and the files.
"""

import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tools import crash_points, crash_test

pytestmark = [pytest.mark.process]

ETHER = "ETH-PERPETUAL"
NO_RESTRICTION = resource.RLIM_INFINITY


@pytest.fixture
def place() -> Iterator[crash_points.Ground]:
    with crash_points.ground(seed=13, mode="native") as ground:
        yield ground


def _comes_true(what: Callable[[], object], within_s: float = 20.0) -> None:
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.05)


def _brackets(folder: Path, condition: str = "1") -> list[tuple[str, str]]:
    """(instrument, phase) of the brackets in a database."""
    database = next(folder.glob("*.sqlite3"), None)
    if database is None:
        return []
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as db:
        try:
            rows = db.execute(f"SELECT instrument, phase FROM brackets WHERE {condition}").fetchall()  # noqa: S608
        except sqlite3.OperationalError:
            rows = []
    db.close()
    return rows


def _entries(place: crash_points.Ground) -> int:
    return len(_brackets(place.folder / "service"))


def _workers(orders: list[dict[str, object]]) -> set[str]:
    return {str(order["label"]).split(":")[2] for order in orders if str(order["label"]).startswith("tb1:")}


def _says_of_its_database(place: crash_points.Ground) -> str:
    """What anybody may ask the service; nothing while it does not listen yet."""
    try:
        health = requests.get(f"http://127.0.0.1:{place.port}/health", timeout=10).json()
    except requests.ConnectionError:
        return ""
    return str(health["services"]["database"])


def _labels(place: crash_points.Ground) -> set[str]:
    """Of the exits of the second worker: by label, since a native child comes alive under another id."""
    labels = {str(order["label"]) for order in place.observer.orders() if ":w2:" in order["label"]}
    return {label for label in labels if label.rsplit(":", 1)[1][0] in "st"}


def test_two_workers_on_one_account_each_trade_their_instrument_and_touch_nothing_of_the_other(
    place: crash_points.Ground,
) -> None:
    """One is killed and started again while the other trades on: none of the other's orders goes away."""
    other = place.folder / "other.toml"
    text = (place.folder / "tradebaas.toml").read_text(encoding="utf-8")
    text = text.replace(f"port = {place.port}", "port = 0").replace("BTC-PERPETUAL", ETHER)
    text = text.replace(f'"{place.folder / "service"}"', f'"{place.folder / "second"}"\nworker_id = "w2"')
    text = text.replace("stop_bps = 6", "stop_bps = 400").replace("target_bps = 6", "target_bps = 400")
    other.write_text(text, encoding="utf-8")
    other.chmod(0o600)
    second = subprocess.Popen(
        [sys.executable, "-m", "tradebaas", "run", "--config", str(other)],
        cwd=crash_test.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        first = place.starts()
        _comes_true(lambda: _workers(place.observer.orders()) == {"w1", "w2"} and len(_labels(place)) > 1)
        theirs = _labels(place)
        first.kill()
        first.wait(10)
        place.recovers("a kill beside another worker")
        assert _labels(place) == theirs
        assert {instrument for instrument, _ in _brackets(place.folder / "service")} == {crash_test.INSTRUMENT}
        assert {instrument for instrument, _ in _brackets(place.folder / "second")} == {ETHER}
        assert place.findings.violations == []
    finally:
        second.kill()
        second.wait(10)


def test_second_instance_on_the_same_data_is_refused_and_the_first_trades_on(place: crash_points.Ground) -> None:
    first = place.starts()
    _comes_true(lambda: _entries(place) >= 1)
    text = (place.folder / "tradebaas.toml").read_text(encoding="utf-8")
    (place.folder / "tradebaas.toml").write_text(text.replace(f"port = {place.port}", "port = 0"), encoding="utf-8")
    refused = subprocess.run(
        [sys.executable, "-m", "tradebaas", "run", "--config", str(place.folder / "tradebaas.toml")],
        cwd=crash_test.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert refused.returncode == 1
    assert str(first.pid) in refused.stderr + refused.stdout, "it says who is there"
    assert first.poll() is None
    before = _entries(place)
    _comes_true(lambda: _entries(place) > before)
    assert place.findings.violations == []


def test_disk_full_under_the_real_process_opens_nothing_and_goes_on_when_there_is_room(
    place: crash_points.Ground,
) -> None:
    """No file of the process may grow any more, nor be written beyond its first bytes."""
    service = place.starts()
    _comes_true(lambda: _entries(place) >= 1)
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (4_096, NO_RESTRICTION))
    before = _entries(place)
    _comes_true(lambda: _says_of_its_database(place) == "failing")
    time.sleep(2)  # what is claimed is that nothing happens
    assert service.poll() is None, "it lives on"
    assert _entries(place) == before
    resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (NO_RESTRICTION, NO_RESTRICTION))
    _comes_true(lambda: _entries(place) > before, 40)
    crash_test.check_recovered(place.folder, place.observer, place.findings)
    crash_test.check_entries(place.observer, place.findings)
    assert place.findings.violations == []


def test_locked_database_under_the_real_process_opens_nothing_and_goes_on_when_it_is_free(
    place: crash_points.Ground,
) -> None:
    service = place.starts()
    _comes_true(lambda: _entries(place) >= 1)
    lock = sqlite3.connect(next((place.folder / "service").glob("*.sqlite3")), isolation_level=None, timeout=5)
    lock.execute("BEGIN IMMEDIATE")
    before = _entries(place)
    _comes_true(lambda: _says_of_its_database(place) == "failing")
    time.sleep(2)
    assert service.poll() is None, "it lives on"
    assert _entries(place) == before
    lock.execute("ROLLBACK")
    lock.close()
    _comes_true(lambda: _entries(place) > before, 40)
    crash_test.check_recovered(place.folder, place.observer, place.findings)
    crash_test.check_entries(place.observer, place.findings)
    assert place.findings.violations == []
