"""The way to a person by Telegram's Bot API: one request for each message, nothing read but its answer.

The address of every request holds the bot's token, and the HTTP library puts addresses into its exceptions and its
debug log. So nothing of an exception leaves this module but the name of its type, and the library's log is filtered.
"""

import html
import logging
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import requests

from actors.sending import Delivered, Line, NotNow, Outcome, Unsendable
from persistence.secret import Secret

TEXT_MAX: Final = 4_096  # of UTF-16 units, as Telegram counts; here the markup counts, too
CONNECT_S: Final = 5.0
READ_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 65_536
WAIT_MS_MAX: Final = 3_600_000  # longer than Telegram has been seen to ask for; a bound for what is not Telegram
WAIT_MS: Final = 5_000  # asked to wait, and not told how long
REASON_MAX: Final = 200
CUT: Final = " ... (cut)"
GAP: Final = "\n\n"

_OK: Final = 200
_BAD: Final = 400
_TOO_MANY: Final = 429
_HINTS: Final = {
    401: "is telegram.token right?",
    403: "has the person stopped the bot, or never written to it?",
    404: "is telegram.token right?",
}
_OF_THE_TEXT: Final = ("can't parse", "too long", "text is empty", "must be non-empty")


class TelegramSender:
    """Writes to one chat. Any number may exist; each is used by one thread."""

    name = "Telegram"

    def __init__(
        self,
        *,
        token: Secret,
        chat_id: str,
        base_url: str = "https://api.telegram.org",
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
    ) -> None:
        self._token, self._chat_id = token, chat_id
        self._base_url = base_url.rstrip("/")
        self._connect_s, self._read_s = connect_s, read_s
        self._session: requests.Session | None = None
        logging.getLogger("urllib3.connectionpool").addFilter(_names_no_bot)

    def send(self, lines: Sequence[Line], *, within_s: float | None = None) -> Outcome:
        """Send the lines that fit; ``within_s`` shortens the time-outs."""
        text, count = composed(lines)
        body = {
            "chat_id": self._chat_id,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
            "disable_notification": all(line.silent for line in lines[:count]),
        }
        try:
            status, answer = self._post(body, within_s)
        except (requests.RequestException, OSError, ValueError) as error:
            self.close()
            return NotNow(reason=type(error).__name__)
        if status == _OK and answer.get("ok") is True:
            return Delivered(count=count)
        return self._failed(status, answer, count)

    def close(self) -> None:
        """Close the connection; the next message opens one again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _post(self, body: dict[str, Any], within_s: float | None) -> tuple[int, dict[str, Any]]:
        if self._session is None:
            self._session = requests.Session()
        times = [seconds if within_s is None else min(seconds, within_s) for seconds in (self._connect_s, self._read_s)]
        url = f"{self._base_url}/bot{self._token.reveal().strip()}/sendMessage"
        # A redirect would carry the token to another host; and the answer is read up to a bound.
        with self._session.post(
            url, json=body, timeout=(times[0], times[1]), allow_redirects=False, stream=True
        ) as response:
            said = next(response.iter_content(ANSWER_BYTES_MAX), b"")
        try:
            return response.status_code, msgspec.json.decode(said, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return response.status_code, {}

    def _failed(self, status: int, answer: dict[str, Any], count: int) -> Outcome:
        said = str(answer.get("description", "an answer that is not Telegram's"))[:REASON_MAX]
        # What answers need not be Telegram, and may repeat the address it was asked at.
        reason = f"{status} {said}".replace(self._token.reveal().strip(), "***")
        parameters = answer.get("parameters")
        extra = parameters if isinstance(parameters, dict) else {}
        if status == _TOO_MANY:
            return NotNow(reason=reason, after_ms=_wait_ms(extra.get("retry_after")))
        if status == _BAD and any(words in said for words in _OF_THE_TEXT):
            return Unsendable(reason=reason, count=count)
        if "migrate_to_chat_id" in extra:
            return NotNow(reason=f"{reason}: set telegram.chat_id to {str(extra['migrate_to_chat_id'])[:30]}")
        return NotNow(reason=f"{reason}: {_HINTS[status]}" if status in _HINTS else reason)


def composed(lines: Sequence[Line]) -> tuple[str, int]:
    """Make one message of the first lines; give it and how many it holds. The first is in it, cut if need be."""
    text, count = _written(lines[0]), 1
    for line in lines[1:]:
        longer = f"{text}{GAP}{_written(line)}"
        if _units(longer) > TEXT_MAX:
            break
        text, count = longer, count + 1
    return text, count


def _written(line: Line) -> str:
    """One line in Telegram's HTML. Too long a text is cut before it is escaped, so that no entity is cut."""
    head = f"<b>{line.severity.upper()}</b> {_escaped(line.kind.replace('_', ' '))}\n"
    foot = f"\n<i>{_escaped(line.footnote)}</i>"
    room = TEXT_MAX - _units(head) - _units(foot)
    body = _escaped(line.text)
    if _units(body) > room:
        # The escaped length grows with the text, so the longest beginning that fits is found by halving.
        fits, beyond = 0, len(line.text)
        while beyond - fits > 1:
            middle = (fits + beyond) // 2
            if _units(_escaped(line.text[:middle])) <= room - len(CUT):
                fits = middle
            else:
                beyond = middle
        body = _escaped(line.text[:fits]) + CUT
    return f"{head}{body}{foot}"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _wait_ms(retry_after: object) -> int:
    if not isinstance(retry_after, int | float) or not retry_after > 0:
        return WAIT_MS
    return int(min(retry_after * 1000, WAIT_MS_MAX))


def _names_no_bot(record: logging.LogRecord) -> bool:
    """Hold back every line of the HTTP library that names a bot's address."""
    return "/bot" not in record.getMessage()
