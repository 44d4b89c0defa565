"""Logging in and out, signs of life, cancel on disconnect."""

from typing import Any, Final

from exchange.errors import Refusal, bad_param
from exchange.methods.registry import ACCOUNT, ACCOUNT_WRITE, Call, method
from exchange.params import Param

VERSION: Final = "1.2.26"
HEARTBEAT_MIN_S: Final = 10
_NORMAL_CLOSE: Final = 1000
_NEEDS: Final = {
    "client_credentials": ("client_id", "client_secret"),
    "client_signature": ("client_id", "timestamp", "signature"),
    "refresh_token": ("refresh_token",),
}
_SCOPE: Final = Param("scope", choices=("connection", "account"), default="connection")


@method(
    "public/auth",
    Param("grant_type", required=True, choices=tuple(_NEEDS)),
    Param("client_id"),
    Param("client_secret"),
    Param("refresh_token"),
    Param("timestamp", "integer"),
    Param("signature"),
    Param("nonce"),
    Param("data"),
    Param("state"),
    Param("scope"),
)
def auth(call: Call) -> Any:
    """Log in, or renew a login."""
    for name in _NEEDS[call.params["grant_type"]]:
        if name not in call.params:
            raise bad_param(name, "value is required")
    session = call.session
    came_in = session.grant is None
    login = call.floor.gate.login(call.params, session, call.now_ms)
    if came_in and session.grant is not None and call.floor.engine.accounts[session.grant.account].cod_account:
        session.cod = True  # the account's default, for sockets that come after it was set
    return login


@method(
    "public/exchange_token",
    Param("refresh_token", required=True),
    Param("subject_id", "integer", required=True),
    Param("scope", default=""),
)
def exchange_token(call: Call) -> Any:
    """A login for another account of the same owner."""
    subject = call.params["subject_id"]
    names = {account.user_id: name for name, account in call.floor.engine.accounts.items()}
    return call.floor.gate.exchange(
        call.params["refresh_token"], names.get(subject), call.params.get("scope", ""), call.session, call.now_ms
    )


@method("public/fork_token", Param("refresh_token", required=True), Param("session_name", required=True))
def fork_token(call: Call) -> Any:
    """A second session with the same rights."""
    return call.floor.gate.fork(call.params["refresh_token"], call.params["session_name"], call.session, call.now_ms)


@method("private/logout", Param("invalidate_token", "flag", default=True), needs_socket=True)
def logout(call: Call) -> Any:
    """Ends the socket without an answer, and without cancelling anything."""
    if call.params["invalidate_token"] and call.grant is not None:
        call.floor.gate.logout(call.grant)
    call.session.cod = False
    call.floor.sessions.close(call.session, call.now_ms, _NORMAL_CLOSE, "")


@method("public/hello", Param("client_name", required=True), Param("client_version", required=True), needs_socket=True)
def hello(_call: Call) -> Any:
    """The client says who it is; nobody cares."""
    return {"version": VERSION}


@method("public/test", Param("expected_result", choices=("exception",)))
def test(call: Call) -> Any:
    """A sign of life; it is the answer to a test_request."""
    if "expected_result" in call.params:
        raise Refusal(11094)
    call.floor.sessions.answered(call.session)
    return {"version": VERSION}


@method("public/get_time")
def get_time(call: Call) -> Any:
    """The exchange's clock, in milliseconds."""
    return call.floor.clock_ms(call.now_ms)


@method("public/status")
def status(call: Call) -> Any:
    """Which indexes are locked. `locked` is a text, not a boolean."""
    markets = call.floor.engine.markets.values()
    indexes = {market.spec.price_index for market in markets}
    locked = sorted({market.spec.price_index for market in markets if market.state == "locked"})
    if not locked:
        return {"locked": "false"}
    return {"locked": "true" if len(locked) == len(indexes) else "partial", "locked_indices": locked}


@method("public/set_heartbeat", Param("interval", "number", required=True), needs_socket=True)
def set_heartbeat(call: Call) -> Any:
    """Ask for test_requests."""
    interval = call.params["interval"]
    if interval < HEARTBEAT_MIN_S:
        raise bad_param("interval", f"must be at least {HEARTBEAT_MIN_S}")
    call.floor.sessions.set_heartbeat(call.session, float(interval), call.now_ms)
    return "ok"


@method("public/disable_heartbeat", needs_socket=True)
def disable_heartbeat(call: Call) -> Any:
    """No more test_requests."""
    call.floor.sessions.set_heartbeat(call.session, None, call.now_ms)
    return "ok"


@method("private/enable_cancel_on_disconnect", _SCOPE, scope=ACCOUNT_WRITE)
def enable_cancel_on_disconnect(call: Call) -> Any:
    """This socket's orders go when it goes; with scope account, so do those of sockets opened later."""
    return _set_cod(call, enabled=True)


@method("private/disable_cancel_on_disconnect", _SCOPE, scope=ACCOUNT_WRITE)
def disable_cancel_on_disconnect(call: Call) -> Any:
    """Orders outlive their socket again."""
    return _set_cod(call, enabled=False)


def _set_cod(call: Call, *, enabled: bool) -> str:
    if call.params["scope"] == "account":
        call.account.cod_account = enabled
    elif not call.session.is_ws:
        raise Refusal(10030)
    call.session.cod = enabled and call.session.is_ws
    return "ok"


@method("private/get_cancel_on_disconnect", _SCOPE, scope=ACCOUNT)
def get_cancel_on_disconnect(call: Call) -> Any:
    """Is it on?"""
    scope = call.params["scope"]
    if scope == "connection" and not call.session.is_ws:
        raise Refusal(10030)
    return {"scope": scope, "enabled": call.account.cod_account if scope == "account" else call.session.cod}
