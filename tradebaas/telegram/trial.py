"""A test message: whether the token, the chat and the way to Telegram are right, in one sentence."""

from typing import Final

from actors.telegram import message
from actors.telegram_api import BotApi
from tradebaas.settings import Telegram
from tradebaas.telegram import words
from trading.errors import Unavailable

WITHIN_S: Final = 5.0
"""For the connection, and again for the answer: a person waits for it, and the page no longer than 12 s."""


def try_telegram(
    telegram: Telegram, *, text: str = "A test message\nTradebaas can reach you here."
) -> tuple[bool, str]:
    """Send one message, now, past the outbox. Gives whether it arrived, and a sentence, in 10 seconds at most."""
    if telegram.token is None or not telegram.chat_id:
        return False, "Telegram is not set up: telegram.token and telegram.chat_id are needed"
    api = BotApi(token=telegram.token, base_url=telegram.base_url)
    try:
        reply = api.call("sendMessage", message(telegram.chat_id, words.written(text)), within_s=WITHIN_S)
    except Unavailable as error:
        return False, f"no answer from Telegram ({error})"
    finally:
        api.close()
    if reply.is_ok:
        return True, f"a test message was sent to the chat {telegram.chat_id}"
    return False, f"Telegram said no: {reply.reason}"
