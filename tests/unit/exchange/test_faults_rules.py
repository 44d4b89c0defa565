"""The menu of faults: each can be written as a rule, each wrong rule is refused with words that help."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange import faults
from exchange.checked import TableError
from exchange.faults import FAULTS, PROFILES, FaultSettings, Rule
from exchange.faults.rules import KINDS

FIGURES: dict[str, Any] = {
    "delay_ms": [10, 20],
    "duration_ms": 500,
    "fraction": Decimal("0.5"),
    "percent": [1, Decimal("2.5")],
    "code": 10047,
    "skip_ms": -5,
}


def simplest(fault: str) -> dict[str, Any]:
    """The shortest table that is a rule for this fault."""
    occasion = {"at_ms": 0} if KINDS[fault].strikes == "world" else {}
    return {"fault": fault} | occasion | {name: FIGURES[name] for name in KINDS[fault].needs}


def refused(**table: Any) -> list[str]:
    with pytest.raises(TableError) as caught:
        faults.parse({"rules": [table]})
    return list(caught.value.problems)


def test_every_fault_has_its_kind() -> None:
    assert sorted(KINDS) == sorted(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_can_be_written_as_a_rule(fault: str) -> None:
    (rule,) = faults.parse({"rules": [simplest(fault)]}).rules

    assert rule.fault == fault


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if KINDS[fault].needs])
def test_a_fault_without_a_figure_it_needs_is_refused(fault: str) -> None:
    needs = sorted(KINDS[fault].needs)
    occasion = {"at_ms": 0} if KINDS[fault].strikes == "world" else {}

    assert refused(fault=fault, **occasion) == [f"rules[1]: {fault} needs {name}" for name in needs]


WRONG = {
    "misspelt fault": ({"fault": "reply_lots"}, 'rules[1].fault: "reply_lots" is not one of its words, did you mean'),
    "misspelt key": ({"fault": "reply_lost", "probabilty": 1}, 'probabilty: unknown key, did you mean "probability"?'),
    "no fault": ({"method": "*"}, "rules[1].fault: missing"),
    "probability over 1": (
        {"fault": "reply_lost", "probability": 2},
        "rules[1].probability: expected float <= 1.0 (2)",
    ),
    "text for a number": ({"fault": "reply_lost", "count": "two"}, "rules[1].count: expected int, got str ('two')"),
    "count of nothing": ({"fault": "reply_lost", "count": 0}, "rules[1].count: expected int >= 1 (0)"),
    "figure of another": (
        {"fault": "reply_lost", "percent": 1},
        "reply_lost has no use for percent: it takes no figure",
    ),
    "channel for a request": ({"fault": "reply_lost", "channel": "*"}, "reply_lost strikes a request: it takes method"),
    "method for a push": ({"fault": "push_lost", "method": "*"}, "push_lost strikes a push: it takes channel"),
    "no occasion": ({"fault": "half_open"}, "needs one occasion of method, channel, every_ms or at_ms, and has none"),
    "two occasions": ({"fault": "half_open", "at_ms": 1, "method": "*"}, "not method and at_ms together"),
    "label without request": ({"fault": "push_lost", "label": "x"}, "label belongs to a request"),
    "before without request": ({"fault": "half_open", "at_ms": 1, "when": "before"}, "when belongs to a request"),
    "range backwards": ({"fault": "reply_late", "delay_ms": [9, 1]}, "delay_ms runs backwards: 9 to 1"),
    "range of three": ({"fault": "reply_late", "delay_ms": [9, 1, 2]}, "rules[1].delay_ms: expected array of length 2"),
    "window backwards": ({"fault": "reply_lost", "from_ms": 9, "to_ms": 9}, "to_ms (9) is not after from_ms (9)"),
    "against nothing": (
        {"fault": "gap", "percent": 1, "at_ms": 1, "toward": "against"},
        "no request sets this gap off",
    ),
    "gap of everything": (
        {"fault": "gap", "at_ms": 1, "percent": 100},
        "percent is between 0 and 90, and 100",
    ),
    "delay before its time": (
        {"fault": "reply_late", "delay_ms": [-1, 5]},
        "delay_ms is between 0 and",
    ),
    "not a table": ("reply_lost", "rules[1]: expected a table, got text"),
}


@pytest.mark.parametrize(("table", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_rule_is_refused_with_its_place_and_the_reason(table: Any, words: str) -> None:
    with pytest.raises(TableError) as caught:
        faults.parse({"rules": [table]})

    assert any(words in problem for problem in caught.value.problems), caught.value.problems


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(TableError) as caught:
        faults.parse({"profile": "ruff", "rules": [{"fault": "gap"}, {"fault": "reply_lost", "count": 0}], "x": 1})

    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "x",
        "profile",
        "rules[1]",
        "rules[1]",
        "rules[2].count",
    ]


def test_the_profile_all_has_the_whole_menu() -> None:
    assert {rule.fault for rule in PROFILES["all"]} == set(FAULTS)


def test_each_profile_is_harder_than_the_one_before() -> None:
    kinds = [{rule.fault for rule in PROFILES[name]} for name in ("none", "light", "rough", "all")]

    assert kinds[0] == set()
    assert kinds[0] < kinds[1] < kinds[2] < kinds[3]


def test_a_profile_and_rules_of_ones_own_add_up() -> None:
    settings = faults.parse({"profile": "light", "rules": [{"fault": "push_lost"}]})

    assert settings.all_rules() == (*PROFILES["light"], Rule(fault="push_lost"))


def test_nothing_is_the_profile_none() -> None:
    assert faults.parse({}) == FaultSettings()
    assert FaultSettings().all_rules() == ()


TOML = """
[[rules]]
fault = "partial_fill"
fraction = [0.1, 0.5]
probability = 0.25
"""


def test_rules_are_read_from_toml_and_json_files_and_by_the_name_of_a_profile(tmp_path: Path) -> None:
    rule = Rule(fault="partial_fill", fraction=(0.1, 0.5), probability=0.25)
    plain, nested, as_json = tmp_path / "plain.toml", tmp_path / "nested.toml", tmp_path / "rules.json"
    plain.write_text(TOML, encoding="utf-8")
    nested.write_text(TOML.replace("[[rules]]", "[[faults.rules]]"), encoding="utf-8")
    as_json.write_text(
        json.dumps({"rules": [{"fault": "partial_fill", "fraction": [0.1, 0.5], "probability": 0.25}]}),
        encoding="utf-8",
    )

    assert [faults.load(str(path)).rules for path in (plain, nested, as_json)] == [(rule,)] * 3
    assert faults.load("rough").all_rules() == PROFILES["rough"]


def test_a_file_that_is_not_there_or_not_toml_is_told_by_name(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[[rules", encoding="utf-8")

    with pytest.raises(TableError, match=r'ruogh: neither a profile nor a file, did you mean "rough"\?'):
        faults.load("ruogh")
    with pytest.raises(TableError, match=r"broken\.toml: cannot be read: "):
        faults.load(str(broken))
