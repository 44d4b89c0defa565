"""The way from the command line to the running service: its address and key lie in the data directory."""

from typing import Any, Final

import msgspec
import requests

from tradebaas.settings import Settings
from webui.left import left_in

TIMEOUT_S: Final = 10.0  # longer than a command may take inside
NOT_RUNNING: Final = "the service is not running (nothing answers at {url}); `tradebaas run` starts it"


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
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine has no business between us
        self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: object) -> Any:
        """Look at something."""
        return self._ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    def post(self, path: str, body: object = None) -> Any:
        """Have something done."""
        return self._ask("POST", path, data=msgspec.json.encode({} if body is None else body))

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._session.request(method, f"{self.url}/api/v2/{path}", timeout=TIMEOUT_S, **more)
        except requests.Timeout:
            raise SaidNo(
                0, "no_answer", f"no answer within {TIMEOUT_S:.0f} s: look before you ask again", None
            ) from None
        except requests.RequestException:
            raise NotRunning(NOT_RUNNING.format(url=self.url)) from None
        try:
            content = msgspec.json.decode(answer.content)
        except msgspec.DecodeError:
            raise NotRunning(f"what answers at {self.url} is not this service") from None
        if answer.ok:
            return content
        error = content.get("error", {}) if isinstance(content, dict) else {}
        raise SaidNo(answer.status_code, error.get("code", "http"), error.get("sentence", answer.reason), content)


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
