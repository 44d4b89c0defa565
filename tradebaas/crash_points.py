"""Ends the process on purpose, at a named point: right before or after a commit, a request, or a reply.

    TRADEBAAS_CRASH_POINTS=FILE      writes the name of every point passed into the file, a line each
    TRADEBAAS_CRASH_AT=NAME[#n]      dies (SIGKILL, no clean-up) the first or n-th time at that point

So the list of points is found by running the service, never written by hand. On paper only, and without these
variables there is nothing to pass.
"""

import os
import re
import signal
import threading
from collections.abc import Mapping
from typing import Final

from tradebaas.settings import Mode
from trading.errors import ConfigError

AT: Final = "TRADEBAAS_CRASH_AT"
POINTS: Final = "TRADEBAAS_CRASH_POINTS"
_SHAPE: Final = re.compile(r"(?P<name>[^\s#]+)(#(?P<nth>[1-9][0-9]*))?")


class CrashPoints:
    """Told every point that is passed, by any thread."""

    def __init__(self, name: str = "", nth: int = 1, record: str = "") -> None:
        """Die at ``name`` the ``nth`` time; write every name into the file ``record``."""
        self._name, self._left = name, nth
        self._lock = threading.Lock()
        self._file = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if record else None

    def __call__(self, name: str) -> None:
        """Pass a point, or die there."""
        if self._file is not None:
            os.write(self._file, f"{name}\n".encode())
        if name != self._name:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def read(environment: Mapping[str, str], mode: Mode) -> CrashPoints | None:
    """Give what the environment asks for; None, as it is nearly always, when it asks for nothing.

    Raises:
        ConfigError: it asks for it where money is real, or for something that is no point.
    """
    at, record = environment.get(AT, ""), environment.get(POINTS, "")
    given = [name for name, value in ((AT, at), (POINTS, record)) if value]
    if not given:
        return None
    if mode is not Mode.PAPER:
        raise ConfigError([f"{' and '.join(given)}: made to kill the service, on paper only; the mode is {mode}"])
    found = _SHAPE.fullmatch(at or "none")
    if found is None:
        raise ConfigError([f"{AT}: {at!r} is no point; it is a name, and perhaps #2 for the second time"])
    try:
        return CrashPoints(found["name"] if at else "", int(found["nth"] or 1), record)
    except OSError as error:
        raise ConfigError([f"{POINTS}: {record}: {error.strerror}"]) from error
