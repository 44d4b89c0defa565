"""Marks in the branches that are there for bad days. Simulated histories count them: a mark never passed is untested.

Outside a simulation a mark costs one look at a variable.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CALL: Final = re.compile(r'\bmark\("([a-z0-9-]+)"\)')
_counts: Counter[str] | None = None


def mark(name: str) -> None:
    """This branch was taken."""
    if _counts is not None:
        _counts[name] += 1


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count marks while the block runs."""
    global _counts  # noqa: PLW0603 - one process lives one history at a time
    before, _counts = _counts, Counter()
    try:
        yield _counts
    finally:
        _counts = before


def known(root: Path, packages: tuple[str, ...]) -> tuple[str, ...]:
    """Every mark there is in the code."""
    found = {
        name
        for package in packages
        for path in sorted((root / package).rglob("*.py"))
        for name in _CALL.findall(path.read_text(encoding="utf-8"))
    }
    return tuple(sorted(found))
