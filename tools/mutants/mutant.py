"""One deliberate fault: a piece of code, found exactly once in its file, and what stands there instead."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

CATALOGUE: Final = Path(__file__).with_name("catalogue.toml")


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``old`` and ``new`` are the code before and after."""

    file: str
    old: str
    new: str


class Mutant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``what`` says the fault in words."""

    name: str
    what: str
    file: str
    old: str
    new: str
    also: tuple[Change, ...] = ()
    """The second line that would make good what the fault does: where there are two, both are taken away."""
    faults: str = "all"
    """Under which histories are most likely to meet it; see `tools.mutants.lives`."""
    explained: str = ""
    """Why histories do not notice it, where that is known. It is not caught all the same."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """All of it."""
        return (Change(file=self.file, old=self.old, new=self.new), *self.also)

    def planted(self, root: Path) -> dict[str, str]:
        """Give the texts of its files with the fault in them.

        Raises:
            LookupError: a piece of code is not there, or more than once.
        """
        texts: dict[str, str] = {}
        for change in self.changes:
            text = texts.get(change.file) or (root / change.file).read_text(encoding="utf-8")
            found = text.count(change.old)
            if found != 1:
                raise LookupError(f"{self.name}: its piece of code stands {found} times in {change.file}")
            texts[change.file] = text.replace(change.old, change.new)
        return texts


def catalogue(path: Path = CATALOGUE) -> tuple[Mutant, ...]:
    """All of them, in the order of the file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["mutant"], list[Mutant]))
