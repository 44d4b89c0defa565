"""The page about faults says what the code does: every fault, every key, every default profile."""

import re
import tomllib

import msgspec
import pytest

from exchange import faults
from exchange.faults import FAULTS, PROFILES, Rule
from exchange.faults.rules import KINDS
from tools import repository

PAGE = (repository.ROOT / "docs" / "exchange-faults.md").read_text(encoding="utf-8")
ROWS = {row[0].strip("` "): row for row in (line.strip("| ").split(" | ") for line in PAGE.splitlines() if "|" in line)}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_menu_has_each_fault_with_the_figures_it_needs_and_takes(fault: str) -> None:
    figures = ROWS[fault][3] if len(ROWS[fault]) > 3 else ""

    assert set(re.findall(r"\*\*`(\w+)`\*\*", figures)) == KINDS[fault].needs
    assert set(re.findall(r"`(\w+)`", figures)) == KINDS[fault].takes


@pytest.mark.parametrize("key", [field.name for field in msgspec.structs.fields(Rule)])
def test_each_key_of_a_rule_is_explained(key: str) -> None:
    assert f"`{key}`" in PAGE or f"\n{key} = " in PAGE


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_is_explained(profile: str) -> None:
    assert profile in ROWS


def test_the_example_is_a_file_that_can_be_used() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert len(faults.parse(tomllib.loads(example)).rules) == 3
