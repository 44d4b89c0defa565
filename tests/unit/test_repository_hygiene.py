"""The repository works on any machine, and for any reader.

No folder of one machine, no host of a registry, no dead link, no switch that would silence the assertions.
"""

import re
from pathlib import Path

import pytest

from tools import repository

# The patterns are written so that they do not match themselves.
MACHINE_PATH = re.compile(r"(?<![\w.$})])/(?:(?:root|work|opt/(?:pypi|wheels))\b|(?:home|Users|mnt)/\w)")
REGISTRY_HOST = re.compile(r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|artifac[t]ory|devp[i]", re.IGNORECASE)
REGISTRY_OPTION = re.compile(r"--(?:extra-)?index-url[ =]\S|--find-links[ =]\S|--trusted-[h]ost")
ASSERTIONS_OFF = re.compile(r"python[\w.]*[\"']?\s+(?:-\w+\s+)*-OO?\b|PYTHON[O]PTIMIZE[\"']?\s*[=:]\s*[\"']?[^\s\"'0]")

LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*$", re.MULTILINE)

BINARY = {".png", ".ico", ".gz", ".woff2", ".jpg", ".webp", ".sqlite3"}


def texts() -> dict[str, str]:
    """Every text file of the repository by name."""
    found = {}
    for path in repository.files():
        if path.suffix not in BINARY:
            found[repository.name(path)] = path.read_text(encoding="utf-8")
    return found


def hits(pattern: re.Pattern[str], text: str) -> list[str]:
    """The lines on which the pattern matches, numbered."""
    return [f"{number}: {line.strip()}" for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def everywhere(pattern: re.Pattern[str]) -> list[str]:
    """The same over the whole repository."""
    return [f"{name}:{hit}" for name, text in texts().items() for hit in hits(pattern, text)]


def anchors(markdown: str) -> set[str]:
    """The names under which a page's headings can be linked, as code hosts make them."""
    plain = re.sub(r"(?ms)^```.*?^```", "", markdown)
    headings = (match["text"].lower() for match in HEADING.finditer(plain))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere, to a file or to a heading."""
    markdown = page.read_text(encoding="utf-8")
    plain = re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^```.*?^```", "", markdown))
    dead = []
    for match in LINK.finditer(plain):
        target, _, anchor = match["target"].partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        leads_to = (page.parent / target).resolve() if target else page
        if not leads_to.exists():
            dead.append(f"{page.name}: {match['target']}")
        elif anchor and leads_to.suffix == ".md" and anchor not in anchors(leads_to.read_text(encoding="utf-8")):
            dead.append(f"{page.name}: {match['target']} (no such heading)")
    return dead


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert everywhere(MACHINE_PATH) == []


def test_no_file_names_a_registry() -> None:
    """Where packages come from is the machine's business; what they are is pinned by hash."""
    assert everywhere(REGISTRY_HOST) == []
    assert everywhere(REGISTRY_OPTION) == []


def test_assertions_stay_on() -> None:
    """They are part of the design: a broken rule of our own must stop the step, not slip through."""
    assert [hit for hit in everywhere(ASSERTIONS_OFF) if not hit.startswith("tests/")] == []


def test_every_relative_link_leads_somewhere() -> None:
    assert [dead for page in repository.files(".md") for dead in dead_links(page)] == []


def test_scripts_can_be_executed() -> None:
    scripts = [path for path in repository.files() if path.read_bytes()[:2] == b"#!"]

    assert scripts
    assert [repository.name(path) for path in scripts if not path.stat().st_mode & 0o111] == []


def test_every_word_of_make_is_explained_and_declared() -> None:
    makefile = (repository.ROOT / "Makefile").read_text(encoding="utf-8")
    (declared,) = re.findall(r"^\.PHONY: ([a-z -]+)$", makefile, re.MULTILINE)
    explained = re.findall(r"^([a-z-]+):[^#\n]*## ", makefile, re.MULTILINE)

    assert sorted(explained) == sorted(declared.split())
    assert {"setup", "run", "test", "check", "bench", "soak", "fuzz", "help", "clean"} <= set(explained)


def _joined(*pieces: str) -> str:
    return "".join(pieces)


@pytest.mark.parametrize(
    ("pattern", "caught", "passed"),
    [
        (MACHINE_PATH, _joined("cd /", "work/x"), "net/work/x"),
        (MACHINE_PATH, _joined("'/", "home/jan/x'"), "https://host/homepage"),
        (MACHINE_PATH, _joined("/", "root/.cache"), "$(CURDIR)/rooted"),
        (REGISTRY_HOST, _joined("https://py", "pi.org/simple"), "pip"),
        (REGISTRY_OPTION, _joined("--extra-index", "-url file:x"), _joined("--no-", "index --editable .")),
        (ASSERTIONS_OFF, _joined("exec .venv/bin/python ", "-O -m tradebaas"), "python -m tradebaas -Oops"),
        (ASSERTIONS_OFF, _joined("python3 -u ", "-OO x.py"), "cc -O2"),
        (ASSERTIONS_OFF, _joined("export PYTHON", "OPTIMIZE=1"), _joined("unset PYTHON", "OPTIMIZE")),
        (ASSERTIONS_OFF, _joined("{'PYTHON", "OPTIMIZE': '2'}"), _joined("PYTHON", "OPTIMIZE=")),
    ],
)
def test_the_guards_tell_bad_from_good(pattern: re.Pattern[str], caught: str, passed: str) -> None:
    assert hits(pattern, f"fine\n{caught}\n") == [f"2: {caught}"]
    assert hits(pattern, passed) == []


def test_dead_links_are_caught_and_good_ones_pass(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A title: with `code`\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](there.md) [b](there.md#a-title-with-code) [c](#here) [d](https://example.org/x)\n"
        "`[code](nowhere.md)`\n```\n[code](nowhere.md)\n```\n"
        "[e](missing.md) [f](there.md#missing) [g](#missing) ![h](missing.png)\n",
        encoding="utf-8",
    )

    assert [dead.split()[1] for dead in dead_links(page)] == [
        "missing.md",
        "there.md#missing",
        "#missing",
        "missing.png",
    ]
