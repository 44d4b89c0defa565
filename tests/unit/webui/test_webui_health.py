"""Health is progress: it fails when something no longer moves, and says what."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from actors.journal_board import Connection
from persistence.errors import DiskTrouble
from persistence.store import Store
from persistence.switches import Wish
from tests.unit.webui.house import House, child
from trading.messages.supervision import Phase
from trading.values import Milliseconds


def strategy(state: str, name: str = "a") -> dict[str, Any]:
    return {"name": name, "state": state, "reason": "why", "strategy": "x", "instrument": "BTC-PERPETUAL"}


def loses_connection(house: House) -> None:
    house.shows(connection=Connection(is_up=False, reason="reset", since_ms=5))


def is_disconnected_by_a_person(house: House) -> None:
    loses_connection(house)
    house.store.connection.wish("embedded", Wish.DISCONNECTED, by="me", reason="", at=Milliseconds(1))


CASES: dict[str, tuple[Callable[[House], Any], int, str, list[str]]] = {
    "all is well": (lambda _: None, 200, "ok", []),
    "a strategy failed": (
        lambda house: house.shows(strategies={"a": strategy("ERROR")}),
        200,
        "degraded",
        ["strategy_error"],
    ),
    "halted": (lambda house: house.shows(halt={"reason": "x", "by": "me", "since": 1}), 200, "degraded", ["halt"]),
    "something to decide": (lambda house: house.shows(issues={"BTC": {}}), 200, "degraded", ["issues"]),
    "disconnected by a person": (is_disconnected_by_a_person, 200, "degraded", ["broker_off"]),
    "connection lost": (loses_connection, 503, "failing", ["broker_down"]),
    "connected, not compared yet": (
        lambda house: house.shows(reconciled=False),
        503,
        "starting",
        ["not_reconciled_yet"],
    ),
    "prices stand still": (lambda house: house.clock.passes(31), 503, "failing", ["prices_stale"]),
    "nothing is compared any more": (
        lambda house: house.clock.passes(211),
        503,
        "failing",
        ["reconcile_overdue", "prices_stale"],
    ),
    "an actor restarts": (
        lambda house: house.children.append(child("guardian", Phase.RESTARTING)),
        503,
        "failing",
        ["not_running"],
    ),
    "an actor does not read": (
        lambda house: house.children.append(child("guardian", oldest_ms=30_001)),
        503,
        "failing",
        ["stuck"],
    ),
    "the tree comes up": (lambda house: setattr(house, "phase", Phase.STARTING), 503, "starting", ["starting"]),
    "the tree stops": (lambda house: setattr(house, "phase", Phase.STOPPING), 503, "failing", ["not_running"]),
    "events are lost": (lambda house: house.shows(unsaved=1), 503, "failing", ["database"]),
}


@pytest.mark.parametrize(("happens", "status", "word", "codes"), CASES.values(), ids=CASES.keys())
def test_health_says(house: House, happens: Callable[[House], Any], status: int, word: str, codes: list[str]) -> None:
    house.is_well()
    happens(house)

    reply = house.get("/health", key=None)

    assert (reply.status, reply.json["status"]) == (status, word)
    assert [reason["code"] for reason in reply.json["reasons"]] == codes


def test_a_database_that_cannot_be_read_fails_and_is_still_answered(
    house: House, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.is_well()

    def fails() -> int:
        raise DiskTrouble("no")

    monkeypatch.setattr(store.events, "last_id", fails)

    reply = house.get("/health", key=None)
    assert (reply.status, reply.json["services"]["database"]) == (503, "failing")


def test_health_has_exactly_the_fields_of_the_contract(house: House) -> None:
    house.is_well()
    states = ["ANALYZING", "POSITION_OPEN", "PAUSED", "ERROR", "IDLE"]
    house.shows(strategies={str(index): strategy(state, str(index)) for index, state in enumerate(states)})
    house.children = [child("broker", oldest_ms=1500)]
    house.clock.passes(2)

    found = house.get("/health", key=None).json

    assert found.keys() == {"status", "mode", "version", "services", "progress", "reasons"}
    assert found["mode"] == "paper"
    assert found["services"] == {
        "broker": "connected",
        "database": "ok",
        "strategies": {"total": 5, "active": 2, "error": 1, "paused": 1},
    }
    assert found["progress"] == {
        "last_tick_s": 2.0,
        "last_candle_s": None,
        "last_reconcile_s": 2.0,
        "oldest_message_s": {"broker": 1.5},
    }


def test_before_the_first_connection_it_is_starting_and_not_broken(house: House) -> None:
    assert house.get("/health", key=None).json["status"] == "starting"


def test_health_holds_nothing_about_money(house: House) -> None:
    house.is_well()
    house.shows(funds={"BTC": {"currency": "BTC", "equity": "123.456", "available": "1", "at": 1}})

    assert b"123.456" not in house.get("/health", key=None).body


def test_a_clock_set_back_makes_no_negative_ages(house: House) -> None:
    house.is_well()
    tick = house.board.picture.tick
    assert tick is not None
    house.shows(tick=replace(tick, monotonic_ms=tick.monotonic_ms + 5_000))

    assert house.get("/health", key=None).json["progress"]["last_tick_s"] == 0
