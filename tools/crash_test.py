"""Kill the real service at random instants while it trades, start it again, and watch the account from outside.

    python -m tools.crash_test --kills 200 --seed 7

The exchange is a process of its own; the observer has its own login, read only, and looks ten times a second, while
the service lives and while it is dead. It believes the exchange and the database, never the service.
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
LABEL = "tb1:me:w1:"  # this worker's
NAKED_MS_MAX = 3_000  # the window of P1 and the way of a market order, as seen by looking ten times a second
LOOK_S = 0.1
UP_S_MAX = 20.0
INSTRUMENT = "BTC-PERPETUAL"

CONFIG = """
[service]
mode = "paper"
data_dir = "{data}"
[broker]
url = "{url}"
bracket_mode = "{mode}"
[web]
port = {port}
operate_token = "operate-operate-operate"
[risk]
value = 0.1
[limits]
crashes_max = 100000
[strategies.fast]
strategy = "fasttest"
instrument = "BTC-PERPETUAL"
autostart = true
every_s = 1
stop_bps = 6
target_bps = 6
cooldown_s = 1
"""


@dataclass
class Findings:
    """What was seen, and what must not have been."""

    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)
    naked_ms_worst: int = 0

    def wrong(self, text: str) -> None:
        """Something that was promised never to be."""
        self.violations.append(text)
        print(f"VIOLATION {text}", flush=True)


class Observer(threading.Thread):
    """Looks at the account through its own login."""

    def __init__(self, base: str, findings: Findings) -> None:
        super().__init__(name="observer", daemon=True)
        self.base, self.findings = base, findings
        self.ended = threading.Event()
        self.is_absent = False
        """Nobody is there who could act: such time is not counted as naked, but by itself."""
        self._looked_at = time.monotonic()
        self._is_naked = False
        self._naked_s = 0.0
        self._session = requests.Session()
        self._session.auth = ("observer", "observer")

    @property
    def is_naked(self) -> bool:
        """Whether the last look saw less cover than position."""
        return self._is_naked

    def ask(self, method: str, **params: Any) -> Any:
        """One question to the exchange."""
        answer = self._session.get(f"{self.base}/{method}", params=params, timeout=5).json(parse_float=Decimal)
        if "result" not in answer:
            raise RuntimeError(f"{method}: {answer}")
        return answer["result"]

    def orders(self) -> list[dict[str, Any]]:
        """Everything that rests, dormant children included."""
        return list(self.ask("private/get_open_orders"))

    def position(self) -> Decimal:
        """What is held, signed."""
        return Decimal(str(self.ask("private/get_position", instrument_name=INSTRUMENT)["size"]))

    def run(self) -> None:
        """Look, ten times a second. One who cannot look any more has seen nothing: that fails the test."""
        try:
            while not self.ended.wait(LOOK_S):
                self.look()
        except (RuntimeError, OSError) as error:
            self.findings.wrong(f"the observer could not look any more: {error}")
        finally:
            self._session.close()

    def look(self) -> None:
        """Is the position covered by reduce-only stops?"""
        held = self.position()
        orders = self.orders()
        self.findings.counts["looks"] += 1
        side = "sell" if held > 0 else "buy"
        cover = sum(
            Decimal(str(order["amount"])) - Decimal(str(order.get("filled_amount", 0)))
            for order in orders
            if order["reduce_only"]
            and order["direction"] == side
            and order["order_type"] == "stop_market"
            and not order["order_id"].startswith("OTO-")
        )
        since, self._looked_at = self._looked_at, time.monotonic()
        was_naked, self._is_naked = self._is_naked, bool(held) and cover < abs(held)
        if not (was_naked and self._is_naked):
            self._naked_s = 0.0
        elif self.is_absent:
            self.findings.counts["naked_and_dead_ms"] += int((self._looked_at - since) * 1000)
        else:
            self._naked_s += self._looked_at - since
        naked_ms = int(self._naked_s * 1000)
        self.findings.naked_ms_worst = max(self.findings.naked_ms_worst, naked_ms)
        if naked_ms > NAKED_MS_MAX:
            self.findings.wrong(f"{held} held, {cover} covered, for {naked_ms} ms")
            self._naked_s = 0.0


def free_line(process: subprocess.Popen[str], words: str, deadline_s: float = 20.0) -> str:
    """The first line of its output with these words."""
    assert process.stdout is not None
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        line = process.stdout.readline()
        if words in line:
            return line
        if not line and process.poll() is not None:
            break
    raise RuntimeError(f"no line with {words!r}")


def start_exchange(folder: Path, seed: int) -> tuple[subprocess.Popen[str], str]:
    """The exchange, with prices that move enough to hit stops and targets every few seconds."""
    settings = folder / "exchange.toml"
    # Without credits: the observer's key eats from the same pool as the service's, as it would on Deribit.
    settings.write_text('[feed]\nprofile = "wild"\nstep_ms = 100\n[limits]\ncredits = false\n', encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tradebaas", "exchange", "--port", "0", "--seed", str(seed), "--quiet",
         "--settings", str(settings), "--data-dir", str(folder / "exchange")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    line = free_line(process, "listening on")
    return process, line.rsplit(" ", 1)[1].strip()


def start_service(folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The service, with these variables beside what this process has."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tradebaas", "run", "--config", str(folder / "tradebaas.toml")],
            cwd=ROOT, stdout=out, stderr=out, env={**os.environ, **(environment or {})},
        )  # fmt: skip


def wait_until_reconciled(folder: Path, process: subprocess.Popen[bytes], since_ms: int) -> float:
    """Seconds until a comparison newer than this start is on disk."""
    began = time.monotonic()
    while time.monotonic() - began < UP_S_MAX:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended by itself with {process.returncode}")
        if is_reconciled(folder, since_ms):
            return time.monotonic() - began
        time.sleep(0.01)
    raise RuntimeError("not reconciled in time")


def is_reconciled(folder: Path, since_ms: int) -> bool:
    """Whether a comparison newer than this is on disk."""
    database = next((folder / "service").glob("*.sqlite3"), None)
    if database is None:
        return False
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=2) as db:
            (newest,) = db.execute("SELECT max(at) FROM reports").fetchone()
    except sqlite3.OperationalError:
        return False
    return newest is not None and newest >= since_ms


def open_brackets(folder: Path) -> dict[str, tuple[str, Decimal]]:
    """What the database believes is open: id to (instrument, signed amount held)."""
    database = next((folder / "service").glob("*.sqlite3"))
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as db:
        rows = db.execute("SELECT id, instrument, side, held FROM brackets WHERE holds = 1").fetchall()
    return {row[0]: (row[1], Decimal(row[3]) * (1 if row[2] == "buy" else -1)) for row in rows}


def check_recovered(folder: Path, observer: Observer, findings: Findings) -> None:
    """After a recovery, once it is quiet: database = exchange, no orphan, no double entry."""
    last = ""
    for _ in range(60):
        before, held, orders = open_brackets(folder), observer.position(), observer.orders()
        if before != open_brackets(folder):
            continue  # it moved while we looked
        believed = sum((amount for instrument, amount in before.values() if instrument == INSTRUMENT), Decimal(0))
        orphans = [
            order["order_id"] for order in orders
            if order["label"].startswith(LABEL) and order["label"].split(":")[4] not in before
        ]  # fmt: skip
        last = f"database {believed}, exchange {held}, orphans {orphans}"
        if believed == held and not orphans and len(before) <= 1:
            return
        time.sleep(0.1)
    findings.wrong(f"not settled after a recovery: {last}")


def check_entries(observer: Observer, findings: Findings) -> None:
    """One signal, one entry order, ever."""
    trades = observer.ask("private/get_user_trades_by_instrument", instrument_name=INSTRUMENT, count=1000)["trades"]
    entries: dict[str, set[str]] = {}
    for trade in trades:
        parts = str(trade.get("label", "")).split(":")
        if len(parts) == 6 and parts[5].startswith("e"):  # noqa: PLR2004 - the parts of our labels
            entries.setdefault(parts[4], set()).add(trade["order_id"])
    findings.counts["entries"] = max(findings.counts["entries"], len(entries))
    findings.counts["trades"] = max(findings.counts["trades"], len(trades))
    for bracket, orders in entries.items():
        if len(orders) > 1:
            findings.wrong(f"bracket {bracket} was entered {len(orders)} times")


def main() -> int:
    """Run it; 0 when nothing promised was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--mode", choices=["native", "sequential"], default="native")
    wanted = parser.parse_args()
    rng = Random(wanted.seed)
    findings = Findings()
    print(f"crash-test: seed {wanted.seed}; repeat with --seed {wanted.seed} --kills {wanted.kills}", flush=True)
    with tempfile.TemporaryDirectory(prefix="crash-test-") as name:
        folder = Path(name)
        exchange, address = start_exchange(folder, wanted.seed)
        config = CONFIG.format(data=folder / "service", url=f"ws://{address}/ws/api/v2", mode=wanted.mode, port=0)
        (folder / "tradebaas.toml").write_text(config, encoding="utf-8")
        (folder / "tradebaas.toml").chmod(0o600)
        observer = Observer(f"http://{address}/api/v2", findings)
        observer.start()
        try:
            _kill_again_and_again(folder, observer, findings, rng, wanted.kills)
        except (RuntimeError, OSError) as error:
            findings.wrong(str(error))
            print((folder / "service.log").read_text(encoding="utf-8", errors="replace")[-4000:])
        finally:
            observer.ended.set()
            observer.join(10)
            exchange.terminate()
            exchange.wait(10)
    starts = sorted(findings.starts_s) or [0.0]
    summary = {
        "seed": wanted.seed, "kills": findings.counts["kills"], "entries": findings.counts["entries"],
        "trades": findings.counts["trades"], "looks": findings.counts["looks"],
        "naked_ms_worst": findings.naked_ms_worst, "violations": len(findings.violations),
        "start_to_reconciled_s": {"median": round(starts[len(starts) // 2], 2), "max": round(starts[-1], 2)},
    }  # fmt: skip
    print(json.dumps(summary))
    return 1 if findings.violations else 0


def _kill_again_and_again(folder: Path, observer: Observer, findings: Findings, rng: Random, kills: int) -> None:
    log = folder / "service.log"
    for number in range(kills + 1):
        since_ms = int(time.time() * 1000)
        process = start_service(folder, log)
        findings.starts_s.append(wait_until_reconciled(folder, process, since_ms))
        check_recovered(folder, observer, findings)
        check_entries(observer, findings)
        time.sleep(rng.uniform(0.0, 3.0))
        if number == kills:
            process.terminate()
            if process.wait(15) != 0:
                findings.wrong(f"an orderly stop ended with {process.returncode}")
            return
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        findings.counts["kills"] += 1
        if number % 10 == 9:  # noqa: PLR2004 - now and then
            print(f"crash-test: {number + 1} kills, {findings.counts['entries']} entries", flush=True)
        time.sleep(rng.uniform(0.0, 0.5))


if __name__ == "__main__":
    sys.exit(main())
