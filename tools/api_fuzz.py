"""Send the API of a running service what its own document allows, and what it forbids; hold the answers to it.

    python -m tools.api_fuzz --requests 20000 --seed 7

The requests are schemathesis's, the service is a process of its own, on paper. It fails on a 5xx, on an answer that is
not as the document says, on wrong input that is taken, and on a service that does not live and trade afterwards.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "tradebaas"]
UP_S_MAX = 30.0
SETTINGS = """
[strategies.quick]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
STREAM = "/api/v2/stream"  # it answers for ever; tests of its own hold it
ROUNDS_MAX = 50
RATE = "90/s"  # a key may ask 100 times a second
_UNAVAILABLE = 503


def main() -> int:
    """Fuzz, and say what came of it."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--requests", type=int, default=20_000, help="at least so many")
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--examples", type=int, default=100, help="for each operation and round")
    given.add_argument("--phases", default="coverage,fuzzing", help="of schemathesis")
    given.add_argument("--only", default="", help="a regular expression for paths")
    asked = given.parse_args()
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as left:
        began, sent, failures, rounds = time.monotonic(), 0, 0, 0
        while sent < asked.requests and not failures and rounds < ROUNDS_MAX:
            told = fuzz(
                Path(folder),
                left,
                seed=asked.seed + rounds,
                examples=asked.examples,
                only=asked.only,
                phases=asked.phases,
            )
            sent, failures, rounds = sent + told[0], failures + told[1], rounds + 1
        lives = is_well(left)
        errors = [line for line in log(Path(folder)) if "Traceback" in line or "internal" in line]
    took = time.monotonic() - began
    summary = {"requests": sent, "failures": failures, "rounds": rounds, "took_s": round(took), "seed": asked.seed}
    print(json.dumps(summary | {"lives": lives, "errors_in_log": errors[:5]}))
    return 0 if not failures and lives and not errors else 1


def fuzz(folder: Path, left: dict[str, Any], *, seed: int, examples: int, only: str, phases: str) -> tuple[int, int]:
    """Run schemathesis once; give how many requests it sent and how many failed."""
    document = folder / "openapi.json"
    document.write_bytes(subprocess.run([*PROGRAM, "openapi"], cwd=ROOT, check=True, capture_output=True).stdout)
    report = folder / "report.ndjson"
    # The service's log has more to say than a coloured progress bar.
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "schemathesis"), "run", str(document), "--url", left["url"]),
            *("-H", f"Authorization: Bearer {left['token']}", "--checks", ",".join(CHECKS)),
            *("--exclude-path", STREAM, "--rate-limit", RATE, "--seed", str(seed), "-n", str(examples)),
            *("--phases", phases, "--no-color", "--suppress-health-check", "all", "--continue-on-failure"),
            *("--generation-database", "none", "--warnings", "off", "--request-timeout", "20"),
            *(("--include-path-regex", only) if only else ()),
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
        ],
        cwd=folder,
        env=os.environ | {"NO_PROXY": "*", "no_proxy": "*"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stdout[-6_000:] + done.stderr[-2_000:])
    sent = counted(report)
    return sent, int(done.returncode != 0)


def counted(report: Path) -> int:
    """Count the requests in what schemathesis wrote down."""
    sent = 0
    for line in report.read_text(encoding="utf-8").splitlines():
        for event in json.loads(line).values():
            recorder = event.get("recorder") if isinstance(event, dict) else None
            if recorder:
                sent += len(recorder.get("interactions", {}))
    return sent


def is_well(left: dict[str, Any]) -> bool:
    """Lift what the fuzzing switched off; it must trade again."""
    headers = {"Authorization": f"Bearer {left['token']}"}
    for path in ("unhalt", "broker/reconnect", "strategies/quick/resume", "strategies/quick/start"):
        requests.post(f"{left['url']}/api/v2/{path}", json={}, headers=headers, timeout=20)
    end = time.monotonic() + UP_S_MAX
    while time.monotonic() < end:
        status = requests.get(f"{left['url']}/api/v2/status", headers=headers, timeout=20).json()
        if status.get("reconciled") and status["broker"]["is_up"]:
            return requests.get(f"{left['url']}/health", timeout=20).status_code != _UNAVAILABLE
        time.sleep(0.1)
    return False


def log(folder: Path) -> list[str]:
    """What the service said."""
    return (folder / "run.log").read_text(encoding="utf-8").splitlines()


@contextmanager
def service(folder: Path) -> Iterator[dict[str, Any]]:
    """Give a service on paper in a folder of its own: its address and its key."""
    (folder / "tradebaas.toml").write_text(SETTINGS)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRADEBAAS_")}
    with (folder / "run.log").open("wb") as out:
        process = subprocess.Popen(
            [*PROGRAM, "run", "--port", "0"],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=out,
        )
    try:
        yield found(folder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(UP_S_MAX)


def found(folder: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Wait until it is connected and compared."""
    end, left = time.monotonic() + UP_S_MAX, folder / "var" / "api.json"
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "run.log").read_text()
        if left.exists():
            told: dict[str, Any] = json.loads(left.read_text())
            headers = {"Authorization": f"Bearer {told['token']}"}
            if requests.get(f"{told['url']}/api/v2/status", headers=headers, timeout=10).json()["reconciled"]:
                return told
        time.sleep(0.05)
    raise TimeoutError("the service does not come up")


if __name__ == "__main__":
    sys.exit(main())
