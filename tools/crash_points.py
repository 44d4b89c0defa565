"""Kill the service at every point where something is written, sent or answered, and check what is left each time.

    python -m tools.crash_points --process --mode sequential    the real process, a kill -9 at each point it was seen at
    python -m tools.crash_points --simulated --jobs 2           the simulated world; actors and replies, too

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
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path
from random import Random

import requests

from tests.simulation import actor_deaths, reply_walk
from tests.simulation.crash_walk import CASES, Case, deaths, dies_at
from tools import crash_test
from tradebaas.crash_points import AT, POINTS
from trading.bracket import Mode
from trading.errors import TradingError

STOP_S_MAX = 20.0
STOP_AFTER_S = 12.0  # then it is told to stop, for the points of an orderly stop
PATIENT_S = 45.0  # longer than a heartbeat's interval
TRIES_MAX = 2
LOOK_S = 0.1
COVERED_S_MAX = 6.0
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
    is_visited: bool = True
    """Whether a person presses buttons meanwhile."""
    stop_after_s: float = STOP_AFTER_S
    last: subprocess.Popen[bytes] | None = None
    """The service that was started last."""
    person: "Person | None" = None
    """Whoever was at the buttons last."""
    not_reached: list[str] = field(default_factory=list)

    def starts(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start the service."""
        self.last = crash_test.start_service(self.folder, self.folder / "service.log", environment)
        return self.last

    def recovers(self, at: str) -> None:
        """Start it again without a switch: all must be well before long. Then it stops in order."""
        since_ms, broken = int(time.time() * 1000), len(self.findings.violations)
        process = self.starts()
        self.findings.starts_s.append(crash_test.wait_until_reconciled(self.folder, process, since_ms))
        self.observer.is_absent = False
        self._keeps_its_word(at)
        crash_test.check_recovered(self.folder, self.observer, self.findings)
        crash_test.check_entries(self.observer, self.findings)
        until = time.monotonic() + COVERED_S_MAX
        while self.observer.is_naked and time.monotonic() < until:
            time.sleep(LOOK_S)  # a death every second would keep it from ever covering: that is not one death
        process.terminate()
        if process.wait(STOP_S_MAX) != 0:
            self.findings.wrong(f"an orderly stop ended with {process.returncode}")
        if len(self.findings.violations) > broken:
            self.findings.wrong(f"the last of these after dying at {at}")

    def _keeps_its_word(self, at: str) -> None:
        """What was answered with success before it died is so after it (P6)."""
        if self.person is None or not self.is_visited:
            return
        self.person.join(5)
        said = self.person.halted
        if said is not None and said != _is_halted(self.folder):
            self.findings.wrong(f"answered that halted={said}, and forgot it, dying at {at}")


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
        place = Ground(folder, port, observer, findings)
        try:
            yield place
        finally:
            if place.last is not None and place.last.poll() is None:
                place.last.kill()
                place.last.wait(10)
            observer.ended.set()
            observer.join(5)
            exchange.terminate()
            exchange.communicate(timeout=10)


def record(place: Ground, seconds: float, wanted: AbstractSet[str] = frozenset()) -> Counter[str]:
    """Run it for a while, or until what is wanted was passed; stop it in order, and give every point it passed."""
    file = place.folder / "points"
    process = place.starts(**{POINTS: str(file)})
    with _visited(place):
        until = time.monotonic() + seconds
        while time.monotonic() < until and not (wanted and wanted <= _names(file).keys()):
            time.sleep(LOOK_S)
    process.terminate()
    if process.wait(20) != 0:
        place.findings.wrong(f"an orderly stop ended with {process.returncode}")
    return _names(file)


def _names(file: Path) -> Counter[str]:
    return Counter(file.read_text(encoding="utf-8").split()) if file.exists() else Counter()


@contextmanager
def _visited(place: Ground) -> Iterator[Person]:
    """Have a person at the buttons meanwhile; they are not waited for, the next start must not be late."""
    person = place.person = Person(place.port)
    if place.is_visited:
        person.start()
    try:
        yield person
    finally:
        person.ended.set()


def dies(place: Ground, name: str, nth: int) -> bool:
    """Run it until it dies at that point; False when it did not come there."""
    since_ms, until = int(time.time() * 1000), time.monotonic() + place.stop_after_s
    place.observer.is_absent = True
    process = place.starts(**{AT: f"{name}#{nth}"})
    with _visited(place) as person:
        while process.poll() is None and time.monotonic() < until:
            if place.observer.is_absent and crash_test.is_reconciled(place.folder, since_ms):
                place.observer.is_absent = False
            time.sleep(0.02)
        if process.poll() is None:
            person.ended.set()
            process.terminate()
            process.wait(STOP_S_MAX)
    place.observer.is_absent = True
    place.findings.counts["kills" if process.returncode == -signal.SIGKILL else "ended"] += 1
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
        if number % 10 == 0:
            print(f"crash-points: {number} of {len(points)}", flush=True)


def anew(place: Ground, wanted: argparse.Namespace) -> None:
    """Look for the points that were not reached where everything is new: some are passed once in a database's life."""
    missed, place.not_reached = place.not_reached, []
    for point in missed:
        name, _, nth = point.partition("#")
        with ground(wanted.seed, wanted.mode) as other:
            other.stop_after_s = PATIENT_S
            walk(other, [(name, int(nth or 1))])
        place.not_reached += other.not_reached
        place.findings.counts["kills"] += other.findings.counts["kills"]
        place.findings.violations += other.findings.violations


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
            anew(place, wanted)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            place.findings.wrong(str(error))
            print((place.folder / "service.log").read_text(encoding="utf-8", errors="replace")[-4000:])
        findings = place.findings
        starts = sorted(findings.starts_s) or [0.0]
        summary = {
            "mode": wanted.mode, "seed": wanted.seed, "points_found": len(found), "points_walked": len(points),
            "kills": findings.counts["kills"], "not_reached": place.not_reached, "looks": findings.counts["looks"],
            "naked_ms_worst": findings.naked_ms_worst, "naked_and_dead_ms": findings.counts["naked_and_dead_ms"],
            "violations": len(findings.violations),
            "start_to_reconciled_s": {"median": round(starts[len(starts) // 2], 2), "max": round(starts[-1], 2)},
        }  # fmt: skip
    print(json.dumps(summary))
    return 1 if findings.violations or place.not_reached else 0


# --- the simulated world


Ways = tuple[str, Sequence[object]]
"""What is walked, and every single thing that can go wrong in it."""


def _walks(times: int) -> Iterator[Ways]:
    """Every life with its deaths; every actor with its deaths; every request with all that can become of it."""
    for case in CASES:
        yield f"{case}", [(case, name, nth) for name, nth in deaths(case, times)]
    for mode in Mode:
        yield f"actors of {mode}", actor_deaths.found(mode)
        for way in reply_walk.WAYS:
            yield f"requests of {mode}: {way}", reply_walk.all_wrongs(mode, way)


def _goes(one: object) -> tuple[str, int]:
    """Let one thing go wrong: what broke, if anything, and the longest without full cover."""
    try:
        match one:
            case actor_deaths.Death():
                return "", actor_deaths.dies(one).naked_worst
            case reply_walk.Wrong():
                return "", reply_walk.suffers(one).naked_worst
            case (Case() as case, str(name), int(nth)):
                return "", dies_at(case, name, nth).naked_worst
            case _:
                raise TypeError(one)
    except (AssertionError, TradingError) as error:
        what = f"{one[0]}: {one[1]}#{one[2]}" if isinstance(one, tuple) else str(one)
        return f"{what}: {str(error)[:300]}", 0


def in_the_simulated_world(wanted: argparse.Namespace) -> int:
    """Everything; 0 when nothing promised was broken."""
    began, points, counted, broken, naked = time.monotonic(), set[str](), Counter[str](), list[str](), 0
    with Pool(wanted.jobs) as pool:
        for name, walk in _walks(wanted.times):
            points |= {one[1] for one in walk if isinstance(one, tuple)}
            kind = name.split(" ")[0] if " " in name else "deaths"
            counted[kind] += len(walk)
            told = pool.map(_goes, walk, 4)
            broken += [text for text, _ in told if text]
            worst = max(ms for _, ms in told)
            naked = max(naked, worst)
            print(f"crash-points: {name}: {len(walk)}, naked {worst} ms at most", flush=True)
    for line in broken:
        print(f"VIOLATION {line}")
    summary = {
        "lives": len(CASES), "points_found": len(points), "deaths_at_points": counted["deaths"],
        "deaths_of_actors": counted["actors"], "requests_gone_wrong": counted["requests"], "naked_ms_worst": naked,
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
