"""The memory under kill -9 and a disk that ends, in processes of their own with real files."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from persistence.data_dir import DataDir, Lock
from persistence.errors import AlreadyRunning
from persistence.fields import exact_text
from persistence.store import Store
from tests.unit.persistence.made import NOW, WORKER
from trading.bracket import Phase

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30
KILLS = 6

OPENED = """
import json, os, sys
from pathlib import Path
from persistence.data_dir import DataDir, Lock
from persistence.errors import StoreUnavailable
from persistence.outbox import Notice
from persistence.store import Store
from tests.unit.persistence.made import NOW, WORKER, Life
from trading.bracket import Phase
from trading.bracket.effects import Severity
folder = Path(sys.argv[1])
lock = Lock(DataDir(folder).prepare(), worker=WORKER, pid=os.getpid(), at=NOW)
store = Store.open(folder, worker=WORKER, account="paper", at=NOW)
def say(**what):
    os.write(1, json.dumps(what).encode() + b"\\n")
"""

# Trades without end; each step is acknowledged to the parent only after it was recorded.
TRADES = """
number = int(sys.argv[2])
while True:
    number += 1
    life = Life(store, str(number))
    notice = Notice(severity=Severity.INFO, type="opened", text=str(number))
    say(id=life.plan.bracket_id, version=life.begins(notices=[notice]).version)
    for part in range(5):
        say(id=life.plan.bracket_id, version=life.fills(part).version)
    over = life.becomes("over", phase=Phase.CLOSED, intents=())
    say(id=life.plan.bracket_id, version=over.version)
"""

# Steps until the file may not grow any more, then room again, then the same step once more.
FULL = """
import resource
life = Life(store)
life.begins()
store.close_thread()
size = max(path.stat().st_size for path in folder.iterdir() if path.is_file())
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50_000, resource.RLIM_INFINITY))
part, failed = 0, ""
while not failed:
    part += 1
    before = life.bracket
    try:
        life.fills(part)
    except StoreUnavailable as trouble:
        failed = type(trouble).__name__
    assert part < 500, "the disk never ended"
kept = life.remembered == before
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
outcome = life.again().outcome
say(failed=failed, kept=kept, outcome=outcome, back=life.remembered == life.bracket, check=store.check(), part=part)
"""

HOLDS = "say(ready=True); sys.stdin.read()"


@contextmanager
def _child(code: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", OPENED + code, str(folder), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def _killed_after(folder: Path, seconds: float, begin: int) -> dict[str, int]:
    """Let a child trade for a while, kill it, and give the newest version it acknowledged of each bracket."""
    told: dict[str, int] = {}
    with _child(TRADES, folder, str(begin)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the child never wrote anything"
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        for said in (line, *process.stdout):
            if said.endswith(b"\n"):
                one = json.loads(said)
                told[one["id"]] = one["version"]
    return told


def _assert_whole(store: Store) -> None:
    """Every bracket's rows say the same as its state, and each version left its event."""
    sql = store._database.sql
    for trade in store.trades(limit=500).items:
        story = store.trade(trade.bracket_id)
        assert story is not None
        bracket = story.bracket
        rows = sql("SELECT id, amount FROM fills WHERE bracket = ?", (trade.seq,)).fetchall()
        assert dict(rows) == {fill.fill_id: exact_text(fill.amount) for fill in bracket.fills}
        unsettled = {intent.intent_id for intent in story.intents if intent.outcome is None}
        assert unsettled == {intent.intent_id for intent in bracket.intents}
        steps = [event for event in story.timeline if not event.kind.startswith("trade_")]
        assert len(steps) == trade.version
    letters = sql("SELECT count(*) FROM outbox").fetchone()[0]
    assert letters == sql("SELECT count(*) FROM brackets").fetchone()[0]
    assert store.check() == ()


def test_kill_9_in_the_middle_of_steps_loses_nothing_acknowledged_and_leaves_nothing_half(tmp_path: Path) -> None:
    draw = random.Random(20261121)
    folder = tmp_path / "data"
    acknowledged: dict[str, int] = {}
    for number in range(KILLS):
        told = _killed_after(folder, draw.uniform(0.02, 0.25), number * 1_000_000)
        acknowledged |= told
        with Lock(DataDir(folder), worker=WORKER, pid=os.getpid(), at=NOW):
            store = Store.open(folder, worker=WORKER, account="paper", at=NOW)
            found: dict[str, int] = {trade.bracket_id: trade.version for trade in store.trades(limit=500).items}
            assert [one for one, version in told.items() if found.get(one, 0) < version] == [], "acknowledged and gone"
            ahead = sum(version - acknowledged.get(one, 0) for one, version in found.items())
            assert ahead <= 1, "more than the one step that was under way is there unacknowledged"
            _assert_whole(store)
            for bracket in store.open_brackets():  # what the dead left open goes on, so that the next one may trade
                over = replace(bracket, phase=Phase.CLOSED, intents=())
                store.record_step(bracket, over, message="a restart", effects=(), at=NOW)
            acknowledged = {trade.bracket_id: trade.version for trade in store.trades(limit=500).items}
            store.close_thread()

    assert len(acknowledged) > KILLS, "the children did trade"


def test_a_disk_that_ends_leaves_nothing_half_and_the_same_step_works_when_there_is_room(tmp_path: Path) -> None:
    with _child(FULL, tmp_path / "data") as process:
        output, _ = process.communicate(timeout=DEADLINE_S)

    said = json.loads(output)
    assert said.pop("part") > 1
    assert said.pop("failed") in {"DiskTrouble", "DiskFull"}
    assert said == {"kept": True, "outcome": "written", "back": True, "check": []}


def test_a_second_process_is_refused_while_the_first_lives_and_welcome_after_its_kill(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    with _child(HOLDS, data_dir.folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with pytest.raises(AlreadyRunning, match=f"process {process.pid} "):
            Lock(data_dir, worker="w2", pid=1, at=NOW)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(DEADLINE_S)

        Lock(data_dir, worker="w2", pid=1, at=NOW).release()
