"""What a person sets while the service runs counts at once, and after a kill; the broker is switched in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.remembering_choices import BROKER
from persistence.store import Store
from tests.process.exchange_client import Exchange, Start, eventually
from tests.process.running_service import RunningService
from trading.values import Milliseconds, WorkerId

pytestmark = pytest.mark.process

SETTINGS = """
[service]
mode = "testnet"
[broker]
url = "{url}"
client_id = "paper"
client_secret = "paper"
[strategies.quick]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
every_s = 1
cooldown_s = 1
[strategies.long]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
every_s = 1
stop_bps = 1000
target_bps = 1000
"""
TO_PAPER = {"id": "embedded", "confirm": "embedded"}
TO_TESTNET = {"id": "deribit-testnet", "confirm": "deribit-testnet"}


@pytest.fixture
def outside(start: Start, no_credits: str) -> Exchange:
    """Stands in for the test net."""
    return start("--admin", "--quiet", "--settings", no_credits)


@pytest.fixture
def service(outside: Exchange, tmp_path: Path) -> Iterator[RunningService]:
    with RunningService(tmp_path, SETTINGS.format(url=outside.ws_url)) as service:
        eventually(lambda: service.is_reconciled("testnet"), "it is reconciled", 30)
        yield service


def disconnected(service: RunningService) -> None:
    service.post("broker/disconnect")
    eventually(lambda: not service.get("broker/active")["is_up"], "it is disconnected")


def strategy(service: RunningService) -> dict[str, Any]:
    found = service.get("strategies/quick")
    assert isinstance(found, dict)
    return found


def test_the_broker_is_switched_only_from_a_standstill_and_stays_switched(service: RunningService) -> None:
    url = service.url
    assert service.post("broker/active", TO_PAPER).json()["error"]["state"] == "connected"
    disconnected(service)

    answer = service.post("broker/active", TO_PAPER)

    assert answer.json()["state"] == "switching"
    eventually(lambda: service.is_reconciled("paper"), "it goes on, on paper", 30)
    assert service.url == url
    active = service.get("broker/active")
    assert (active["id"], active["configured"]) == ("embedded", "deribit-testnet")
    assert strategy(service)["state"] == "IDLE", "strategies are started by a person"
    assert "embedded was chosen while the service ran" in service.said()

    service.dies()
    service.starts()
    eventually(lambda: service.is_reconciled("paper"), "it is on paper after a kill, too", 30)

    service.post("strategies/quick/start")
    eventually(lambda: service.get("trades")["items"], "it trades on paper", 30)
    service.post("strategies/quick/stop")
    service.post("strategies/quick/close")
    eventually(lambda: not service.get("trades?status=open")["items"], "its trade is over", 30)
    disconnected(service)
    service.post("broker/active", TO_TESTNET)
    eventually(lambda: service.is_reconciled("testnet"), "it is back", 30)
    assert service.get("trades")["items"] == [], "each account has its own trades"
    assert service.stops() == 0


def test_a_broker_with_a_trade_of_ours_is_not_left(service: RunningService) -> None:
    service.post("strategies/long/start")  # its trade does not end by itself while we look
    eventually(lambda: service.get("positions")["items"] and service.get("orders")["items"], "it holds something", 30)
    disconnected(service)

    answer = service.post("broker/active", TO_PAPER)

    assert answer.json()["error"]["state"] == "in_trade"
    assert service.get("broker/active")["id"] == "deribit-testnet"


def test_real_money_is_not_switched_to_without_its_locks(service: RunningService) -> None:
    disconnected(service)
    to_live = {"id": "deribit", "confirm": "trade my real money"}
    key = {"client_id": "a", "client_secret": "b", "confirm": "deribit"}
    assert service.call("PUT", "brokers/deribit/credentials", key).status_code == 200

    refused = service.post("broker/active", to_live).json()["error"]

    assert refused["state"] == "not_ready"
    said = refused["sentence"]
    assert 'the file says mode = "testnet"' in said
    steps = ['mode = "live"', "credentials set", "tradebaas doctor", "confirm-live", "tradebaas run"]
    assert sorted(steps, key=said.index) == steps, "every step, in its order"


def test_real_money_that_was_chosen_once_is_not_traded_when_the_file_says_otherwise(
    service: RunningService, tmp_path: Path
) -> None:
    service.dies()
    store = Store.open(tmp_path / "var", worker=WorkerId("w1"), account="deribit", at=Milliseconds(1))
    store.settings.put(BROKER, "deribit", by="a person", at=Milliseconds(1))
    store.close_thread()

    with pytest.raises(AssertionError, match="it ended"):
        service.starts()

    assert 'the file says mode = \\"testnet\\"' in service.said(), "in a line of JSON"
    assert "--file-broker" in service.said()


def test_risk_parameters_and_reconnecting_count_at_once_and_after_a_kill(
    service: RunningService, outside: Exchange
) -> None:
    assert service.post("risk-settings", {"mode": "percent", "value": "0.01"}).status_code == 200
    answer = service.call("PATCH", "strategies/quick", {"parameters": {"every_s": 2, "stop_bps": "20"}})
    assert answer.status_code == 200, answer.text
    assert service.post("settings", {"auto_reconnect": True, "notifications": {"trade_opened": "off"}}).ok

    def is_as_set() -> None:
        assert service.get("risk-settings")["value"] == "0.01"
        assert service.get("settings")["now"]["auto_reconnect"] is True
        assert service.get("settings")["now"]["notifications"]["trade_opened"] == "off"
        parameters = strategy(service)["parameters"]
        assert (parameters["every_s"], parameters["stop_bps"]) == (2, "20")

    is_as_set()
    service.dies()
    service.starts()
    eventually(lambda: service.is_reconciled("testnet"), "it is reconciled", 30)
    is_as_set()

    outside.post("/admin/disconnect", {})
    eventually(lambda: service.get("events?kind=connection_changed&q=disconnected")["items"], "it is lost")
    eventually(lambda: service.is_reconciled("testnet"), "it came back by itself", 30)


def test_a_key_is_tried_by_a_real_login(service: RunningService) -> None:
    good = service.post("broker/test").json()
    wrong = service.post("broker/test", {"client_id": "paper", "client_secret": "no"}).json()

    assert (good["ok"], good["client_id"], good["missing"]) == (True, "paper", [])
    assert wrong["ok"] is False
    assert wrong["why"]


def test_candles_are_there_at_once_without_a_strategy_that_needs_them(service: RunningService) -> None:
    candles = eventually(lambda: service.get("candles?limit=5")["items"], "there are candles")

    assert [candle["minutes"] for candle in candles] == [1] * len(candles)
    assert sorted(candle["at"] for candle in candles) == [candle["at"] for candle in candles]
