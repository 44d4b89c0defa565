"""Who is logged in to the page. A cookie is known by its hash alone, and ends by itself: unused, or simply old."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from persistence.access import Scope
from persistence.database import Database
from persistence.secret import Secret
from persistence.tables_service import SessionRow
from trading.values import Milliseconds

IDLE_MS_MAX: Final = 24 * 3_600_000
AGE_MS_MAX: Final = 14 * 24 * 3_600_000
KEPT_MAX: Final = 50
"""Sessions at once; with one more, the one that was not used for the longest time ends."""
_SEEN_EVERY_MS: Final = 60_000  # how exact `seen_at` is
_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login. ``key_digest`` is the hash of the key that opened it."""

    key_digest: str
    scope: Scope
    name: str
    made_at: Milliseconds
    seen_at: Milliseconds

    @property
    def ends_at(self) -> int:
        """When it ends if nobody comes."""
        return min(self.seen_at + IDLE_MS_MAX, self.made_at + AGE_MS_MAX)


class Sessions:
    """The logins that have not ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, *, key_digest: str, scope: Scope, name: str, at: Milliseconds) -> Secret:
        """Log somebody in; the secret is for the cookie and is not kept here."""
        secret = Secret(secrets.token_urlsafe(_BYTES))
        with self._database.write():
            self._forget_old(at)
            fields = {"key_digest": key_digest, "scope": scope.value, "name": name, "made_at": at, "seen_at": at}
            self._database.run(SessionRow.insert(digest=_digest(secret.reveal()), **fields))
        return secret

    def find(self, text: str, *, at: Milliseconds) -> Session | None:
        """Give whose cookie this is; None when it is nobody's or has ended. Being found keeps it from falling idle."""
        digest = _digest(text)
        row = self._database.row(SessionRow.select().where(SessionRow.digest == digest))
        if row is None:
            return None
        del row["digest"]
        found = Session(**{**row, "scope": Scope(row["scope"])})
        if at >= found.ends_at:
            return None
        if found.seen_at + _SEEN_EVERY_MS <= at:
            with self._database.write(durable=False):
                self._database.run(SessionRow.update(seen_at=at).where(SessionRow.digest == digest))
        return found

    def end(self, text: str) -> bool:
        """Log out; False when nobody was logged in with it."""
        with self._database.write():
            return bool(self._database.run(SessionRow.delete().where(SessionRow.digest == _digest(text))))

    def end_all(self, key_digest: str | None = None) -> int:
        """Log everybody out, or everybody who came with one key; give how many that were."""
        query = SessionRow.delete()
        if key_digest is not None:
            query = query.where(SessionRow.key_digest == key_digest)
        with self._database.write():
            return int(self._database.run(query))

    def _forget_old(self, at: Milliseconds) -> None:
        ended = (SessionRow.seen_at <= at - IDLE_MS_MAX) | (SessionRow.made_at <= at - AGE_MS_MAX)
        self._database.run(SessionRow.delete().where(ended))
        kept = SessionRow.select(SessionRow.digest).order_by(SessionRow.seen_at.desc()).limit(KEPT_MAX - 1)
        self._database.run(SessionRow.delete().where(SessionRow.digest.not_in(kept)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
