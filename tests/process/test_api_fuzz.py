"""The API of a running service holds what its document says, under requests that nobody would think of."""

import json
import subprocess
import sys

import pytest

from tests.process.exchange_client import ROOT

pytestmark = pytest.mark.process


def test_a_running_service_keeps_its_contract_under_made_up_requests() -> None:
    """A small run; `make api-fuzz` is the large one."""
    done = subprocess.run(
        [*(sys.executable, "-m", "tools.api_fuzz", "--requests", "1", "--examples", "3", "--phases", "fuzzing")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["requests"] >= 50
    assert told["lives"] is True
