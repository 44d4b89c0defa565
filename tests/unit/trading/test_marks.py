"""Marks count only while somebody counts, and the list of all of them is read from the code."""

from pathlib import Path

from trading.marks import counted, known, mark


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


def test_marks_are_found_in_the_code_once_each_and_other_calls_are_not(tmp_path: Path) -> None:
    (tmp_path / "actors").mkdir()
    (tmp_path / "actors" / "one.py").write_text(
        'mark("late-fill")\nremark("no")\nmark("a")\nmark("a")\n', encoding="utf-8"
    )
    assert known(tmp_path, ("actors",)) == ("a", "late-fill")
