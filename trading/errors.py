"""The families of trouble, sorted by what someone must now do about them.

    Refused       a value, not an exception: a rule or the exchange said no; final; the core decides by its table
    TradingError  (Exception)
    |- Unavailable   cannot reach it now and nothing was sent; the caller tries again within a bound
    |- BadInput      a message or file from outside breaks the contract; log it whole, ignore that one input
    `- ConfigError   cannot start as configured; print all problems together, exit 78
    AssertionError   our own rule is broken; let it crash

"Sent, and never answered" is none of these: it is the message ``FateUnknown`` and the reconciler settles it.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A rule said no. ``code`` is for programs and never changes its meaning; ``sentence`` is for people."""

    code: str
    sentence: str


class TradingError(Exception):
    """The root of the tree above."""


class Unavailable(TradingError):
    """It cannot be reached now, and nothing was sent."""


class BadInput(TradingError):
    """Something from outside breaks the contract; ``raw`` holds it as it came."""

    def __init__(self, reason: str, raw: object = None) -> None:
        """Keep the reason in words and the offending input itself."""
        super().__init__(reason)
        self.reason = reason
        self.raw = raw

    def __str__(self) -> str:
        """Say the reason and show the beginning of the input."""
        return self.reason if self.raw is None else f"{self.reason}: {self.raw!r:.500}"


class ConfigError(TradingError):
    """It cannot start as configured. Carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Take all problems at once; there is at least one."""
        self.problems = tuple(problems)
        assert self.problems, "a configuration error without a problem"
        super().__init__("\n".join(self.problems))
