"""A whole house behind the API, with stand-ins that speak: a desk, a clock, and a caller without a socket."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from actors.address import NoAnswer
from actors.journal_board import Beat, Board, Connection, Picture
from actors.subscribers import Subscribers
from persistence.access import Scope
from persistence.secret import Secret
from persistence.store import Store
from supervisor.health import ChildState, Pulse, TreeState
from trading.errors import Unavailable
from trading.messages import desk
from trading.messages.supervision import Phase
from trading.restart import Restart
from webui.access import Access, Who
from webui.app import make_app
from webui.parts import About, Parts
from webui.stream import Streams

OPERATE, OBSERVE = "operate-key", "observe-key"
NOW = 1_700_000_000_000


class StandInClock:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.elapsed_ms = 1_000_000

    def now_ms(self) -> int:
        return NOW + self.elapsed_ms

    def monotonic_ms(self) -> int:
        return self.elapsed_ms

    def passes(self, seconds: float) -> None:
        self.elapsed_ms += int(seconds * 1000)


class StandInDesk:
    """Takes commands, and answers as it was told to."""

    def __init__(self) -> None:
        self.heard: list[desk.Command] = []
        self._answer: desk.Answer | Exception = desk.Answer(
            ok=True, code="done", state="ANALYZING", sentence="it is done"
        )

    def refuses(self, code: str, state: str, sentence: str) -> None:
        self._answer = desk.Answer(ok=False, code=code, state=state, sentence=sentence)

    def is_silent(self) -> None:
        self._answer = NoAnswer("no answer within 5 s")

    def is_gone(self) -> None:
        self._answer = Unavailable("desk is not running")

    def breaks(self, error: Exception) -> None:
        self._answer = error

    def ask(self, command: desk.Command) -> desk.Answer:
        self.heard.append(command)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    pieces: Any
    _body: bytes | None = None

    @property
    def body(self) -> bytes:
        if self._body is None:
            self._body = b"".join(self.pieces)
            self.close()
        return self._body

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found = self.json["error"]
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        if hasattr(self.pieces, "close"):
            self.pieces.close()


def child(name: str, phase: Phase = Phase.RUNNING, **pulse: Any) -> ChildState:
    """An actor of the tree."""
    return ChildState(
        id=name,
        phase=phase,
        generation=1,
        restart=Restart.PERMANENT,
        since_ms=0,
        reason="",
        restarts=0,
        pulse=Pulse(**pulse),
        lost=0,
    )


@dataclass
class House:
    """Everything the API is made of, and the API."""

    store: Store
    settings: dict[str, Any] = field(default_factory=lambda: {"risk": {"mode": "percent", "value": "1"}})
    streams_max: int = 3
    open_metrics: bool = False

    def __post_init__(self) -> None:
        self.clock, self.desk, self.board, self.subscribers = StandInClock(), StandInDesk(), Board(), Subscribers()
        self.children: list[ChildState] = [child("broker"), child("orders")]
        self.phase = Phase.RUNNING
        self.logged: list[str] = []
        self.alerts: list[tuple[str, str]] = []
        self.why_not: dict[str, str] = {}
        self.message: Callable[[], tuple[bool, str]] = lambda: (True, "a test message was sent")
        self.tried: list[tuple[str, str | None, Secret | None]] = []
        given = [
            (Secret(OPERATE), Who(scope=Scope.OPERATE, name="owner")),
            (Secret(OBSERVE), Who(scope=Scope.OBSERVE, name="guest")),
        ]
        self.parts = Parts(
            about=About(
                mode="paper",
                version="9.9",
                worker="w1",
                account="paper",
                started_at=NOW,
                broker={"id": "embedded", "configured": "embedded", "url": "ws://x", "auto_reconnect": False},
                settings=self.settings,
                allowed_hosts=("trade.example.org",),
                streams_max=self.streams_max,
                open_metrics=self.open_metrics,
                cors_origins=("https://desk.example.org",),
            ),
            store=self.store,
            board=self.board,
            subscribers=self.subscribers,
            tree=self.tree,
            ask=self.desk.ask,
            access=Access(self.store.tokens, given, self.clock.now_ms),
            clock=self.clock,
            log=self.logged.append,
            alert=lambda kind, text: self.alerts.append((kind, text)),
            why_not=lambda broker: self.why_not.get(broker, ""),
            try_key=self.tries,
            try_message=self.messages,
        )
        self.streams = Streams(self.parts)
        self.app = make_app(self.parts, self.streams)

    def messages(self) -> tuple[bool, str]:
        return self.message()

    def tries(self, broker: str, client_id: str | None, secret: Secret | None) -> dict[str, Any]:
        self.tried.append((broker, client_id, secret))
        return {"id": broker, "ok": True}

    def tree(self) -> TreeState:
        return TreeState(
            phase=self.phase,
            reason="",
            children=tuple(self.children),
            restarts={},
            abandoned=(),
            fenced=0,
            supervisor=Pulse(),
        )

    def shows(self, **changes: Any) -> None:
        """Change what the journal shows."""
        self.board.picture = replace(self.board.picture, **changes)

    def is_well(self) -> None:
        """Connected, compared, with fresh prices."""
        beat = Beat(at_ms=self.clock.now_ms(), monotonic_ms=self.clock.monotonic_ms())
        link = Connection(is_up=True, reason="", since_ms=NOW)
        self.board.picture = Picture(connection=link, reconciled=True, tick=beat, reconcile=beat, fact=beat)

    # --- calling

    def get(self, path: str, key: str | None = OBSERVE, **headers: str) -> Reply:
        return self.call("GET", path, key, b"", headers)

    def post(self, path: str, body: object = None, key: str | None = OPERATE, **headers: str) -> Reply:
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        return self.call("POST", path, key, raw, headers)

    def put(self, path: str, body: object = None, key: str | None = OPERATE, **headers: str) -> Reply:
        return self.call("PUT", path, key, msgspec.json.encode(body), headers)

    def sends(self, method: str, path: str, body: object, key: str | None = OPERATE, **headers: str) -> Reply:
        return self.call(method, path, key, msgspec.json.encode(body), headers)

    def logs_in(self, key: str = OPERATE, **headers: str) -> Reply:
        """Come by the form, as a browser does."""
        form = {"content_type": "application/x-www-form-urlencoded", **headers}
        return self.call("POST", "/login", None, urlencode({"token": key}).encode(), form)

    def call(self, method: str, path: str, key: str | None, raw: bytes, headers: dict[str, str]) -> Reply:
        parts = urlsplit(path if path.startswith("/") else f"/api/v2/{path}")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "HTTP_HOST": "127.0.0.1:8080",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(raw)),
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
        }
        if key is not None:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        plain = {"content_type": "CONTENT_TYPE", "remote": "REMOTE_ADDR", "scheme": "wsgi.url_scheme"}
        environ |= {plain.get(name, f"HTTP_{name.upper()}"): value for name, value in headers.items()}
        said: list[Any] = []

        def start_response(status: str, head: list[tuple[str, str]], _error: object = None) -> None:
            said[:] = [int(status.split(maxsplit=1)[0]), dict(head)]

        pieces = self.app(environ, start_response)
        return Reply(status=said[0], headers=said[1], pieces=pieces)


def events_of(pieces: Iterator[bytes], count: int) -> list[tuple[str, str | None, Any]]:
    """Read so many events of a stream: kind, id and content. Comments are passed over."""
    found: list[tuple[str, str | None, Any]] = []
    while len(found) < count:
        for block in next(pieces).decode().split("\n\n"):
            lines = dict(
                line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":")
            )
            if "event" in lines:
                found.append((lines["event"], lines.get("id"), msgspec.json.decode(lines["data"])))
    return found
