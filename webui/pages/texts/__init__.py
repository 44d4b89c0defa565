"""The words of the page, one table for each language. A test holds their keys, and what is filled in, together."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_FOLDER: Final = Path(__file__).parent
DEFAULT: Final = "en"


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, str):
            found[prefix + key] = value
        else:
            found |= _flat(value, f"{prefix}{key}.")
    return found


def _read() -> dict[str, Mapping[str, str]]:
    tables: dict[str, Mapping[str, str]] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        tables[path.stem] = MappingProxyType(_flat(tomllib.loads(path.read_text(encoding="utf-8"))))
    return tables


TABLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(_read())
"""Language -> key -> text."""


class Words:
    """The texts of one language: ``t("trades.title")``."""

    def __init__(self, language: str) -> None:
        self.language = language if language in TABLES else DEFAULT
        self._table = TABLES[self.language]

    def __call__(self, key: str, **filled: object) -> str:
        """Give a text, with what belongs into it filled in. A key that is missing is a fault of ours."""
        text = self._table[key]
        return text.format(**filled) if filled else text

    def known(self, prefix: str, word: str) -> str:
        """Give the text for a word of the service's own; one that has no text here stands for itself."""
        found = self._table.get(f"{prefix}.{word}")
        return word.replace("_", " ") if found is None else found

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._table


def choose(wanted: str | None, accepted: str | None) -> str:
    """Choose a language: the one a person asked for, else the first of the browser's that we have."""
    if wanted in TABLES:
        return str(wanted)
    for part in (accepted or "").lower().split(","):
        code = part.split(";")[0].strip().split("-")[0]
        if code in TABLES:
            return code
    return DEFAULT
