"""A module is what one can hold in the head, a function what fits a screen, and each module says what it is for.

What is longer than it should be is listed here with its reason; an entry that is no longer needed must go.
"""

import ast
from pathlib import Path

import pytest

from tools import repository

MODULE_LINES = 400  # ask
MODULE_LINES_MAX = 600  # split
FUNCTION_LINES_MAX = 70

LONG_MODULES: dict[str, str] = {}

# Written as path::function or path::Class.function, the path from the root.
LONG_FUNCTIONS: dict[str, str] = {}


def _python_files() -> list[Path]:
    return [path for path in repository.files(".py") if not repository.name(path).startswith("docs/")]


def _line_count(source: str) -> int:
    return len(source.splitlines())


def long_functions(tree: ast.Module, name: str) -> dict[str, int]:
    """Functions over the limit: where they are, and how many lines from `def` to the last one."""
    found = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if not isinstance(child, ast.ClassDef):
                    lines = (child.end_lineno or child.lineno) - child.lineno + 1
                    if lines > FUNCTION_LINES_MAX:
                        found[f"{name}::{prefix}{child.name}"] = lines
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return found


def _all_long_functions() -> dict[str, int]:
    found: dict[str, int] = {}
    for path in _python_files():
        found |= long_functions(repository.parse(path), repository.name(path))
    return found


def test_every_module_opens_with_a_docstring() -> None:
    silent = [repository.name(path) for path in _python_files() if not ast.get_docstring(repository.parse(path))]

    assert silent == []


def test_no_module_is_longer_than_one_can_hold_in_the_head() -> None:
    lengths = {repository.name(path): _line_count(path.read_text(encoding="utf-8")) for path in _python_files()}
    limits = {name: MODULE_LINES_MAX if name in LONG_MODULES else MODULE_LINES for name in lengths}

    assert {name: lines for name, lines in lengths.items() if lines > limits[name]} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    assert {name: lines for name, lines in _all_long_functions().items() if name not in LONG_FUNCTIONS} == {}


@pytest.mark.parametrize("exceptions", [LONG_MODULES, LONG_FUNCTIONS], ids=["modules", "functions"])
def test_every_exception_has_a_reason(exceptions: dict[str, str]) -> None:
    assert [name for name, reason in exceptions.items() if len(reason.split()) < 3] == []


def test_no_exception_outlives_its_need() -> None:
    long_modules = {
        repository.name(path)
        for path in _python_files()
        if _line_count(path.read_text(encoding="utf-8")) > MODULE_LINES
    }

    assert sorted(LONG_MODULES.keys() - long_modules) == []
    assert sorted(LONG_FUNCTIONS.keys() - _all_long_functions().keys()) == []


def _function(lines: int, indent: str = "") -> str:
    return f"{indent}def f():\n" + f"{indent}    pass\n" * (lines - 1)


def test_a_function_of_exactly_the_limit_passes_and_one_line_more_is_caught() -> None:
    at_the_limit = ast.parse(_function(FUNCTION_LINES_MAX))
    over_the_limit = ast.parse(_function(FUNCTION_LINES_MAX + 1))

    assert long_functions(at_the_limit, "m") == {}
    assert long_functions(over_the_limit, "m") == {"m::f": FUNCTION_LINES_MAX + 1}


def test_a_long_method_inside_a_branch_is_found_under_its_class() -> None:
    source = "if True:\n  class C:\n" + _function(FUNCTION_LINES_MAX + 1, indent="    ")

    assert list(long_functions(ast.parse(source), "m")) == ["m::C.f"]
