"""The folder that holds everything the service remembers: private to its owner, and used by one process at a time."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import msgspec

from persistence.errors import AlreadyRunning
from trading.errors import ConfigError
from trading.values import Milliseconds

DATABASE: Final = "tradebaas.sqlite3"
BACKUPS: Final = "backups"
KEY: Final = "credentials.key"
LOCK: Final = "lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock."""

    pid: int
    worker: str
    since: Milliseconds


class DataDir:
    """The folder and its parts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / DATABASE
        self.backups = folder / BACKUPS
        self.key = folder / KEY
        self.lock = folder / LOCK

    def prepare(self) -> Self:
        """Make what is missing, and take away everybody else's rights to what is there."""
        try:
            for folder in (self.folder, self.backups):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                keep_private(folder)
            # SQLite gives its other files the rights of the first one.
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT, 0o600))
            for file in (self.database, self.key, *self.folder.glob(f"{DATABASE}-*"), *self.backups.iterdir()):
                if file.is_file():
                    keep_private(file)
        except OSError as error:
            raise ConfigError([f"the data directory {self.folder} cannot be used: {error.strerror}"]) from error
        return self


class Lock:
    """The right to use a data directory. The system takes it back when the process ends, however it ends."""

    def __init__(self, data_dir: DataDir, *, worker: str, pid: int, at: Milliseconds) -> None:
        """Take it, or raise AlreadyRunning."""
        self._handle = os.open(data_dir.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        keep_private(data_dir.lock)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = holder(data_dir)
            os.close(self._handle)
            who = "another process" if held is None else f"process {held.pid} (worker {held.worker})"
            raise AlreadyRunning([f"{who} is using {data_dir.folder} already; stop it first"]) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, msgspec.json.encode(Holder(pid=pid, worker=worker, since=at)), 0)
        self._open = True

    def release(self) -> None:
        """Give it back. Told twice it changes nothing."""
        if self._open:
            self._open = False
            os.ftruncate(self._handle, 0)
            os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def holder(data_dir: DataDir) -> Holder | None:
    """Give who wrote himself into the lock file; None when nobody did. He may be gone."""
    try:
        return msgspec.json.decode(data_dir.lock.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None


def keep_private(path: Path) -> None:
    """Take away what group and others may do."""
    mode = path.stat().st_mode
    if mode & 0o077:
        path.chmod(mode & 0o700)
