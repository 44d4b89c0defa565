"""The page's way in: a cookie for a key. What comes with a cookie and changes something must show that it is ours.

The cookie is `HttpOnly` and `SameSite=Strict`; its hash, not itself, is in the database, so a login outlives a
restart. The token against forged requests is made of the cookie, which no other page can read.
"""

import hashlib
import hmac
from http.cookies import SimpleCookie
from typing import Final
from urllib.parse import parse_qsl

import bottle

from persistence.errors import StoreUnavailable
from persistence.sessions import AGE_MS_MAX
from trading.values import Milliseconds
from webui.access import Who, key_digest
from webui.answers import Problem, header, raw_body
from webui.parts import Parts

COOKIE: Final = "tradebaas_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
_SESSION: Final = "tradebaas.session"
_COOKIE_MAX: Final = 200  # characters; ours has 43
_FIELDS_MAX: Final = 20
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf() -> str:
    """Give the token of this request's session, for its page to send along; empty where there is no session."""
    text = bottle.request.environ.get(_SESSION)
    return "" if text is None else _csrf(str(text))


def is_form() -> bool:
    """Whether the body is a form's."""
    return str(bottle.request.environ.get("CONTENT_TYPE", "")).partition(";")[0] == "application/x-www-form-urlencoded"


def field(name: str) -> str:
    """Give a field of a form; empty when it is not there."""
    if not is_form():
        return ""
    try:
        found = dict(parse_qsl(raw_body().decode("utf-8", "replace"), max_num_fields=_FIELDS_MAX))
    except ValueError:
        return ""
    return found.get(name, "")


class Logins:
    """Opens, recognises and ends sessions."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, Who] = {}  # for when the database cannot be read; replaced whole

    def begin(self, key: str, who: Who, answer: bottle.HTTPResponse) -> None:
        """Log in whoever brought this good key; the answer carries the cookie. Raises StoreUnavailable."""
        secret = self._parts.store.sessions.begin(
            key_digest=key_digest(key), scope=who.scope, name=who.name, at=self._now
        )
        self._set_cookie(answer, secret.reveal(), AGE_MS_MAX // 1000)

    def who(self) -> Who | None:
        """Give whose cookie came along. Raises StoreUnavailable when that cannot be known."""
        text = _cookie()
        if not text:
            return None
        try:
            session = self._parts.store.sessions.find(text, at=self._now)
            is_good = session is not None and self._parts.access.holds(session.key_digest)
        except StoreUnavailable:
            known = self._known.get(key_digest(text))
            if known is None:
                raise
            bottle.request.environ[_SESSION] = text
            return known
        kept = {each: who for each, who in self._known.items() if each != key_digest(text)}
        if session is None or not is_good:
            self._known = kept
            return None
        bottle.request.environ[_SESSION] = text
        who = Who(scope=session.scope, name=session.name)
        self._known = dict(list(kept.items())[-_FIELDS_MAX:]) | {key_digest(text): who}
        return who

    def check_csrf(self) -> None:
        """Refuse what changes something and does not come from a page of ours."""
        if bottle.request.method in _SAFE:
            return
        given = header(CSRF_HEADER) or field(CSRF_FIELD)
        if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf().encode()):
            raise Problem(
                403, "csrf", f"this needs the page's own token: {CSRF_HEADER}, or the form field {CSRF_FIELD}"
            )

    def end(self, answer: bottle.HTTPResponse) -> None:
        """Log out. Raises StoreUnavailable, and then it is not done."""
        text = _cookie()
        if text:
            self._parts.store.sessions.end(text)
            self._known = {each: who for each, who in self._known.items() if each != key_digest(text)}
        self._set_cookie(answer, "", 0)

    def _set_cookie(self, answer: bottle.HTTPResponse, text: str, age_s: int) -> None:
        secure = self._parts.about.secure_cookies or bottle.request.environ.get("wsgi.url_scheme") == "https"
        flags = {"path": "/", "max_age": age_s, "httponly": True, "samesite": "strict"}
        answer.set_cookie(COOKIE, text, **flags, **({"secure": True} if secure else {}))

    @property
    def _now(self) -> Milliseconds:
        return Milliseconds(self._parts.clock.now_ms())


def _cookie() -> str:
    """The cookie's text; bottle's own way decodes what may not be decodable."""
    try:
        found = SimpleCookie(header("Cookie") or "").get(COOKIE)
    except Exception:  # noqa: BLE001 - CookieError, and whatever else a made-up header makes of it
        return ""
    text = "" if found is None else found.value
    return text if len(text) <= _COOKIE_MAX else ""


def _csrf(text: str) -> str:
    return hashlib.sha256(b"csrf:" + text.encode("utf-8", "replace")).hexdigest()[:40]
