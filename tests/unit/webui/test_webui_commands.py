"""A command reaches the desk once, and its answer is told as it is."""

import threading
from typing import Any

import pytest

from persistence.errors import DiskFull
from persistence.issues import Finding
from persistence.store import Store
from tests.unit.webui.house import NOW, House
from tests.unit.webui.test_webui_settling import COMMANDS as SETTLING
from trading.messages import desk
from trading.values import InstrumentName, Milliseconds, StrategyName

BY = "owner (web)"
A = StrategyName("a-1")

COMMANDS: dict[str, tuple[object, desk.Command]] = {
    "strategies/a-1/start": (None, desk.StartStrategy(name=A, by=BY)),
    "strategies/a-1/pause": ({}, desk.PauseStrategy(name=A, by=BY)),
    "strategies/a-1/resume": (None, desk.ResumeStrategy(name=A, by=BY)),
    "strategies/a-1/stop": (None, desk.StopStrategy(name=A, by=BY)),
    "strategies/a-1/close": (None, desk.CloseStrategy(name=A, by=BY)),
    "broker/connect": (None, desk.Connect(by=BY)),
    "broker/disconnect": (None, desk.Disconnect(by=BY)),
    "broker/reconnect": ({"resume": True}, desk.Reconnect(by=BY, resume=True)),
    "reconcile": (None, desk.Reconcile(by=BY)),
    "halt": ({"reason": "news"}, desk.Halt(reason="news", by=BY)),
    "unhalt": (None, desk.Unhalt(by=BY)),
    "alerts/acknowledge": (None, desk.Acknowledge(by=BY)),
    "panic": ({"confirm": "panic"}, desk.Panic(by=BY)),
}


@pytest.mark.parametrize(("path", "body", "command"), [(path, *case) for path, case in COMMANDS.items()])
def test_a_command_is_told_to_the_desk_and_its_answer_given(
    house: House, path: str, body: object, command: desk.Command
) -> None:
    reply = house.post(path, body)

    assert house.desk.heard == [command]
    assert reply.status == 200
    assert reply.json == {"ok": True, "code": "done", "state": "ANALYZING", "sentence": "it is done"}


def test_every_command_of_the_desk_has_an_address() -> None:
    told = {type(command) for _, command in COMMANDS.values()} | {desk.ResolveIssue}
    told |= {type(command) for *_, command in SETTLING.values()}

    assert told == set(desk.Command.__args__)


REFUSALS = {
    "unknown": ("unknown", 404, "not_found"),
    "conflict": ("conflict", 409, "conflict"),
    "refused": ("refused", 409, "refused"),
    "unavailable": ("unavailable", 503, "unavailable"),
}


@pytest.mark.parametrize(("code", "status", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_of_the_desk_is_passed_on_with_the_state(house: House, code: str, status: int, said: str) -> None:
    house.desk.refuses(code, "ERROR", "it has failed: resume it")

    reply = house.post("strategies/a/start")

    assert reply.status == status
    assert reply.error == {
        "code": said,
        "sentence": "it has failed: resume it",
        "field": None,
        "reason": None,
        "state": "ERROR",
    }


def test_no_answer_in_time_says_that_it_may_still_be_done(house: House) -> None:
    house.desk.is_silent()

    reply = house.post("halt")

    assert (reply.status, reply.error["code"]) == (504, "no_answer")
    assert "may still be done" in reply.error["sentence"]


def test_a_desk_that_is_not_there_says_that_nothing_was_done(house: House) -> None:
    house.desk.is_gone()

    reply = house.post("halt")

    assert (reply.status, reply.error["code"]) == (503, "unavailable")
    assert "nothing was done" in reply.error["sentence"]


WRONG: dict[str, tuple[str, object, str]] = {
    "not JSON": ("halt", b"{", "body"),
    "not an object": ("halt", [], "body"),
    "not text": ("halt", {"reason": 3}, "reason"),
    "empty reason": ("halt", {"reason": ""}, "reason"),
    "long reason": ("halt", {"reason": "x" * 501}, "reason"),
    "unknown field": ("halt", {"raeson": "x"}, "raeson"),
    "not a truth": ("broker/reconnect", {"resume": "yes"}, "resume"),
    "words for a command without": ("unhalt", {"reason": "x"}, "reason"),
    "no confirmation": ("panic", None, "confirm"),
    "another confirmation": ("panic", {"confirm": "yes"}, "confirm"),
    "choice missing": ("issues/1/resolve", {}, "choice"),
}


@pytest.mark.parametrize(("path", "body", "field"), WRONG.values(), ids=WRONG.keys())
def test_wrong_words_are_refused_with_their_place_and_reach_nobody(
    house: House, path: str, body: object, field: str
) -> None:
    reply = house.post(path, body)

    assert (reply.status, reply.error["code"], reply.error["field"]) == (400, "bad_input", field)
    assert reply.error["reason"]
    assert house.desk.heard == []


def test_a_body_without_end_is_refused(house: House) -> None:
    assert house.post("halt", b'{"reason": "' + b"x" * 70_000 + b'"}').status == 413
    assert house.desk.heard == []


# --- keys against doing it twice


def test_the_same_key_again_gives_the_same_answer_and_does_nothing(house: House) -> None:
    first = house.post("halt", {"reason": "news"}, idempotency_key="k1")
    house.desk.refuses("conflict", "halted", "another answer")
    again = house.post("halt", {"reason": "news"}, idempotency_key="k1")

    assert again.body == first.body
    assert again.headers["Idempotent-Replay"] == "true"
    assert "Idempotent-Replay" not in first.headers
    assert len(house.desk.heard) == 1


@pytest.mark.parametrize(("path", "body"), [("unhalt", None), ("halt", {"reason": "other"})])
def test_a_key_of_another_command_is_refused(house: House, path: str, body: object) -> None:
    house.post("halt", {"reason": "news"}, idempotency_key="k1")

    assert house.post(path, body, idempotency_key="k1").error["code"] == "key_reused"
    assert len(house.desk.heard) == 1


def test_what_was_refused_or_not_answered_may_be_asked_again_under_its_key(house: House) -> None:
    house.desk.is_silent()
    assert house.post("halt", idempotency_key="k1").status == 504
    house.desk.refuses("conflict", "x", "no")
    assert house.post("halt", idempotency_key="k1").status == 409

    assert len(house.desk.heard) == 2


def test_a_key_under_way_is_not_done_a_second_time(house: House) -> None:
    """The second request comes while the desk still thinks about the first."""
    second: list[Any] = []

    def impatient(command: desk.Command) -> desk.Answer:
        if not second:
            thread = threading.Thread(target=lambda: second.append(house.post("halt", idempotency_key="k1")))
            thread.start()
            thread.join()
        return house.desk.ask(command)

    object.__setattr__(house.parts, "ask", impatient)

    assert house.post("halt", idempotency_key="k1").status == 200
    assert second[0].error["code"] == "under_way"
    assert len(house.desk.heard) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x07b"])
def test_a_key_that_is_none_is_refused(house: House, key: str) -> None:
    assert house.post("halt", idempotency_key=key).error["field"] == "Idempotency-Key"


def test_a_receipt_that_cannot_be_kept_does_not_undo_what_was_done(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise DiskFull("no room")

    monkeypatch.setattr(store.receipts, "keep", fails)

    assert house.post("panic", {"confirm": "panic"}, idempotency_key="k1").status == 200
    assert "receipt" in house.logged[0]


# --- issues


def opened(store: Store, **fields: Any) -> str:
    finding = {"key": "k", "kind": "orphan_position", "text": "whose?", "instrument": InstrumentName("BTC-PERPETUAL")}
    issue, _ = store.issues.open(Finding(**{**finding, "actions": ("adopt", "close"), **fields}), at=Milliseconds(NOW))
    return str(issue.id)


def test_a_choice_that_was_offered_goes_to_the_desk(house: House, store: Store) -> None:
    number = opened(store)

    assert house.post(f"issues/{number}/resolve", {"choice": "adopt"}).status == 200
    assert house.desk.heard == [desk.ResolveIssue(instrument=InstrumentName("BTC-PERPETUAL"), choice="adopt", by=BY)]


def test_a_choice_that_was_not_offered_is_refused(house: House, store: Store) -> None:
    reply = house.post(f"issues/{opened(store)}/resolve", {"choice": "sell"})

    assert (reply.status, reply.error["field"]) == (400, "choice")


def test_what_is_resolved_is_a_conflict_with_its_state(house: House, store: Store) -> None:
    number = opened(store)
    store.issues.resolve(int(number), resolution="adopt", by="me", at=Milliseconds(NOW))

    reply = house.post(f"issues/{number}/resolve", {"choice": "adopt"})

    assert (reply.status, reply.error["state"]) == (409, "resolved")
    assert house.desk.heard == []


@pytest.mark.parametrize("number", ["7", "x", "9" * 30, "-1"])
def test_an_issue_nobody_knows_is_not_found(house: House, number: str) -> None:
    assert house.post(f"issues/{number}/resolve", {"choice": "adopt"}).status == 404
