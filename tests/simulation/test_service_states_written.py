"""Where a strategy is stands on disk: also after a disk in trouble, and ERROR stays whatever comes late.

Each history here broke a promise once; it was found by simulated histories, or beside one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from actors.names import DESK
from persistence.store import Store
from simulation.disk import Death, ShakyDatabase, open_store
from strategies.base import Decision, Strategy
from tests.simulation.service_scene import Scene
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.lifecycle import Event, State
from trading.messages import desk
from trading.values import Milliseconds, StrategyName


class Waiting(Strategy):
    """Wishes for nothing: it makes no move after its first."""

    kind: ClassVar[str] = "waiting"
    fails: ClassVar[bool] = False

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        if Waiting.fails:
            raise ArithmeticError("broke on purpose")
        return Decision(text=f"{instrument.name} {ticker.mark > 0} {now > 0}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[ShakyDatabase, Store]]:
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    yield database, store
    database.close_thread()


def test_a_start_that_a_locked_database_did_not_take_is_written_after_all(disk: tuple[ShakyDatabase, Store]) -> None:
    """The row said IDLE for good while the strategy looked at the market: its next move might be days away."""
    database, store = disk
    scene = Scene(seed=71, store=store, strategy="waiting", kind=Waiting)
    database.trouble = "database_locked"
    scene.runs(5_000)
    database.trouble = ""
    scene.runs(65_000)
    assert scene.row.state is State.ANALYZING


def test_what_a_strategy_said_before_it_failed_does_not_lead_out_of_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk may hear of a move after the supervisor has written the failure: then ERROR must stay."""
    scene = Scene(seed=72, strategy="waiting", kind=Waiting)
    scene.runs(3_000)
    monkeypatch.setattr(Waiting, "fails", True)
    scene.moves_by(1)
    scene.runs_until(lambda: scene.row.state is State.ERROR)
    late = desk.StrategyMoved(
        name=StrategyName("waiting"),
        generation=scene.row.generation,
        event=Event.RESUME,
        state=State.ANALYZING,
        cause=None,
        reason="resumed",
    )
    scene.runtime.directory.address(DESK).tell(late)
    scene.runs(1_000)
    assert scene.row.state is State.ERROR
