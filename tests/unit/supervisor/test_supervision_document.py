"""docs/supervision.md speaks of everything that can happen, in the words of the code."""

from enum import StrEnum
from pathlib import Path

import pytest

from trading.messages.supervision import Context, Phase
from trading.restart import Exit, Restart, Verdict

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "supervision.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [Context, Phase, Exit, Verdict], ids=lambda words: words.__name__)
def test_the_page_names_every(words: type[StrEnum]) -> None:
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_the_page_explains_every_kind_of_restart() -> None:
    assert [kind for kind in Restart if f"**{kind}**:" not in PAGE] == []


def test_the_page_names_only_modules_that_exist() -> None:
    root = Path(__file__).resolve().parents[3]
    rows = [line for line in PAGE.splitlines() if line.startswith(("| `actors/", "| `supervisor/", "| `trading/"))]
    folder = ""
    for row in rows:
        for name in row.split("|")[1].replace("`", "").split(","):
            folder = name.strip().rpartition("/")[0] or folder
            assert (root / folder / name.strip().rpartition("/")[2]).exists(), name
