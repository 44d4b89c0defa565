"""Commands by Telegram over a real socket: done once at most, for one chat only, and never in anybody's way."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from actors.telegram_api import BotApi
from persistence.notifying import Read
from persistence.secret import Secret
from persistence.store import Store
from supervisor.threads import SystemClock
from tests.process.exchange_client import eventually
from tests.process.telegram_bot import CHAT, Bot
from tradebaas.telegram.commands import Command
from tradebaas.telegram.poller import COMMANDS_MAX, Poller, Reader
from trading.bracket.effects import Severity
from trading.values import Milliseconds, WorkerId

pytestmark = pytest.mark.process

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


class Clock(SystemClock):
    """The machine's clock, with a monotonic one that can be moved on."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def monotonic_ms(self) -> int:
        return super().monotonic_ms() + self.ahead_ms


@dataclass
class Phone:
    """A poller on a real database, a bot on a real socket, and somebody who obeys."""

    bot: Bot
    store: Store
    clock: Clock = field(default_factory=Clock)
    done: list[tuple[str, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    obeys: Callable[[Command], str] = field(default=lambda command: f"did {command.text}")
    poller: Poller | None = None

    def begins(self) -> None:
        api = BotApi(token=Secret(TOKEN), base_url=self.bot.url)
        self.poller = Poller(
            Reader(
                api=api,
                chat_id=str(CHAT),
                answer=self._answer,
                notifying=self.store.notifying,
                clock=self.clock,
                say=lambda severity, text: self.log.append(f"{severity} {text}"),
                tell=lambda key, text: self.told.append(f"{key}: {text}"),
                close=self.store.close_thread,
                poll_s=1,
            )
        )
        self.poller.start()

    def ends(self) -> None:
        if self.poller is not None:
            self.poller.stop()

    def says(self, words: str) -> str:
        """Wait for a message with these words."""
        return eventually(lambda: next((text for text in self.bot.said if words in text), None), words) or ""

    def is_read(self, update: int) -> None:
        """Wait until an update is behind it."""
        bot = BotApi(token=Secret(TOKEN)).bot_id
        eventually(lambda: self.store.notifying.read(bot) == Read(next_id=update + 1), f"{update} is read")

    def _answer(self, command: Command, by: str) -> str:
        self.done.append((command.text, by))
        return self.obeys(command)


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    bot = Bot()
    store = Store.open(tmp_path, worker=WorkerId("w1"), account="main", at=Milliseconds(1))
    phone = Phone(bot, store)
    yield phone
    bot.hangs.set()
    phone.ends()
    bot.close()
    store.close_thread()


def test_a_command_is_done_and_answered_to_the_chat_escaped(phone: Phone) -> None:
    phone.obeys = lambda _: "Heading <1>\nstop < entry & <a href='x'>target</a>"
    phone.begins()
    phone.bot.writes("/status")

    text = phone.says("Heading")
    assert text == "<b>Heading &lt;1&gt;</b>\nstop &lt; entry &amp; &lt;a href='x'&gt;target&lt;/a&gt;"
    assert phone.done == [("/status", "Telegram, Ann")]
    (body,) = [body for path, body in phone.bot.got if path.endswith("/sendMessage")]
    assert (body["chat_id"], body["parse_mode"]) == (str(CHAT), "HTML")
    assert phone.bot.polls[0]["allowed_updates"] == ["message"]


def test_an_answer_is_never_longer_than_telegram_takes(phone: Phone) -> None:
    phone.obeys = lambda _: "Events\n" + "\n".join(f"{number} <\U0001f4c9>" * 40 for number in range(200))
    phone.begins()
    phone.bot.writes("/log 50")

    text = phone.says("more lines")
    assert len(text.encode("utf-16-le")) // 2 <= 4_096


def test_what_was_done_is_not_done_again_by_the_next_life(phone: Phone) -> None:
    phone.begins()
    number = phone.bot.writes("/panic")
    phone.says("did /panic")
    phone.is_read(number)
    phone.ends()
    phone.bot.tells({"update_id": number, "message": {"text": "/panic", "chat": {"id": CHAT}, "date": time.time()}})
    phone.begins()
    phone.bot.writes("/status")
    phone.says("did /status")

    assert [text for text, _ in phone.done] == ["/panic", "/status"]


def test_a_life_that_ends_amid_a_command_tells_of_it_and_never_does_it_by_itself(phone: Phone) -> None:
    """The process is killed while the desk closes a trade: nobody knows whether it was done."""
    under_way, goes_on = threading.Event(), threading.Event()

    def hangs(command: Command) -> str:
        if command.verb == "close":
            under_way.set()
            goes_on.wait(10)
        return f"did {command.text}"

    phone.obeys = hangs
    phone.begins()
    phone.bot.writes("/close fast")
    assert under_way.wait(5)
    first = phone.poller
    phone.begins()  # the next life, while the old one never comes to its end

    phone.says("The service ended while it did /close fast")
    phone.bot.writes("/status")
    phone.says("did /status")
    assert [text for text, _ in phone.done].count("/close fast") == 1
    goes_on.set()
    assert first is not None
    first.stop()


def test_an_old_command_is_answered_and_not_done(phone: Phone) -> None:
    phone.bot.writes("/panic", age_s=3_600)
    phone.bot.writes("/close fast", age_s=200)
    phone.begins()

    text = phone.says("Too old, so not done")
    assert "/panic (1 h old)" in text
    assert "/close fast (3 min 20 s old)" in text
    assert phone.done == []
    assert len(phone.bot.said) == 1


def test_strangers_are_ignored_and_do_not_fill_the_log(phone: Phone) -> None:
    phone.begins()
    for _ in range(50):
        phone.bot.writes("/panic", chat=666)
    number = phone.bot.writes("/status")
    phone.says("did /status")
    phone.is_read(number)

    assert phone.done == [("/status", "Telegram, Ann")]
    assert {body["chat_id"] for path, body in phone.bot.got if path.endswith("/sendMessage")} == {str(CHAT)}
    assert [line for line in phone.log if "666" in line] == ["warning a message from the chat 666, which is not obeyed"]

    phone.clock.ahead_ms += 700_000
    phone.bot.writes("/panic", chat=666)
    eventually(lambda: any("50 messages since" in line for line in phone.log), "they are counted")


def test_two_readers_are_said_once_and_both_go_on(phone: Phone) -> None:
    for _ in range(3):
        phone.bot.refuses_to_be_read(409, "Conflict: terminated by other getUpdates request")
    phone.begins()
    phone.bot.writes("/status")
    phone.says("did /status")
    phone.bot.refuses_to_be_read(409, "Conflict: terminated by other getUpdates request")
    phone.bot.writes("/version")
    phone.says("did /version")

    (told,) = phone.told
    assert told.startswith("telegram_conflict: somebody else reads this bot's messages (409 Conflict")
    assert len([line for line in phone.log if "somebody else" in line]) == 1
    phone.clock.ahead_ms += 700_000
    eventually(lambda: any("nobody else reads" in line for line in phone.log), "it is over")


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"<html>"),
        (200, b"not json"),
        (200, {"ok": True, "result": "not a list"}),
        (200, {"ok": True, "result": [None, 7, "x", {"update_id": "y"}, {"update_id": True}]}),
        (401, {"ok": False, "description": "Unauthorized"}),
        (429, {"ok": False, "description": "slow", "parameters": {"retry_after": 0.2}}),
    ],
    ids=["500", "noise", "no_list", "no_updates", "401", "429"],
)
def test_whatever_telegram_answers_commands_are_read_again(phone: Phone, answer: tuple[int, object]) -> None:
    phone.bot.poll_answers.append(answer)
    phone.begins()
    phone.bot.writes("/status")

    phone.says("did /status")
    assert not any("failed: " in line for line in phone.log), phone.log


def test_an_answerer_that_breaks_ends_neither_the_thread_nor_the_order_of_things(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebaas.telegram.poller.BACKOFF_S_MAX", 0.1)

    def breaks(command: Command) -> str:
        if command.verb == "positions":
            raise ZeroDivisionError
        return f"did {command.text}"

    phone.obeys = breaks
    phone.begins()
    phone.bot.writes("/positions")
    phone.bot.writes("/status")

    phone.says("did /status")
    assert [text for text, _ in phone.done] == ["/positions", "/status"], "what breaks is not tried again and again"
    assert len([line for line in phone.log if "ZeroDivisionError" in line]) == 1


def test_more_than_a_person_sends_is_not_done(phone: Phone) -> None:
    phone.begins()
    numbers = [phone.bot.writes("/status") for _ in range(COMMANDS_MAX + 20)]
    phone.is_read(numbers[-1])

    assert len(phone.done) == COMMANDS_MAX
    assert len([text for text in phone.bot.said if "more are not done" in text]) == 1


def test_it_starts_and_stops_at_once_while_telegram_is_dead(phone: Phone) -> None:
    phone.bot.poll_answers += [(0, None)] * 3
    begun = time.monotonic()
    phone.begins()
    assert time.monotonic() - begun < 0.5
    eventually(lambda: phone.bot.polls, "a question is held")
    begun = time.monotonic()
    phone.ends()

    assert time.monotonic() - begun < 2
    assert phone.done == []


def test_a_command_that_comes_with_the_end_waits_for_the_next_life(phone: Phone) -> None:
    def ends_meanwhile(command: Command) -> str:
        assert phone.poller is not None
        phone.poller._ended.set()
        return f"did {command.text}"

    phone.obeys = ends_meanwhile
    phone.bot.writes("/status")
    phone.bot.writes("/version")
    phone.begins()
    phone.says("did /status")
    assert phone.poller is not None
    poller = phone.poller
    eventually(lambda: not poller.is_alive, "it has ended")
    assert [text for text, _ in phone.done] == ["/status"]

    phone.obeys = lambda command: f"did {command.text}"
    phone.begins()
    phone.says("did /version")


def test_the_token_is_in_no_log_and_in_no_answer(
    phone: Phone, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    phone.bot.refuses_to_be_read(500, f"at /bot{TOKEN}/getUpdates")
    phone.bot.poll_answers.append((200, b"x"))
    phone.begins()
    phone.bot.writes("/status")
    phone.says("did /status")
    phone.ends()

    printed = capfd.readouterr()
    everything = f"{phone.log}{phone.bot.said}{phone.told}{caplog.text}{printed.out}{printed.err}"
    assert "Starting new HTTP connection" in caplog.text
    assert TOKEN.partition(":")[2] not in everything
    assert any("500 at /bot***/getUpdates" in line for line in phone.log)
    assert Severity.WARNING in phone.log[0]
