"""The core is a function of its inputs: same seed, same messages, same outcome, in any process on any day.

Nothing in it may look at a real clock, draw from a hidden random source, start a thread, open a socket or sleep.
The guard reads the syntax tree and follows imports, so `from time import time as t` is seen and the word in a
comment is not. A line that must break the rule says why: `# nondeterministic: <reason>`.
"""

import ast
import io
import re
import textwrap
import tokenize

import pytest

from tools import repository

CORE = ("trading", "strategies", "actors", "exchange")

# The exchange's shells: a socket, a file, a process. Everything else in exchange/ is core.
SHELLS = frozenset(
    {
        "exchange/admin.py",
        "exchange/journal.py",
        "exchange/process.py",
        "exchange/server.py",
    }
)

FORBIDDEN_MODULES = frozenset(
    {
        "_thread",
        "asyncio",
        "concurrent.futures",
        "multiprocessing",
        "sched",
        "secrets",
        "select",
        "selectors",
        "signal",
        "socket",
        "ssl",
        "subprocess",
        "threading",
    }
)

FORBIDDEN_NAMES = frozenset(
    {
        "builtins.hash",  # of a string it differs in every process
        "builtins.id",
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "os.environ",
        "os.getenv",
        "os.getpid",
        "os.getrandom",
        "os.urandom",
        "uuid.getnode",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)

# All of these modules, except what is a pure function or a type.
FORBIDDEN_EXCEPT = {
    "random": frozenset({"random.Random"}),
    "time": frozenset({"time.gmtime", "time.struct_time"}),
}

ESCAPE = re.compile(r"#\s*nondeterministic:(?P<reason>.*)$")
REASON_MIN = 10  # characters; shorter is not a reason


class _Finder(ast.NodeVisitor):
    """Collects (first line, last line, what is wrong) from one module."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int, str]] = []
        self._meaning: dict[str, str] = {"hash": "builtins.hash", "id": "builtins.id"}

    def _add(self, node: ast.expr | ast.stmt, problem: str) -> None:
        self.found.append((node.lineno, node.end_lineno or node.lineno, problem))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self._meaning[alias.asname] = alias.name
            else:
                top = alias.name.split(".")[0]
                self._meaning[top] = top
            if _is_forbidden_module(alias.name):
                self._add(node, f"imports {alias.name}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        origin = node.module or ""
        if node.level:
            return
        for alias in node.names:
            full = f"{origin}.{alias.name}"
            self._meaning[alias.asname or alias.name] = full
            if _is_forbidden_module(origin) or _is_forbidden_module(full):
                self._add(node, f"imports {full}")
            elif alias.name == "*" and (origin in FORBIDDEN_EXCEPT or origin in {"os", "uuid"}):
                self._add(node, f"imports everything from {origin}")

    def _resolve(self, node: ast.expr) -> str | None:
        """The full name of `a.b.c` as far as this module's imports tell."""
        if isinstance(node, ast.Name):
            return self._meaning.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._resolve(node.value)
            return owner and f"{owner}.{node.attr}"
        return None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._resolve(node)
        if full and _is_forbidden_name(full):
            self._add(node, f"uses {full}")
            return
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        full = self._meaning.get(node.id)
        if full and not full.startswith("builtins.") and _is_forbidden_name(full):
            self._add(node, f"uses {full}")

    def visit_Call(self, node: ast.Call) -> None:
        full = self._resolve(node.func)
        if full in {"builtins.hash", "builtins.id"}:
            self._add(node, f"calls {full.removeprefix('builtins.')}(), which differs from process to process")
        elif full == "random.Random" and not _is_seeded(node):
            self._add(node, "makes random.Random without a seed")
        for argument in _arguments(node):
            if self._resolve(argument) == "random.Random" and _callee(node) not in {"isinstance", "cast"}:
                self._add(node, "hands on random.Random, which would be made without a seed")
        self.generic_visit(node)


def _callee(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _is_seeded(node: ast.Call) -> bool:
    seeds = _arguments(node)
    return bool(seeds) and not (isinstance(seeds[0], ast.Constant) and seeds[0].value is None)


def _is_forbidden_module(full: str) -> bool:
    return any(full == module or full.startswith(f"{module}.") for module in FORBIDDEN_MODULES)


def _is_forbidden_name(full: str) -> bool:
    if full in FORBIDDEN_NAMES or any(full.startswith(f"{bad}.") for bad in FORBIDDEN_NAMES):
        return True
    top = full.split(".", maxsplit=1)[0]
    allowed = FORBIDDEN_EXCEPT.get(top)
    if allowed is None or full == top:
        return False
    return not any(full == good or full.startswith(f"{good}.") for good in allowed)


def _escapes(source: str) -> dict[int, str]:
    """Line number -> reason, from real comments only."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        match = ESCAPE.search(token.string) if token.type == tokenize.COMMENT else None
        if match:
            found[token.start[0]] = match["reason"].strip()
    return found


def nondeterminism(source: str) -> list[str]:
    """What in this source could make two runs differ, one line each; [] when nothing."""
    tree = ast.parse(source)
    finder = _Finder()
    # Imports first: a function further up may use what is imported further down.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            finder.visit_Import(node)
        elif isinstance(node, ast.ImportFrom):
            finder.visit_ImportFrom(node)
    finder.found.clear()
    finder.visit(tree)

    escapes = _escapes(source)
    used = set()
    problems = []
    for first, last, problem in sorted(set(finder.found)):
        lines = [line for line in range(first, last + 1) if line in escapes]
        used.update(lines)
        if not lines:
            problems.append(f"{first}: {problem}")
    for line, reason in sorted(escapes.items()):
        if len(reason) < REASON_MIN:
            problems.append(f"{line}: the escape gives no reason of at least {REASON_MIN} characters")
        elif line not in used:
            problems.append(f"{line}: the escape allows nothing here")
    return problems


def test_the_core_reads_no_clock_draws_no_hidden_randomness_and_starts_no_thread() -> None:
    problems = []
    for path in repository.modules(*CORE):
        name = repository.name(path)
        if name not in SHELLS:
            problems += [f"{name}:{problem}" for problem in nondeterminism(path.read_text(encoding="utf-8"))]

    assert problems == [], "\n" + "\n".join(problems)


def test_every_named_shell_exists_so_that_the_list_cannot_hide_a_renamed_core_module() -> None:
    existing = {repository.name(path) for path in repository.modules("exchange")}

    assert sorted(SHELLS - existing) == []


CAUGHT = {
    "time.time": "import time\nx = time.time()",
    "as an alias": "import time as t\nx = t.monotonic_ns()",
    "from import": "from time import perf_counter as now\nx = now()",
    "sleep": "import time\ndef wait():\n    time.sleep(1)",
    "not called, handed on": "import time\nclock = dict(default_factory=time.time)",
    "imported below its use": "def f():\n    return t()\nfrom time import time as t",
    "datetime.now": "from datetime import datetime, UTC\nx = datetime.now(UTC)",
    "datetime module": "import datetime as dt\nx = dt.datetime.utcnow()",
    "today": "import datetime\nx = datetime.date.today()",
    "random function": "import random\nx = random.random()",
    "random function from import": "from random import choice\nx = choice([1, 2])",
    "random star": "from random import *",
    "the module's own seed": "import random\nrandom.seed(7)",
    "unseeded generator": "import random\nx = random.Random()",
    "seeded with None": "from random import Random\nx = Random(None)",
    "unseeded by a factory": "import random\nx = field(default_factory=random.Random)",
    "system random": "import random\nx = random.SystemRandom()",
    "uuid4": "import uuid\nx = uuid.uuid4()",
    "uuid1": "from uuid import uuid1\nx = uuid1()",
    "secrets": "import secrets",
    "urandom": "import os\nx = os.urandom(8)",
    "environment": "import os\nx = os.environ['HOME']",
    "threading": "import threading",
    "threading from import": "from threading import Lock",
    "inside a function": "def f():\n    import socket",
    "asyncio": "import asyncio.queues",
    "futures": "from concurrent import futures",
    "hash of a string": "x = hash('a')",
    "escape without a reason": "import time\nx = time.time()  # nondeterministic: ok",
    "escape on another line": "# nondeterministic: a long enough reason\nimport time\nx = time.time()",
    "escape in a string": "import time\nx = time.time(), '# nondeterministic: a long enough reason'",
    "escape that allows nothing": "x = 1  # nondeterministic: a long enough reason",
}


@pytest.mark.parametrize("source", CAUGHT.values(), ids=CAUGHT.keys())
def test_the_guard_catches(source: str) -> None:
    assert nondeterminism(source)


ALLOWED = {
    "a seeded generator": "import random\nx = random.Random(7)",
    "a seeded generator by name": "from random import Random\nx = Random(seed)",
    "a generator as a type": "import random\ndef f(draw: random.Random) -> float:\n    return draw.random()",
    "a check of a type": "import random\nassert isinstance(x, random.Random)",
    "a clock handed in": "def f(clock):\n    return clock.now(), clock.time()",
    "a method of that name": "class A:\n    def sleep(self): ...\n    def time(self): return self.sleep()",
    "words in text": "'''time.time() and random.random()'''\n# time.sleep(1)",
    "a fixed moment": "from datetime import UTC, datetime\nx = datetime.fromtimestamp(0, UTC)",
    "a name-based uuid": "import uuid\nx = uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
    "a field called id": "class A:\n    id: int\ndef f(id):\n    return id",
    "a reason": "import time\nx = time.time()  # nondeterministic: printed for people, decides nothing",
    "a reason on a long call": textwrap.dedent(
        """
        import time
        x = max(
            time.time(),  # nondeterministic: printed for people, decides nothing
            1,
        )
        """
    ),
}


@pytest.mark.parametrize("source", ALLOWED.values(), ids=ALLOWED.keys())
def test_the_guard_allows(source: str) -> None:
    assert nondeterminism(source) == []
