"""The way from the command line to the running service: its address and key lie in the data directory.

Only the standard library: a command that asks something should be there before one has looked up.
"""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from tradebaas.settings import Settings
from webui.left import left_in

TIMEOUT_S: Final = 10.0  # longer than a command may take inside
NOT_RUNNING: Final = (
    "the service is not running (nothing answers at {url}); `tradebaas run` starts it. If it runs, ask from the"
    " folder in which it was started, or with its --data-dir"
)
WRONG_KEY: Final = (
    "the service at {url} does not take this key; is web.operate_token of these settings the one it was started with?"
)
_OK, _UNAUTHORIZED = 200, 401


class NotRunning(Exception):
    """Nobody answers where the service should be."""


class SaidNo(Exception):
    """The service answered, and the answer is no. The sentence is for people."""

    def __init__(self, status: int, code: str, sentence: str, content: object) -> None:
        """Keep the answer whole."""
        super().__init__(sentence)
        self.status, self.code, self.content = status, code, content


class Client:
    """Asks the service. Nothing is asked twice by itself."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        # No proxy: one of the machine's has no business between us.
        self._connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)

    def get(self, path: str, **query: object) -> Any:
        """Look at something."""
        given = urlencode({key: value for key, value in query.items() if value is not None})
        return self._ask("GET", f"{path}?{given}" if given else path, None)

    def post(self, path: str, body: object = None) -> Any:
        """Have something done."""
        return self._ask("POST", path, msgspec.json.encode({} if body is None else body))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        try:
            self._connection.request(method, f"/api/v2/{path}", body, self._headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except TimeoutError:
            self.close()
            raise SaidNo(
                0, "no_answer", f"no answer within {TIMEOUT_S:.0f} s: look before you ask again", None
            ) from None
        except (OSError, HTTPException):
            self.close()
            raise NotRunning(NOT_RUNNING.format(url=self.url)) from None
        try:
            content = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            raise NotRunning(f"what answers at {self.url} is not this service") from None
        if answer.status == _OK:
            return content
        error = content.get("error", {}) if isinstance(content, dict) else {}
        sentence = error.get("sentence", answer.reason)
        if answer.status == _UNAUTHORIZED:
            sentence = WRONG_KEY.format(url=self.url)
        raise SaidNo(answer.status, error.get("code", "http"), sentence, content)


def find(settings: Settings) -> Client:
    """Give a client of the service these settings describe.

    Raises:
        NotRunning: there is no sign of one.
    """
    left = left_in(settings.service.data_dir)
    if left is not None:
        return Client(left.url, left.token)
    web = settings.web
    url = f"http://{web.host}:{web.port}"
    if web.operate_token is None:
        raise NotRunning(NOT_RUNNING.format(url=url))
    return Client(url, web.operate_token.reveal())
