"""The languages say the same things, every text that is used exists, and every text that exists is used."""

import re
from pathlib import Path
from string import Formatter

import pytest

from trading.bracket import Phase
from trading.bracket.state import Purpose
from trading.lifecycle import PauseCause, State
from trading.notice_kinds import KINDS
from trading.reconcile import FindingKind
from trading.sizing import RiskMode
from trading.values import Leg, Side
from webui.pages.texts import DEFAULT, TABLES, Words, choose

ROOT = Path(__file__).parents[3] / "webui"
USED = re.compile(r"""\bt\(\s*f?["']([a-z_]+\.[A-Za-z_]+)["']""")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", sorted(TABLES))
def test_every_language_has_the_same_keys_and_fills_in_the_same(language: str) -> None:
    here, there = TABLES[language], TABLES[DEFAULT]

    assert sorted(here) == sorted(there)
    assert {key: placeholders(here[key]) for key in here} == {key: placeholders(there[key]) for key in there}
    assert [key for key, text in here.items() if not text.strip()] == []


def test_every_text_that_is_asked_for_by_name_exists() -> None:
    sources = [*(ROOT / "templates").glob("*.html"), *(ROOT / "pages").glob("*.py")]
    asked = {key for path in sources for key in USED.findall(path.read_text(encoding="utf-8"))}

    assert len(asked) > 100
    assert sorted(asked - set(TABLES[DEFAULT])) == []


WORDS = {
    "risk_mode": RiskMode,
    "state": State,
    "phase": Phase,
    "purpose": Purpose,
    "leg": Leg,
    "side": Side,
    "cause": PauseCause,
}


@pytest.mark.parametrize("prefix", WORDS)
def test_every_word_of_the_trade_has_a_text(prefix: str) -> None:
    assert [each.value for each in WORDS[prefix] if f"{prefix}.{each.value}" not in TABLES[DEFAULT]] == []


def test_every_kind_of_notice_has_a_text() -> None:
    assert sorted(kind for kind in KINDS if f"notice.{kind}" not in TABLES[DEFAULT]) == []


def test_every_kind_of_finding_but_the_good_one_has_a_text() -> None:
    kinds = {kind.value for kind in FindingKind} - {"matched"}

    assert sorted(kind for kind in kinds if f"kind.{kind}" not in TABLES[DEFAULT]) == []


@pytest.mark.parametrize(
    ("wanted", "accepted", "language"),
    [
        (None, None, "en"),
        ("nl", "en", "nl"),
        ("xx", "nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        (None, "fr, de;q=0.8, NL;q=0.5", "nl"),
        (None, "fr", "en"),
        ("../en", ";;,", "en"),
    ],
)
def test_the_language_is_the_one_chosen_else_the_first_the_browser_names(
    wanted: str | None, accepted: str | None, language: str
) -> None:
    assert choose(wanted, accepted) == language


def test_a_word_without_a_text_stands_for_itself() -> None:
    assert Words("nl").known("kind", "something_new") == "something new"
