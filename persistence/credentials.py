"""Keys of brokers, sealed in the database with a key that lies beside it in a file of its own.

So a copy of the database, and every backup, is worthless without that file. Who can read both can read the keys: on
one machine nothing better can be had without a person at each start. docs/decisions/0006 says more.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from persistence.data_dir import keep_private
from persistence.database import Database
from persistence.secret import Secret
from persistence.tables_service import CredentialRow
from trading.errors import ConfigError
from trading.values import Milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a broker wants to see at the door."""

    broker: str
    client_id: str
    client_secret: Secret


class Vault:
    """The credentials, sealed and opened with one key file (0600), made when it is first needed."""

    def __init__(self, database: Database, key_file: Path) -> None:
        self._database = database
        self._key_file = key_file

    def put(self, credentials: Credentials, *, at: Milliseconds) -> None:
        """Keep a broker's credentials in place of those before."""
        from cryptography.fernet import Fernet  # noqa: PLC0415 - 10 MB of memory that paper trading does without

        plain = (credentials.broker, credentials.client_id, credentials.client_secret.reveal())
        sealed = Fernet(self._key(make=True)).encrypt(msgspec.json.encode(plain))
        with self._database.write():
            query = CredentialRow.insert(broker=credentials.broker, sealed=sealed, changed_at=at)
            self._database.run(query.on_conflict_replace())

    def get(self, broker: str) -> Credentials | None:
        """Give a broker's credentials; None when there are none. ConfigError when the key does not fit."""
        row = self._database.row(CredentialRow.select().where(CredentialRow.broker == broker))
        if row is None:
            return None
        from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - as above

        try:
            plain = Fernet(self._key(make=False)).decrypt(bytes(row["sealed"]))
        except (InvalidToken, ValueError) as error:
            sentence = f"the credentials of {broker} cannot be opened with {self._key_file}: enter them again"
            raise ConfigError([sentence]) from error
        whose, client_id, client_secret = msgspec.json.decode(plain, type=tuple[str, str, str])
        if whose != broker:
            raise ConfigError([f"the credentials stored for {broker} are those of {whose}: enter them again"])
        return Credentials(broker=broker, client_id=client_id, client_secret=Secret(client_secret))

    def drop(self, broker: str) -> bool:
        """Forget a broker's credentials; False when there were none."""
        with self._database.write():
            return bool(self._database.run(CredentialRow.delete().where(CredentialRow.broker == broker)))

    def brokers(self) -> tuple[str, ...]:
        """Give whose credentials are kept."""
        return tuple(
            row["broker"] for row in self._database.rows(CredentialRow.select().order_by(CredentialRow.broker))
        )

    def _key(self, *, make: bool) -> bytes:
        from cryptography.fernet import Fernet  # noqa: PLC0415 - as above

        if not self._key_file.exists():
            if not make:
                raise ConfigError([f"{self._key_file} is missing: without it stored credentials cannot be opened"])
            handle = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
        keep_private(self._key_file)
        return self._key_file.read_bytes()
