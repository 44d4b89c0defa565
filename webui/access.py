"""Who may ask: keys to look with and keys to operate with. Keys given in the settings are held in memory alone.

The command line of the same machine has a key of its own for each life of the process, in a file only its owner may
read; so nobody's own key lies about in clear.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from persistence.access import Scope, Token, Tokens
from persistence.errors import StoreUnavailable
from persistence.secret import Secret
from trading.values import Milliseconds
from webui.left import LOCAL_FILE, Left

LOCAL_NAME: Final = "command line"
TRUSTED_MS: Final = 10_000  # how long a key is good without another look into the database
TRUSTED_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody with a key."""

    scope: Scope
    name: str

    @property
    def may_operate(self) -> bool:
        """Whether the key is for more than looking."""
        return self.scope is Scope.OPERATE


class Access:
    """All keys. ``given`` are those of the settings and of the command line."""

    def __init__(self, tokens: Tokens, given: Iterable[tuple[Secret, Who]], now_ms: Callable[[], int]) -> None:
        self._tokens, self._now_ms = tokens, now_ms
        self._given = {key_digest(secret.reveal()): who for secret, who in given}
        self._trusted: dict[str, tuple[Who, int]] = {}  # replaced whole

    def who(self, text: str) -> Who | None:
        """Say whose key this is; None when it is nobody's. A database in trouble locks out nobody known before.

        Raises:
            StoreUnavailable: the database cannot be read, and this key is not known from before.
        """
        digest, now = key_digest(text), self._now_ms()
        given = self._given.get(digest)
        if given is not None:
            return given
        known = self._trusted.get(digest)
        if known is not None and 0 <= now - known[1] < TRUSTED_MS:
            return known[0]
        try:
            token = self._tokens.check(text, at=Milliseconds(now))
        except StoreUnavailable:
            if known is None:
                raise
            return known[0]
        kept = {each: value for each, value in self._trusted.items() if each != digest}
        if token is None:
            self._trusted = kept
            return None
        who = Who(scope=token.scope, name=token.name)
        self._trusted = dict(list(kept.items())[-TRUSTED_MAX:]) | {digest: (who, now)}
        return who

    def holds(self, digest: str) -> bool:
        """Whether the key with this hash is still good: a login ends with the key it came with.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        return digest in self._given or self._tokens.holds(digest)


def first_tokens(tokens: Tokens, *, given: Iterable[Scope], at: Milliseconds) -> list[tuple[Scope, Secret]]:
    """Make the keys that nobody has yet. They are in clear here and never again: print them.

    ``given`` are the scopes for which the settings have a key.
    """
    held = {token.scope for token in tokens.all() if _is_good(token)} | set(given)
    missing = [scope for scope in (Scope.OPERATE, Scope.OBSERVE) if scope not in held]
    return [(scope, tokens.make(scope, f"first {scope.value} key", at=at)) for scope in missing]


class LocalKey:
    """The command line's key and the address of the service, in a file of the data directory."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCAL_FILE
        self.secret = Secret(secrets.token_urlsafe(32))
        self.who = Who(scope=Scope.OPERATE, name=LOCAL_NAME)

    def write(self, url: str, pid: int) -> None:
        """Leave it where the command line looks; in place of what an earlier life left there."""
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(Left(url=url, token=self.secret.reveal(), pid=pid)))
        beside.replace(self._path)

    def remove(self) -> None:
        """Take it away at an orderly end."""
        self._path.unlink(missing_ok=True)


def _is_good(token: Token) -> bool:
    return token.revoked_at is None


def key_digest(text: str) -> str:
    """Hash a key, as it is kept and compared."""
    # Keys are compared by their hashes, so how long it takes says nothing about how much of one was right.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
