"""Each picture of the page is shown somewhere, and each that is shown is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = re.compile(r"pictures/([\w-]+\.png)")


def shown(text: str) -> set[str]:
    return set(PICTURE.findall(text))


def test_the_pictures_that_are_shown_are_those_that_are_there() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    wanted = {name for path in documents for name in shown(path.read_text(encoding="utf-8"))}

    assert sorted(wanted) == sorted(path.name for path in (ROOT / "docs" / "pictures").iterdir())


def test_a_picture_is_found_in_words_and_in_markup() -> None:
    text = '![a](docs/pictures/a-wide.png) <source srcset="pictures/b-dark.png"><img src="pictures/b-light.png">'

    assert shown(text) == {"a-wide.png", "b-dark.png", "b-light.png"}
