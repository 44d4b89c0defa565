"""Single questions to an exchange over HTTP, for commands that look once and end. The service itself never uses it."""

import time
from typing import Any, Final

import requests

from persistence.secret import Secret
from trading.errors import Unavailable

ANSWER_S_MAX: Final = 10.0


class NoAnswer(Unavailable):
    """Nobody answered, or something that is no exchange."""


class SaidNo(Exception):
    """The exchange refused; ``code`` is its own."""

    def __init__(self, code: int, sentence: str) -> None:
        """Keep both."""
        super().__init__(f"{sentence} ({code})" if code else sentence)
        self.code, self.sentence = code, sentence


class ExchangeHttp:
    """One exchange. Nothing is asked twice, and nothing here changes anything there."""

    def __init__(self, websocket_url: str) -> None:
        """Its HTTP address is beside that of its WebSocket."""
        self.url = websocket_url.replace("ws", "http", 1).replace("/ws/api/v2", "/api/v2")
        self._session = requests.Session()
        self._token = ""

    def log_in(self, client_id: str, secret: Secret) -> tuple[str, ...]:
        """Log in once and give what the key may do. Raises NoAnswer, SaidNo."""
        grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret.reveal()}
        granted = self.ask("public/auth", **grant)
        self._token = str(granted.get("access_token", ""))
        return tuple(str(granted.get("scope", "")).split())

    def skew_ms(self) -> tuple[int, int]:
        """How far its clock is ahead of ours, and how long the answer took. Raises NoAnswer, SaidNo."""
        asked, began = time.time(), time.monotonic()
        told = int(self.ask("public/get_time"))
        took = time.monotonic() - began
        return int(told - (asked + took / 2) * 1000), int(took * 1000)

    def ask(self, method: str, **params: object) -> Any:
        """Ask something. Raises NoAnswer, SaidNo."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            found = self._session.post(self.url, json=call, headers=headers, timeout=ANSWER_S_MAX).json()
        except (requests.RequestException, ValueError) as error:
            # Its own text could hold the key.
            raise NoAnswer(f"no answer from {self.url} ({type(error).__name__})") from None
        if not isinstance(found, dict) or not found.keys() & {"result", "error"}:
            raise NoAnswer(f"what answers at {self.url} is no exchange")
        if "error" in found:
            told = found["error"] if isinstance(found["error"], dict) else {}
            raise SaidNo(int(told.get("code", 0)), str(told.get("message", "refused")))
        return found["result"]

    def close(self) -> None:
        """Close the connection."""
        self._session.close()
