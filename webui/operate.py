"""Everything that changes something: one command to the desk, answered when it is on disk.

With an `Idempotency-Key` a command's answer is kept: asked again under the same key it is given again, and nothing is
done a second time. Without an answer in time it is not known whether it was done, and that is what is said.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import bottle
import msgspec
from msgspec import Meta, Struct

from actors.address import NoAnswer
from persistence.access import Scope
from persistence.errors import StoreUnavailable
from persistence.issues import Issue
from trading.errors import BadInput, Unavailable
from trading.messages import desk
from trading.values import InstrumentName, Milliseconds, StrategyName
from webui.answers import Problem, body_as, header, json_answer, missing, raw_body, wrong
from webui.gate import current
from webui.look import is_number
from webui.parts import ANSWER_S, Parts

KEY_MAX: Final = 200
REASON_MAX: Final = 500
PANIC: Final = "panic"

_STATUS: Final = {"unknown": 404, "unavailable": 503}
"""By the code of the desk's answer; any other refusal is a state that does not allow it."""


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """A command that needs no more words."""


class HaltBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why nothing may open."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_MAX)] = "by hand"


class ReconnectBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the strategies that the lost connection paused go on."""

    resume: bool = False


class PanicBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The second confirmation."""

    confirm: str = ""


class ResolveBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person chose."""

    choice: str


def mount(app: bottle.Bottle, api: str, parts: Parts) -> None:
    """Put every address of this module into the application."""
    operate = Operate(parts)
    verbs: dict[str, Callable[[StrategyName, str], desk.Command]] = {
        "start": lambda name, by: desk.StartStrategy(name=name, by=by),
        "pause": lambda name, by: desk.PauseStrategy(name=name, by=by),
        "resume": lambda name, by: desk.ResumeStrategy(name=name, by=by),
        "stop": lambda name, by: desk.StopStrategy(name=name, by=by),
        "close": lambda name, by: desk.CloseStrategy(name=name, by=by),
    }
    plain: dict[str, Callable[[str], desk.Command]] = {
        "broker/connect": lambda by: desk.Connect(by=by),
        "broker/disconnect": lambda by: desk.Disconnect(by=by),
        "reconcile": lambda by: desk.Reconcile(by=by),
        "unhalt": lambda by: desk.Unhalt(by=by),
        "alerts/acknowledge": lambda by: desk.Acknowledge(by=by),
    }
    handlers: dict[str, Callable[..., Any]] = {
        "halt": operate.halt,
        "panic": operate.panic,
        "broker/reconnect": operate.reconnect,
        "issues/<name>/resolve": operate.resolve,
    }
    handlers |= {f"strategies/<name>/{verb}": functools.partial(operate.strategy, make) for verb, make in verbs.items()}
    handlers |= {path: functools.partial(operate.plain, make) for path, make in plain.items()}
    for path, handler in handlers.items():
        app.post(f"{api}/{path}", callback=handler, scope=Scope.OPERATE)


class Operate:
    """Commands to the desk."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._under_way: set[str] = set()

    def strategy(self, make: Callable[[StrategyName, str], desk.Command], name: str) -> bottle.HTTPResponse:
        """Start, pause, resume, stop or close one strategy."""
        body_as(Nothing)
        return self._obey(make(StrategyName(name), _by()))

    def plain(self, make: Callable[[str], desk.Command]) -> bottle.HTTPResponse:
        """Give a command that needs nothing but who gave it."""
        body_as(Nothing)
        return self._obey(make(_by()))

    def halt(self) -> bottle.HTTPResponse:
        """Open nothing anywhere."""
        return self._obey(desk.Halt(reason=body_as(HaltBody).reason, by=_by()))

    def panic(self) -> bottle.HTTPResponse:
        """Halt, cancel entries and flatten everything; only with the second confirmation."""
        if body_as(PanicBody).confirm != PANIC:
            raise wrong("confirm", f'must be "{PANIC}": this closes every position of ours at market')
        return self._obey(desk.Panic(by=_by()))

    def reconnect(self) -> bottle.HTTPResponse:
        """Connect again after a lost connection."""
        return self._obey(desk.Reconnect(by=_by(), resume=body_as(ReconnectBody).resume))

    def resolve(self, name: str) -> bottle.HTTPResponse:
        """Choose what becomes of a finding."""
        choice = body_as(ResolveBody).choice
        issue = self._parts.store.issues.get(int(name)) if is_number(name) else None
        if issue is None:
            raise missing("issue", name)
        return self._obey(lambda: self._resolution(issue, choice))

    @staticmethod
    def _resolution(issue: Issue, choice: str) -> desk.Command:
        finding = issue.finding
        if issue.resolution is not None:
            sentence = f"this is resolved already: {issue.resolution} by {issue.resolved_by}"
            raise Problem(409, "conflict", sentence, state="resolved")
        if choice not in finding.actions:
            raise wrong("choice", f"must be one of {', '.join(finding.actions) or 'nothing: it goes by itself'}")
        if finding.instrument is None:
            raise Problem(409, "conflict", "this is about no instrument, so there is nothing to decide", state="open")
        return desk.ResolveIssue(instrument=InstrumentName(finding.instrument), choice=choice, by=_by())

    # --- asking

    def _obey(self, command: desk.Command | Callable[[], desk.Command]) -> bottle.HTTPResponse:
        """Ask the desk, once for each key."""
        key = header("Idempotency-Key")
        if key is None:
            status, content = self._ask(command)
            return json_answer(content, status)
        if not 1 <= len(key) <= KEY_MAX or not key.isprintable():
            raise wrong("Idempotency-Key", f"must have 1 to {KEY_MAX} printable characters")
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
            status, content = self._ask(command)
            try:
                now = Milliseconds(self._parts.clock.now_ms())
                receipts.keep(key, what, body, status=status, answer=content, at=now)
            except StoreUnavailable as error:  # it is done all the same; only a repetition would be done again
                self._parts.log(f"the receipt of {what} could not be kept: {error}")
            return json_answer(content, status)

    def _ask(self, command: desk.Command | Callable[[], desk.Command]) -> tuple[int, dict[str, Any]]:
        """Give the status and content of the desk's answer. Raises Problem when it said no, or nothing."""
        asked = command() if callable(command) else command
        try:
            answer = self._parts.ask(asked)
        except NoAnswer:
            sentence = f"no answer within {ANSWER_S:.0f} s; it may still be done: look before you ask again"
            raise Problem(504, "no_answer", sentence) from None
        except Unavailable as error:
            raise Problem(503, "unavailable", f"{error}; nothing was done", retry_s=1) from None
        if not answer.ok:
            status = _STATUS.get(answer.code, 409)
            code = "not_found" if status == 404 else answer.code  # noqa: PLR2004 - as everywhere else here
            raise Problem(status, code, answer.sentence, state=answer.state or None)
        return 200, {"ok": True, "code": answer.code, "state": answer.state, "sentence": answer.sentence}

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


def _by() -> str:
    return f"{current().name} (web)"


def _canonical(raw: bytes) -> Any:
    """The body as a value; it was decoded before, so it is JSON."""
    return msgspec.json.decode(raw or b"{}")
