"""The switch that kills the service at a named point: on paper only, at the right time, and free when it is off."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from persistence.data_dir import DataDir
from persistence.database import Database, Sync
from persistence.migrate import migrate
from persistence.store import Store
from tools import repository
from tradebaas import crash_points
from tradebaas.crash_points import AT, POINTS
from tradebaas.settings import Mode
from tradebaas.settings.load import load
from trading.errors import ConfigError
from trading.values import Milliseconds, WorkerId

DIES = """
import sys
from tradebaas import crash_points
from tradebaas.settings import Mode
import os
passed = crash_points.read(os.environ, Mode.PAPER)
for name in sys.argv[1:]:
    print(name, flush=True)
    passed(name)
"""


def _runs(environment: dict[str, str], *names: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DIES, *names],
        cwd=repository.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_it_dies_at_the_nth_time_at_its_point_and_nowhere_else() -> None:
    ended = _runs({AT: "b#2"}, "a", "b", "c", "b", "d")
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout.split() == ["a", "b", "c", "b"]


def test_it_writes_every_point_down_that_it_passes_the_last_one_too(tmp_path: Path) -> None:
    file = tmp_path / "points"
    assert _runs({AT: "c", POINTS: str(file)}, "a", "b", "c", "d").returncode == -signal.SIGKILL
    assert file.read_text(encoding="utf-8").split() == ["a", "b", "c"]


@pytest.mark.parametrize("mode", [Mode.TESTNET, Mode.LIVE])
@pytest.mark.parametrize("variable", [AT, POINTS])
def test_it_is_refused_where_it_is_not_paper(mode: Mode, variable: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="on paper only"):
        crash_points.read({variable: str(tmp_path / "x")}, mode)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["#2", "a#0", "a#", "a b", "a#x"])
def test_what_is_no_point_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no point"):
        crash_points.read({AT: text}, Mode.PAPER)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        crash_points.read({POINTS: str(tmp_path)}, Mode.PAPER)


def test_nothing_asked_for_is_nothing_at_all() -> None:
    assert crash_points.read({}, Mode.LIVE) is None
    assert crash_points.read({AT: "", POINTS: ""}, Mode.LIVE) is None


def test_the_settings_do_not_take_the_switch_for_a_setting_of_theirs() -> None:
    load(environment={AT: "commit:x:before", POINTS: "file"})
    with pytest.raises(ConfigError, match="TRADEBAAS_CRASH_ATT"):
        load(environment={AT + "T": "x"})


def test_the_service_refuses_it_where_money_is_real_with_a_sentence_and_exit_78(tmp_path: Path) -> None:
    config = tmp_path / "tradebaas.toml"
    config.write_text(
        f'[service]\nmode = "testnet"\ndata_dir = "{tmp_path / "data"}"\n[broker]\nid = "deribit-testnet"\n'
        'client_id = "x"\nclient_secret = "y"\n',
        encoding="utf-8",
    )
    config.chmod(0o600)
    ended = subprocess.run(
        [sys.executable, "-m", "tradebaas", "run", "--config", str(config)],
        cwd=repository.ROOT,
        env=os.environ | {AT: "commit:x:before"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 78, ended.stderr
    assert "TRADEBAAS_CRASH_AT: made to kill the service, on paper only; the mode is testnet" in ended.stderr


# --- the points of a database


def _database(path: Path, passed: list[str]) -> Database:
    database = Database(path, sync=Sync.OFF, passed=passed.append)
    migrate(database, lambda: None)
    return database


def test_a_commit_is_named_after_who_writes_and_told_before_and_after(tmp_path: Path) -> None:
    passed: list[str] = []
    database = _database(tmp_path / "points.db", passed)
    store = Store(database, DataDir(tmp_path), worker=WorkerId("w"), account="main")
    passed.clear()
    store.halts.halt("enough", by="me", at=Milliseconds(1))
    assert passed == ["commit:Halts.halt:before", "commit:Halts.halt:after"]
    passed.clear()
    with store.together():
        store.halts.lift(by="me", at=Milliseconds(2))
        store.settings.put("a", value=1, by="me", at=Milliseconds(2))
    name = "test_a_commit_is_named_after_who_writes_and_told_before_and_after"
    assert passed == [f"commit:{name}:before", f"commit:{name}:after"], "one transaction, one commit"
    database.close_thread()


@pytest.mark.parametrize(("when", "is_there"), [("before", False), ("after", True)])
def test_before_a_commit_nothing_of_it_is_there_and_after_it_all_is(when: str, is_there: bool, tmp_path: Path) -> None:
    class Dies(BaseException):
        """A death."""

    def passed(name: str) -> None:
        if name == f"commit:Halts.halt:{when}":
            raise Dies

    database = Database(tmp_path / "points.db", sync=Sync.OFF, passed=passed)
    migrate(database, lambda: None)
    store = Store(database, DataDir(tmp_path), worker=WorkerId("w"), account="main")
    with pytest.raises(Dies):
        store.halts.halt("enough", by="me", at=Milliseconds(1))
    assert (store.halts.held() is not None) is is_there
    database.close_thread()
