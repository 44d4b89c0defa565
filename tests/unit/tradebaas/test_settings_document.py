"""The reference is made of the code, and the file `init` writes can be used as it is."""

import re
from pathlib import Path

from tools import repository
from tradebaas.settings import Settings, load
from tradebaas.settings.kinds import known_kinds
from tradebaas.settings.reference import table, template
from tradebaas.settings.sections import SECTIONS


def test_the_reference_holds_the_table_made_of_the_code() -> None:
    page = (repository.ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert table() in page, "make it anew: python -m tradebaas.settings.reference"


def test_every_setting_says_what_it_means() -> None:
    missing = [
        f"{name}.{field}"
        for name, section in SECTIONS.items()
        for field in section.__struct_fields__
        if f"| `{field}` |" not in table()
    ]

    assert missing == []


def test_the_file_that_init_writes_sets_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "tradebaas.toml"
    file.write_text(template())

    found = load(file=file, environment={}, kinds=known_kinds())

    assert (found.web, found.risk, found.limits) == (Settings().web, Settings().risk, Settings().limits)
    assert found.strategies.keys() == {"fasttest"}


def test_every_default_it_shows_is_the_default(tmp_path: Path) -> None:
    """With every # taken away it still means the same."""
    file = tmp_path / "tradebaas.toml"
    file.write_text(re.sub(r"(?m)^#(\w+ = )", r"\1", template()))

    found = load(file=file, environment={}, kinds=known_kinds())

    for name in SECTIONS:
        if name not in {"service", "broker"}:
            assert getattr(found, name) == getattr(Settings(), name)
    assert found.service.worker_id == Settings().service.worker_id
    assert found.broker.bracket_mode == Settings().broker.bracket_mode
