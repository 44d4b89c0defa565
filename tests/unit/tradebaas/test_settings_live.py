"""Real money needs a clean doctor and a person's word, both for this worker and this key."""

from pathlib import Path

from tests.unit.tradebaas.test_settings_loading import StandInConfirmations
from tradebaas.settings import Settings, confirm_live, live_problems, load, note_clean, revoke_live
from trading.values import Milliseconds

AT = Milliseconds(1)


def live(tmp_path: Path, **environment: str) -> Settings:
    file = tmp_path / "t.toml"
    file.write_text("[service]\nmode = 'live'")
    return load(file=file, environment=environment)


def test_paper_needs_no_confirmation(tmp_path: Path) -> None:
    file = tmp_path / "t.toml"
    file.write_text("")

    assert live_problems(load(file=file, environment={}), StandInConfirmations(), client_id=None) == ()


def test_the_file_alone_opens_nothing_and_all_reasons_are_said(tmp_path: Path) -> None:
    key, doctor, person = live_problems(live(tmp_path), StandInConfirmations(), client_id=None)

    assert ("credentials set" in key, "doctor" in doctor, "confirm-live" in person) == (True, True, True)


def test_a_person_alone_does_not_open_it_before_the_doctor_is_clean(tmp_path: Path) -> None:
    settings, store = live(tmp_path), StandInConfirmations()
    confirm_live(settings, store, client_id="key", by="me", at=AT)

    (problem,) = live_problems(settings, store, client_id="key")
    assert "tradebaas doctor" in problem

    note_clean(settings, store, client_id="another", at=AT)
    assert live_problems(settings, store, client_id="key") == (problem,), "that was another key"


def test_a_confirmation_opens_it_for_this_worker_and_this_key_only(tmp_path: Path) -> None:
    settings, store = live(tmp_path), StandInConfirmations()
    note_clean(settings, store, client_id="key", at=AT)
    confirm_live(settings, store, client_id="key", by="me", at=AT)

    assert live_problems(settings, store, client_id="key") == ()
    assert live_problems(settings, store, client_id="another")
    assert live_problems(live(tmp_path, TRADEBAAS_SERVICE__WORKER_ID="w2"), store, client_id="key")
    assert live_problems(live(tmp_path, TRADEBAAS_SERVICE__OWNER="you"), store, client_id="key")


def test_a_confirmation_can_be_taken_back(tmp_path: Path) -> None:
    settings, store = live(tmp_path), StandInConfirmations()
    note_clean(settings, store, client_id="key", at=AT)
    confirm_live(settings, store, client_id="key", by="me", at=AT)
    revoke_live(store, by="me", at=AT)

    assert live_problems(settings, store, client_id="key")


def test_without_a_key_a_confirmation_is_worth_nothing(tmp_path: Path) -> None:
    settings, store = live(tmp_path), StandInConfirmations()
    confirm_live(settings, store, client_id="", by="me", at=AT)

    assert live_problems(settings, store, client_id=None)
