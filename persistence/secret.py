"""Secrets that cannot be printed by accident, and a cleaner for texts that might hold one anyway."""

import hmac
import re
from collections.abc import Iterable
from typing import Any, Final, Self
from urllib.parse import quote

MASK: Final = "***"
_KNOWN_LENGTH_MIN: Final = 6  # replacing shorter values would spoil the text more than it protects


class Secret(str):
    """A value that prints as ``***``: by itself, in f-strings, JSON and tracebacks. `reveal` gives it.

    It *is* the text ``***``, so that whoever forgets `reveal` shows nothing: a failed login, never a leak.
    """

    __slots__ = ("_value",)
    _value: str

    def __new__(cls, value: str) -> Self:
        """Hide a value."""
        made = super().__new__(cls, MASK)
        made._value = value
        return made

    def reveal(self) -> str:
        """Give the value itself. Not to be logged."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


_PATTERNS: Final = (
    # name = value in its many spellings: JSON, query strings, TOML, Python
    re.compile(
        r"(?P<keep>(?i:client_secret|access_token|refresh_token|operate_token|observe_token|password|passwd|secret|"
        r"signature|api_?key|token)[\"']?\s*[=:]\s*[\"']?)(?P<hide>[^\s\"'&,;}\])]{4,})"
    ),
    re.compile(r"(?P<keep>(?i:bearer|basic|deri-hmac-sha256)\s+)(?P<hide>[\w.~+/=-]{8,})"),
    re.compile(r"(?P<keep>/?bot)(?P<hide>\d{6,}:[\w-]{20,})"),
)


class Redactor:
    """Cleans texts before they are logged or handed out: values it was told of, and what looks like a token."""

    def __init__(self, known: Iterable[Secret] = ()) -> None:
        self._known: set[str] = set()
        for secret in known:
            self.know(secret)

    def know(self, secret: Secret) -> None:
        """Hide this value wherever it turns up from now on."""
        value = secret.reveal()
        if len(value) >= _KNOWN_LENGTH_MIN:
            self._known |= {value, quote(value, safe="")}

    def clean(self, text: str) -> str:
        """Give the text without secrets. Cleaning it twice changes nothing more."""
        # The longest first: one secret may be the beginning of another.
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, MASK)
        for pattern in _PATTERNS:
            text = pattern.sub(lambda match: match["keep"] + MASK, text)
        return text
