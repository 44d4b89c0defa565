"""The counter where requests are served.

Is there such a method, may this caller, can they pay, are the parameters in order; and then the method itself.
"""

from typing import Any, Final, NamedTuple

from exchange import params as wire
from exchange.auth import Grant, unauthorized
from exchange.credits import DEFAULT
from exchange.errors import Refusal
from exchange.floor import Floor
from exchange.methods import METHODS, Call, Method
from exchange.rpc import Request
from exchange.sessions import Session

DURING_MAINTENANCE: Final = frozenset(
    {
        "public/test",
        "public/get_time",
        "public/status",
        "public/hello",
        "public/set_heartbeat",
        "public/disable_heartbeat",
    }
)


class OutOfCreditsError(Refusal):
    """10028: the answer is the last thing this session gets."""


class Wish(NamedTuple):
    """A request and in whose name it came."""

    request: Request
    grant: Grant | None  # what it was authorised by when it reached us, good or not


class Desk:
    """Serves one request at a time, completely."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def authorise(self, session: Session, request: Request, header: Grant | None, now_ms: int) -> Grant | None:
        """In whose name the request comes: its own token, its header, or the socket's login. Raises Refusal."""
        token = request.params.get("access_token")
        if isinstance(token, str) and request.method.startswith("private/"):
            grant = self._floor.gate.by_token(token, session, now_ms)
            if session.is_ws and (session.grant is None or not session.grant.is_good(now_ms)):
                session.grant = grant
            return grant
        if header is not None:
            return header
        return session.grant

    def serve(self, session: Session, wish: Wish, now_ms: int) -> Any:
        """The result. Raises Refusal."""
        floor, request, grant = self._floor, wish.request, wish.grant
        method = METHODS.get(request.method)
        live = grant is not None and (grant.is_good(now_ms) or session.ended)
        self._charge(session, grant if live else None, DEFAULT if method is None else method.bucket, now_ms)
        if method is None:
            raise Refusal(-32601)
        if floor.maintenance and method.name not in DURING_MAINTENANCE:
            raise Refusal(11051)
        if method.needs_socket and not session.is_ws:
            raise Refusal(10030)
        if method.is_private:
            self._check_rights(method, grant, live=live)
        params = wire.read(method.params, request.params, as_text=request.as_text)
        account = floor.engine.accounts[grant.account] if grant is not None and live else None
        return method.run(Call(floor, session, grant if live else None, account, params, now_ms))

    def _charge(self, session: Session, grant: Grant | None, bucket: str, now_ms: int) -> None:
        if not self._floor.credits.spend(owner_of(session, grant), bucket, now_ms):
            raise OutOfCreditsError(10028)

    @staticmethod
    def _check_rights(method: Method, grant: Grant | None, *, live: bool) -> None:
        if grant is None or not live:
            raise unauthorized()
        if method.scope and not grant.scope.allows(method.scope):
            raise Refusal(13021)


def owner_of(session: Session, grant: Grant | None) -> str:
    """Who pays: the account, or the address before there is one."""
    return f"address:{session.address}" if grant is None else f"account:{grant.account}"


def may_land_late(request: Request) -> bool:
    """A request on its way survives its socket only if it changes something: nobody is left to read an answer."""
    method = METHODS.get(request.method)
    return method is not None and method.scope.endswith("read_write")
