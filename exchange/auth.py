"""Logging in: keys, grants, tokens and scopes.

A grant is one login: an access token that expires, a refresh token that works once, and what both allow.
With scope `connection` it dies with its socket; with `session:<name>` it lives on, at most 16 names per key.
"""

import hmac
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from hashlib import sha256
from random import Random
from typing import Any, Final

from exchange.errors import Refusal
from exchange.scopes import Scope, granted
from exchange.sessions import Session
from exchange.settings import Key

SIGNATURE_WINDOW_MS: Final = 60_000
NAMED_SESSIONS: Final = 16
_KEPT_GRANTS: Final = 10_000
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TOKEN_LENGTH: Final = 48
_TIME_LENGTH: Final = 18  # digits of a timestamp that can be a timestamp


class Grant:
    """One login."""

    __slots__ = (
        "access_token",
        "account",
        "client_id",
        "expires_ms",
        "key",
        "refresh_token",
        "revoked",
        "scope",
        "session_id",
        "sid",
    )

    def __init__(self, key: Key, scope: Scope, session_id: int, expires_ms: int, tokens: tuple[str, str, str]) -> None:
        self.key = key
        self.client_id = key.client_id
        self.account = key.account
        self.scope = scope
        self.session_id = session_id  # the socket it belongs to; 0 = any
        self.expires_ms = expires_ms
        self.access_token, self.refresh_token, self.sid = tokens
        self.revoked = False

    def is_good(self, now_ms: int) -> bool:
        return not self.revoked and now_ms < self.expires_ms


def unauthorized(reason: str = "invalid_token") -> Refusal:
    """13009, as Deribit words it."""
    return Refusal(13009, data={"reason": reason})


def signature_of(secret: str, timestamp: int | str, nonce: str, signed: str) -> str:
    """What a client_signature has to be: `signed` is the data, or the request of an HTTP call."""
    text = f"{timestamp}\n{nonce}\n{signed}"
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


class Gate:
    """Who may come in, and as whom."""

    def __init__(self, *, keys: Mapping[str, Key], rng: Random, token_lifetime_s: int) -> None:
        self._keys = keys
        self._rng = rng
        self._lifetime_s = token_lifetime_s
        self._by_access: dict[str, Grant] = {}  # oldest first
        self._by_refresh: dict[str, Grant] = {}
        self._named: dict[str, dict[str, list[Grant]]] = {}  # client_id -> session name -> its grants
        self._nonces: dict[tuple[str, str], int] = {}  # -> when it was used first

    # --- ways in

    def login(self, params: Mapping[str, Any], session: Session, now_ms: int) -> dict[str, Any]:
        """public/auth: the result. The socket itself is authorised from here on. Raises Refusal."""
        match params["grant_type"]:
            case "refresh_token":
                grant = self._refresh(params, session, now_ms)
            case "client_signature":
                signed = (params.get("data", ""),)
                key = self._signed(params, params["signature"], signed, now_ms, Refusal(13004))
                if "nonce" in params:
                    self._use_nonce(key, params["nonce"], now_ms, Refusal(13004))
                grant = self._grant(key, params.get("scope", ""), session, now_ms)
            case _:
                key = self._known(params["client_id"], params["client_secret"])
                grant = self._grant(key, params.get("scope", ""), session, now_ms)
        if session.is_ws:
            session.grant = grant
        shown = self.shown(grant, now_ms)
        if "state" in params:
            shown["state"] = params["state"]
        return shown

    def by_header(self, header: str, calls: tuple[str, ...], session: Session, now_ms: int) -> Grant:
        """The grant that an Authorization header stands for; a signed call signs one of `calls`."""
        kind, _, rest = header.strip().partition(" ")
        match kind.lower():
            case "bearer":
                return self.by_token(rest.strip(), session, now_ms)
            case "basic":
                try:
                    client_id, _, secret = b64decode(rest.strip(), validate=True).decode().partition(":")
                except (Base64Error, UnicodeDecodeError) as error:
                    raise Refusal(13004) from error
                key = self._known(client_id, secret)
            case "deri-hmac-sha256":
                pairs = (pair.strip().partition("=") for pair in rest.split(","))
                fields = {name: value for name, _, value in pairs}
                given = {
                    "client_id": fields.get("id", ""),
                    "nonce": fields.get("nonce"),
                    "timestamp": fields.get("ts", "0"),
                }
                key = self._signed(given, fields.get("sig", ""), calls, now_ms, unauthorized("bad_signature"))
                self._use_nonce(key, fields.get("nonce", ""), now_ms, unauthorized("nonce_reused"))
            case _:
                raise unauthorized("unknown_authorization_scheme")
        return Grant(key, granted("", key.scope), 0, now_ms + 1, ("", "", ""))

    def by_token(self, access_token: str, session: Session, now_ms: int) -> Grant:
        """The grant of an access token, if it is good on this session. Raises Refusal."""
        grant = self._by_access.get(access_token)
        if grant is None or not grant.is_good(now_ms):
            raise unauthorized()
        if grant.session_id not in {0, session.id}:
            raise unauthorized()
        if grant.scope.address is not None and grant.scope.address != session.address:
            raise unauthorized("ip_not_allowed")
        return grant

    # --- renewing and ending

    def fork(self, refresh_token: str, name: str, session: Session, now_ms: int) -> dict[str, Any]:
        """public/fork_token: the same rights under another session name; the old chain goes on."""
        grant = self._by_refresh.get(refresh_token)
        if grant is None or grant.revoked:
            raise unauthorized()
        asked = f"{grant.scope.levels_text} session:{name}"
        return self.shown(self._grant(grant.key, asked, session, now_ms), now_ms)

    def exchange(
        self, refresh_token: str, account: str | None, scope: str, session: Session, now_ms: int
    ) -> dict[str, Any]:
        """public/exchange_token: here every account stands alone, so only the key's own can be switched to."""
        grant = self._by_refresh.get(refresh_token)
        if grant is None or grant.revoked:
            raise unauthorized()
        if account != grant.account:
            raise Refusal(13021)
        self._revoke(grant)
        renewed = self._grant(grant.key, scope or grant.scope.text, session, now_ms)
        if session.is_ws:
            session.grant = renewed
        return self.shown(renewed, now_ms)

    def logout(self, grant: Grant) -> None:
        """The whole session's tokens are void."""
        name = grant.scope.session_name
        same = [] if name is None else self._named.get(grant.client_id, {}).pop(name, [])
        for entry in (grant, *same):
            self._revoke(entry)

    def socket_closed(self, session: Session) -> None:
        """Tokens of scope `connection` die with their socket."""
        grant = session.grant
        if grant is not None and grant.session_id == session.id:
            self._revoke(grant)

    def shown(self, grant: Grant, now_ms: int) -> dict[str, Any]:
        """The result of a login."""
        return {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "expires_in": (grant.expires_ms - now_ms) // 1000,
            "scope": grant.scope.text,
            "token_type": "bearer",
            "sid": grant.sid,
            "enabled_features": [],
        }

    # --- parts

    def _known(self, client_id: str, secret: str) -> Key:
        key = self._keys.get(client_id)
        if key is None or not hmac.compare_digest(key.client_secret.encode(), secret.encode()):
            raise Refusal(13004)
        return key

    def _signed(
        self, given: Mapping[str, Any], signature: str, texts: tuple[str, ...], now_ms: int, refusal: Refusal
    ) -> Key:
        """The key whose secret signed this, within the window."""
        key = self._keys.get(given["client_id"])
        nonce = given.get("nonce")
        timestamp = str(given["timestamp"])
        if key is None or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > _TIME_LENGTH:
            raise refusal
        expected = [signature_of(key.client_secret, timestamp, nonce or "", text) for text in texts]
        if not any(hmac.compare_digest(one.encode(), signature.encode()) for one in expected):
            raise refusal
        if abs(now_ms - int(timestamp)) > SIGNATURE_WINDOW_MS:
            raise refusal
        return key

    def _use_nonce(self, key: Key, nonce: str, now_ms: int, refusal: Refusal) -> None:
        """A nonce is good once: whoever recorded a signature must not be able to use it again. Raises the refusal."""
        for used, used_ms in list(self._nonces.items()):
            if used_ms + 2 * SIGNATURE_WINDOW_MS > now_ms:
                break
            del self._nonces[used]
        if (key.client_id, nonce) in self._nonces:
            raise refusal
        self._nonces[key.client_id, nonce] = now_ms

    def _refresh(self, params: Mapping[str, Any], session: Session, now_ms: int) -> Grant:
        """A new link of the chain; the old one is used up."""
        old = self._by_refresh.get(params["refresh_token"])
        if old is None or old.revoked:
            raise unauthorized()
        if old.session_id not in {0, session.id}:
            raise unauthorized()
        self._revoke(old)
        return self._grant(old.key, params.get("scope") or old.scope.text, session, now_ms)

    def _grant(self, key: Key, asked: str, session: Session, now_ms: int) -> Grant:
        scope = granted(asked, key.scope)
        if scope.address is not None and scope.address != session.address:
            raise Refusal(13004)
        lifetime_s = self._lifetime_s if scope.expires_s is None else min(scope.expires_s, self._lifetime_s)
        bound = session.id if scope.session_name is None and session.is_ws else 0
        tokens = self._token(now_ms), self._token(now_ms), self._text(8)
        grant = Grant(key, scope, bound, now_ms + 1000 * lifetime_s, tokens)
        self._by_access[grant.access_token] = grant
        self._by_refresh[grant.refresh_token] = grant
        if scope.session_name is not None:
            self._remember_name(grant, scope.session_name)
        while len(self._by_access) > _KEPT_GRANTS:
            self._revoke(next(iter(self._by_access.values())))
        return grant

    def _remember_name(self, grant: Grant, name: str) -> None:
        names = self._named.setdefault(grant.client_id, {})
        names.setdefault(name, []).append(grant)
        names[name] = [entry for entry in names[name] if not entry.revoked]
        if len(names) > NAMED_SESSIONS:
            for evicted in names.pop(next(iter(names))):
                self._revoke(evicted)

    def _revoke(self, grant: Grant) -> None:
        grant.revoked = True
        self._by_access.pop(grant.access_token, None)
        self._by_refresh.pop(grant.refresh_token, None)

    def _token(self, now_ms: int) -> str:
        return f"{now_ms}.1{self._text(8)}.{self._text(_TOKEN_LENGTH)}"

    def _text(self, length: int) -> str:
        return "".join(self._rng.choices(_ALPHABET, k=length))
