"""The API put together: where everything is, and the one place that catches everything."""

import functools
from collections.abc import Callable
from typing import Any, Final

import bottle

from persistence.access import Scope
from persistence.errors import StoreUnavailable
from trading.errors import TradingError
from webui import cors, health, login, metrics, openapi, pages, routes
from webui.answers import Problem, json_answer
from webui.chosen import Chosen
from webui.commands import Commands
from webui.gate import Gate, current
from webui.look import Look
from webui.operate import Operate
from webui.pages import trouble
from webui.parts import Parts
from webui.routes import API, Rooms
from webui.settle import Settle
from webui.stream import Streams

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form of ours would come without its origin
}
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

Handler = Callable[..., Any]


def make_app(parts: Parts, streams: Streams | None = None) -> bottle.Bottle:
    """Make the WSGI application. ``streams`` is what a server stops when it ends."""
    app = bottle.Bottle()
    app.config["json.enable"] = False  # we write our JSON ourselves
    gate = Gate(parts)
    counts = metrics.Counts()
    app.add_hook("before_request", functools.partial(_check, gate))
    app.add_hook("after_request", functools.partial(_finish, counts))
    app.default_error_handler = _error_page
    app.install(_Answered(parts.log))
    streams = streams or Streams(parts)
    registry = metrics.registry(parts, streams, counts)

    app.get("/health", callback=lambda: health.answer(parts))
    app.get("/metrics", callback=lambda: metrics.answer(registry))
    app.get(f"{API}/stream", callback=streams.open)
    chosen, commands = Chosen(parts), Commands(parts)
    rooms = Rooms(
        look=Look(parts, streams, chosen),
        operate=Operate(parts, commands),
        settle=Settle(parts, commands, chosen),
    )
    routes.mount(app, rooms)
    app.get(f"{API}/openapi.json", callback=lambda: json_answer(openapi.document(parts.about.version)))
    login.mount(app, parts, gate)
    pages.mount(app, parts, streams)
    return app


class _Answered:
    """Bottle's plugin around every handler: the key must do, and whatever is raised becomes an answer."""

    api = 2
    name = "answered"

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log

    def apply(self, handler: Handler, route: Any) -> Handler:
        needs = route.config.get("scope", Scope.OBSERVE)

        @functools.wraps(handler)
        def answered(**given: Any) -> Any:
            try:
                if needs is Scope.OPERATE:
                    _must_operate()
                return handler(**given)
            except Problem as refused:
                raise trouble.shown(refused) from None
            except bottle.HTTPResponse:
                raise
            except StoreUnavailable as error:
                problem = Problem(503, "store_unavailable", f"the database does not answer: {error}")
            except TradingError as error:
                problem = Problem(400, "refused", str(error))
            except Exception as error:  # noqa: BLE001 - the error page: the one place here that catches everything
                self._log(f"{bottle.request.method} {bottle.request.path}: {type(error).__name__}: {error}")
                problem = Problem(500, "internal", "something is wrong in the service itself; its log says what")
            raise trouble.shown(problem)

        return answered


def _check(gate: Gate) -> None:
    """Whoever is not let through is told in the way he can read."""
    try:
        gate.check()
    except Problem as problem:
        raise trouble.shown(problem) from None


def _must_operate() -> None:
    if not current().may_operate:
        raise Problem(403, "not_allowed", "this key is for looking only")


def _finish(counts: metrics.Counts) -> None:
    response = bottle.response
    for name, value in HEADERS.items():
        response.set_header(name, value)
    if "Content-Security-Policy" not in response.headers:
        _set_policy(response)
    cors.finish()
    counts.answered(bottle.response.status_code)


def _set_policy(response: bottle.BaseResponse) -> None:
    is_page = str(response.content_type).startswith("text/html")
    response.set_header("Content-Security-Policy", PAGE_POLICY if is_page else API_POLICY)


def _error_page(error: bottle.HTTPError) -> bytes:
    """Give bottle's own errors (404, 405, 500) the shape of all the others, or a page to a person."""
    codes = {404: ("not_found", "there is nothing at this address"), 405: ("method", "not with this method")}
    code, sentence = codes.get(error.status_code, ("http", str(error.status_line)))
    answer = trouble.shown(Problem(error.status_code, code, sentence))
    bottle.response.set_header("Content-Type", answer.get_header("Content-Type"))
    bottle.response.set_header("Cache-Control", "no-store")
    _set_policy(bottle.response)  # the hook after a request has run before this
    body = answer.body
    return body.encode() if isinstance(body, str) else bytes(body)
