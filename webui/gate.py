"""What everybody must pass before anything else: a host name of ours, a key or a login, and no more than sensible."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import bottle

from persistence.errors import StoreUnavailable
from webui import cors
from webui.access import Who, key_digest
from webui.answers import Problem, header
from webui.buckets import Buckets
from webui.lockout import Lockout
from webui.parts import Parts
from webui.sessions import Logins

WHO: Final = "tradebaas.who"
# Many times what a page and a few commands need; a loop gone wild is stopped, a person never is.
ASKS_BURST, ASKS_PER_S = 300, 100.0
API: Final = "/api/"
STATIC: Final = "/static/"
METRICS: Final = "/metrics"
_LOOKING: Final = frozenset({"GET", "HEAD"})


class Gate:
    """Looks at everybody who comes in, before anything else does."""

    def __init__(self, parts: Parts) -> None:
        about = parts.about
        self._parts = parts
        self._hosts = {"localhost", *(host.lower() for host in about.allowed_hosts)}
        self._open = {"/health", "/login"} | ({METRICS} if about.open_metrics else set())
        self._asks = Buckets(burst=ASKS_BURST, per_s=ASKS_PER_S, now_ms=parts.clock.monotonic_ms)
        self._lockout = Lockout(now_ms=parts.clock.monotonic_ms, alert=parts.alert)
        self.logins = Logins(parts)

    def check(self) -> None:
        """Let the request through, or raise an answer. Bottle calls it before it looks for a route."""
        request = bottle.request
        host = header("Host") or ""
        if not self._is_our_host(host):
            raise Problem(403, "host_refused", "this host name is not one of ours; web.allowed_hosts lists them")
        is_foreign = self._check_origin(host)
        if request.path in self._open or is_link() or (request.path.startswith(STATIC) and request.method in _LOOKING):
            return
        who = self._with_key() if header("Authorization") is not None or is_foreign else self._with_cookie()
        wait_s = self._asks.take(who.name)
        if wait_s:
            raise Problem(429, "too_many", "too many requests with this key", retry_s=wait_s)
        request.environ[WHO] = who

    def try_key(self, key: str) -> Who | None:
        """Give whose key this is; None when it is nobody's. One locked address is not looked at at all.

        Raises:
            Problem: this address brought too many wrong keys.
            StoreUnavailable: the database cannot be read.
        """
        address, digest = bottle.request.environ.get("REMOTE_ADDR", ""), key_digest(key)
        wait_s = self._lockout.wait_s(address)
        if wait_s and not self._lockout.is_known(address, digest):
            raise Problem(429, "too_many", "too many attempts without a good key", retry_s=wait_s)
        who = self._parts.access.who(key) if key else None
        if who is None:
            self._lockout.failed(address)
        else:
            self._lockout.succeeded(address, digest)
        return who

    # --- who it is

    def _with_key(self) -> Who:
        scheme, _, text = (header("Authorization") or "").partition(" ")
        try:
            who = self.try_key(text.strip() if scheme.lower() == "bearer" else "")
        except StoreUnavailable:
            raise _cannot_check("this key") from None
        if who is None:
            raise _login_needed()
        return who

    def _with_cookie(self) -> Who:
        try:
            who = self.logins.who()
        except StoreUnavailable:
            raise _cannot_check("this login") from None
        if who is not None:
            self.logins.check_csrf()
            return who
        request = bottle.request
        is_page = request.method in _LOOKING and not request.path.startswith(API) and request.path != METRICS
        if is_page:
            raise bottle.HTTPResponse("", 303, {"Location": "/login", "Cache-Control": "no-store"})
        raise _login_needed()

    # --- where from

    def _check_origin(self, host: str) -> bool:
        """Whether it comes from another site, one that is allowed to; what may not, is refused."""
        request, origin = bottle.request, header("Origin")
        if origin is None:
            if request.method not in _LOOKING and header("Sec-Fetch-Site") in {"cross-site", "same-site"}:
                raise _refused_origin()
            return False
        if _netloc(origin) == host.lower():
            return False
        if origin in self._parts.about.cors_origins and request.path.startswith(API):
            cors.allow(origin)
            return True
        if request.method in _LOOKING:
            return False
        raise _refused_origin()

    def _is_our_host(self, host: str) -> bool:
        """Addresses always are: a page of somebody else's can only point a *name* of his at us."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        if name.lower() in self._hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def is_link() -> bool:
    """Whether this is the login link that is printed at the first start."""
    request = bottle.request
    query = request.environ.get("QUERY_STRING", "")
    return bool(request.path == "/" and request.method == "GET" and query.startswith("token="))


def current() -> Who:
    """Give who asks."""
    who = bottle.request.environ[WHO]
    assert isinstance(who, Who)
    return who


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _login_needed() -> Problem:
    refused = Problem(401, "login_needed", "this needs a key: Authorization: Bearer <key>")
    refused.set_header("WWW-Authenticate", "Bearer")
    return refused


def _refused_origin() -> Problem:
    return Problem(403, "origin_refused", "this comes from another site")


def _cannot_check(what: str) -> Problem:
    return Problem(503, "store_unavailable", f"the database cannot be read, so {what} cannot be checked")
