"""What came from Telegram, judged: by whom, how old, and whether it asks for something. Pure.

Telegram's answers come from outside: whatever shape they have, nothing here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradebaas.telegram.commands import Command, parse

AGE_S_MAX: Final = 180  # an older command is not done: who sent it has seen that nothing happened, and done otherwise
NAME_MAX: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """It came from another chat: nothing is done and nothing answered."""

    chat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooOld:
    """It came from the right chat, too late."""

    text: str
    age_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """It came from the right chat and wants an answer: a command, or a sentence about what is wrong with it."""

    asked: Command | str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """Nothing to do: a picture, a forwarded message, a command for another bot."""


Mail = Stranger | TooOld | Answerable | Nothing


def update_id(update: object) -> int | None:
    """The number of an update; None for what is none."""
    found = update.get("update_id") if isinstance(update, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def judge(update: object, *, chat_id: str, me: str, now_s: float) -> Mail:
    """Say what an update is."""
    message = _inner(update, "message")
    if not message:
        return Nothing()
    chat = _inner(message, "chat")
    if str(chat.get("id", "")) != chat_id.strip():
        return Stranger(chat=_clean(str(chat.get("id", "?"))))
    text = message.get("text")
    sender = _inner(message, "from")
    if not isinstance(text, str) or sender.get("is_bot") is True or "forward_origin" in message:
        return Nothing()
    asked = parse(text, me=me)
    if asked is None:
        return Nothing()
    date = message.get("date")
    age_s = now_s - date if isinstance(date, int | float) else AGE_S_MAX + 1
    if age_s > AGE_S_MAX:
        return TooOld(text=_clean(text), age_s=int(age_s))
    name = str(sender.get("username") or sender.get("first_name") or "somebody")
    return Answerable(asked=asked, by=f"Telegram, {_clean(name)}")


def _inner(outer: object, key: str) -> Mapping[str, Any]:
    found = outer.get(key) if isinstance(outer, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _clean(text: str) -> str:
    """A short text without what would spoil a log."""
    shown = "".join(char for char in text if char.isprintable())
    return shown[:NAME_MAX]
