"""Telegram's side of a real socket, as the tests want it to answer: messages to a chat, and a chat's messages."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

CHAT = 42
HOLDS_S_MAX = 2.0  # a question with nothing to tell is held so long; Telegram would hold it longer


class Bot:
    """Telegram's side: answers as it is told, in order, then takes everything."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        """Every request but the questions for updates."""
        self.answers: list[tuple[int, Any]] = []
        self.polls: list[dict[str, Any]] = []
        self.poll_answers: list[tuple[int, Any]] = []
        self.hangs = threading.Event()
        self._updates: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._next_id = 1_000
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm: ClassVar[bool] = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                is_poll = self.path.endswith("/getUpdates")
                status, answer = bot._polled(body) if is_poll else bot._asked(self.path, body)
                if status == 0:
                    bot.hangs.wait(20)
                    return
                said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{bot.port}/elsewhere")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its parent's word
                """Print nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Who asked may be gone."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def refuses(self, status: int, description: str = "", **parameters: Any) -> None:
        """Put in an answer as Telegram words it."""
        self.answers.append((status, _no(status, description, parameters)))

    def refuses_to_be_read(self, status: int, description: str = "", **parameters: Any) -> None:
        """Put in an answer to the next question for updates."""
        self.poll_answers.append((status, _no(status, description, parameters)))

    def close(self) -> None:
        self.hangs.set()
        with self._changed:
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # A person writes.

    def writes(self, text: str, *, chat: int = CHAT, age_s: float = 0, **fields: Any) -> int:
        """A person writes into a chat; gives the number of the update."""
        message = {
            "message_id": 7,
            "date": int(time.time() - age_s),
            "chat": {"id": chat, "type": "private"},
            "from": {"id": chat, "is_bot": False, "first_name": "Ann"},
            "text": text,
        }
        return self.tells({"message": message | fields})

    def tells(self, update: Any) -> int:
        """Something happens of which the bot is told."""
        with self._changed:
            self._next_id += 1
            self._updates.append({"update_id": self._next_id, **update})
            self._changed.notify_all()
            return self._next_id

    @property
    def said(self) -> list[str]:
        """Every text that was sent, in order."""
        return [body["text"] for path, body in self.got if path.endswith("/sendMessage")]

    def _asked(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.got.append((path, body))
        if path.endswith("/getMe"):
            return 200, {"ok": True, "result": {"id": 1, "is_bot": True, "username": "OurBot"}}
        return self.answers.pop(0) if self.answers else (200, {"ok": True, "result": {}})

    def _polled(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Give what is newer than the offset; all that is older is forgotten, as Telegram does."""
        self.polls.append(body)
        if self.poll_answers:
            return self.poll_answers.pop(0)
        until = time.monotonic() + min(float(body.get("timeout", 0)), HOLDS_S_MAX)
        with self._changed:
            self._updates = [update for update in self._updates if update["update_id"] >= body.get("offset", 0)]
            while not self._updates and not self.hangs.is_set():
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return 200, {"ok": True, "result": self._updates[: int(body.get("limit", 100))]}


def _no(status: int, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"ok": False, "error_code": status, "description": description, "parameters": parameters}
