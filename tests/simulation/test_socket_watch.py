"""Who looks at a real process from outside excuses a bare position as the simulated eye does: no more and no longer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from persistence.data_dir import DataDir
from persistence.database import Database
from persistence.migrate import migrate
from persistence.outbox import Notice, Outbox
from simulation.eye import ABSOLUTE_MS, TRIED_MS
from simulation.plan import draw
from tools.socket_check.watch import Watch
from trading.bracket.effects import Severity
from trading.values import Milliseconds

INSTRUMENT = "BTC-PERPETUAL"
HEAD = "tb1:me:w1:run0:wprpfwnxwcba5rnz"
BEGINS = 1_000_000
SECOND = 1_000


class Exchange:
    """Its books: the service holds a position, and a stop of it rests until it is taken away."""

    def __init__(self) -> None:
        self.orders = [self._order("SLTS-1", f"{HEAD}:s99", trigger="mark_price")]

    def bares(self) -> None:
        """The stop is gone."""
        self.orders[0]["is_live"] = False

    def covers(self) -> None:
        """And there it is again."""
        self.orders[0]["is_live"] = True

    def closes(self) -> None:
        """A close of ours was taken, and does nothing."""
        self.orders.append(self._order(f"{len(self.orders)}", f"{HEAD}:c9{len(self.orders)}") | {"is_live": False})

    def state(self) -> dict[str, Any]:
        """All of it."""
        trade = {"trade_id": "1", "instrument_name": INSTRUMENT, "label": f"{HEAD}:e0", "amount": "10"}
        account = {
            "trades": [trade | {"direction": "buy"}],
            "orders": self.orders,
            "positions": [{"instrument_name": INSTRUMENT, "size": "10"}],
        }
        session = {"session_id": 1, "client_id": "paper", "transport": "ws"}
        return {"accounts": {"main": account}, "faults": {"injected": {}}, "sessions": [session]}

    @staticmethod
    def _order(order_id: str, label: str, **more: str) -> dict[str, Any]:
        what = {"order_id": order_id, "label": label, "instrument_name": INSTRUMENT, "direction": "sell"}
        return {**what, "amount": "10", "reduce_only": True, "is_live": True, **more}


class Scene:
    """Somebody watches that exchange, and the letters of a service; the time is handed in."""

    def __init__(self, folder: Path) -> None:
        self.now = BEGINS
        self.exchange = Exchange()
        self._database = Database(DataDir(folder).database)
        migrate(self._database, lambda: None)
        self._outbox = Outbox(self._database)
        self.watch = Watch(self.exchange, folder, draw(7, faults="none", days=0.01), lambda: self.now)
        self.watch.look()
        assert not self.broken

    def close(self) -> None:
        """Both ends."""
        self.watch.close()
        self._database.close_thread()

    def calls(self, about: str = INSTRUMENT) -> None:
        """The service calls a person."""
        notice = Notice(severity=Severity.CRITICAL, type="x", text=f"{about} has no stop", alert=f"bare:{about}")
        self._outbox.put(notice, at=Milliseconds(self.now))

    def passes(self, seconds: int) -> None:
        """Time passes, and somebody looks."""
        for _ in range(seconds):
            self.now += SECOND
            self.watch.look()

    def bares(self) -> None:
        """A fault, and the stop is gone."""
        self.watch.strikes()
        self.exchange.bares()
        self.watch.look()

    @property
    def broken(self) -> list[str]:
        """What was."""
        return [promise for promise, _ in self.watch.broken]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.close()


def test_bare_after_a_fault_is_excused_for_twenty_seconds(scene: Scene) -> None:
    scene.bares()
    scene.passes(20)
    assert scene.broken == []
    scene.passes(1)
    assert scene.broken == ["P1"]


def test_a_letter_since_it_is_bare_excuses_a_minute_more_and_not_for_ever(scene: Scene) -> None:
    scene.bares()
    scene.passes(5)
    scene.calls()
    scene.passes(TRIED_MS // SECOND - 5)
    assert scene.broken == []
    scene.passes(1)
    assert scene.broken == ["P1"]


def test_a_letter_written_between_two_looks_as_it_became_bare_counts(scene: Scene) -> None:
    scene.watch.strikes()
    scene.calls()
    scene.exchange.bares()
    scene.passes(30)
    assert scene.broken == []


def test_a_letter_of_an_earlier_trouble_excuses_nothing(scene: Scene) -> None:
    scene.bares()
    scene.calls()
    scene.passes(10)
    scene.exchange.covers()
    scene.passes(1)
    scene.bares()
    scene.passes(21)
    assert scene.broken == ["P1"]


def test_one_that_waits_and_is_told_once_more_calls_as_well(scene: Scene) -> None:
    scene.bares()
    scene.calls()
    scene.passes(10)
    scene.exchange.covers()
    scene.passes(1)
    scene.bares()
    scene.calls()
    scene.passes(30)
    assert scene.broken == []


def test_a_letter_about_another_instrument_excuses_nothing(scene: Scene) -> None:
    scene.bares()
    scene.calls("ETH-PERPETUAL")
    scene.passes(21)
    assert scene.broken == ["P1"]


def test_with_a_close_tried_again_and_again_it_is_excused_on(scene: Scene) -> None:
    scene.bares()
    scene.calls()
    for _ in range(5):
        scene.passes(50)
        scene.exchange.closes()
    assert scene.broken == []


def test_faults_without_end_excuse_nothing_for_ever(scene: Scene) -> None:
    """Nobody was called."""
    scene.bares()
    for _ in range(ABSOLUTE_MS // SECOND // 10):
        scene.passes(10)
        scene.watch.strikes()
    assert scene.broken == []
    scene.passes(1)
    assert scene.broken == ["P1"]
