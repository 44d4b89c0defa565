"""Looks at a running service from outside, ten times a second: the exchange's books, then the database.

In this order, so that an order the exchange has taken must be on disk by then. The promises are those of
`trading.promises`; what may last how long is as the simulated worlds have it, with room for looking ten times a second.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol

import requests

from persistence.data_dir import DataDir
from persistence.database import Database
from persistence.errors import StoreUnavailable
from persistence.store import Store
from persistence.strategies import Strategy
from simulation.eye import ABSOLUTE_MS, BEFORE_MS, LAST_RESORT_FROM, ORPHAN_MARGIN_MS, TRIED_MS
from simulation.obeyed import RECOVERY_MS
from simulation.plan import Plan
from tools.socket_check.market import position_of
from trading import promises
from trading.bracket import Bracket
from trading.bracket.effects import Severity
from trading.labels import parse
from trading.lifecycle import State
from trading.promises import Lasting, Picture, Resting, Violation
from trading.values import ZERO, BracketId, InstrumentName, Leg, OrderId, Side, StrategyName, WorkerId

LOOK_S: Final = 0.1
ROOM_MS: Final = 1_000
"""What looking from outside may add to a window: the crash test gives the same."""
OWNER: Final = "me"
WORKER: Final = "w1"
ACCOUNT: Final = "embedded"
DORMANT: Final = "OTO-"
SILENT: Final = ("subscription_lost", "token_expired")
Calls = frozenset[tuple[int, int, str]]
"""The critical letters on disk, and how often each was told: one that waits is counted up, not written anew."""
CALLS: Final = "SELECT id, times, text FROM outbox WHERE severity = ?"


def _clock_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Books(Protocol):
    """The exchange, of which everything can be asked."""

    def state(self) -> dict[str, Any]:
        """Everything, exact, as of one moment."""


def open_store(folder: Path) -> Store:
    """The service's memory, to read only."""
    data_dir = DataDir(folder)
    database = Database(data_dir.database)
    database.sql("PRAGMA query_only = 1")
    return Store(database, data_dir, worker=WorkerId(WORKER), account=ACCOUNT)


class Watch:
    """What is seen, and what must not have been. May be asked from several threads."""

    def __init__(self, market: Books, folder: Path, plan: Plan, now_ms: Callable[[], int] = _clock_ms) -> None:
        self._market, self._folder, self._plan, self._now_ms = market, folder, plan, now_ms
        self._lock = threading.RLock()
        self._stores = threading.local()
        self._way_ms = 4 * plan.delay_ms[1] + 2 * plan.step_ms + ROOM_MS
        self._trades: set[str] = set()
        self._labels: dict[str, str] = {}
        self._unchecked: list[tuple[OrderId, str]] = []
        self._entries: dict[BracketId, set[str]] = {}
        self._ours: dict[str, Decimal] = {}
        self._positions: dict[str, Decimal] = {}
        self._state: dict[str, Any] = {}
        self._naked, self._orphans = Lasting(), Lasting()
        self._calls: Calls = frozenset()
        self._calls_before: dict[str, Calls] = {}
        """Those there were when an instrument was last seen covered: they call nobody to what came later."""
        self._close_tried: dict[str, int] = {}
        self._strategies: Mapping[StrategyName, State] = {}
        self._silent_lines: frozenset[int] = frozenset()
        self._silenced = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._looks, name="watch", daemon=True)
        self.struck_at = -(10**9)
        self.resumed_at: dict[str, int] = {}
        """When a person last let a strategy go on, by the wall clock."""
        self.fills: dict[str, list[dict[str, Any]]] = {}
        self.all_fills: dict[str, dict[str, Any]] = {}
        self.struck: Counter[str] = Counter()
        self.broken: dict[tuple[str, str], Violation] = {}
        self.naked_ms_worst = self.looks = self.blind = 0

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(10)
        if getattr(self._stores, "own", None) is not None:
            self.store.close_thread()

    @property
    def store(self) -> Store:
        """The memory, through a connection of this thread."""
        found: Store | None = getattr(self._stores, "own", None)
        if found is None:
            found = self._stores.own = open_store(self._folder)
        found._database.commits += 1  # noqa: SLF001 - it is written by another process: nothing read before counts
        return found

    def _looks(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.look()
        self.store.close_thread()

    def strikes(self) -> None:
        """Something goes wrong now."""
        self.struck_at = self._now_ms()

    # --- looking

    def look(self) -> None:
        """Once: exchange, database, promises."""
        with self._lock:
            try:
                self._state = self._market.state()
                self._take_in()
                now = self._now_ms()
                store = self.store
                with store.picture():
                    brackets = (*store.open_brackets(), *store.brackets.quarantined_brackets())
                    strategies = store.strategies.all()
                    written = self._written(store)
                    calls = _calls(store)
            except (requests.RequestException, StoreUnavailable):
                self.blind += 1
                return
            self.looks += 1
            seen, self._unchecked = self._unchecked, []
            self._must_not(promises.unrecorded(seen, written))
            self._must_not(promises.double_entries({one: len(ids) for one, ids in self._entries.items()}))
            self._must_not(promises.crowded(brackets))
            self._must_not(self._person_first(strategies))
            picture = self._picture(brackets)
            self._covered(picture, now, calls)
            self._explained(picture, now)

    def _must_not(self, found: Iterable[Violation]) -> None:
        for one in found:
            if self.broken.setdefault((one.promise, one.about), one) is one:
                print(f"  VIOLATION {one.promise} {one.sentence}", flush=True)

    def _take_in(self) -> None:
        account = self._state["accounts"]["main"]
        struck = Counter(self._state["faults"]["injected"])
        if struck != self.struck:
            self.strikes()
            lost = sum(struck[name] for name in SILENT)
            if lost > self._silenced:
                self._silent_lines = frozenset(self._lines())
            self.struck, self._silenced = struck, lost
        for trade in account["trades"]:
            if trade["trade_id"] not in self._trades:
                self._trades.add(trade["trade_id"])
                self._trade(trade)
        for name in self._positions:
            if self._positions[name] != position_of(account, name):
                self._must_not([Violation(promise="watch", about=name, sentence=f"missed a trade of {name}")])
        for order in account["orders"]:
            if order["order_id"] not in self._labels:
                self._order(order)

    def _trade(self, trade: dict[str, Any]) -> None:
        name, label = trade["instrument_name"], parse(trade.get("label", ""))
        signed = Decimal(trade["amount"]) * (1 if trade["direction"] == "buy" else -1)
        position = self._positions[name] = self._positions.get(name, ZERO) + signed
        ours = self._ours.get(name, ZERO)
        self.all_fills[trade["trade_id"]] = trade
        if label is not None and (label.owner, label.worker) == (OWNER, WORKER):
            self.fills.setdefault(label.bracket, []).append(trade)
            ours += signed
        self._ours[name] = _part_of(position, ours)

    def _order(self, order: dict[str, Any]) -> None:
        if order["order_id"].startswith(DORMANT):
            return
        self._labels[order["order_id"]] = order["label"]
        label = parse(order["label"])
        if label is None or (label.owner, label.worker) != (OWNER, WORKER):
            return
        if label.leg is Leg.CLOSE:
            self._close_tried[order["instrument_name"]] = self._now_ms()
        if label.leg is Leg.ENTRY:
            self._entries.setdefault(label.bracket, set()).add(order["order_id"])
        if label.attempt < LAST_RESORT_FROM:
            self._unchecked.append((OrderId(order["order_id"]), order["label"]))

    def _written(self, store: Store) -> frozenset[str]:
        """Which of the labels not looked for yet are on disk; native children stand in their entry's request."""
        found = set()
        for _, text in self._unchecked:
            label = parse(text)
            assert label is not None
            labels = [text]
            if label.leg in {Leg.STOP, Leg.TARGET} and label.attempt == 0:
                labels.append(f"{text.rsplit(':', 1)[0]}:e0")
            for one in labels:
                if _row(store, "SELECT 1 FROM intents WHERE label = ? LIMIT 1", one):
                    found.add(text)
        return frozenset(found)

    def _person_first(self, rows: tuple[Strategy, ...]) -> tuple[Violation, ...]:
        after = {row.name: row.state for row in rows}
        found = promises.restarted(self._strategies, after, frozenset(StrategyName(name) for name in self.resumed_at))
        for row in rows:
            if row.state is State.ERROR and self.resumed_at.get(row.name, row.since) < row.since:
                del self.resumed_at[row.name]  # it failed since
        self._strategies = after
        return found

    # --- exchange and database

    def _lines(self) -> Iterable[int]:
        """The service's connections."""
        return (
            int(session["session_id"])
            for session in self._state["sessions"]
            if session["client_id"] == "paper" and session["transport"] == "ws"
        )

    @property
    def is_served(self) -> bool:
        """Whether the service is on the line."""
        with self._lock:
            return any(True for _ in self._lines())

    def picture(self) -> Picture:
        """Exchange and database, as they are now."""
        with self._lock:
            self.look()
            return self._picture((*self.store.open_brackets(), *self.store.brackets.quarantined_brackets()))

    def _picture(self, brackets: tuple[Bracket, ...]) -> Picture:
        resting = tuple(
            Resting(
                order_id=OrderId(order["order_id"]),
                instrument=InstrumentName(order["instrument_name"]),
                side=Side(order["direction"]),
                left=Decimal(order["amount"]) - Decimal(order.get("filled_amount", 0)),
                label=order["label"],
                is_stop="trigger" in order or "trigger_order_id" in order,
                reduce_only=order["reduce_only"],
            )
            for order in self._state["accounts"]["main"]["orders"]
            if order["is_live"] and not order["order_id"].startswith(DORMANT)
        )
        held = {InstrumentName(name): ours for name, ours in self._ours.items() if ours}
        return Picture(owner=OWNER, worker=WORKER, held=held, resting=resting, open=brackets)

    def _covered(self, picture: Picture, now: int, calls: Calls) -> None:
        bare = () if not self.is_served else promises.naked(picture)
        before, self._naked = self._naked, self._naked.step(bare, now)
        last_calls, self._calls = self._calls, calls
        for one in bare:
            since = self._naked.since[one.promise, one.about]
            if (one.promise, one.about) not in before.since:
                self._calls_before[one.about] = last_calls
            self.naked_ms_worst = max(self.naked_ms_worst, now - since)
            if self._silent_lines & frozenset(self._lines()):
                late = now - since > RECOVERY_MS
            elif self.struck_at < since - BEFORE_MS:
                late = now - since > promises.NAKED_MS_MAX + self._way_ms
            else:
                late = now - max(since, self.struck_at) > RECOVERY_MS
            if (late or now - since > ABSOLUTE_MS) and not self._was_called(one.about, since, now):
                text = f"{one.about}: {one.sentence}, for {now - since} ms"
                self._must_not([Violation(promise="P1", about=one.about, sentence=text)])

    def _was_called(self, instrument: str, since: int, now: int) -> bool:
        """Whether a critical alert since it is bare called a person: then it is theirs, but not for ever.

        Not without any trouble before.
        """
        last = max(since, self.struck_at, self._close_tried.get(instrument, since))
        if self.struck_at < since - BEFORE_MS or now - last > TRIED_MS:
            return False
        return any(instrument in text for _, _, text in self._calls - self._calls_before[instrument])

    def _explained(self, picture: Picture, now: int) -> None:
        lost = () if not self.is_served else promises.orphans(picture)
        self._orphans = self._orphans.step(lost, now)
        for one in lost:
            since = self._orphans.since[one.promise, one.about]
            if now - max(since, self.struck_at) > self._plan.reconcile_ms + ORPHAN_MARGIN_MS:
                text = f"{one.sentence}, for {now - since} ms"
                self._must_not([Violation(promise="P2", about=one.about, sentence=text)])

    @property
    def entries(self) -> int:
        """How many brackets the exchange took an entry of."""
        return len(self._entries)


def _row(store: Store, statement: str, *values: Any) -> Any:
    return store._database.sql(statement, values).fetchone()  # noqa: SLF001 - looks past the store's own words


def _calls(store: Store) -> Calls:
    return frozenset(store._database.sql(CALLS, (Severity.CRITICAL.value,)).fetchall())  # noqa: SLF001 - as above


def _part_of(position: Decimal, ours: Decimal) -> Decimal:
    """How much of a position is ours at the most: what a person closed of it is gone."""
    if not ours or not position or (ours > 0) != (position > 0):
        return ZERO
    return ours if abs(ours) <= abs(position) else position
