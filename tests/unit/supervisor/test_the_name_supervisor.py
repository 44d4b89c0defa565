"""`supervisor` is also the import name of supervisord. In our checkout it is ours, in our process it is ours."""

import importlib.util
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import supervisor

ROOT = Path(__file__).resolve().parents[3]


def _installed() -> bool:
    try:
        distribution("supervisor")
    except PackageNotFoundError:
        return False
    return True


needs_supervisord = pytest.mark.skipif(not _installed(), reason="supervisord is not installed in this environment")


def test_in_the_tests_the_name_leads_to_the_checkout() -> None:
    assert Path(supervisor.__file__).resolve() == ROOT / "supervisor" / "__init__.py"
    assert importlib.util.find_spec("supervisor.supervisord") is None, "supervisord's modules are mixed with ours"


def test_the_entry_refuses_when_the_name_leads_elsewhere(tmp_path: Path) -> None:
    """Something ahead of the path, as a stray PYTHONPATH or a plug-in, has loaded another `supervisor` already."""
    code = (
        "import sys, types, importlib.machinery\n"
        "other = types.ModuleType('supervisor')\n"
        f"other.__spec__ = importlib.machinery.ModuleSpec('supervisor', None, origin={str(tmp_path / 'x.py')!r})\n"
        "sys.modules['supervisor'] = other\n"
        "from tradebaas.__main__ import main\n"
        "main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 78
    assert "the name `supervisor` leads to" in ended.stderr


@needs_supervisord
@pytest.mark.parametrize("program", ["supervisord", "supervisorctl"])
def test_supervisords_programs_still_start_beside_ours(program: str, tmp_path: Path) -> None:
    """From the checkout and from elsewhere: their scripts must find their own package."""
    script = Path(sys.executable).parent / program
    for folder in (ROOT, tmp_path):
        ended = subprocess.run([script, "--help"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr


@needs_supervisord
def test_our_process_finds_ours_from_anywhere_with_supervisord_beside_it(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "tradebaas"
    if not script.exists():
        pytest.skip("the console script is not installed in this environment")
    for folder in (ROOT, tmp_path):
        ended = subprocess.run([script, "version"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr
