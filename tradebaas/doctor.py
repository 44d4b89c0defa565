"""What must be well before anybody trusts the service with money, looked at from outside and told in words.

Each check says what it found and, when that is not good, what to do next. `tradebaas doctor` prints them. What needs
the exchange is in `doctor_exchange`. Nothing here changes anything but the note that all was well.
"""

import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import Final

from persistence import backup
from persistence.data_dir import DataDir, holder
from persistence.errors import StoreUnavailable
from persistence.migrate import steps
from tradebaas.settings import Mode, Settings
from trading.errors import TradingError

FREE_BYTES_MIN: Final = 200 * 1024 * 1024
FREE_BYTES_GOOD: Final = 1024 * 1024 * 1024
OTHERS: Final = 0o077
_MIB: Final = 1024 * 1024


@unique
class Verdict(StrEnum):
    """How it stands. WARN is for a person to judge; FAIL must be mended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    found: str
    next: str = ""


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name=name, verdict=Verdict.OK, found=found)


def warn(name: str, found: str, following: str) -> Check:
    """A person should know."""
    return Check(name=name, verdict=Verdict.WARN, found=found, next=following)


def fail(name: str, found: str, following: str) -> Check:
    """This must be mended."""
    return Check(name=name, verdict=Verdict.FAIL, found=found, next=following)


def running_as(settings: Settings) -> int | None:
    """The process that has the data directory now; None when nobody has."""
    data_dir = DataDir(settings.service.data_dir)
    try:
        file = os.open(data_dir.lock, os.O_RDONLY)
    except OSError:
        return None
    try:
        # The text outlives its writer, the lock does not.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        held = holder(data_dir)
        return 0 if held is None else held.pid
    finally:
        os.close(file)
    return None


def local_checks(settings: Settings) -> Iterator[Check]:
    """Everything on this machine, one after the other."""
    source = settings.source
    where = "no file: the built-in settings, on paper" if source is None else str(source)
    yield ok("settings", f"{where}; mode {settings.service.mode.value}")
    yield from _private(settings)
    yield _disk(settings.service.data_dir)
    yield _database(settings)
    pid = running_as(settings)
    yield ok("service", "does not run now" if pid is None else f"runs as process {pid}, and nobody else here may")
    if pid is None:
        yield _port(settings)


def _private(settings: Settings) -> Iterator[Check]:
    """Whether others on this machine could read a key."""
    folder = settings.service.data_dir
    source, broker, telegram = settings.source, settings.broker, settings.telegram
    secret_files = {path for path in (broker.client_secret_file, telegram.token_file) if path is not None}
    has_secrets = bool(settings.secrets())
    wanted: list[Path] = [*secret_files, *([source] if source is not None and has_secrets else [])]
    data_dir = DataDir(folder)
    wanted += [folder, data_dir.backups, data_dir.database, data_dir.key, folder / "api.json"]
    open_ones = [path for path in wanted if path.exists() and path.stat().st_mode & OTHERS]
    foreign = [path for path in wanted if path.exists() and path.stat().st_uid != os.geteuid()]
    if open_ones:
        words = " ".join(str(path) for path in open_ones)
        yield fail("permissions", f"others may read {words}", f"chmod go= {words}")
    elif foreign:
        words = " ".join(str(path) for path in foreign)
        yield fail("permissions", f"{words} belong to another user", f"chown {os.geteuid()} {words}")
    else:
        yield ok("permissions", "only you can read keys, database and backups")
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        yield fail("permissions", f"{folder} cannot be written", f"chmod u+rwx {folder}")


def _disk(folder: Path) -> Check:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    found = f"{free // _MIB:,} MiB free for {folder}"
    if free < FREE_BYTES_MIN:
        return fail("disk", found, "make room: without it nothing new can be opened")
    if free < FREE_BYTES_GOOD:
        return warn("disk", found, "make room soon: backups and the log of events grow")
    return ok("disk", found)


def _database(settings: Settings) -> Check:
    file = DataDir(settings.service.data_dir).database
    if not file.exists() or not file.stat().st_size:
        return ok("database", "not made yet; the first start makes it")
    try:
        version = backup.look_through(file)
    except (StoreUnavailable, TradingError) as error:
        return fail("database", str(error), "restore the newest good copy: tradebaas backups, tradebaas restore FILE")
    newest = len(steps())
    size = file.stat().st_size // 1024
    later = "" if version == newest else f"; the next start brings it from schema {version} to {newest}"
    return ok("database", f"sound, {size:,} KiB, schema {version}{later}")


def _port(settings: Settings) -> Check:
    web = settings.web
    if not web.port:
        return ok("port", "a free one will be taken")
    try:
        with socket.create_server((web.host.strip("[]"), web.port)):
            pass
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return fail("port", f"{web.host}:{web.port} is taken by another program", "set web.port to a free one")
        return fail("port", f"{web.host}:{web.port} cannot be used: {error.strerror}", "set web.host and web.port")
    return ok("port", f"{web.host}:{web.port} is free")


def chosen_broker(configured: Settings, counting: Settings) -> Iterator[Check]:
    """Which broker all this is about, when that is not the file's."""
    if counting.broker.id != configured.broker.id:
        yield ok("broker", f"looked at as {counting.broker.id}; the file says {configured.broker.id}")


def live_lock(settings: Settings, problems: tuple[str, ...]) -> Check | None:
    """The second lock in front of real money; nothing outside of live mode."""
    if settings.service.mode is not Mode.LIVE:
        return None
    if problems:
        return warn("real money", "; ".join(problems), "do it when everything else here is well")
    return ok("real money", "confirmed by a person for this worker and key")
