"""What is set for good: risk, parameters, settings, the broker and its key, copies. Wrong words reach nobody."""

from decimal import Decimal
from typing import Any

import pytest

from actors.journal_rows import strategy_row
from actors.remembering_choices import RISK
from persistence.store import Store
from tests.unit.webui.house import NOW, House
from tradebaas.settings.live import WORDS
from trading.messages import desk
from trading.notice_kinds import Loudness
from trading.sizing import Risk, RiskMode
from trading.values import Milliseconds, StrategyName
from webui.settle import REAL_MONEY

BY = "owner (web)"
AT = Milliseconds(NOW)
KEY = {"client_id": "ab", "client_secret": "s3cret", "confirm": "deribit-testnet"}


def risk(mode: RiskMode, value: str, leverage: str | None = None, notional: str | None = None) -> desk.SetRisk:
    return desk.SetRisk(
        risk=Risk(mode=mode, value=Decimal(value)),
        leverage_max=None if leverage is None else Decimal(leverage),
        notional_max=None if notional is None else Decimal(notional),
        by=BY,
    )


COMMANDS: dict[str, tuple[str, str, dict[str, Any], desk.Command]] = {
    "risk in percent": (
        "POST",
        "risk-settings",
        {"mode": "percent", "value": "0.5"},
        risk(RiskMode.PERCENT, "0.5", "5"),
    ),
    "all there is": ("POST", "risk-settings", {"mode": "percent", "value": "100"}, risk(RiskMode.PERCENT, "100", "5")),
    "a fixed risk without caps": (
        "POST",
        "risk-settings",
        {"mode": "fixed", "value": "0.001", "leverage": None, "notional": "5000"},
        risk(RiskMode.FIXED, "0.001", None, "5000"),
    ),
    "parameters": (
        "PATCH",
        "strategies/a",
        {"parameters": {"cooldown_s": 9}},
        desk.SetParameters(name=StrategyName("a"), parameters={"cooldown_s": 9}, shown={}, by=BY),
    ),
    "settings": (
        "POST",
        "settings",
        {"auto_reconnect": True, "language": "nl", "notifications": {"trade_opened": "silent", "check": None}},
        desk.ChangeSettings(
            auto_reconnect=True, language="nl", loudness={"trade_opened": Loudness.SILENT, "check": None}, by=BY
        ),
    ),
    "another broker": (
        "POST",
        "broker/active",
        {"id": "deribit-testnet", "confirm": "deribit-testnet"},
        desk.SwitchBroker(broker="deribit-testnet", by=BY),
    ),
    "real money": (
        "POST",
        "broker/active",
        {"id": "deribit", "confirm": WORDS},
        desk.SwitchBroker(broker="deribit", by=BY),
    ),
    "a key": (
        "PUT",
        "brokers/deribit-testnet/credentials",
        KEY,
        desk.CredentialsChanged(broker="deribit-testnet", by=BY),
    ),
}


@pytest.fixture
def house(kept: Store) -> House:
    house = House(kept)
    house.settings["risk"]["leverage"] = "5"
    house.settings["strategies"] = {"a": {"strategy": "fasttest", "instrument": "BTC-PERPETUAL", "autostart": True}}
    house.shows(strategies={"a": {**strategy_row("a", 1), "strategy": "fasttest"}})
    return house


@pytest.mark.parametrize(("method", "path", "body", "command"), COMMANDS.values(), ids=COMMANDS.keys())
def test_what_is_set_is_told_to_the_desk(
    house: House, method: str, path: str, body: dict[str, Any], command: desk.Command
) -> None:
    reply = house.sends(method, path, body)

    assert reply.status == 200, reply.body
    (heard,) = house.desk.heard
    if isinstance(heard, desk.SetParameters):
        assert heard.shown["cooldown_s"] == 9
        heard = desk.SetParameters(name=heard.name, parameters=heard.parameters, shown={}, by=heard.by)
    assert heard == command


WRONG: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a number for money": ("POST", "risk-settings", {"mode": "percent", "value": 0.5}, "value"),
    "no risk": ("POST", "risk-settings", {"mode": "percent", "value": "0"}, "value"),
    "more than all": ("POST", "risk-settings", {"mode": "percent", "value": "100.01"}, "value"),
    "less than nothing": ("POST", "risk-settings", {"mode": "percent", "value": "-1"}, "value"),
    "not a number": ("POST", "risk-settings", {"mode": "percent", "value": "NaN"}, "value"),
    "no such mode": ("POST", "risk-settings", {"mode": "all", "value": "1"}, "mode"),
    "no leverage": ("POST", "risk-settings", {"mode": "percent", "value": "1", "leverage": "0.0"}, "leverage"),
    "no such parameter": ("PATCH", "strategies/a", {"parameters": {"coldown_s": 9}}, "parameters.coldown_s"),
    "not what it is": ("PATCH", "strategies/a", {"parameters": {"cooldown_s": "long"}}, "parameters.cooldown_s"),
    "no parameters": ("PATCH", "strategies/a", {}, "parameters"),
    "no such kind": ("POST", "settings", {"notifications": {"tarde": "on"}}, "notifications.tarde"),
    "no such loudness": ("POST", "settings", {"notifications": {"check": "loud"}}, "notifications[...]"),
    "no such language": ("POST", "settings", {"language": "fr"}, "language"),
    "not confirmed": ("POST", "broker/active", {"id": "deribit-testnet"}, "confirm"),
    "real money by its id": ("POST", "broker/active", {"id": "deribit", "confirm": "deribit"}, "confirm"),
    "a key not confirmed": ("PUT", "brokers/deribit/credentials", {**KEY}, "confirm"),
    "half a key": ("POST", "broker/test", {"client_id": "ab"}, "client_secret"),
}


@pytest.mark.parametrize(("method", "path", "body", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_words_are_refused_with_their_place(
    house: House, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    reply = house.sends(method, path, body)

    assert (reply.status, reply.error["code"], reply.error["field"]) == (400, "bad_input", field), reply.body
    assert house.desk.heard == []


def test_the_words_for_real_money_are_everywhere_the_same() -> None:
    assert REAL_MONEY == WORDS


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "broker/active"),
        ("PUT", "brokers/nope/credentials"),
        ("DELETE", "brokers/nope/credentials"),
        ("PATCH", "strategies/nope"),
        ("POST", "broker/test"),
    ],
)
def test_what_there_is_not_is_not_found(house: House, method: str, path: str) -> None:
    bodies: dict[str, dict[str, object]] = {"broker/active": {"id": "x", "confirm": "x"}, "broker/test": {"id": "x"}}
    others: dict[str, dict[str, object]] = {"PUT": dict(KEY), "PATCH": {"parameters": {}}}
    body = bodies.get(path, others.get(method, {}))

    assert house.sends(method, path, body).status == 404


def test_a_cap_that_is_left_out_stays_as_a_person_chose_it(house: House) -> None:
    kept = {"mode": "fixed", "value": "1", "leverage": "3", "notional": "700"}
    house.store.settings.put(RISK, kept, by="me", at=AT)

    assert house.get("risk-settings").json == {**kept, "chosen": True}
    house.post("risk-settings", {"mode": "percent", "value": "2", "leverage": None})

    assert house.desk.heard == [risk(RiskMode.PERCENT, "2", None, "700")]


def test_parameters_chosen_before_stay_and_null_goes_back_to_the_file(house: House) -> None:
    before = {"strategy": "fasttest", "given": {"cooldown_s": 7, "every_s": 50}}
    house.store.settings.put("parameters:a", before, by="me", at=AT)
    assert house.sends("PATCH", "strategies/a", {"parameters": {"cooldown_s": None}}).status == 200
    (heard,) = house.desk.heard

    assert isinstance(heard, desk.SetParameters)
    assert heard.parameters == {"every_s": 50}
    assert (heard.shown["cooldown_s"], heard.shown["every_s"], heard.shown["stop_bps"]) == (5, 50, "12")


def test_a_broker_that_is_not_ready_is_not_switched_to(house: House) -> None:
    house.why_not["deribit-testnet"] = "there is no key"

    reply = house.post("broker/active", {"id": "deribit-testnet", "confirm": "deribit-testnet"})

    assert (reply.status, reply.error["state"], reply.error["sentence"]) == (409, "not_ready", "there is no key")
    assert house.desk.heard == []


def test_an_order_of_ours_that_was_seen_last_keeps_the_broker(house: House) -> None:
    house.shows(orders={"1": {"is_ours": False}})
    assert house.post("broker/active", {"id": "deribit-testnet", "confirm": "deribit-testnet"}).status == 200

    house.shows(orders={"1": {"is_ours": True}})
    reply = house.post("broker/active", {"id": "deribit-testnet", "confirm": "deribit-testnet"})

    assert (reply.status, reply.error["state"]) == (409, "in_trade")


def test_the_brokers_are_shown_with_what_keeps_them_from_being_chosen(house: House) -> None:
    house.why_not |= {"deribit": "not confirmed"}

    rows = {row["id"]: row for row in house.get("brokers").json["items"]}

    assert {name: (row["active"], row["has_credentials"]) for name, row in rows.items()} == {
        "embedded": (True, True),
        "deribit-testnet": (False, False),
        "deribit": (False, False),
    }
    assert (rows["deribit"]["may_switch"], rows["deribit"]["why_not"]) == (False, "not confirmed")
    assert rows["deribit-testnet"]["may_switch"] is True


def test_a_key_is_kept_sealed_and_never_told_again(house: House) -> None:
    assert house.put("brokers/deribit-testnet/credentials", KEY).status == 200

    kept = house.store.credentials.get("deribit-testnet")
    assert kept is not None
    assert (kept.client_id, kept.client_secret.reveal()) == ("ab", "s3cret")
    for path in ("brokers", "settings", "events", "broker/active", "status"):
        assert b"s3cret" not in house.get(path).body
    assert {"deribit-testnet"} < {row["id"] for row in house.get("brokers").json["items"] if row["has_credentials"]}
    for row in house.store._database.sql("SELECT * FROM receipts").fetchall():
        assert "s3cret" not in str(row)

    gone = house.sends("DELETE", "brokers/deribit-testnet/credentials", {"confirm": "deribit-testnet"})
    assert gone.status == 200
    assert house.store.credentials.get("deribit-testnet") is None
    again = house.sends("DELETE", "brokers/deribit-testnet/credentials", {"confirm": "deribit-testnet"})
    assert again.status == 404


def test_a_key_everybody_knows_is_not_replaced(house: House) -> None:
    reply = house.put("brokers/embedded/credentials", {**KEY, "confirm": "embedded"})

    assert (reply.status, reply.error["state"]) == (409, "known_key")


def test_a_key_is_tried_where_it_belongs_and_not_too_often(house: House) -> None:
    assert house.post("broker/test").json["id"] == "embedded"
    given = {"id": "deribit", "client_id": "ab", "client_secret": "cd"}
    assert house.post("broker/test", given).status == 200
    assert house.tried[0] == ("embedded", None, None)
    assert house.tried[1][2] is not None
    assert house.tried[1][2].reveal() == "cd"

    replies = [house.post("broker/test").status for _ in range(5)]
    assert (replies[0], replies[-1]) == (200, 429)


def test_a_copy_is_made_once_for_a_key_and_listed(house: House) -> None:
    first = house.post("backups", idempotency_key="k")
    again = house.post("backups", idempotency_key="k")

    assert first.json == again.json
    assert first.json.keys() == {"file", "why", "size", "made_at"}
    assert house.get("backups").json["items"] == [first.json]
