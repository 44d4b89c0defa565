"""Who runs the exchange of a folder: read from its lock file, and believed only if the system's lock is held.

A text outlives its writer; a lock does not. So a file left behind by the dead deceives nobody, nor does a process
that happens to have the same number today.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from trading.errors import Unavailable

LOCK: Final = "lock"
HOST: Final = "127.0.0.1"
ANSWER_S_MAX: Final = 2.0
LOOK_S: Final = 0.02  # between two looks at something that is about to happen


class NoExchange(Unavailable):
    """The embedded exchange is not to be had; the text is one sentence that says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who wrote a lock file: 0 if it cannot be told. Without an address it is still starting."""

    pid: int = 0
    url: str = ""

    def answers(self) -> bool:
        """Ask it whether it is there."""
        if not self.url:
            return False
        connection = HTTPConnection(HOST, self.port, timeout=ANSWER_S_MAX)
        try:
            connection.request("GET", "/api/v2/public/test")
            is_there = connection.getresponse().status == 200  # noqa: PLR2004 - OK
        except (OSError, HTTPException):
            is_there = False
        finally:
            connection.close()
        return is_there

    @property
    def port(self) -> int:
        """Where it listens, or listened; 0 if that cannot be told."""
        try:
            return urlsplit(self.url).port or 0
        except ValueError:
            return 0


def holder_of(folder: Path) -> Holder | None:
    """Give who holds the folder now, or None.

    Looking takes the lock for an instant where it is free: not to be used while somebody is about to take it.
    """
    with _opened(folder) as file:
        if file is None:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read(file)
        return None


def written_in(folder: Path) -> Holder:
    """Give who wrote himself into the folder's lock file last, dead or alive."""
    with _opened(folder) as file:
        return Holder() if file is None else _read(file)


@contextmanager
def alone(path: Path, *, deadline: float) -> Iterator[None]:
    """Let only one at a time go on; the others wait. The system lets go of it should its holder die."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as failure:
        raise NoExchange(f"cannot use {path}: {failure.strerror}") from failure
    try:
        while not _locks(file):
            if time.monotonic() > deadline:
                raise NoExchange(f"somebody else has been starting or stopping the exchange for too long ({path})")
            time.sleep(LOOK_S)
        yield
    finally:
        os.close(file)


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    except OSError as failure:
        raise NoExchange(f"cannot read {folder / LOCK}: {failure.strerror}") from failure
    try:
        yield file
    finally:
        os.close(file)


def _locks(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: int) -> Holder:
    """Read a process id and, once it listens, an address. 0 and 1 are nobody's to signal."""
    number, _, url = os.pread(file, 200, 0).decode(errors="replace").strip().partition(" ")
    pid = int(number) if number.isascii() and number.isdecimal() else 0
    return Holder(pid=pid, url=url if url.startswith("ws://") else "") if pid > 1 else Holder()
