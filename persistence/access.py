"""Who may ask, and what was answered: access tokens known by their hash alone, and receipts of commands.

A command that comes again under its key is given its first answer, and nothing is done a second time.
"""

import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Any, Final

import msgspec

from persistence.database import Database
from persistence.secret import Secret
from persistence.tables_service import ReceiptRow, TokenRow
from trading.errors import BadInput
from trading.values import Milliseconds

_TOKEN_BYTES: Final = 32  # 256 random bits: a plain hash is enough, there is nothing to guess
_USED_EVERY_MS: Final = 60_000  # how exact `used_at` is


@unique
class Scope(StrEnum):
    """What a token is good for."""

    OBSERVE = "observe"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token without the token."""

    id: int
    scope: Scope
    name: str
    made_at: Milliseconds
    used_at: Milliseconds | None
    revoked_at: Milliseconds | None


class Tokens:
    """The access tokens."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, scope: Scope, name: str, *, at: Milliseconds) -> Secret:
        """Make a token. It is shown this once; only its hash is kept."""
        secret = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
        self.accept(secret, scope, name, at=at)
        return secret

    def accept(self, secret: Secret, scope: Scope, name: str, *, at: Milliseconds) -> None:
        """Take a token that was made elsewhere (the configuration). Known already, it changes nothing."""
        with self._database.write():
            query = TokenRow.insert(scope=scope.value, name=name, digest=_digest(secret.reveal()), made_at=at)
            self._database.run(query.on_conflict_ignore())

    def check(self, text: str, *, at: Milliseconds) -> Token | None:
        """Give whose token this is; None when it is nobody's or revoked."""
        query = TokenRow.select().where((TokenRow.digest == _digest(text)) & TokenRow.revoked_at.is_null())
        row = self._database.row(query)
        if row is None:
            return None
        if row["used_at"] is None or row["used_at"] + _USED_EVERY_MS <= at:
            with self._database.write(durable=False):
                self._database.run(TokenRow.update(used_at=at).where(TokenRow.id == row["id"]))
        return _token(row)

    def holds(self, digest: str) -> bool:
        """Whether there is a token with this hash that is not revoked."""
        return (
            self._database.row(TokenRow.select().where((TokenRow.digest == digest) & TokenRow.revoked_at.is_null()))
            is not None
        )

    def revoke(self, token_id: int, *, at: Milliseconds) -> bool:
        """Take a token out of use; False when it was already."""
        with self._database.write():
            query = TokenRow.update(revoked_at=at).where((TokenRow.id == token_id) & TokenRow.revoked_at.is_null())
            return bool(self._database.run(query))

    def all(self) -> tuple[Token, ...]:
        """Give every token ever made, the oldest first."""
        return tuple(_token(row) for row in self._database.rows(TokenRow.select().order_by(TokenRow.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a command was answered."""

    key: str
    command: str
    status: int
    answer: Any
    at: Milliseconds


class Receipts:
    """Answers by idempotency key. Kept in the transaction of the command: `with store.together():`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, key: str, command: str, body: Any) -> Receipt | None:
        """Give the first answer, or raise BadInput when the key came with another command or body."""
        row = self._database.row(ReceiptRow.select().where(ReceiptRow.key == key))
        if row is None:
            return None
        if row.pop("fingerprint") != fingerprint(command, body):
            raise BadInput("this idempotency key was used for another command", key)
        return Receipt(**row)

    def keep(self, key: str, command: str, body: Any, *, status: int, answer: Any, at: Milliseconds) -> Receipt:
        """Keep an answer. The first one counts: kept again, it is that which comes back."""
        with self._database.write():
            query = ReceiptRow.insert(
                key=key, command=command, fingerprint=fingerprint(command, body), status=status, answer=answer, at=at
            )
            self._database.run(query.on_conflict_ignore())
            kept = self.find(key, command, body)
        assert kept is not None, "a receipt just written is there"
        return kept


def fingerprint(command: str, body: Any) -> str:
    """Hash a command with its body, however its fields were ordered."""
    return _digest(msgspec.json.encode([command, body], order="deterministic").decode())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _token(row: dict[str, Any]) -> Token:
    del row["digest"]
    row["scope"] = Scope(row["scope"])
    return Token(**row)
