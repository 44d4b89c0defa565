"""A new access key is made on the machine itself; the old one of its kind ends, and every login made with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from click.testing import CliRunner, Result

from persistence.access import Scope
from persistence.data_dir import DataDir, Lock
from persistence.database import Sync
from persistence.store import Store
from tests.unit.webui.house import NOW, House
from tradebaas.commands import tradebaas
from trading.values import Milliseconds, WorkerId
from webui.access import Access, LocalKey
from webui.server import WebServer

AT = Milliseconds(NOW)
W1 = WorkerId("w1")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(tradebaas, ["keys", *words])


def told(*words: str) -> Any:
    found = run(*words, "--json")
    assert found.exit_code == 0, found.output
    return msgspec.json.decode(found.stdout)


class Running:
    """The API on a real socket over the folder's own database, whose lock is held as a service holds it."""

    def __init__(self, folder: Path) -> None:
        data_dir = DataDir(folder).prepare()
        self._lock = Lock(data_dir, worker=W1, pid=1, at=AT)
        self.store = Store.open(folder, worker=W1, account="paper", at=AT, sync=Sync.OFF)
        self.house = House(self.store)
        self.house.is_well()
        local = LocalKey(folder)
        access = Access(self.store.tokens, [(local.secret, local.who)], self.house.clock.now_ms)
        object.__setattr__(self.house.parts, "access", access)
        self.server = WebServer(self.house.parts, host="127.0.0.1", port=0)
        self.server.start()
        local.write(self.server.url, 1)

    def status(self, key: str) -> int:
        """What a program with this key is answered."""
        asked = {"Authorization": f"Bearer {key}"}
        return requests.get(f"{self.server.url}/api/v2/status", headers=asked, timeout=5).status_code

    def ends(self) -> None:
        self.server.stop()
        self.store.close_thread()
        self._lock.release()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "var")
    yield running
    running.ends()


def test_beside_a_running_service_the_new_key_counts_and_the_old_one_ends_with_its_logins(running: Running) -> None:
    old = running.store.tokens.make(Scope.OPERATE, "first operate key", at=AT).reveal()
    watching = running.store.tokens.make(Scope.OBSERVE, "first observe key", at=AT).reveal()
    browser = requests.Session()
    browser.get(f"{running.server.url}/?token={old}", timeout=5)
    assert browser.get(f"{running.server.url}/api/v2/status", timeout=5).status_code == 200

    made = told("new", "operate")

    assert made["revoked"] == 1
    assert made["link"] == f"{running.server.url}/?token={made['key']}"
    assert browser.get(f"{running.server.url}/api/v2/status", timeout=5).status_code == 401, "the login ends at once"
    running.house.clock.passes(10)
    assert [running.status(key) for key in (old, made["key"], watching)] == [401, 200, 200]


def test_it_is_shown_once_and_the_list_never_shows_it(running: Running) -> None:
    said = run("new", "observe").output
    key = said.split("?token=")[1].split()[0]

    assert running.status(key) == 200
    (row,) = told("list")["items"]
    assert (row["scope"], row["state"]) == ("observe", "good")
    assert key not in run("list").output


def test_without_a_running_service_it_works_too(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "var", worker=W1, account="paper", at=AT)
    store.tokens.make(Scope.OPERATE, "first", at=AT)
    store.close_thread()

    made = told("new", "operate")

    assert (made["revoked"], made["link"]) == (1, None)
    assert [row["state"][:7] for row in told("list")["items"]] == ["revoked", "good"]


def test_a_key_of_the_settings_is_changed_there(tmp_path: Path) -> None:
    (tmp_path / "tradebaas.toml").write_text('[web]\noperate_token = "operate-operate-operate"\n')
    (tmp_path / "tradebaas.toml").chmod(0o600)
    Store.open(tmp_path / "var", worker=W1, account="paper", at=AT).close_thread()

    found = run("new", "operate")

    assert found.exit_code == 1
    assert "change web.operate_token there" in found.output
    assert told("new", "observe")["revoked"] == 0


def test_before_the_first_start_there_is_nothing_to_renew() -> None:
    found = run("new", "operate")

    assert (found.exit_code, found.output) == (
        1,
        "tradebaas: there is no database yet: `tradebaas run` makes it, and the first keys with it\n",
    )
