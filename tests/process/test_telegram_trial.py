"""A test message: it arrives, or a sentence says why not; by the command line, too."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from persistence.secret import Secret
from tests.process.telegram_bot import CHAT, Bot
from tradebaas.commands import tradebaas
from tradebaas.settings import Telegram
from tradebaas.telegram.trial import try_telegram

pytestmark = pytest.mark.process

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


@pytest.fixture
def bot() -> Iterator[Bot]:
    bot = Bot()
    yield bot
    bot.close()


def _set_up(bot: Bot) -> Telegram:
    return Telegram(token=Secret(TOKEN), chat_id=str(CHAT), base_url=bot.url)


def test_it_arrives(bot: Bot) -> None:
    assert try_telegram(_set_up(bot)) == (True, f"a test message was sent to the chat {CHAT}")
    assert bot.said == ["<b>A test message</b>\nTradebaas can reach you here."]


def test_what_is_wrong_is_said_without_the_token(bot: Bot) -> None:
    bot.refuses(401, f"Unauthorized at /bot{TOKEN}/sendMessage")
    assert try_telegram(_set_up(bot)) == (
        False,
        "Telegram said no: 401 Unauthorized at /bot***/sendMessage: is telegram.token right?",
    )
    nowhere = Telegram(token=Secret(TOKEN), chat_id="1", base_url="http://127.0.0.1:1")
    assert try_telegram(nowhere) == (False, "no answer from Telegram (ConnectionError)")
    assert try_telegram(Telegram())[1].startswith("Telegram is not set up")


def test_the_command_line_sends_it(bot: Bot, tmp_path: Path) -> None:
    file = tmp_path / "tradebaas.toml"
    file.write_text(f'[telegram]\ntoken = "{TOKEN}"\nchat_id = "{CHAT}"\nbase_url = "{bot.url}"\n', encoding="utf-8")
    file.chmod(0o600)
    arguments = ["credentials", "test", "--telegram", "--config", str(file)]
    found = CliRunner().invoke(tradebaas, arguments)
    assert (found.exit_code, found.output) == (0, f"a test message was sent to the chat {CHAT}\n")
    bot.refuses(400, "Bad Request: chat not found")
    assert CliRunner().invoke(tradebaas, arguments).exit_code == 1


def test_the_command_line_says_as_json_what_came_of_it(bot: Bot, tmp_path: Path) -> None:
    file = tmp_path / "tradebaas.toml"
    file.write_text(f'[telegram]\ntoken = "{TOKEN}"\nchat_id = {CHAT}\nbase_url = "{bot.url}"\n', encoding="utf-8")
    arguments = ["credentials", "test", "--telegram", "--json", "--config", str(file)]

    found = CliRunner().invoke(tradebaas, arguments)
    assert found.exit_code == 0
    assert json.loads(found.stdout) == {"ok": True, "sentence": f"a test message was sent to the chat {CHAT}"}

    bot.refuses(400, "Bad Request: chat not found")
    found = CliRunner().invoke(tradebaas, arguments)
    assert found.exit_code == 1
    assert json.loads(found.stdout)["ok"] is False
    assert json.loads(found.stdout)["sentence"] in found.stderr
