"""The way to a person by Telegram: one message for as many notices as fit into it."""

import html
from collections.abc import Sequence
from typing import Any, Final

from actors.sending import Delivered, Line, NotNow, Outcome, Unsendable
from actors.telegram_api import BASE_URL, CONNECT_S, READ_S, TOO_MANY, BotApi, Reply
from persistence.secret import Secret
from trading.errors import Unavailable

TEXT_MAX: Final = 4_096  # of UTF-16 units, as Telegram counts; here the markup counts, too
CUT: Final = " ... (cut)"
GAP: Final = "\n\n"

_BAD: Final = 400
_OF_THE_TEXT: Final = ("can't parse", "too long", "text is empty", "must be non-empty")


class TelegramSender:
    """Writes to one chat. Any number may exist; each is used by one thread."""

    name = "Telegram"

    def __init__(
        self,
        *,
        token: Secret,
        chat_id: str,
        base_url: str = BASE_URL,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
    ) -> None:
        self._api = BotApi(token=token, base_url=base_url, connect_s=connect_s)
        self._chat_id, self._read_s = chat_id, read_s

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Send the lines that fit; ``within_s`` shortens the time-outs."""
        text, count = composed(lines)
        body = message(self._chat_id, text, silent=all(line.silent for line in lines[:count]))
        try:
            reply = self._api.call("sendMessage", body, read_s=self._read_s, within_s=within_s)
        except Unavailable as error:
            return NotNow(reason=str(error))
        return Delivered(count=count) if reply.is_ok else _failed(reply, count)

    def close(self) -> None:
        """Close the connection; the next message opens one again."""
        self._api.close()


def message(chat_id: str, text: str, *, silent: bool = False) -> dict[str, Any]:
    """A message in Telegram's HTML, as `sendMessage` takes it."""
    return {
        "chat_id": chat_id,
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": silent,
    }


def _failed(reply: Reply, count: int) -> Outcome:
    if reply.status == TOO_MANY:
        return NotNow(reason=reply.reason, after_ms=reply.after_ms)
    if reply.status == _BAD and any(words in reply.said for words in _OF_THE_TEXT):
        return Unsendable(reason=reply.reason, count=count)
    if "migrate_to_chat_id" in reply.parameters:
        return NotNow(
            reason=f"{reply.reason}: set telegram.chat_id to {str(reply.parameters['migrate_to_chat_id'])[:30]}"
        )
    return NotNow(reason=reply.reason)


def composed(lines: Sequence[Line]) -> tuple[str, int]:
    """Make one message of the first lines; give it and how many it holds. The first is in it, cut if need be."""
    text, count = _written(lines[0]), 1
    for line in lines[1:]:
        longer = f"{text}{GAP}{_written(line)}"
        if units(longer) > TEXT_MAX:
            break
        text, count = longer, count + 1
    return text, count


def _written(line: Line) -> str:
    """One line in Telegram's HTML. Too long a text is cut before it is escaped, so that no entity is cut."""
    head = f"<b>{line.severity.upper()}</b> {escaped(line.kind.replace('_', ' '))}\n"
    answer = " (/ack)" if line.insists else ""
    foot = f"\n<i>{escaped(line.footnote)}{answer}</i>"
    room = TEXT_MAX - units(head) - units(foot)
    body = escaped(line.text)
    if units(body) > room:
        # The escaped length grows with the text, so the longest beginning that fits is found by halving.
        fits, beyond = 0, len(line.text)
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if units(escaped(line.text[:middle])) <= room - len(CUT):
                fits = middle
            else:
                beyond = middle
        body = escaped(line.text[:fits]) + CUT
    return f"{head}{body}{foot}"


def escaped(text: str) -> str:
    """A text that is never taken for markup."""
    return html.escape(text, quote=False)


def units(text: str) -> int:
    """How long Telegram finds it."""
    return len(text.encode("utf-16-le", "replace")) // 2
