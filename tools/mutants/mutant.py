"""One deliberate fault: a piece of code, found exactly once in its file, and what stands there instead."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

CATALOGUE: Final = Path(__file__).with_name("catalogue.toml")


class Mutant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``what`` says the fault in words; ``old`` and ``new`` are the code before and after."""

    name: str
    what: str
    file: str
    old: str
    new: str

    def planted(self, root: Path) -> str:
        """Give the file's text with the fault in it.

        Raises:
            LookupError: the piece of code is not there, or more than once.
        """
        text = (root / self.file).read_text(encoding="utf-8")
        found = text.count(self.old)
        if found != 1:
            raise LookupError(f"{self.name}: its piece of code stands {found} times in {self.file}")
        return text.replace(self.old, self.new)


def catalogue(path: Path = CATALOGUE) -> tuple[Mutant, ...]:
    """All of them, in the order of the file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["mutant"], list[Mutant]))
