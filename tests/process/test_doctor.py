"""The doctor finds what is wrong, on this machine and on a real exchange in another process, and says what to do."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from actors.remembering_choices import BROKER
from persistence.store import Store
from tests.process.exchange_client import Exchange, Start
from tradebaas.commands import tradebaas
from tradebaas.settings.live import DOCTOR_KEY
from trading.values import Milliseconds, WorkerId

pytestmark = pytest.mark.process

ACCOUNTS = """
[[account]]
name = "narrow"
deposits = { BTC = 5 }
[[account.keys]]
client_id = "narrow"
client_secret = "narrow"
scope = "trade:read_write account:read"
[[account.keys]]
client_id = "wide"
client_secret = "wide"
scope = "trade:read_write account:read wallet:read_write"
[[account.keys]]
client_id = "looker"
client_secret = "looker"
scope = "trade:read account:read"
"""


class Patient:
    """A folder with settings and data, looked at by the doctor."""

    def __init__(self, folder: Path, exchange: Exchange | None, key: str = "narrow") -> None:
        self.folder, self.exchange = folder, exchange
        self.file = folder / "tradebaas.toml"
        self.more = ""
        self.broker = "" if exchange is None else f"url = '{exchange.ws_url}'"
        self.key = key

    def look(self) -> tuple[int, dict[str, tuple[str, str]]]:
        """The exit code, and what was found by check."""
        text = f"[service]\nmode = 'testnet'\n[broker]\n{self.broker}\nclient_id = '{self.key}'\n"
        self.file.write_text(f"{text}client_secret = '{self.key}'\n[web]\nport = 0\n{self.more}")
        self.file.chmod(0o600)
        return self.look_again()

    def look_again(self, *words: str) -> tuple[int, dict[str, tuple[str, str]]]:
        found = CliRunner().invoke(tradebaas, ["doctor", "--config", str(self.file), "--json", *words])
        assert found.stdout, found
        told = json.loads(found.stdout)
        assert told["clean"] is (found.exit_code == 0)
        for check in told["checks"]:
            assert check["next"] or check["verdict"] == "ok", f"{check['name']} does not say what to do"
        return found.exit_code, {check["name"]: (check["verdict"], check["found"]) for check in told["checks"]}


@pytest.fixture
def exchange(start: Start, tmp_path: Path) -> Exchange:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    return start("--quiet", "--accounts", str(accounts))


@pytest.fixture
def patient(tmp_path: Path, exchange: Exchange) -> Patient:
    folder = tmp_path / "place"
    folder.mkdir()
    return Patient(folder, exchange)


def noted(patient: Patient) -> Any:
    store = Store.open(patient.folder / "var", worker=WorkerId("w1"), account="deribit-testnet", at=Milliseconds(1))
    try:
        return store.settings.get(DOCTOR_KEY)
    finally:
        store.close_thread()


def test_all_is_well_and_that_is_noted(patient: Patient) -> None:
    code, found = patient.look()

    assert (code, {verdict for verdict, _ in found.values()}) == (0, {"ok"}), found
    assert noted(patient)["for"]["key"] == "narrow"


@pytest.mark.parametrize(("key", "word"), [("wide", "wallet:read_write"), ("looker", "trade:read_write")])
def test_a_key_that_may_too_much_or_too_little_is_found(patient: Patient, key: str, word: str) -> None:
    patient.key = key

    code, found = patient.look()

    assert (code, found["key"][0], word in found["key"][1]) == (1, "fail", True)
    assert noted(patient) is None, "nothing is well, so nothing is noted"


def chooses(patient: Patient, broker: str | None) -> None:
    """A person has chosen another broker while the service ran, as its database knows."""
    store = Store.open(patient.folder / "var", worker=WorkerId("w1"), account="deribit-testnet", at=Milliseconds(1))
    store.settings.put(BROKER, broker, by="a person", at=Milliseconds(1))
    store.close_thread()


def test_it_looks_at_the_broker_that_is_traded_with_and_not_at_the_files(patient: Patient) -> None:
    patient.look()
    chooses(patient, "embedded")

    _, found = patient.look_again()
    _, of_file = patient.look_again("--broker", "deribit-testnet")

    assert found["broker"] == ("ok", "looked at as embedded; the file says deribit-testnet")
    assert "embedded" in found["exchange"][1]
    assert "broker" not in of_file
    assert "narrow" in of_file["key"][1]


def test_a_key_is_tried_at_the_broker_that_is_traded_with(patient: Patient) -> None:
    patient.look()
    tries = ["credentials", "test", "--config", str(patient.file)]
    assert "narrow" in CliRunner().invoke(tradebaas, tries).output
    chooses(patient, "embedded")

    assert "the embedded exchange does not run" in CliRunner().invoke(tradebaas, tries).output
    assert "narrow" in CliRunner().invoke(tradebaas, [*tries, "--broker", "deribit-testnet"]).output


def test_what_was_found_of_real_money_is_not_replaced_by_a_look_at_a_game(patient: Patient) -> None:
    patient.look()
    mine = {"for": {"broker": "deribit", "key": "real"}, "at": 1}
    store = Store.open(patient.folder / "var", worker=WorkerId("w1"), account="deribit", at=Milliseconds(1))
    store.settings.put(DOCTOR_KEY, mine, by="doctor", at=Milliseconds(1))
    store.close_thread()

    assert patient.look()[0] == 0

    assert noted(patient) == mine


def test_a_key_nobody_knows_is_found_and_not_shown(patient: Patient) -> None:
    patient.key = "nobody-at-all"

    code, found = patient.look()

    assert (code, found["key"][0]) == (1, "fail")


def test_cancel_on_disconnect_is_a_trap(patient: Patient, exchange: Exchange) -> None:
    answer = requests.get(
        f"{exchange.url}/api/v2/private/enable_cancel_on_disconnect",
        params={"scope": "account"},
        auth=("person", "person"),
        timeout=5,
    )
    assert "result" in answer.json()
    patient.key = "paper"

    code, found = patient.look()

    assert (code, found["cancel on disconnect"][0] if "cancel on disconnect" in found else found) == (1, "fail")


def test_orders_in_our_name_that_we_do_not_know_are_somebody_elses(patient: Patient, exchange: Exchange) -> None:
    order: dict[str, str | int] = {
        "instrument_name": "BTC-PERPETUAL",
        "amount": 10,
        "type": "limit",
        "price": 20_000,
        "label": "tb1:me:w1:ema-cross:wprpfwnxwcba5rnz:e0",
    }
    answer = requests.get(
        f"{exchange.url}/api/v2/private/buy", params=order, auth=("narrow", "narrow"), timeout=5
    ).json()
    assert "result" in answer, answer

    code, found = patient.look()

    assert (code, found["second instance"][0]) == (1, "fail")


def test_nobody_there_is_said(patient: Patient, exchange: Exchange) -> None:
    exchange.close()

    code, found = patient.look()

    assert (code, found["exchange"][0]) == (1, "fail")


def test_files_that_others_may_read_are_found(patient: Patient) -> None:
    patient.look()
    patient.file.chmod(0o644)

    code, found = patient.look_again()

    assert (code, str(patient.file) in found["permissions"][1]) == (1, True)


def test_a_damaged_database_is_found_and_left_alone(patient: Patient) -> None:
    patient.look()
    database = patient.folder / "var" / "tradebaas.sqlite3"
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))
    before = database.read_bytes()

    code, found = patient.look_again()

    assert (code, found["database"][0]) == (1, "fail")
    assert database.read_bytes() == before


def test_wrong_settings_end_with_78(patient: Patient) -> None:
    patient.more = "[servic]\n"

    code, found = patient.look()

    assert (code, found["settings"][0]) == (78, "fail")


class _Telegram(BaseHTTPRequestHandler):
    """Knows one token."""

    def do_GET(self) -> None:
        good = self.path == "/botgood:token-good-token/getMe"
        said = {"ok": True, "result": {"username": "helper"}} if good else {"ok": False, "description": "Unauthorized"}
        self.send_response(200 if good else 401)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its parent's word
        """Keep quiet."""


def test_telegram_is_asked_and_its_silence_is_a_warning(patient: Patient) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Telegram)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    telegram = "[telegram]\nchat_id = '1'\nbase_url = 'http://127.0.0.1:{}'\ntoken = '{}'\n"
    try:
        patient.more = telegram.format(server.server_port, "good:token-good-token")
        assert patient.look()[1]["telegram"] == ("ok", "@helper answers")
        patient.more = telegram.format(server.server_port, "bad:token-bad-token")
        assert patient.look()[1]["telegram"] == ("fail", "the bot's token is refused: Unauthorized")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    code, found = patient.look()

    assert (code, found["telegram"][0]) == (0, "warn")
    assert "bad-token" not in found["telegram"][1]
