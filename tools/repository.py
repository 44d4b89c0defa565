"""What the guard tests look at: the repository's files, packages and modules.

Reads only. "Files" are those git tracks or would track; in a copy without git, everything but what git ignores anyway.
"""

import ast
import configparser
import os
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Folders with Python in them that are not part of the application.
BESIDE = frozenset({"tests", "tools", "bench", "deploy", "docs"})

_NEVER_TRACKED = frozenset({".git", ".venv", "__pycache__", "var", "build", "dist", "htmlcov", "node_modules"})


def files(suffix: str = "") -> list[Path]:
    """Every file of the repository whose name ends with the suffix, in a fixed order."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        # git exports its own folder to hooks; with it set, ls-files would list another repository.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        listed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    else:
        found = list(_walk(ROOT))
    return sorted(path for path in set(found) if path.name.endswith(suffix) and path.is_file())


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in _NEVER_TRACKED or entry.name.endswith(("_cache", ".egg-info")):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


def name(path: Path) -> str:
    """The path as one writes it: from the root, with slashes."""
    return path.relative_to(ROOT).as_posix()


def packages() -> list[str]:
    """Every package of the application in dotted form, parents before children."""
    found = (path.parent.relative_to(ROOT).parts for path in files("__init__.py") if path.name == "__init__.py")
    return [".".join(parts) for parts in sorted(found) if parts and parts[0] not in BESIDE]


def top_level_packages() -> list[str]:
    """The folders beside README.md that hold the application."""
    return [package for package in packages() if "." not in package]


def modules(*folders: str) -> list[Path]:
    """Every Python file below the folders."""
    return [path for path in files(".py") if name(path).split("/")[0] in folders]


def application_modules() -> list[Path]:
    """Every Python file of the application itself."""
    return modules(*top_level_packages())


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def setup_cfg() -> configparser.ConfigParser:
    """setup.cfg, read."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def setup_list(section: str, option: str) -> list[str]:
    """A setup.cfg option of several lines as a list, comments left out."""
    lines = (line.strip() for line in setup_cfg().get(section, option).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pyproject() -> dict[str, Any]:
    """pyproject.toml, read."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def loaded_twice(loaded: Mapping[str, ModuleType], names: Iterable[str]) -> list[str]:
    """Files of the named packages that sit under two module names: two copies of every class in them."""
    homes = {str(ROOT / package) for package in names}
    seen: dict[str, list[str]] = {}
    for module_name, module in list(loaded.items()):
        origin = getattr(module, "__file__", None)
        if isinstance(origin, str) and any(os.path.realpath(origin).startswith(home + os.sep) for home in homes):
            seen.setdefault(os.path.realpath(origin), []).append(module_name)
    return [f"{path} is loaded as {' and as '.join(sorted(both))}" for path, both in seen.items() if len(both) > 1]
