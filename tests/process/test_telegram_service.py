"""The real process with a bot on a real socket: it tells of its trades, obeys, and loses no notice when killed."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from persistence.data_dir import DataDir
from persistence.store import Store
from tests.process.exchange_client import eventually
from tests.process.telegram_bot import CHAT, Bot
from tools import crash_test
from tradebaas.crash_points import AT
from trading.values import Milliseconds, WorkerId

pytestmark = [pytest.mark.process, pytest.mark.slow]

UP_S = 30.0
CONFIG = """
[service]
mode = "paper"
data_dir = "{data}"
[broker]
url = "{url}"
[web]
port = 0
[telegram]
token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
chat_id = "{chat}"
base_url = "{bot}"
[strategies.fast]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
every_s = 2
stop_bps = 4
target_bps = 4
cooldown_s = 1
"""


@dataclass
class Ground:
    """An exchange, a bot, and the service between them."""

    folder: Path
    bot: Bot
    exchange: subprocess.Popen[str]
    service: subprocess.Popen[bytes] | None = None

    def starts(self, **environment: str) -> subprocess.Popen[bytes]:
        self.service = crash_test.start_service(self.folder, self.folder / "service.log", environment)
        return self.service

    def says(self, words: str, among: int = 0) -> str:
        """Wait for a message with these words, among those after so many."""
        found = eventually(
            lambda: next((text for text in self.bot.said[among:] if words in text), None), words, deadline_s=UP_S
        )
        return found or ""

    @property
    def log(self) -> str:
        return (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")

    def ends(self) -> None:
        if self.service is not None and self.service.poll() is None:
            self.service.terminate()
            self.service.wait(20)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    bot = Bot()
    exchange, address = crash_test.start_exchange(tmp_path, seed=7)
    text = CONFIG.format(data=tmp_path / "service", url=f"ws://{address}/ws/api/v2", chat=CHAT, bot=bot.url)
    (tmp_path / "tradebaas.toml").write_text(text, encoding="utf-8")
    (tmp_path / "tradebaas.toml").chmod(0o600)
    ground = Ground(tmp_path, bot, exchange)
    yield ground
    bot.hangs.set()
    ground.ends()
    exchange.terminate()
    exchange.communicate(timeout=10)
    bot.close()
    sys.stderr.write(ground.log[-5_000:])  # shown where a test has failed


def test_it_tells_of_trades_shows_what_is_and_does_what_it_is_told(ground: Ground) -> None:
    ground.starts()
    opened = ground.says("trade opened")
    assert re.search(r"fast (bought|sold) \d+ BTC-PERPETUAL at [\d.]+\nstop [\d.]+ \([\d.]+ % away\)", opened)

    for command, words in (
        ("/status", "PAPER, worker w1"),
        ("/strategies", "fast (BTC-PERPETUAL): "),
        ("/positions", "Positions"),
        ("/orders", "Orders"),
        ("/pnl", "1 d: "),
        ("/daily", "The last 24 hours"),
        ("/log 5", "Events, the newest first"),
        ("/health", "Health: "),
        ("/version", "Tradebaas "),
        ("/help", "/panic"),
        ("/issues", "nothing waits for your decision"),
        ("/ack", "alerts are marked as read"),
        ("/reconcile", "are being compared"),
        ("/pause nothing", "there is no strategy nothing; there are fast"),
        ("/pause fast", "fast opens nothing new"),
        ("/halt enough", "nothing opens anywhere"),
    ):
        sent = len(ground.bot.said)
        ground.bot.writes(command)
        ground.says(words, sent)

    sent = len(ground.bot.said)
    ground.bot.writes("/panic 123456")
    ground.says("Not done: there is no code out", sent)
    ground.bot.writes("/panic")
    asked = ground.says("Are you sure?", sent)
    ground.bot.writes(f"/panic {asked[-6:]}")
    ground.says("entries are being cancelled and positions of ours closed at market", sent)
    eventually(lambda: "<b>Positions</b>\nnothing is held" in _answer(ground, "/positions"), "all is flat", 20)
    ground.ends()
    assert ground.service is not None
    assert ground.service.returncode == 0
    assert "AAHdq" not in ground.log


def _answer(ground: Ground, command: str) -> str:
    sent = len(ground.bot.said)
    ground.bot.writes(command)
    eventually(lambda: len(ground.bot.said) > sent, "an answer", deadline_s=UP_S)
    return ground.bot.said[sent]


def test_killed_right_after_the_step_it_still_tells_of_it_in_the_next_life(ground: Ground) -> None:
    """`kill -9` when the trade is on disk and nobody was told: the notice lies beside it."""
    first = ground.starts(**{AT: "commit:step:request_done>opened:after"})
    assert first.wait(60) == -9
    (opened,) = [text for text in _outbox(ground) if text.startswith("fast ")]
    assert not any("trade opened" in text for text in ground.bot.said)

    ground.starts()
    told = ground.says("trade opened")
    assert opened.split("\n")[0] in told
    time.sleep(2)  # anything more that it has to say about it
    assert len([text for text in ground.bot.said if opened.split("\n")[0] in text]) == 1


def test_with_telegram_dead_it_starts_trades_and_stops_as_ever(ground: Ground) -> None:
    ground.bot.answers += [(0, None)] * 50
    ground.bot.poll_answers += [(0, None)] * 50
    ground.starts()
    eventually(lambda: len(_trades(ground)) >= 2, "two trades", deadline_s=60)
    begun = time.monotonic()
    ground.ends()

    assert ground.service is not None
    assert ground.service.returncode == 0
    assert time.monotonic() - begun < 8


def _outbox(ground: Ground) -> list[str]:
    store = _store(ground)
    try:
        return [letter.notice.text for letter in store.outbox.newest()]
    finally:
        store.close_thread()


def _trades(ground: Ground) -> list[object]:
    if not DataDir(ground.folder / "service").database.exists():
        return []
    store = _store(ground)
    try:
        return list(store.trades().items)
    finally:
        store.close_thread()


def _store(ground: Ground) -> Store:
    return Store.open(ground.folder / "service", worker=WorkerId("w1"), account="embedded", at=Milliseconds(1))
