"""One-time codes: what a dangerous command must carry, given out a moment before and good for that command alone.

A code protects against a slip of the finger and an old message, not against somebody who holds the phone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LIFE_MS: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    code: str
    what: str
    by: str
    until_ms: int


class Codes:
    """At most one code is out; a new one replaces it, and so does a wrong guess."""

    def __init__(self, monotonic_ms: Callable[[], int], draw: Callable[[], str]) -> None:
        """``draw`` makes six digits that nobody can foresee."""
        self._monotonic_ms, self._draw = monotonic_ms, draw
        self._given: _Given | None = None

    def give(self, what: str, *, by: str) -> str:
        """Give a code for this command, to this person."""
        code = self._draw()
        self._given = _Given(code=code, what=what, by=by, until_ms=self._monotonic_ms() + LIFE_MS)
        return code

    def problem(self, code: str, what: str, *, by: str) -> str:
        """Take the code: empty when it is good, else why not. Either way it is used up."""
        given, self._given = self._given, None
        if given is None:
            return "there is no code out; send the command without one to get it"
        if self._monotonic_ms() >= given.until_ms:
            return f"that code was good for {LIFE_MS // 1000} s; send the command without one to get another"
        if code != given.code or what != given.what or by != given.by:
            return "that code is not for this; it is void now, send the command without one to get another"
        return ""
