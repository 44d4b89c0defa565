"""How a command is given: once for each idempotency key, and answered when it is on disk.

With an `Idempotency-Key` a command's answer is kept: asked again under the same key it is given again, and nothing is
done a second time. Without an answer in time it is not known whether it was done, and that is what is said.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import bottle
import msgspec

from actors.address import NoAnswer
from persistence.errors import StoreUnavailable
from trading.errors import BadInput, Unavailable
from trading.messages import desk
from trading.values import Milliseconds
from webui.answers import Problem, header, json_answer, raw_body, wrong
from webui.buckets import Buckets
from webui.gate import current
from webui.parts import ANSWER_S, Parts

KEY_MAX: Final = 200
KEY_PATTERN: Final = r"^[\t -~]*[!-~][\t -~]*$"
HEAVY_BURST, HEAVY_PER_S = 5, 0.2
"""For what costs more than a look: a copy of the database, a login at an exchange."""

_STATUS: Final = {"unknown": 404, "unavailable": 503}
"""By the code of the desk's answer; any other refusal is a state that does not allow it."""

Content = dict[str, Any]


class Commands:
    """Everything that changes something goes through here."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._heavy = Buckets(burst=HEAVY_BURST, per_s=HEAVY_PER_S, now_ms=parts.clock.monotonic_ms)

    def obey(self, command: desk.Command | Callable[[], desk.Command]) -> bottle.HTTPResponse:
        """Ask the desk, once for each key."""
        return self.once(lambda: self.ask(command() if callable(command) else command))

    def once(self, work: Callable[[], Content]) -> bottle.HTTPResponse:
        """Do it, once for each key, and answer with what it gives. What raises is not kept."""
        key = header("Idempotency-Key")
        if key is None:
            return json_answer(work())
        if len(key) > KEY_MAX or not re.fullmatch(KEY_PATTERN, key):
            raise wrong("Idempotency-Key", f"must have 1 to {KEY_MAX} printable characters of ASCII")
        with self._alone(key):
            what, body = f"{bottle.request.method} {bottle.request.path}", _canonical(raw_body())
            receipts = self._parts.store.receipts
            try:
                known = receipts.find(key, what, body)
            except BadInput as error:
                raise Problem(409, "key_reused", error.reason, state="used") from None
            if known is not None:
                again = json_answer(known.answer, known.status)
                again.set_header("Idempotent-Replay", "true")
                return again
            content = work()
            try:
                receipts.keep(key, what, body, status=200, answer=content, at=self.now())
            except StoreUnavailable as error:  # it is done all the same; only a repetition would be done again
                self._parts.log(f"the receipt of {what} could not be kept: {error}")
            return json_answer(content)

    def ask(self, command: desk.Command) -> Content:
        """Give the content of the desk's answer. Raises Problem when it said no, or nothing."""
        try:
            answer = self._parts.ask(command)
        except NoAnswer:
            sentence = f"no answer within {ANSWER_S:.0f} s; it may still be done: look before you ask again"
            raise Problem(504, "no_answer", sentence) from None
        except Unavailable as error:
            raise Problem(503, "unavailable", f"{error}; nothing was done", retry_s=1) from None
        if not answer.ok:
            status = _STATUS.get(answer.code, 409)
            code = "not_found" if status == 404 else answer.code  # noqa: PLR2004 - as everywhere else here
            raise Problem(status, code, answer.sentence, state=answer.state or None)
        return {"ok": True, "code": answer.code, "state": answer.state, "sentence": answer.sentence}

    def heavy(self) -> None:
        """Let one through that costs more than a look. Raises Problem when there were too many."""
        wait_s = self._heavy.take(current().name)
        if wait_s:
            raise Problem(429, "too_many", "this costs more than a look; not so often", retry_s=wait_s)

    def now(self) -> Milliseconds:
        """The time to write down."""
        return Milliseconds(self._parts.clock.now_ms())

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Let one request under a key through at a time."""
        with self._lock:
            if key in self._under_way:
                raise Problem(409, "under_way", "a command with this key is being done", state="under_way", retry_s=1)
            self._under_way.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._under_way.discard(key)


def by() -> str:
    """Who gives the command, for the record."""
    return f"{current().name} (web)"


def _canonical(raw: bytes) -> Any:
    """The body as a value; it was decoded before, so it is JSON."""
    return msgspec.json.decode(raw or b"{}")
