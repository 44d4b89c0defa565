"""A hash of the code that decides a history: with other code, the same seed is another history."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
DECIDING: Final = ("trading", "exchange", "brokers", "strategies", "persistence", "actors", "supervisor", "simulation")
"""The packages that a history is lived with."""


def code_of(root: Path = ROOT, packages: Iterable[str] = DECIDING) -> str:
    """Over every file of these packages, its name and what is in it."""
    whole = hashlib.sha256()
    for package in packages:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return whole.hexdigest()[:16]
