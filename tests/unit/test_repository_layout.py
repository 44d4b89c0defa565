"""The tools agree on what the application consists of, and each file of it has one name.

A package that setup.cfg, mypy or import-linter does not know would be neither installed, checked nor kept in its layer.
"""

import ast
import re
import subprocess
import sys
import types
from pathlib import Path

from tools import repository

# Imports every module of ours but the entry point, then reports files that sit under two names.
IMPORT_EVERYTHING = """
import importlib, sys
from tools import repository
for path in repository.application_modules():
    parts = path.relative_to(repository.ROOT).with_suffix("").parts
    if parts[-1] != "__main__":
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
print(*repository.loaded_twice(sys.modules, repository.top_level_packages()), sep="\\n", end="")
"""


def test_setup_cfg_lists_exactly_the_packages_that_exist() -> None:
    assert sorted(repository.setup_list("options", "packages")) == repository.packages()


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {path.parent for path in repository.application_modules()}

    assert [repository.name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_there_is_no_project_table_that_would_switch_install_requires_off() -> None:
    assert "project" not in repository.pyproject()


def test_mypy_checks_every_package_and_the_tests() -> None:
    checked = repository.pyproject()["tool"]["mypy"]["files"]

    assert {*repository.top_level_packages(), "tests", "tools"} <= set(checked)
    assert [folder for folder in checked if not (repository.ROOT / folder).is_dir()] == []


def test_coverage_measures_every_package() -> None:
    assert set(repository.pyproject()["tool"]["coverage"]["run"]["source"]) == set(repository.top_level_packages())


def test_every_package_has_its_layer() -> None:
    settings = repository.pyproject()["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    named = {name for layer in layers for name in re.findall(r"\w+", layer)}

    assert set(settings["root_packages"]) == set(repository.top_level_packages())
    assert set(repository.top_level_packages()) <= named


def test_brokers_and_exchange_may_not_import_each_other() -> None:
    settings = repository.pyproject()["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers"]
    (layer,) = [layer for layer in layers if "brokers" in layer]

    assert "exchange" in layer
    assert ":" not in layer, "a colon would let them know each other, a bar does not"


def test_importing_everything_gives_each_file_one_name() -> None:
    """Run apart, so that what other tests loaded cannot matter."""
    finished = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING],
        cwd=repository.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == ""


def test_a_file_under_two_names_is_caught() -> None:
    module = types.ModuleType("trading.values")
    module.__file__ = str(repository.ROOT / "trading" / "values.py")
    other = types.ModuleType("json")
    other.__file__ = json_file = str(Path(sys.prefix) / "json.py")

    once = {"trading.values": module, "json": other, "json_again": other}
    twice = {**once, "values": module}

    assert json_file not in str(repository.loaded_twice(twice, ["trading"]))
    assert repository.loaded_twice(once, ["trading"]) == []
    assert len(repository.loaded_twice(twice, ["trading"])) == 1


def test_nothing_imports_the_entry_point() -> None:
    """`python -m tradebaas` runs that file as `__main__`; importing it too would load it a second time."""
    guilty = []
    for path in repository.application_modules():
        for node in ast.walk(repository.parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names] + [node.module or ""]
            if any(re.search(r"(^|\.)__main__(\.|$)", name) for name in names):
                guilty.append(repository.name(path))

    assert guilty == []


def test_the_service_does_not_import_what_only_tests_and_tools_have() -> None:
    beside = tuple(f"{folder}." for folder in sorted(repository.BESIDE))
    guilty = []
    for path in repository.application_modules():
        for node in ast.walk(repository.parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            guilty += [repository.name(path) for name in names if f"{name}.".startswith(beside)]

    assert guilty == []


def test_there_are_no_packages_under_tests() -> None:
    """With importlib mode pytest names test modules by their path; an __init__.py gives them a second name."""
    inside = [repository.name(path) for path in repository.modules("tests") if path.name == "__init__.py"]

    assert inside == []


def test_pytest_finds_the_checkout_first_and_names_tests_by_path() -> None:
    options = repository.pyproject()["tool"]["pytest"]["ini_options"]

    assert options["pythonpath"] == ["."]
    assert {"--import-mode=importlib", "--strict-markers", "--strict-config"} <= set(options["addopts"])
