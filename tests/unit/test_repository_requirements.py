"""What is imported is what is asked for, what is asked for is locked, and what is locked carries hashes."""

import ast
import re
import sys
from importlib import metadata

import pytest

from tools import repository

# Installed, not imported. Each with its reason.
NOT_IMPORTED = {
    "setuptools": "builds the editable install",
    "tzdata": "read by zoneinfo where the system has no time zones",
}

PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;\\]+)", re.IGNORECASE)


def canonical(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(text: str) -> list[str]:
    """A requirements file as whole entries: continued lines joined, comments left out."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n?", "", text))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def faults(text: str) -> list[str]:
    """Entries that are not one exact version with a hash."""
    return [entry for entry in entries(text) if not (PINNED.match(entry) and "--hash=sha256:" in entry)]


def pins(text: str) -> dict[str, str]:
    """Distribution -> version."""
    matches = [match for entry in entries(text) if (match := PINNED.match(entry))]
    return {canonical(match["name"]): match["version"] for match in matches}


def asked_for(name: str) -> dict[str, str]:
    """A .in file: distribution -> the whole line."""
    lines = entries((repository.ROOT / name).read_text(encoding="utf-8"))
    wanted = [line for line in lines if not line.startswith("-")]
    return {canonical(re.split(r"[<>=!~\[; ]", line)[0]): line for line in wanted}


def read(name: str) -> str:
    """A file beside README.md."""
    return (repository.ROOT / name).read_text(encoding="utf-8")


def imported_distributions() -> set[str]:
    """The distributions behind every import of the application that is neither ours nor Python's."""
    owners = metadata.packages_distributions()
    found = set()
    for path in repository.application_modules():
        for node in ast.walk(repository.parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                if top not in sys.stdlib_module_names and top not in repository.top_level_packages():
                    found.add(canonical(owners.get(top, [f"unknown: {top} in {repository.name(path)}"])[0]))
    return found


def test_what_the_application_imports_is_what_it_says_it_needs() -> None:
    needed = {canonical(re.split(r"[<>=]", line)[0]) for line in repository.setup_list("options", "install_requires")}

    assert imported_distributions() == needed


def test_setup_cfg_and_requirements_in_ask_for_the_same() -> None:
    wanted = asked_for("requirements.in")

    assert sorted(line for name, line in wanted.items() if name not in NOT_IMPORTED) == sorted(
        repository.setup_list("options", "install_requires")
    )


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_requirement_is_one_version_with_hashes(name: str) -> None:
    assert faults(read(name)) == []


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_everything_asked_for_is_locked(name: str) -> None:
    assert sorted(asked_for(f"{name}.in").keys() - pins(read(f"{name}.txt")).keys()) == []


def test_what_is_tested_is_what_runs() -> None:
    """The smaller lock file is a part of the larger: the same packages in the same versions."""
    assert pins(read("requirements.txt")).items() <= pins(read("requirements-dev.txt")).items()


def test_the_environment_has_the_locked_versions() -> None:
    """Tests against other versions than the locked ones prove nothing about what runs."""
    installed = {canonical(each.name): each.version for each in metadata.distributions()}
    locked = pins(read("requirements.txt"))
    here = (locked.keys() & installed.keys()) - NOT_IMPORTED.keys()

    assert {name: installed[name] for name in here} == {name: locked[name] for name in here}


CASES = {
    "no hash": "click==8.5.1\n",
    "no exact version": "click>=8.5 --hash=sha256:00\n",
    "a folder": "./click --hash=sha256:00\n",
    "an option": "--no-binary click\n",
    "a hash of a weaker kind": "click==8.5.1 --hash=md5:00\n",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_a_requirement_is_caught_that_has(text: str) -> None:
    assert faults(text)


def test_a_good_entry_over_several_lines_with_comments_passes() -> None:
    text = (
        "# head\nclick==8.5.1 ; python_version > '3' \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via us\n"
    )

    assert faults(text) == []
    assert pins(text) == {"click": "8.5.1"}
