"""What a person sets while it runs: on disk first, told to whom it concerns, and in the log with who and what."""

from decimal import Decimal

import pytest

from actors.desk_choices import NEW_BROKER, NEW_KEY
from actors.desk_memory import Wanted
from tests.actors.manned_desk import A, B, Manned, full_disk, manned
from tests.unit.persistence.made import Life
from trading.messages import broker, desk, journal, notices, orders, supervision
from trading.notice_kinds import Loudness
from trading.sizing import Risk, RiskMode
from trading.values import InstrumentName

RISK = orders.SetRisk(
    risk=Risk(mode=RiskMode.PERCENT, value=Decimal("0.5")), leverage_max=Decimal(3), notional_max=None
)
SET_RISK = desk.SetRisk(risk=RISK.risk, leverage_max=Decimal(3), notional_max=None, by="me")
TO_TESTNET = desk.SwitchBroker(broker="deribit-testnet", by="me")


@pytest.fixture
def office() -> Manned:
    """Just begun, not connected."""
    office = manned()
    office.forgets()
    return office


def logged(office: Manned, kind: str) -> list[str]:
    return [event.text for event in office.store.events.newest(kind=kind)]


def test_risk_is_on_disk_told_to_who_sizes_and_in_the_log(office: Manned) -> None:
    answer = office.asked(SET_RISK)

    assert answer.ok
    assert "0.5 percent" in answer.sentence
    assert office.takes("orders") == [RISK]
    assert office.memory.risk() == RISK
    assert logged(office, "risk_changed") == ["risk per trade: 0.5 percent, by me"]


def test_a_fixed_risk_with_a_cap_comes_back_as_it_was(office: Manned) -> None:
    fixed = desk.SetRisk(
        risk=Risk(mode=RiskMode.FIXED, value=Decimal("0.00000001")),
        leverage_max=None,
        notional_max=Decimal("5000.50"),
        by="me",
    )
    office.asked(fixed)

    held = office.memory.risk()
    assert held is not None
    assert (held.risk, held.leverage_max, held.notional_max) == (fixed.risk, None, Decimal("5000.50"))


def test_nobody_chose_means_as_configured(office: Manned) -> None:
    assert office.memory.risk() is None
    assert office.memory.auto_reconnect() is None


def test_risk_that_cannot_be_recorded_is_not_told(office: Manned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.store.settings, "put", full_disk)

    assert office.asked(SET_RISK).code == "unavailable"
    assert office.takes("orders") == []


def test_settings_are_kept_and_told_to_whom_they_concern(office: Manned) -> None:
    loudness = {"trade_opened": Loudness.SILENT, "check": None}
    office.asked(desk.ChangeSettings(auto_reconnect=True, language="nl", loudness=loudness, by="me"))

    assert office.takes("notifier") == [notices.LoudnessChanged()]
    assert office.memory.auto_reconnect() is True
    assert office.store.settings.get("page.language") == "nl"
    assert office.store.notifying.loudness() == {"trade_opened": Loudness.SILENT}
    assert len(logged(office, "settings_changed")) == 3


def test_nothing_named_changes_nothing(office: Manned) -> None:
    assert office.asked(desk.ChangeSettings(by="me")).ok
    assert office.store.settings.all() == {}


# --- the broker


def test_another_broker_means_everybody_ends_and_strategies_are_started_by_a_person(office: Manned) -> None:
    answer = office.asked(TO_TESTNET)

    assert (answer.ok, answer.state) == (True, "switching")
    assert office.takes("supervisor") == [supervision.StopEverything(reason=NEW_BROKER)]
    assert office.store.settings.get("broker.active") == "deribit-testnet"
    assert [office.memory.wanted(name) for name in (A, B)] == [Wanted.STOPPED] * 2


def test_while_connected_the_broker_is_not_left(office: Manned) -> None:
    office.comes_up()

    answer = office.asked(TO_TESTNET)

    assert (answer.code, answer.state) == ("conflict", "connected")
    assert office.store.settings.get("broker.active") is None
    assert supervision.StopEverything(reason=NEW_BROKER) not in office.takes("supervisor")


def test_with_a_trade_of_ours_the_broker_is_not_left(office: Manned) -> None:
    Life(office.store).begins()

    answer = office.asked(TO_TESTNET)

    assert (answer.code, answer.state) == ("conflict", "in_trade")
    assert "1 open trades" in answer.sentence
    assert office.takes("supervisor") == []


def test_the_active_broker_again_changes_nothing(office: Manned) -> None:
    assert office.asked(desk.SwitchBroker(broker="embedded", by="me")).state == "active"
    assert office.takes("supervisor") == []


def test_a_broker_that_cannot_be_recorded_is_not_switched_to(office: Manned, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.store.settings, "put", full_disk)

    assert office.asked(TO_TESTNET).code == "unavailable"
    assert office.takes("supervisor") == []


def test_a_new_key_is_used_at_once_where_nobody_is_connected(office: Manned) -> None:
    assert office.asked(desk.CredentialsChanged(broker="deribit", by="me")).state == "kept"
    assert office.takes("supervisor") == []

    assert office.asked(desk.CredentialsChanged(broker="embedded", by="me")).state == "restarting"
    assert office.takes("supervisor") == [supervision.StopEverything(reason=NEW_KEY)]


def test_a_new_key_does_not_cut_a_connection_that_stands(office: Manned) -> None:
    office.comes_up()
    office.forgets()

    assert office.asked(desk.CredentialsChanged(broker="embedded", by="me")).state == "kept"
    assert office.takes("supervisor") == []


# --- the rest of what a person may say


def test_halt_panic_and_lifting_are_on_disk_and_told_to_who_opens(office: Manned) -> None:
    office.asked(desk.Halt(reason="news", by="me"))
    assert office.memory.halt() == "news"
    office.asked(desk.Unhalt(by="me"))
    assert office.memory.halt() is None
    office.asked(desk.Panic(by="me"))
    assert office.memory.halt() == "panic"

    assert office.takes("orders") == [
        orders.SetHalt(on=True, reason="news", by="me"),
        orders.SetHalt(on=False, reason="", by="me"),
        orders.Panic(by="me"),
        orders.ExitWanted(),
    ]
    assert office.memory.exits() == {None: "panic"}


def test_an_issue_and_the_alerts_are_answered(office: Manned) -> None:
    office.asked(desk.ResolveIssue(instrument=InstrumentName("X"), choice="ignore", by="me"))
    assert office.takes("orders") == [orders.ResolveIssue(instrument=InstrumentName("X"), choice="ignore", by="me")]
    assert office.asked(desk.Acknowledge(by="me")).sentence == "0 alerts are marked as read"


def test_every_command_is_told_to_the_journal_with_who_and_what_came_of_it(office: Manned) -> None:
    office.asked(SET_RISK)
    office.asked(TO_TESTNET)
    office.asked(desk.StartStrategy(name=A, by="me"))

    told = [one for one in office.takes("journal") if isinstance(one, journal.Commanded)]
    assert [(one.command, one.subject, one.by, one.code) for one in told] == [
        ("SetRisk", "", "me", "done"),
        ("SwitchBroker", "", "me", "done"),
        ("StartStrategy", "a", "me", "done"),
    ]
    assert office.takes("broker") == []
    assert broker.Connect() not in office.takes("broker")
