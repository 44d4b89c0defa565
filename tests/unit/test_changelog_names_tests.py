"""Each fault in the changelog that was found and mended names a test that keeps it from coming back."""

import re
from pathlib import Path

from tools.repository import ROOT

HEAD = "### Found by its own tests, and mended"


def _faults(text: str) -> list[str]:
    """The points of that section, a line each."""
    section = text.split(HEAD, 1)[1].split("\n### ", 1)[0]
    return [" ".join(point.split()) for point in section.split("\n- ")[1:]]


def _tests(folder: Path) -> set[str]:
    """The names of all tests."""
    texts = (path.read_text(encoding="utf-8") for path in folder.rglob("test_*.py"))
    return {name for text in texts for name in re.findall(r"^\s*def (test_\w+)", text, flags=re.MULTILINE)}


def test_each_fault_that_was_mended_names_a_test_that_is_there() -> None:
    faults = _faults((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert faults
    known = _tests(ROOT / "tests")
    named = {fault: re.findall(r"`(test_\w+)`", fault) for fault in faults}
    assert not [fault for fault, tests in named.items() if not tests]
    assert {name for tests in named.values() for name in tests} <= known
