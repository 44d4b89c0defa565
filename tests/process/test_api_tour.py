"""The tour of docs/api.md does what it says, line by line, against a service as `make run` starts it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.process.exchange_client import ROOT
from tests.process.running_service import RunningService

pytestmark = pytest.mark.process

DOCUMENT = ROOT / "docs" / "api.md"
SETTINGS = """
[strategies.fasttest]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
every_s = 1
"""


def tour() -> str:
    """The lines of the tour as one script."""
    part = DOCUMENT.read_text(encoding="utf-8").partition("## A tour")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", part, re.DOTALL))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour asks with curl")
def test_the_tour_runs_from_start_to_report(tmp_path: Path) -> None:
    with RunningService(tmp_path, SETTINGS) as service:
        script = tour().replace("http://127.0.0.1:8080", service.url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "no_proxy": "*"},
        )

        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        for told in (
            '"state":"set"',
            '"stops":[{',
            '"state":"CLOSING"',
            '"timeline":[{',
            '"closed_trades":{"',
            ".sqlite3",
        ):
            assert told in done.stdout.replace('": ', '":'), f"{told} in {done.stdout[-2000:]}"
        assert service.stops() == 0
