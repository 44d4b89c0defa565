"""Against guessing: who brings too many wrong keys is not looked at for a while, and a person is told.

An address is locked by its own failures, and all unknown ones together by very many failures from anywhere. Neither
holds up a session, nor a key that was good from the same address before.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

FAILURES_MAX: Final = 10  # of one address within the window
ALL_FAILURES_MAX: Final = 100  # of everybody together
WINDOW_MS: Final = 300_000
LOCKED_MS: Final = 300_000
ALL_LOCKED_MS: Final = 60_000
KEPT_MAX: Final = 1_000  # addresses, and pairs of address and key; past it the oldest are forgotten
EVERYBODY: Final = "everybody"

Alert = Callable[[str, str], None]


@dataclass(slots=True)
class _Tries:
    """The failures of one address."""

    at: list[int] = field(default_factory=list)
    locked_until: int = 0


class Lockout:
    """Counts failures by address. Safe to share between threads."""

    def __init__(self, *, now_ms: Callable[[], int], alert: Alert) -> None:
        """``alert`` is told the kind and the text of what a person should hear."""
        self._now_ms, self._alert = now_ms, alert
        self._lock = threading.Lock()
        self._tries: dict[str, _Tries] = {}
        self._good: dict[tuple[str, str], None] = {}

    def wait_s(self, address: str) -> float:
        """How long this address has to wait until a key of it is looked at again; 0 when it need not."""
        with self._lock:
            now = self._now_ms()
            held = [self._tries[name].locked_until for name in (address, EVERYBODY) if name in self._tries]
            return max(0, max(held, default=0) - now) / 1000

    def is_known(self, address: str, digest: str) -> bool:
        """Whether this key was good from this address before."""
        return (address, digest) in self._good

    def succeeded(self, address: str, digest: str) -> None:
        """A key was good."""
        if (address, digest) not in self._good:
            with self._lock:
                kept = list(self._good)[-KEPT_MAX + 1 :]
                self._good = dict.fromkeys([*kept, (address, digest)])

    def failed(self, address: str) -> None:
        """A key was wrong."""
        with self._lock:
            told = [
                text
                for name, most, locked_ms, text in (
                    (address, FAILURES_MAX, LOCKED_MS, f"{address[:60]} brought too many wrong keys"),
                    (EVERYBODY, ALL_FAILURES_MAX, ALL_LOCKED_MS, "too many wrong keys from many addresses"),
                )
                if self._count(name, most, locked_ms)
            ]
            while len(self._tries) > KEPT_MAX:
                self._tries.pop(next(name for name in self._tries if name != EVERYBODY))
        for text in told:
            self._alert("login_locked", f"{text}: somebody may be guessing at the API; new logins have to wait")

    def _count(self, name: str, most: int, locked_ms: int) -> bool:
        """Count one more; True when that was one too many."""
        now = self._now_ms()
        tries = self._tries.setdefault(name, _Tries())
        tries.at = [at for at in tries.at if now - at < WINDOW_MS] + [now]
        if len(tries.at) < most:
            return False
        tries.at.clear()
        tries.locked_until = now + locked_ms
        return True
