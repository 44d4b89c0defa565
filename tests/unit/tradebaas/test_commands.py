"""The command line says what the service said, in a table or as JSON, and its exit code tells how it went."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from persistence import backup
from persistence.access import Scope
from persistence.data_dir import Lock
from persistence.database import Sync
from persistence.store import Store
from tests.unit.persistence.made import BTC, Life
from tests.unit.webui.house import NOW, OPERATE, House
from tradebaas.commands import COMMANDS, tradebaas
from tradebaas.key import opened
from tradebaas.settings import load, note_clean
from trading.messages import desk
from trading.values import Milliseconds, StrategyName, WorkerId
from webui.access import Access, LocalKey
from webui.server import WebServer


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings, and a terminal of a common width."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def run(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(tradebaas, words, **more)


class Service:
    """The API of a house on a real socket, as a running service has it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(folder, worker=WorkerId("w1"), account="paper", at=Milliseconds(NOW), sync=Sync.OFF)
        self.house = House(self.store)
        self.house.is_well()
        self.local = LocalKey(folder)
        given = [(self.local.secret, self.local.who)]
        access = Access(self.store.tokens, given, self.house.clock.now_ms)
        object.__setattr__(self.house.parts, "access", access)
        self.server = WebServer(self.house.parts, host="127.0.0.1", port=0)
        self.server.start()
        self.local.write(self.server.url, 1)

    def stop(self) -> None:
        self.server.stop()
        self.store.close_thread()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Where the command line looks without being told."""
    running = Service(tmp_path / "var")
    yield running
    running.stop()


ASKING = ["status", "strategies", "trades", "orders", "positions", "events", "issues", "reports"]
OPERATING: dict[str, tuple[list[str], desk.Command]] = {
    "start": (["a"], desk.StartStrategy(name=StrategyName("a"), by="command line (web)")),
    "pause": (["a"], desk.PauseStrategy(name=StrategyName("a"), by="command line (web)")),
    "resume": (["a"], desk.ResumeStrategy(name=StrategyName("a"), by="command line (web)")),
    "stop": (["a"], desk.StopStrategy(name=StrategyName("a"), by="command line (web)")),
    "close": (["a"], desk.CloseStrategy(name=StrategyName("a"), by="command line (web)")),
    "halt": (["--reason", "news"], desk.Halt(reason="news", by="command line (web)")),
    "unhalt": ([], desk.Unhalt(by="command line (web)")),
    "ack": ([], desk.Acknowledge(by="command line (web)")),
    "panic": (["--yes"], desk.Panic(by="command line (web)")),
    "connect": ([], desk.Connect(by="command line (web)")),
    "disconnect": ([], desk.Disconnect(by="command line (web)")),
    "reconnect": (["--resume"], desk.Reconnect(by="command line (web)", resume=True)),
    "reconcile": ([], desk.Reconcile(by="command line (web)")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    found = run(name, "--help")

    assert found.exit_code == 0
    assert "Usage:" in found.output


@pytest.mark.parametrize("name", [*ASKING, "unhalt"])
def test_without_a_service_there_is_one_clear_sentence(name: str) -> None:
    found = run(name)

    assert found.exit_code == 1
    assert found.output.count("\n") == 1
    assert "the service is not running" in found.output
    assert "tradebaas run" in found.output


@pytest.mark.parametrize("name", [*ASKING, "unhalt"])
def test_without_a_service_a_program_is_told_so_in_the_shape_of_every_no(name: str) -> None:
    found = run(name, "--json")

    error = msgspec.json.decode(found.stdout)["error"]
    assert (found.exit_code, error["code"]) == (1, "not_running")
    assert error.keys() == {"code", "sentence", "field", "reason", "state"}
    assert found.stderr == f"tradebaas: {error['sentence']}\n"


def test_what_a_killed_service_left_behind_is_not_taken_for_it(tmp_path: Path) -> None:
    gone = Service(tmp_path / "var")
    gone.stop()

    found = run("status")

    assert (found.exit_code, "the service is not running" in found.output) == (1, True)


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.usefixtures("service")
def test_every_question_is_answered_in_words_and_as_json(name: str) -> None:
    words, as_json = run(name), run(name, "--json")

    assert (words.exit_code, as_json.exit_code) == (0, 0), words.output + as_json.output
    assert words.output.strip()
    assert isinstance(msgspec.json.decode(as_json.output), dict)


def test_tables_fit_and_show_what_there_is(service: Service) -> None:
    life = Life(service.store)
    life.begins()
    service.store.events.add("alert", "disk", "[red]full[/red] \x1b[2J", at=Milliseconds(NOW))

    trades, events = run("trades"), run("events")

    assert life.plan.bracket_id in trades.output
    assert BTC in trades.output
    assert "[red]full[/red] ?[2J" in events.output, "what comes from outside is no command to the terminal"
    assert run("trades", life.plan.bracket_id).output.count("bracket_begun") == 1


@pytest.mark.parametrize(("name", "more", "command"), [(name, *case) for name, case in OPERATING.items()])
def test_every_verb_reaches_the_desk_and_says_what_came_of_it(
    service: Service, name: str, more: list[str], command: desk.Command
) -> None:
    found = run(name, *more)

    assert (found.exit_code, found.output) == (0, "it is done\n")
    assert service.house.desk.heard == [command]


def test_a_no_is_a_sentence_and_exit_code_1(service: Service) -> None:
    service.house.desk.refuses("conflict", "ERROR", "it has failed: resume it")

    found = run("start", "a")
    as_json = run("start", "a", "--json")

    assert (found.exit_code, found.output) == (1, "tradebaas: it has failed: resume it\n")
    assert as_json.exit_code == 1
    assert msgspec.json.decode(as_json.stdout)["error"]["state"] == "ERROR"


def test_a_name_with_a_slash_leads_nowhere_else(service: Service) -> None:
    """`start ../halt#` must not become another command."""
    assert run("start", "../halt#").exit_code == 1
    assert service.house.desk.heard == []


def test_panic_asks_first_and_without_a_terminal_it_needs_a_yes(service: Service) -> None:
    found = run("panic")

    assert found.exit_code == 2
    assert "--yes" in found.output
    assert service.house.desk.heard == []


def test_a_key_of_the_settings_is_used_where_nothing_was_left(service: Service, tmp_path: Path) -> None:
    service.local.remove()
    key = service.store.tokens.make(Scope.OPERATE, "x", at=Milliseconds(NOW)).reveal()
    file = tmp_path / "t.toml"
    file.write_text(f"[web]\nport = {service.server.port}\noperate_token = '{key}'\n")

    assert run("status", "--config", str(file)).exit_code == 0
    file.write_text(f"[web]\nport = {service.server.port}\noperate_token = '{OPERATE}-wrong'\n")
    assert run("status", "--config", str(file)).exit_code == 1


WRONG = {
    "wrong file": (["status", "--config", "nope.toml"], 78),
    "wrong option": (["status", "--nope"], 2),
    "no name": (["start"], 2),
    "unknown command": (["staus"], 2),
    "limit": (["trades", "--limit", "0"], 2),
}


@pytest.mark.parametrize(("words", "code"), WRONG.values(), ids=WRONG.keys())
def test_the_exit_code_says_whose_fault_it_is(words: list[str], code: int) -> None:
    assert run(*words).exit_code == code


NOT_THERE = {
    "trade": (["trades", "nope"], "there is no trade 'nope'; `tradebaas trades` lists them"),
    "issue": (["resolve", "99", "ignore"], "there is no issue '99'; `tradebaas issues` lists those that are open"),
}


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize(("words", "said"), NOT_THERE.values(), ids=NOT_THERE.keys())
def test_what_is_not_there_is_answered_with_where_to_look(words: list[str], said: str) -> None:
    found = run(*words)

    assert (found.exit_code, found.output) == (1, f"tradebaas: {said}\n")


ALONE = {
    "revoke": ["credentials", "revoke-live"],
    "key": ["credentials", "set", "--client-id", "abc"],
    "restore": ["restore", "copy.sqlite3", "--yes"],
}


@pytest.mark.parametrize("words", ALONE.values(), ids=ALONE.keys())
def test_what_a_running_service_stands_in_the_way_of_has_failed_and_the_settings_are_well(
    words: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[service]\nmode = 'testnet'\n")
    store = Store.open(tmp_path / "var", worker=WorkerId("w1"), account="x", at=Milliseconds(NOW))
    backup.make(store.data_dir, at=Milliseconds(NOW)).path.rename(store.data_dir.backups / "copy.sqlite3")
    store.close_thread()

    with Lock(store.data_dir, worker=WorkerId("w1"), pid=4711, at=Milliseconds(NOW)):
        found = run(*words, "--config", str(file), input="very-hidden\n")

    assert found.exit_code == 1
    assert "process 4711 (worker w1)" in found.output
    assert "stop it first" in found.output


def test_every_problem_of_the_settings_is_printed_and_the_service_does_not_start(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[web]\nprt = 1\n[servic]\n")

    found = run("run", "--config", str(file))

    assert found.exit_code == 78
    assert "web.prt" in found.output
    assert "[servic]" in found.output


def test_starting_over_is_refused_where_there_is_real_money(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[service]\nmode = 'live'\n")

    assert run("run", "--config", str(file), "--fresh").exit_code == 2


def test_init_writes_once_for_its_owner_alone(tmp_path: Path) -> None:
    assert run("init").exit_code == 0
    assert (tmp_path / "tradebaas.toml").stat().st_mode & 0o777 == 0o600
    (tmp_path / "tradebaas.toml").write_text("mine")

    assert run("init").exit_code == 1
    assert (tmp_path / "tradebaas.toml").read_text() == "mine"
    assert run("init", "--force").exit_code == 0


def test_a_key_is_stored_sealed_and_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[service]\nmode = 'testnet'\n")

    found = run("credentials", "set", "--config", str(file), "--client-id", "abc", input="very-hidden\n")

    assert found.exit_code == 0, found.output
    assert "very-hidden" not in found.output
    assert not any(b"very-hidden" in path.read_bytes() for path in (tmp_path / "var").iterdir() if path.is_file())
    store = Store.open(tmp_path / "var", worker=WorkerId("w1"), account="x", at=Milliseconds(NOW))
    stored = store.credentials.get("deribit-testnet")
    store.close_thread()
    assert stored is not None
    assert (stored.client_id, stored.client_secret.reveal()) == ("abc", "very-hidden")


def test_real_money_is_confirmed_by_typing_it(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("[service]\nmode = 'live'\n[broker]\nclient_id = 'abc'\nclient_secret = 'hidden-hidden'\n")

    unready = run("credentials", "confirm-live", "--config", str(file), input="trade my real money\n")
    assert (unready.exit_code, "tradebaas doctor" in unready.output) == (1, True)
    settings = load(file=file)
    with opened(settings) as store:
        note_clean(settings, store.settings, client_id="abc", at=Milliseconds(NOW))
    assert run("credentials", "confirm-live", "--config", str(file), input="yes\n").exit_code == 1
    assert run("credentials", "confirm-live", "--config", str(file), input="trade my real money\n").exit_code == 0
    file.write_text("")
    assert run("credentials", "confirm-live", "--config", str(file)).exit_code == 1
