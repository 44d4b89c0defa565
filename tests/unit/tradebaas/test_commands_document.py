"""docs/commands.md explains every command as it explains itself."""

import pytest

from tools.commands_document import DOCUMENT, explained
from tradebaas.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_command_as_it_is(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    part = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]

    assert explained(name) in part, f"python -m tools.commands_document writes it anew: {name} has changed"
    assert COMMANDS[name].example in part


def test_the_page_has_no_command_that_is_gone() -> None:
    headings = [line[3:] for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]

    assert headings == [*COMMANDS]
