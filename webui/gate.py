"""What everybody must pass before anything else: a host name of ours, a key, and no more requests than sensible."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

import bottle

from persistence.errors import StoreUnavailable
from webui.access import Who
from webui.answers import Problem, header
from webui.buckets import Buckets
from webui.parts import Parts

WHO: Final = "tradebaas.who"
# Many times what a page and a few commands need; a loop gone wild is stopped, a person never is.
ASKS_BURST, ASKS_PER_S = 300, 100.0
FAILURES_BURST, FAILURES_PER_S = 20, 0.2


class Gate:
    """Looks at everybody who comes in, before anything else does."""

    def __init__(self, parts: Parts) -> None:
        about = parts.about
        self._parts = parts
        self._hosts = {"localhost", *(host.lower() for host in about.allowed_hosts)}
        self._open = {"/", "/health"} | ({"/metrics"} if about.open_metrics else set())
        now_ms = parts.clock.monotonic_ms
        self._asks = Buckets(burst=ASKS_BURST, per_s=ASKS_PER_S, now_ms=now_ms)
        self._failures = Buckets(burst=FAILURES_BURST, per_s=FAILURES_PER_S, now_ms=now_ms)

    def check(self) -> None:
        """Let the request through, or raise Problem. Bottle calls it before it looks for a route."""
        request = bottle.request
        host = header("Host") or ""
        if not self._is_our_host(host):
            raise Problem(403, "host_refused", "this host name is not one of ours; web.allowed_hosts lists them")
        origin = header("Origin")
        if origin and request.method not in {"GET", "HEAD"} and urlsplit(origin).netloc.lower() != host.lower():
            raise Problem(403, "origin_refused", "this comes from another site")
        if request.path in self._open:
            return
        who = self._who()
        wait_s = self._asks.take(who.name)
        if wait_s:
            raise Problem(429, "too_many", "too many requests with this key", retry_s=wait_s)
        request.environ[WHO] = who

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

    def _who(self) -> Who:
        """Whose key came with the request, or Problem. A good key always gets in: a person may be in a hurry."""
        scheme, _, text = (header("Authorization") or "").partition(" ")
        try:
            who = self._parts.access.who(text.strip()) if scheme.lower() == "bearer" and text.strip() else None
        except StoreUnavailable:
            raise Problem(
                503, "store_unavailable", "the database cannot be read, so this key cannot be checked"
            ) from None
        if who is not None:
            return who
        wait_s = self._failures.take(bottle.request.environ.get("REMOTE_ADDR", ""))
        if wait_s:
            raise Problem(429, "too_many", "too many attempts without a good key", retry_s=wait_s)
        refused = Problem(401, "login_needed", "this needs a key: Authorization: Bearer <key>")
        refused.set_header("WWW-Authenticate", "Bearer")
        raise refused


def current() -> Who:
    """Give who asks."""
    who = bottle.request.environ[WHO]
    assert isinstance(who, Who)
    return who
