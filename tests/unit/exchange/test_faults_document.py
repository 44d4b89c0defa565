"""The page about faults says what the code does: every fault, every key, every default profile."""

import re
import tomllib

import msgspec
import pytest

from exchange import faults
from exchange.faults import FAULTS, PROFILES, Rule
from exchange.faults.rules import KINDS
from tools import repository
from trading.labels import label_for
from trading.values import BracketId, Leg, StrategyName, WorkerId

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


def test_the_example_strikes_the_entry_of_this_service_and_no_other_order_of_it() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    lost = next(rule for rule in faults.parse(tomllib.loads(example)).rules if rule.fault == "reply_lost")
    struck = set()
    for leg in Leg:
        label = label_for(
            owner="me",
            worker=WorkerId("w1"),
            strategy=StrategyName("razor"),
            bracket=BracketId("wprpfwnxwcba5rnz"),
            leg=leg,
        )
        plan = faults.FaultPlan([msgspec.structs.replace(lost, probability=1.0)], 1, start_ms=0)
        if plan.on_request("private/buy", {"instrument_name": "BTC-PERPETUAL"}, str(label), "paper", 0) is not None:
            struck.add(leg)
    assert struck == {Leg.ENTRY}
