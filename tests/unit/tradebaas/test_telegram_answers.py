"""What is shown and what is done by Telegram, from a board, a store and a desk that speaks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors.address import NoAnswer
from actors.journal_board import Beat, Board, Connection
from actors.telegram import TEXT_MAX, units
from persistence.errors import StoreUnavailable
from persistence.outbox import Notice
from persistence.store import Store
from tradebaas.telegram import words
from tradebaas.telegram.answers import SILENCE, Answers
from tradebaas.telegram.codes import Codes
from tradebaas.telegram.commands import VERBS, Command, parse
from tradebaas.telegram.look import Facts, Look
from trading.bracket.effects import Severity
from trading.errors import Unavailable
from trading.messages import desk
from trading.values import Milliseconds, WorkerId

NOW = 1_790_000_000_000
ORDER = {
    "order_id": "1",
    "instrument": "BTC-PERPETUAL",
    "side": "sell",
    "type": "stop_market",
    "amount": "100",
    "filled_amount": "0",
    "price": None,
    "trigger_price": "63500",
    "is_dormant": False,
    "is_ours": True,
    "leg": "stop",
    "updated_at": 1,
}


class Clock:
    """A clock that stands."""

    def now_ms(self) -> int:
        return NOW

    def monotonic_ms(self) -> int:
        return 5_000


class Desk:
    """Takes commands, and answers as it was told to."""

    def __init__(self) -> None:
        self.heard: list[desk.Command] = []
        self.error: Exception | None = None

    def ask(self, command: desk.Command) -> desk.Answer:
        self.heard.append(command)
        if self.error is not None:
            raise self.error
        return desk.Answer(ok=True, code="done", state="", sentence=f"done: {type(command).__name__}")


class Room:
    """All that an answer is made of."""

    def __init__(self) -> None:
        self.store = Store.in_memory(worker=WorkerId("w1"), account="main")
        self.board, self.desk = Board(), Desk()
        self.shows(
            connection=Connection(is_up=True, reason="", since_ms=NOW - 1_000),
            fact=Beat(at_ms=NOW - 2_000, monotonic_ms=3_000),
            reconciled=True,
            strategies={name: _strategy(name) for name in ("fast", "slow")},
        )
        self.facts = Facts(mode="paper", version="1.2.3", worker="w1", broker="embedded", started_at=NOW - 3_600_000)
        look = Look(facts=self.facts, board=self.board, store=self.store, clock=Clock(), health=self.health)
        self.answers = Answers(look, self.desk.ask, Codes(lambda: 0, lambda: "123456"))

    def shows(self, **fields: Any) -> None:
        self.board.picture = replace(self.board.picture, **fields)

    def says(self, text: str, by: str = "Ann") -> str:
        command = parse(text)
        assert isinstance(command, Command), command
        return self.answers.answer(command, by=by)

    @staticmethod
    def health() -> dict[str, Any]:
        return {
            "status": "degraded",
            "services": {"database": "ok"},
            "progress": {"last_tick_s": 0.4, "last_candle_s": None, "last_reconcile_s": 61.0},
            "reasons": [{"code": "halt", "sentence": "HALT: enough", "fails": False}],
        }


def _strategy(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "instrument": "BTC-PERPETUAL",
        "state": "ANALYZING",
        "reason": "",
        "decision": "waits <for> more",
        "since": NOW - 65_000,
    }


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.store.close_thread()


def _position(instrument: str = "BTC-PERPETUAL", side: str = "buy", price: str = "64000") -> dict[str, Any]:
    return {"instrument": instrument, "side": side, "amount": "100", "average_price": price, "mark_price": "1"}


# --- looking


def test_a_position_is_shown_with_stop_distance_result_duration_and_reason(room: Room) -> None:
    bracket = {"instrument": "BTC-PERPETUAL", "strategy": "fast", "began_at": NOW - 90_000, "why": "crossed"}
    room.shows(
        positions={"BTC-PERPETUAL": _position()},
        orders={"1": ORDER, "2": ORDER | {"leg": "target", "trigger_price": None, "price": "66000"}},
        brackets={"b": bracket},
        tickers={"BTC-PERPETUAL": {"mark": "65000"}},
    )

    assert room.says("/positions").split("\n") == [
        "Positions",
        "BTC-PERPETUAL: long 100 from 64000, now 65000",
        "  stop 63500 (2.31 % away) for 100; target 66000 (1.54 % away) for 100",
        "  unrealised +0.00002404 BTC before fees",
        "  by fast, for 1 min 30 s, why: crossed",
    ]


def test_a_position_nobody_explains_and_nothing_covers_says_so(room: Room) -> None:
    row = _position("BTC_USDC-PERPETUAL", "sell", "100")
    room.shows(
        positions={"BTC_USDC-PERPETUAL": row | {"amount": "2"}},
        tickers={"BTC_USDC-PERPETUAL": {"mark": "90"}},
        connection=Connection(is_up=False, reason="cut"),
    )

    text = room.says("/positions")
    assert "as last seen: NOT connected" in text
    assert "stop NONE; target none" in text
    assert "unrealised +20 USDC before fees" in text
    assert "no trade of ours explains it" in text


@pytest.mark.parametrize("verb", [verb for verb, about in VERBS.items() if not about.changes])
def test_every_question_has_an_answer_on_an_empty_house_too(room: Room, verb: str) -> None:
    for fields in ({}, {"strategies": {}, "connection": Connection(), "fact": None}):
        room.shows(**fields)
        assert room.says(f"/{verb}")


def test_what_is_shown_at_a_glance(room: Room) -> None:
    notice = Notice(severity=Severity.CRITICAL, type="naked_position", text="naked", repeat_ms=60_000)
    room.store.outbox.put(notice, at=Milliseconds(NOW))
    room.shows(
        halt={"reason": "enough"},
        scores={"orphans": 0, "naked_ms": 200},
        funds={"BTC": {"currency": "BTC", "equity": "1.5", "available": "1"}},
    )

    text = room.says("/status")
    for words_ in (
        "PAPER, worker w1, up for 1 h",
        "connected to embedded, last message 2 s ago",
        "HALT: enough",
        "strategies: 2 ANALYZING",
        "1 alerts for /ack",
        "account: 1.5 BTC, 1 free",
        "promises: naked_ms 200",
    ):
        assert words_ in text, text


def test_health_names_ages_and_reasons(room: Room) -> None:
    text = room.says("/health")
    assert "Health: degraded" in text
    assert "last tick: 400 ms" in text
    assert "last candle: never" in text
    assert "note: HALT: enough" in text


def test_a_database_that_cannot_be_read_is_an_answer(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_fields: object) -> None:
        raise StoreUnavailable("disk I/O error")

    monkeypatch.setattr(room.store.events, "newest", fails)
    assert room.says("/log") == "the database cannot be read: disk I/O error"


def test_the_summary_of_a_quiet_day_says_that_it_was_quiet(room: Room) -> None:
    look = Look(facts=room.facts, board=room.board, store=room.store, clock=Clock())
    text = look.summary(None, Milliseconds(NOW - 3 * 86_400_000), Milliseconds(NOW))
    assert "no trade closed" in text
    assert "this covers 3 d" in text
    assert "fast: ANALYZING" in text


# --- doing


def test_what_protects_is_done_at_once(room: Room) -> None:
    assert room.says("/halt news at noon") == "done: Halt"
    assert room.says("/pause fast") == "done: PauseStrategy"
    assert room.says("/stop all") == "done: StopStrategy\ndone: StopStrategy"
    assert room.says("/ack") == "done: Acknowledge"
    assert [type(one).__name__ for one in room.desk.heard] == [
        *("Halt", "PauseStrategy", "StopStrategy", "StopStrategy", "Acknowledge")
    ]
    assert room.desk.heard[0] == desk.Halt(reason="news at noon", by="Ann")


@pytest.mark.parametrize("text", ["/close fast", "/panic", "/unhalt", "/reconnect resume"])
def test_what_is_dangerous_is_done_with_its_code_and_once(room: Room, text: str) -> None:
    asked = room.says(text)
    assert asked.endswith(f"{text} 123456")
    assert "within 60 s" in asked
    assert room.desk.heard == []
    assert "Not done" in room.says(f"{text} 123456", by="Bob")
    room.says(text)
    assert room.says(f"{text} 123456").startswith("done: ")
    assert "Not done" in room.says(f"{text} 123456")
    assert len(room.desk.heard) == 1


def test_a_strategy_that_does_not_exist_is_not_asked_for(room: Room) -> None:
    assert room.says("/close fats") == "there is no strategy fats; there are fast, slow"
    assert room.desk.heard == []


def test_a_desk_that_does_not_answer_is_not_asked_again(room: Room) -> None:
    room.desk.error = NoAnswer("no answer within 5 s")
    assert room.says("/pause all") == f"{SILENCE}\nNot asked for any other."
    assert len(room.desk.heard) == 1
    room.desk.error = Unavailable("desk is not running")
    assert room.says("/halt") == "Not done: desk is not running."


# --- as one message


@pytest.mark.parametrize("char", ["x", "<", "&", "\U0001f4c9", "ä"])
@pytest.mark.parametrize("lines", [1, 2, 50, 5_000])
def test_a_message_is_never_too_long_and_no_entity_is_cut(char: str, lines: int) -> None:
    text = words.written("\n".join([char * 900] * lines))

    assert units(text) <= TEXT_MAX
    assert text.replace("&lt;", "").replace("&amp;", "").count("&") == 0
    assert text.count("<b>") == text.count("</b>") == 1
