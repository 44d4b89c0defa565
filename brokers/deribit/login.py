"""Logging in, staying logged in, and what the answer says the key may do.

A token is renewed at 80 % of its life by its refresh token, else by a full login. No answer is retried a bounded
number of times; a wrong key never.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any

from brokers.deribit.read import mapping, text, text_or_empty, whole
from trading.errors import BadInput
from trading.values import Milliseconds

ATTEMPTS_MAX = 3
_RENEW_AT_PERCENT = 80
_LIFE_S_MIN = 5  # a token that lives shorter would be renewed without pause
_LIFE_S_MAX = 10 * 366 * 24 * 3600
RETRY_MS = 5_000


@unique
class Way(StrEnum):
    """How to prove who we are."""

    CREDENTIALS = "client_credentials"
    SIGNATURE = "client_signature"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credentials:
    """A key. It never shows its secret, whoever prints it."""

    client_id: str
    client_secret: str
    way: Way = Way.CREDENTIALS
    scope: str = ""

    def __repr__(self) -> str:
        """Show which key, not its secret."""
        return f"Credentials({self.client_id!r}, ***)"


def signature(secret: str, timestamp: int, nonce: str, extra: str = "") -> str:
    """Sign a login as Deribit wants it: HMAC-SHA256 over time, nonce and extra text, as lower-case hex."""
    return hmac.new(secret.encode(), f"{timestamp}\n{nonce}\n{extra}".encode(), hashlib.sha256).hexdigest()


def login_params(credentials: Credentials, server_now: Milliseconds, ref: int) -> dict[str, Any]:
    """Give the parameters of a full login. The nonce is a function of the request, so a replay repeats it."""
    scope = {"scope": credentials.scope} if credentials.scope else {}
    if credentials.way is Way.CREDENTIALS:
        return {
            "grant_type": credentials.way.value,
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret,
            **scope,
        }
    # Unique per key as long as time moves: no two requests share a millisecond and a number.
    nonce = f"{server_now:x}{ref:x}"
    return {
        "grant_type": credentials.way.value,
        "client_id": credentials.client_id,
        "timestamp": int(server_now),
        "nonce": nonce,
        "data": "",
        "signature": signature(credentials.client_secret, server_now, nonce),
        **scope,
    }


def refresh_params(refresh_token: str) -> dict[str, Any]:
    """Give the parameters of a renewal."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grant:
    """What a login gave."""

    refresh_token: str
    scopes: tuple[str, ...]
    renew_at: Milliseconds
    until: Milliseconds

    def __repr__(self) -> str:
        """Show all but the token."""
        return f"Grant({self.scopes}, until={self.until})"


def read_grant(raw: object, sent_at: Milliseconds) -> Grant:
    """Read the answer to a login. The life of a token is counted from when we asked: rather too early than late."""
    found = mapping(raw, "a login's answer")
    text(found, "access_token")
    life_s = whole(found, "expires_in")
    if life_s < _LIFE_S_MIN:
        raise BadInput("a login that ends at once", life_s)
    life_ms = min(life_s, _LIFE_S_MAX) * 1000
    return Grant(
        refresh_token=text_or_empty(found, "refresh_token"),
        scopes=tuple(text_or_empty(found, "scope").split()),
        renew_at=Milliseconds(sent_at + life_ms * _RENEW_AT_PERCENT // 100),
        until=Milliseconds(sent_at + life_ms),
    )
