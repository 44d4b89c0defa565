"""A text in, a command or a sentence out; what came from Telegram, judged; codes that are good once, for one thing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebaas.telegram.codes import LIFE_MS, Codes
from tradebaas.telegram.commands import TEXT_MAX, VERBS, Command, help_text, parse
from tradebaas.telegram.mail import AGE_S_MAX, Answerable, Nothing, Stranger, TooOld, judge, update_id

NOW_S = 1_790_000_000.0


@pytest.mark.parametrize(
    ("text", "verb", "words", "code"),
    [
        ("/status", "status", (), ""),
        ("  /STATUS  ", "status", (), ""),
        ("/status@ourbot", "status", (), ""),
        ("/start", "help", (), ""),
        ("/start fast", "start", ("fast",), ""),
        ("/pause all", "pause", ("all",), ""),
        ("/close fast", "close", ("fast",), ""),
        ("/close fast 123456", "close", ("fast",), "123456"),
        ("/close 123456", "close", ("123456",), ""),
        ("/close 123456 654321", "close", ("123456",), "654321"),
        ("/panic", "panic", (), ""),
        ("/panic 123456", "panic", (), "123456"),
        ("/unhalt 123456", "unhalt", (), "123456"),
        ("/halt", "halt", (), ""),
        ("/halt news at noon", "halt", ("news", "at", "noon"), ""),
        ("/halt until 123456", "halt", ("until", "123456"), ""),
        ("/reconnect", "reconnect", (), ""),
        ("/reconnect resume", "reconnect", ("resume",), ""),
        ("/reconnect resume 123456", "reconnect", ("resume",), "123456"),
        ("/log 20", "log", ("20",), ""),
        ("/log 100000", "log", ("100000",), ""),
        ("/pnl 7", "pnl", ("7",), ""),
        ("/ack", "ack", (), ""),
    ],
)
def test_a_text_is_read(text: str, verb: str, words: tuple[str, ...], code: str) -> None:
    assert parse(text, me="OurBot") == Command(verb=verb, words=words, code=code)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "commands begin with /"),
        ("", "commands begin with /"),
        ("/", "there is no command /;"),
        ("/destroy", "there is no command /destroy"),
        ("/close", "say which: /close NAME"),
        ("/close all", "one at a time"),
        ("/pause", "say which: /pause NAME|all"),
        ("/pause a b", "say which"),
        ("/panic now", "/panic stands alone"),
        ("/reconnect please", "it is /reconnect or"),
        ("/log many", "it is /log [lines], with a number"),
        ("/pnl -1", "with a number"),
        ("/pnl 1 2", "with a number"),
        ("/halt " + "x" * TEXT_MAX, "too long for a command"),
    ],
)
def test_what_cannot_be_read_is_answered_in_a_sentence(text: str, words: str) -> None:
    said = parse(text)
    assert isinstance(said, str)
    assert words in said


def test_a_command_for_another_bot_is_not_ours() -> None:
    assert parse("/panic@OtherBot", me="OurBot") is None
    assert parse("/panic@OtherBot", me="") is None


def test_the_dangerous_ones_need_a_code_and_no_protective_one_does() -> None:
    """A hand that wants to stop something must never have to look for a number."""
    asked = {text: parse(text) for text in ("/close a", "/panic", "/unhalt", "/reconnect resume")}
    assert all(isinstance(one, Command) and one.needs_code for one in asked.values())
    free = [parse(text) for text in ("/halt", "/pause a", "/stop a", "/ack", "/reconnect", "/reconcile", "/resume a")]
    assert not any(isinstance(one, Command) and one.needs_code for one in free)


def test_the_help_names_every_command() -> None:
    assert all(f"/{verb}" in help_text() for verb in VERBS)


@given(st.text(max_size=300))
def test_any_text_is_read_or_answered(text: str) -> None:
    said = parse(text, me="OurBot")
    assert said is None or isinstance(said, str | Command)
    if isinstance(said, Command):
        assert parse(f"{said.text} {said.code}", me="OurBot") == said


# --- what came


def message(**fields: Any) -> dict[str, Any]:
    return {
        "update_id": 5,
        "message": {
            "date": int(NOW_S),
            "chat": {"id": -42},
            "from": {"is_bot": False, "first_name": "Ann"},
            "text": "/status",
        }
        | fields,
    }


def judged(update: object) -> object:
    return judge(update, chat_id="-42", me="OurBot", now_s=NOW_S)


def test_a_command_of_the_right_chat_is_answered_by_name() -> None:
    assert judged(message()) == Answerable(asked=Command(verb="status"), by="Telegram, Ann")
    shown = {"username": "ann\n\x1b[31m" + "x" * 99}
    named = judged(message(**{"from": shown}))
    assert isinstance(named, Answerable)
    assert len(named.by) <= 42
    assert named.by.isprintable()


@pytest.mark.parametrize("chat", [{"id": 42}, {"id": "42"}, {}, None, {"id": -43, "username": "-42"}])
def test_another_chat_is_a_stranger(chat: object) -> None:
    assert isinstance(judged(message(chat=chat)), Stranger)


@pytest.mark.parametrize("date", [NOW_S - AGE_S_MAX - 1, 0, None, "now", -5])
def test_an_old_command_is_not_done(date: object) -> None:
    found = judged(message(date=date))
    assert isinstance(found, TooOld)
    assert found.text == "/status"


def test_a_command_of_a_clock_that_goes_ahead_is_done() -> None:
    assert isinstance(judged(message(date=NOW_S + 500)), Answerable)


@pytest.mark.parametrize(
    "update",
    [
        message(text=None),
        message(forward_origin={"type": "user"}),
        message(**{"from": {"is_bot": True}}),
        message(text="/status@OtherBot"),
        {"update_id": 5, "edited_message": {}},
        {"update_id": 5},
        {},
        [],
        None,
        "text",
    ],
)
def test_what_is_no_message_of_a_person_is_nothing(update: object) -> None:
    assert judged(update) == Nothing()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["message", "chat", "from", "text", "date", "id", "update_id"]), inner)
        ),
    )
)
def test_whatever_comes_nothing_is_raised(update: object) -> None:
    judged(update)
    update_id(update)


# --- codes


class Time:
    """A clock that is moved, and digits that count."""

    def __init__(self) -> None:
        self.ms = 0
        self.drawn = 0
        self.codes = Codes(lambda: self.ms, self.draw)

    def draw(self) -> str:
        self.drawn += 1
        return f"{self.drawn:06}"


def test_a_code_is_good_once() -> None:
    time = Time()
    code = time.codes.give("/close a", by="Ann")
    assert time.codes.problem(code, "/close a", by="Ann") == ""
    assert "no code out" in time.codes.problem(code, "/close a", by="Ann")


def test_a_code_is_good_for_a_minute() -> None:
    time = Time()
    code = time.codes.give("/panic", by="Ann")
    time.ms += LIFE_MS - 1
    assert time.codes.problem(code, "/panic", by="Ann") == ""
    code = time.codes.give("/panic", by="Ann")
    time.ms += LIFE_MS
    assert "was good for 60 s" in time.codes.problem(code, "/panic", by="Ann")


@pytest.mark.parametrize(
    ("code", "what", "by"),
    [("999999", "/close a", "Ann"), ("000001", "/close b", "Ann"), ("000001", "/close a", "Bob")],
)
def test_a_code_is_for_one_command_of_one_person_and_a_wrong_guess_ends_it(code: str, what: str, by: str) -> None:
    time = Time()
    good = time.codes.give("/close a", by="Ann")
    assert "not for this" in time.codes.problem(code, what, by=by)
    assert "no code out" in time.codes.problem(good, "/close a", by="Ann")


def test_a_new_code_replaces_the_one_before() -> None:
    time = Time()
    first = time.codes.give("/panic", by="Ann")
    time.codes.give("/close a", by="Ann")
    assert "not for this" in time.codes.problem(first, "/panic", by="Ann")
