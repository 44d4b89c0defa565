"""Kill the service at every point where something is written, sent or answered, and check what is left each time.

    python -m tools.crash_points --process --mode sequential    the real process, a kill -9 at each point it was seen at
    python -m tools.crash_points --simulated --jobs 2           the simulated world, every life, minutes

The points are found, not listed: a first run writes down the name of each that it passes, then each is died at.
"""

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from random import Random

import requests

from tests.simulation.crash_walk import CASES, Case, deaths, dies_at
from tools import crash_test
from tradebaas.crash_points import AT, POINTS

REACH_S_MAX = 20.0
STOP_AFTER_S = 12.0  # then it is told to stop, for the points of an orderly stop
TRIES_MAX = 3
TOKEN = "operate-operate-operate"  # noqa: S105 - of a service made for this, on paper
TOUR: tuple[tuple[str, dict[str, str]], ...] = (
    ("halt", {"reason": "tour"}),
    ("unhalt", {}),
    ("strategies/fast/pause", {}),
    ("strategies/fast/resume", {}),
    ("reconcile", {}),
    ("strategies/fast/close", {}),
)
"""What a person does meanwhile, again and again."""


@dataclass
class Ground:
    """An exchange, an observer, and a folder for the service: what stays when it dies."""

    folder: Path
    port: int
    observer: crash_test.Observer
    findings: crash_test.Findings
    not_reached: list[str] = field(default_factory=list)

    def starts(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start the service."""
        return crash_test.start_service(self.folder, self.folder / "service.log", environment)

    def recovers(self, at: str) -> None:
        """Start it again without a switch: all must be well before long. Then it is gone without a word."""
        since_ms, broken = int(time.time() * 1000), len(self.findings.violations)
        process = self.starts()
        self.findings.starts_s.append(crash_test.wait_until_reconciled(self.folder, process, since_ms))
        crash_test.check_recovered(self.folder, self.observer, self.findings)
        crash_test.check_entries(self.observer, self.findings)
        process.kill()
        process.wait(10)
        if len(self.findings.violations) > broken:
            self.findings.wrong(f"the last of these after dying at {at}")


class Person(threading.Thread):
    """Presses buttons, and remembers what was answered with success."""

    def __init__(self, port: int) -> None:
        super().__init__(name="person", daemon=True)
        self.ended = threading.Event()
        self.halted: bool | None = None
        """What the last answer said; None while a command is under way, or none was answered."""
        self._url = f"http://127.0.0.1:{port}/api/v2/"

    def run(self) -> None:
        """Again and again, until the end."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        while not self.ended.wait(0.7):
            for path, body in TOUR:
                if self.ended.wait(0.15):
                    return
                said, self.halted = self.halted, None if "halt" in path else self.halted
                try:
                    answer = session.post(self._url + path, json=body, timeout=3)
                except requests.RequestException:
                    break
                if "halt" in path:
                    self.halted = path == "halt" if answer.ok else said


@contextmanager
def ground(seed: int, mode: str) -> Iterator[Ground]:
    """Set it up, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="crash-points-") as name, socket.socket() as taken:
        folder, findings = Path(name), crash_test.Findings()
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
        taken.close()
        exchange, address = crash_test.start_exchange(folder, seed)
        config = crash_test.CONFIG.format(
            data=folder / "service", url=f"ws://{address}/ws/api/v2", mode=mode, port=port
        )
        (folder / "tradebaas.toml").write_text(config, encoding="utf-8")
        (folder / "tradebaas.toml").chmod(0o600)
        observer = crash_test.Observer(f"http://{address}/api/v2", findings)
        observer.start()
        try:
            yield Ground(folder, port, observer, findings)
        finally:
            observer.ended.set()
            exchange.terminate()
            exchange.wait(10)


def record(place: Ground, seconds: float) -> Counter[str]:
    """Run it for a while with a person at its buttons, stop it in order, and give every point that was passed."""
    file = place.folder / "points"
    process = place.starts(**{POINTS: str(file)})
    person = Person(place.port)
    person.start()
    time.sleep(seconds)
    person.ended.set()
    person.join(5)
    process.terminate()
    if process.wait(20) != 0:
        place.findings.wrong(f"an orderly stop ended with {process.returncode}")
    return Counter(file.read_text(encoding="utf-8").split())


def dies(place: Ground, name: str, nth: int) -> bool:
    """Run it until it dies at that point; False when it did not come there."""
    process = place.starts(**{AT: f"{name}#{nth}"})
    person = Person(place.port)
    person.start()
    try:
        process.wait(STOP_AFTER_S)
    except subprocess.TimeoutExpired:
        person.ended.set()
        process.terminate()
        process.wait(REACH_S_MAX)
    person.ended.set()
    person.join(5)
    place.findings.counts["kills" if process.returncode == -signal.SIGKILL else "ended"] += 1
    if person.halted is not None and person.halted != _is_halted(place.folder):
        place.findings.wrong(f"answered that halted={person.halted}, not on disk after dying at {name}")
    return process.returncode == -signal.SIGKILL


def _is_halted(folder: Path) -> bool:
    database = next((folder / "service").glob("*.sqlite3"))
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as db:
        return db.execute("SELECT 1 FROM halts WHERE lifted_at IS NULL").fetchone() is not None


def walk(place: Ground, points: Sequence[tuple[str, int]]) -> None:
    """Die at each, recover, be looked at."""
    for number, (name, nth) in enumerate(points, start=1):
        point = name if nth == 1 else f"{name}#{nth}"
        reached = False
        for _ in range(TRIES_MAX):
            reached = dies(place, name, nth)
            place.recovers(point)
            if reached:
                break
        if not reached:
            place.not_reached.append(point)
            print(f"crash-points: not reached: {point}", flush=True)
        if number % 10 == 0:
            print(f"crash-points: {number} of {len(points)}", flush=True)


def in_the_process(wanted: argparse.Namespace) -> int:
    """The real process; 0 when nothing promised was broken and every point was reached."""
    with ground(wanted.seed, wanted.mode) as place:
        found = record(place, wanted.record_s)
        points = [(name, nth) for name in sorted(found) for nth in range(1, min(found[name], wanted.times) + 1)]
        if wanted.points:
            points = Random(wanted.seed).sample(points, min(wanted.points, len(points)))
        print(f"crash-points: {len(found)} points found, {len(points)} deaths to die, seed {wanted.seed}", flush=True)
        place.recovers("the recording")
        try:
            walk(place, points)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            place.findings.wrong(str(error))
            print((place.folder / "service.log").read_text(encoding="utf-8", errors="replace")[-4000:])
        findings = place.findings
        starts = sorted(findings.starts_s) or [0.0]
        summary = {
            "mode": wanted.mode, "seed": wanted.seed, "points_found": len(found), "points_walked": len(points),
            "kills": findings.counts["kills"], "not_reached": place.not_reached, "looks": findings.counts["looks"],
            "naked_ms_worst": findings.naked_ms_worst, "violations": len(findings.violations),
            "start_to_reconciled_s": {"median": round(starts[len(starts) // 2], 2), "max": round(starts[-1], 2)},
        }  # fmt: skip
    print(json.dumps(summary))
    return 1 if findings.violations or place.not_reached else 0


# --- the simulated world


def _live(wanted: tuple[Case, int]) -> tuple[Case, set[str], int, list[str], int]:
    """Die every death of one life: its points, how many deaths, what broke, the longest without full cover."""
    case, times = wanted
    broken, worst, chosen = list[str](), 0, deaths(case, times)
    for name, nth in chosen:
        try:
            worst = max(worst, dies_at(case, name, nth).naked_worst)
        except AssertionError as error:
            broken.append(f"{case}: {name}#{nth}: {str(error)[:300]}")
    return case, {name for name, _ in chosen}, len(chosen), broken, worst


def in_the_simulated_world(wanted: argparse.Namespace) -> int:
    """Every life; 0 when nothing promised was broken."""
    began, names, died, broken, naked = time.monotonic(), set[str](), 0, list[str](), 0
    with Pool(wanted.jobs) as pool:
        for case, points, count, wrong, worst in pool.imap_unordered(_live, [(case, wanted.times) for case in CASES]):
            names |= points
            died, naked, broken = died + count, max(naked, worst), broken + wrong
            print(f"crash-points: {case}: {count} deaths at {len(points)} points, naked {worst} ms at most", flush=True)
    for line in broken:
        print(f"VIOLATION {line}")
    summary = {
        "lives": len(CASES), "points_found": len(names), "deaths": died, "naked_ms_worst": naked,
        "violations": len(broken), "seconds": round(time.monotonic() - began),
    }  # fmt: skip
    print(json.dumps(summary))
    return 1 if broken else 0


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    world = parser.add_mutually_exclusive_group(required=True)
    world.add_argument("--process", action="store_true")
    world.add_argument("--simulated", action="store_true")
    parser.add_argument("--mode", choices=["native", "sequential"], default="native")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--points", type=int, default=0, help="how many of those found; 0 = all")
    parser.add_argument("--times", type=int, default=0, help="how many of the first times at each point")
    parser.add_argument("--record-s", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    wanted = parser.parse_args()
    wanted.times = wanted.times or (1 if wanted.process else 3)
    return in_the_process(wanted) if wanted.process else in_the_simulated_world(wanted)


if __name__ == "__main__":
    sys.exit(main())
