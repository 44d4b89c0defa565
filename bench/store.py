"""How long one recorded step takes: a real file, a real disk, everything forced down before the call returns.

A step is what a bracket does most: a fill arrives, the state changes, one order looks different, one request is
written before it leaves. A bare transaction on the same disk is taken in turn with it, so that the difference is ours.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.figure import Effort, Figure, Result, percentile
from persistence.database import Sync
from persistence.outbox import Notice
from persistence.store import Store
from trading.bracket import (
    Bracket,
    Effect,
    FillSeen,
    Limits,
    Mode,
    OrderSeen,
    Phase,
    Plan,
    Tick,
    begin,
    step,
)
from trading.bracket.effects import Severity
from trading.facts import Fill, Order
from trading.labels import bracket_id
from trading.values import (
    Currency,
    FillCondition,
    FillId,
    InstrumentName,
    LabelText,
    Leg,
    Liquidity,
    Milliseconds,
    OrderId,
    OrderState,
    OrderType,
    Side,
    StrategyName,
    TriggerSource,
    WorkerId,
)

STEPS: Final = 1_000
WARM_UP: Final = 50
GOAL_MS: Final = 0.7
PACE_S: Final = 0.003  # one step per 3 ms, as ticks come in the design's table


def run(effort: Effort) -> list[Result]:
    """One step on disk beside the bare commit of the same moment, the same without the disk, and reading back."""
    many = effort.count(STEPS)
    pairs = [_side_by_side(many) for _ in range(effort.runs)]
    bare, disk = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    ours = [[step - commit for commit, step in zip(*pair, strict=True)] for pair in pairs]
    no_disk = [_steps(many) for _ in range(effort.runs)]
    loads = [_load(effort.count(200)) for _ in range(effort.runs)]
    return [
        _figure("one row and a bare commit, FULL, p50", bare, 50, note="sqlite3 alone: the floor of this disk"),
        _figure("one recorded step, FULL, p50", disk, 50, goal=GOAL_MS, note="taken in turn with the bare commit"),
        _figure("one recorded step, FULL, p99", disk, 99),
        _figure("one recorded step less the bare commit beside it, p50", ours, 50),
        _figure("one recorded step without waiting for the disk, p50", no_disk, 50, note="what is ours to make faster"),
        Figure(name="a hundred open brackets, read back", unit="ms", runs=tuple(loads), better="less"),
    ]


def _figure(name: str, runs: list[list[float]], percent: float, *, goal: float | None = None, note: str = "") -> Figure:
    figures = tuple(percentile(times, percent) * 1000 for times in runs)
    return Figure(name=name, unit="ms", runs=figures, better="less", goal=goal, note=note)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    time.sleep(max(0.0, PACE_S - took))
    return took


def _side_by_side(many: int) -> tuple[list[float], list[float]]:
    """Time bare commits and steps in turn: a disk that has its moods has them for both."""
    with TemporaryDirectory() as folder, closing(_bare(Path(folder) / "bare.sqlite3")) as bare:
        store = Store.open(Path(folder) / "data", worker=WorkerId("w1"), account="bench", at=Milliseconds(0))
        bares, steps = [], []
        for work in islice(_works(store), many + WARM_UP):
            bares.append(_timed(lambda: bare.execute("INSERT INTO t VALUES (?)", ("x" * 400,))))
            steps.append(_timed(work))
        store.close_thread()
    return bares[WARM_UP:], steps[WARM_UP:]


def _steps(many: int) -> list[float]:
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder), worker=WorkerId("w1"), account="bench", at=Milliseconds(0), sync=Sync.OFF)
        times = [_timed(work) for work in islice(_works(store), many + WARM_UP)]
        store.close_thread()
    return times[WARM_UP:]


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = wal")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (a TEXT)")
    return connection


def _works(store: Store) -> Iterator[Callable[[], object]]:
    for number in count():
        for before, after, message, effects in life(number):
            notices = [Notice(severity=Severity.INFO, type="bench", text=str(number))] if before is None else []
            yield partial(
                store.record_step,
                before,
                after,
                message=message,
                effects=effects,
                notices=notices,
                at=Milliseconds(number),
            )


def _load(many: int) -> float:
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder), worker=WorkerId("w1"), account="bench", at=Milliseconds(0), sync=Sync.OFF)
        for number in range(100):
            (before, after, message, effects), *_ = life(number, instrument=f"COIN{number}-PERPETUAL")
            store.record_step(before, after, message=message, effects=effects, at=Milliseconds(number))
        began = time.perf_counter()
        rounds = max(1, many // 20)
        for _ in range(rounds):
            assert len(store.open_brackets()) == 100
        took = (time.perf_counter() - began) / rounds * 1000
        store.close_thread()
        return took


Step = tuple[Bracket | None, Bracket, FillSeen | OrderSeen | Tick | None, tuple[Effect, ...]]


def life(number: int, instrument: str = "BTC-PERPETUAL") -> Iterator[Step]:
    """The steps of one bracket from its entry to its end: ten fills, each with the order's new picture."""
    plan = Plan(
        bracket_id=bracket_id(StrategyName("bench"), InstrumentName(instrument), str(number)),
        strategy=StrategyName("bench"),
        owner="me",
        worker=WorkerId("w1"),
        instrument=InstrumentName(instrument),
        currency=Currency("BTC"),
        lot=Decimal(10),
        side=Side.BUY,
        amount=Decimal(100),
        entry=Decimal(65000),
        stop=Decimal(64000),
        target=Decimal(67000),
        stop_trigger=TriggerSource.LAST_PRICE,
        mode=Mode.SEQUENTIAL,
        fill_condition=FillCondition.FIRST_HIT,
        entry_until=Milliseconds(number + 100_000),
        reason="bench",
    )
    now = Milliseconds(number)
    bracket, effects = begin(plan, now)
    yield None, bracket, None, effects
    label = plan.label(Leg.ENTRY, 0)
    order = Order(
        order_id=OrderId(f"{number}-e"),
        label=label,
        instrument=plan.instrument,
        side=Side.BUY,
        type=OrderType.LIMIT,
        state=OrderState.OPEN,
        amount=plan.amount,
        price=plan.entry,
        updated_at=now,
    )
    for part in range(1, 11):
        filled = Decimal(10 * part)
        state = OrderState.FILLED if part == 10 else OrderState.OPEN
        seen = replace(order, filled_amount=filled, state=state, updated_at=Milliseconds(now + part))
        for message in (FillSeen(fill=_fill(number, part, label, plan)), OrderSeen(order=seen)):
            before = bracket
            bracket, effects = step(before, message, now, Limits())
            if before != bracket:
                yield before, bracket, message, effects
    over = replace(bracket, phase=Phase.CLOSED, intents=(), reason="bench")
    yield bracket, over, Tick(), ()


def _fill(number: int, part: int, label: LabelText, plan: Plan) -> Fill:
    return Fill(
        fill_id=FillId(f"{plan.instrument}-{number}-{part}"),
        order_id=OrderId(f"{number}-e"),
        label=label,
        instrument=plan.instrument,
        side=Side.BUY,
        amount=Decimal(10),
        price=Decimal(65000),
        fee=Decimal("0.00000007"),
        fee_currency=Currency("BTC"),
        profit_loss=Decimal(0),
        liquidity=Liquidity.TAKER,
        at=Milliseconds(number + part),
    )
