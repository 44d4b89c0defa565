"""Messages to Telegram over a real socket: what is sent, what is made of each answer; the token stays secret."""

import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from actors.sending import Delivered, Line, NotNow, Unsendable
from actors.telegram import TEXT_MAX, TelegramSender, composed
from persistence.secret import Secret
from tests.process.telegram_bot import Bot
from trading.bracket.effects import Severity
from trading.values import Milliseconds

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
pytestmark = pytest.mark.process

AT = Milliseconds(1_790_000_000_000)


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.close()


@pytest.fixture
def sender(bot: Bot) -> Iterator[TelegramSender]:
    sender = TelegramSender(
        token=Secret(TOKEN), chat_id="42", base_url=f"http://127.0.0.1:{bot.port}/", connect_s=2, read_s=0.3
    )
    yield sender
    sender.close()


def line(text: str, severity: Severity = Severity.INFO, **more: Any) -> Line:
    return Line(severity=severity, kind="trade_opened", text=text, at=AT, **more)


# --- what is sent


def test_a_message_goes_to_the_chat_with_kind_text_and_time(bot: Bot, sender: TelegramSender) -> None:
    assert sender.send([line("bought 10")]) == Delivered(count=1)

    ((path, body),) = bot.got
    assert path == f"/bot{TOKEN}/sendMessage"
    assert body["chat_id"] == "42"
    assert body["text"] == "<b>INFO</b> trade opened\nbought 10\n<i>2026-09-21 14:13:20 UTC</i>"
    assert (body["parse_mode"], body["disable_notification"]) == ("HTML", False)


def test_nothing_in_a_text_is_taken_for_markup(bot: Bot, sender: TelegramSender) -> None:
    sender.send([line("stop < entry & <a href='x'>target</a>")])

    assert "stop &lt; entry &amp; &lt;a href='x'&gt;target&lt;/a&gt;" in bot.got[0][1]["text"]


def test_lines_go_together_as_far_as_they_fit(bot: Bot, sender: TelegramSender) -> None:
    lines = [line("x" * 1_500) for _ in range(5)]

    assert sender.send(lines) == Delivered(count=2)
    assert bot.got[0][1]["text"].count("<b>INFO</b>") == 2


@pytest.mark.parametrize("char", ["x", "<", "\U0001f4c9", "ä"])
def test_too_long_a_text_is_cut_and_no_entity_with_it(char: str) -> None:
    """Telegram counts UTF-16 units, so some characters count twice."""
    text, count = composed([line(char * 10_000), line("next")])

    assert count == 1
    assert TEXT_MAX - 20 < len(text.encode("utf-16-le")) // 2 <= TEXT_MAX
    assert "(cut)\n<i>" in text
    assert "&l " not in text
    assert text.replace("&lt;", "").count("&") == 0


def test_a_message_is_silent_only_if_all_of_it_is(bot: Bot, sender: TelegramSender) -> None:
    sender.send([line("a", silent=True), line("b", silent=True)])
    sender.send([line("a", silent=True), line("b")])

    assert [body["disable_notification"] for _, body in bot.got] == [True, False]


def test_what_insists_says_so(bot: Bot, sender: TelegramSender) -> None:
    sender.send([line("naked", Severity.CRITICAL, insists=True)])
    sender.send([line("naked", Severity.CRITICAL, insists=True, again=True)])

    assert "comes again until you acknowledge it" in bot.got[0][1]["text"]
    assert "not acknowledged yet" in bot.got[1][1]["text"]


# --- what is made of the answers


def test_asked_to_wait_it_says_how_long(bot: Bot, sender: TelegramSender) -> None:
    bot.refuses(429, "Too Many Requests: retry after 17", retry_after=17)
    assert sender.send([line("a")]) == NotNow(reason="429 Too Many Requests: retry after 17", after_ms=17_000)


@pytest.mark.parametrize(("asked", "waits_ms"), [(None, 5_000), (-3, 5_000), ("soon", 5_000), (10**9, 3_600_000)])
def test_a_senseless_wait_is_bounded(bot: Bot, sender: TelegramSender, asked: object, waits_ms: int) -> None:
    bot.refuses(429, "Too Many Requests", retry_after=asked)
    outcome = sender.send([line("a")])
    assert isinstance(outcome, NotNow)
    assert outcome.after_ms == waits_ms


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (500, b"<html>oh</html>", "500 an answer that is not Telegram's"),
        (502, b"", "502 an answer that is not Telegram's"),
        (200, b"<html>log in to this network</html>", "200 an answer that is not Telegram's"),
        (200, b"[1]", "200 an answer that is not Telegram's"),
        (200, b"\xff\xfe", "200 an answer that is not Telegram's"),
        (200, {"ok": False, "description": "no"}, "200 no"),
        (302, b"", "302 an answer that is not Telegram's"),
        (401, {"ok": False, "description": "Unauthorized"}, "401 Unauthorized: is telegram.token right?"),
        (400, {"ok": False, "description": "Bad Request: chat not found"}, "400 Bad Request: chat not found"),
        (500, {"ok": False, "description": f"failed: /bot{TOKEN}/x"}, "500 failed: /bot***/x"),
    ],
)
def test_a_refusal_is_for_later_and_says_why(
    bot: Bot, sender: TelegramSender, status: int, answer: Any, reason: str
) -> None:
    bot.answers.append((status, answer))
    assert sender.send([line("a")]) == NotNow(reason=reason)
    assert sender.send([line("a")]) == Delivered(count=1)
    assert len(bot.got) == 2, "a redirect would carry the token elsewhere"


def test_a_group_that_has_moved_says_where_to(bot: Bot, sender: TelegramSender) -> None:
    bot.refuses(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001234)
    outcome = sender.send([line("a")])
    assert isinstance(outcome, NotNow)
    assert outcome.reason.endswith("set telegram.chat_id to -1001234")


def test_a_text_it_will_never_take_is_known_as_such(bot: Bot, sender: TelegramSender) -> None:
    bot.refuses(400, "Bad Request: can't parse entities: unsupported tag")
    assert sender.send([line("a"), line("b")]) == Unsendable(
        reason="400 Bad Request: can't parse entities: unsupported tag", count=2
    )


def test_no_answer_ends_in_a_time_out_and_the_next_message_gets_through(bot: Bot, sender: TelegramSender) -> None:
    bot.answers.append((0, None))
    begun = time.monotonic()
    assert sender.send([line("a")]) == NotNow(reason="ReadTimeout")
    assert time.monotonic() - begun < 5
    assert sender.send([line("a")]) == Delivered(count=1)


def test_a_shorter_time_can_be_asked_for(bot: Bot) -> None:
    bot.answers.append((0, None))
    sender = TelegramSender(token=Secret(TOKEN), chat_id="42", base_url=f"http://127.0.0.1:{bot.port}", read_s=15)
    begun = time.monotonic()
    assert sender.send([line("a")], within_s=0.1) == NotNow(reason="ReadTimeout")
    assert time.monotonic() - begun < 5


def test_nobody_there_is_for_later() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        sender = TelegramSender(
            token=Secret(TOKEN), chat_id="42", base_url=f"http://127.0.0.1:{taken.getsockname()[1]}"
        )
        assert sender.send([line("a")]) == NotNow(reason="ConnectionError")


@pytest.mark.parametrize("base_url", ["nonsense", "http://", "ftp://127.0.0.1", "http://[::1", "http://a..b"])
def test_a_wrong_address_is_for_later_not_the_end_of_the_actor(base_url: str) -> None:
    sender = TelegramSender(token=Secret(TOKEN), chat_id="42", base_url=base_url)
    outcome = sender.send([line("a")])
    assert isinstance(outcome, NotNow)
    assert outcome.reason.isidentifier(), "the name of a type, nothing of its text"


# --- the token


def test_the_token_is_in_no_log_and_in_no_outcome(
    bot: Bot, sender: TelegramSender, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """At debug level the HTTP library writes the address of each request, and the token is in it."""
    caplog.set_level(logging.DEBUG)
    bot.answers += [(500, b""), (0, None), (429, {"ok": False}), (200, {"ok": True})]
    outcomes = [sender.send([line("a")]) for _ in range(4)]
    sender.close()
    dead = TelegramSender(token=Secret(TOKEN), chat_id="42", base_url="http://127.0.0.1:1")
    outcomes.append(dead.send([line("a")]))

    printed = capfd.readouterr()
    everything = f"{outcomes}{vars(sender)}{caplog.text}{printed.out}{printed.err}"
    assert "Starting new HTTP connection" in caplog.text, "the library did log"
    assert TOKEN not in everything
    assert TOKEN.partition(":")[2] not in everything
