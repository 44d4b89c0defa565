"""Telegram's Bot API: one request, one answer, both bounded.

The address of every request holds the bot's token, and the HTTP library puts addresses into its exceptions and its
debug log. So nothing of an exception leaves this module but the name of its type, and the library's log is filtered.
"""

import logging
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import requests

from persistence.secret import Secret
from trading.errors import Unavailable

BASE_URL: Final = "https://api.telegram.org"
CONNECT_S: Final = 5.0
READ_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 1_048_576  # 20 messages as long as Telegram takes them, with all that is said about them
WAIT_MS_MAX: Final = 3_600_000  # longer than Telegram has been seen to ask for; a bound for what is not Telegram
WAIT_MS: Final = 5_000  # asked to wait, and not told how long
REASON_MAX: Final = 200
OK: Final = 200
TOO_MANY: Final = 429
_PIECE: Final = 65_536
_HINTS: Final = {
    401: "is telegram.token right?",
    403: "has the person stopped the bot, or never written to it?",
    404: "is telegram.token right?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. ``said`` is Telegram's own description, or words of ours, without the token in it."""

    status: int
    result: Any = None
    said: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Telegram has done it."""
        return self.status == OK and not self.said

    @property
    def reason(self) -> str:
        """Why it has not, and what to check."""
        hint = _HINTS.get(self.status)
        return f"{self.status} {self.said}" + (f": {hint}" if hint else "")

    @property
    def after_ms(self) -> int:
        """How long Telegram asks to be left alone."""
        asked = self.parameters.get("retry_after")
        if not isinstance(asked, int | float) or not asked > 0:
            return WAIT_MS
        return int(min(asked * 1000, WAIT_MS_MAX))


class BotApi:
    """One bot. Any number of these may exist; each is used by one thread."""

    def __init__(self, *, token: Secret, base_url: str = BASE_URL, connect_s: float = CONNECT_S) -> None:
        """``base_url``: another server that speaks the same."""
        self._token, self._base_url, self._connect_s = token, base_url.rstrip("/"), connect_s
        self._session: requests.Session | None = None
        logging.getLogger("urllib3.connectionpool").addFilter(_names_no_bot)

    @property
    def bot_id(self) -> str:
        """Which bot it is: the part of the token that is no secret."""
        number = self._token.reveal().strip().partition(":")[0]
        return number if number.isdigit() else "bot"

    def call(
        self, method: str, body: dict[str, Any], *, read_s: float = READ_S, within_s: float | None = None
    ) -> Reply:
        """Ask for one thing; ``within_s`` shortens every time-out.

        Raises:
            Unavailable: nothing came back, in the time there was; its text is the name of a type, and nothing else.
        """
        connect_s, wait_s = (min(each, within_s or each) for each in (self._connect_s, read_s))
        try:
            return self._post(method, body, (connect_s, wait_s))
        except (requests.RequestException, OSError, ValueError) as error:
            self.close()
            name = type(error).__name__
        raise Unavailable(name)  # outside of the handler: the other exception holds the address, and goes no further

    def close(self) -> None:
        """Close the connection; the next request opens one again."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _post(self, method: str, body: dict[str, Any], times: tuple[float, float]) -> Reply:
        if self._session is None:
            self._session = requests.Session()
        url = f"{self._base_url}/bot{self._token.reveal().strip()}/{method}"
        # A redirect would carry the token to another host; and the answer is read up to a bound.
        with self._session.post(url, json=body, timeout=times, allow_redirects=False, stream=True) as response:
            said = bytearray()
            for piece in response.iter_content(_PIECE):
                said += piece
                if len(said) > ANSWER_BYTES_MAX:
                    break
        try:
            answer = msgspec.json.decode(bytes(said), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = {}
        if response.status_code == OK and answer.get("ok") is True:
            return Reply(status=OK, result=answer.get("result"))
        words = str(answer.get("description", "an answer that is not Telegram's"))[:REASON_MAX]
        parameters = answer.get("parameters")
        return Reply(
            status=response.status_code,
            # What answers need not be Telegram, and may repeat the address it was asked at.
            said=words.replace(self._token.reveal().strip(), "***") or "no reason",
            parameters=parameters if isinstance(parameters, dict) else {},
        )


def _names_no_bot(record: logging.LogRecord) -> bool:
    """Hold back every line of the HTTP library that names a bot's address."""
    return "/bot" not in record.getMessage()
