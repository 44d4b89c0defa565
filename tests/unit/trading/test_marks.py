"""Marks count only while somebody counts; the table and the code name the same ones, each placed once."""

import ast
from collections import Counter
from pathlib import Path

from tools import repository
from trading.marks import BY_TESTS, MARKS, counted, mark

SIMULATION = repository.ROOT / "tests" / "simulation"
RARE = (SIMULATION / "test_rare_marks.py", SIMULATION / "test_rarer_marks.py")


def placed(paths: list[Path]) -> Counter[str]:
    """The names in calls of `mark`, read from the code; a call that chooses between two has both."""
    calls = (
        node
        for path in paths
        for node in ast.walk(repository.parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "mark"
    )
    words = (word for call in calls for argument in call.args for word in ast.walk(argument))
    return Counter(word.value for word in words if isinstance(word, ast.Constant) and isinstance(word.value, str))


def test_a_mark_counts_only_while_somebody_counts() -> None:
    mark("before")
    with counted() as hits:
        mark("during")
        mark("during")
    mark("after")
    assert hits == {"during": 2}


def test_a_block_inside_another_counts_for_itself() -> None:
    with counted() as outer:
        with counted() as inner:
            mark("inside")
        mark("outside")
    assert (inner, outer) == ({"inside": 1}, {"outside": 1})


def test_every_mark_of_the_table_stands_in_the_code_and_no_other_does() -> None:
    found = placed(repository.application_modules())
    assert set(found) - set(MARKS) == set(), "placed, but not in the table"
    assert set(MARKS) - set(found) == set(), "in the table, but placed nowhere"


def test_a_mark_means_one_branch() -> None:
    found = placed(repository.application_modules())
    assert {name: count for name, count in found.items() if count > 1} == {}


def test_calls_are_found_whatever_they_choose_between(tmp_path: Path) -> None:
    code = tmp_path / "one.py"
    code.write_text('mark("late")\nremark("no")\nmark("a" if x else "b")\nself.mark("no")\n', encoding="utf-8")
    assert placed([code]) == {"late": 1, "a": 1, "b": 1}


def test_what_is_too_rare_for_histories_has_a_test_that_names_it() -> None:
    """`--all-marks` passes over these, so each must be passed elsewhere."""
    assert set(MARKS) >= BY_TESTS
    named = {
        word.value
        for path in RARE
        for word in ast.walk(repository.parse(path))
        if isinstance(word, ast.Constant) and isinstance(word.value, str)
    }
    assert BY_TESTS - named == set()
