"""In and out of the page: the link printed at the first start, the form, and the way out."""

from typing import Final
from urllib.parse import parse_qsl

import bottle

from persistence.errors import StoreUnavailable
from webui import sessions
from webui.answers import Problem
from webui.gate import Gate, is_link
from webui.pages import login as page
from webui.pages.texts import Words
from webui.parts import Parts

KEY_MAX: Final = 500
_HTML: Final = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}


def mount(app: bottle.Bottle, parts: Parts, gate: Gate) -> None:
    """Put the doors into the application."""
    doors = Doors(parts, gate)
    app.add_hook("before_request", doors.follow_link)
    app.get("/login", callback=doors.form)
    app.post("/login", callback=doors.log_in)
    app.post("/logout", callback=doors.log_out)


class Doors:
    """Trades a key for a cookie, and a cookie for nothing."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate

    def follow_link(self) -> None:
        """Log in who comes with the link of the first start; the key leaves the address at once."""
        if is_link():
            key = dict(parse_qsl(bottle.request.environ["QUERY_STRING"])).get("token", "")
            raise self._with_key(key)

    def form(self) -> bottle.HTTPResponse:
        return bottle.HTTPResponse(page.render(None), 200, _HTML)

    def log_in(self) -> bottle.HTTPResponse:
        return self._with_key(sessions.field("token"))

    def log_out(self) -> bottle.HTTPResponse:
        answer = bottle.HTTPResponse("", 303, {"Location": "/login", "Cache-Control": "no-store"})
        self._gate.logins.end(answer)
        return answer

    def _with_key(self, key: str) -> bottle.HTTPResponse:
        """Answer with the page and a cookie, or with the form and what was wrong."""
        key = key.strip()[:KEY_MAX]
        try:
            who = self._gate.try_key(key)
            if who is None:
                return _form("wrong", 403)
            answer = bottle.HTTPResponse("", 303, {"Location": "/", "Cache-Control": "no-store"})
            self._gate.logins.begin(key, who, answer)
        except StoreUnavailable:
            return _form("unavailable", 503)
        except Problem as problem:
            said = _form("locked", 429)
            said.set_header("Retry-After", problem.get_header("Retry-After"))
            return said
        return answer


def _form(problem: str, status: int) -> bottle.HTTPResponse:
    return bottle.HTTPResponse(page.render(Words(page.language())(f"login.{problem}")), status, _HTML)
