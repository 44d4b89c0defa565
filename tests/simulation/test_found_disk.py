"""What seeded histories found while the disk was in trouble, and was mended.

CHANGELOG.md names the test of each fault. All of them were seen to fail with the repair taken out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from persistence.store import Store
from simulation.disk import TROUBLES, Death, ShakyDatabase, open_store
from strategies.base import Decision, Strategy
from tests.simulation.service_scene import Scene
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.lifecycle import State
from trading.messages import desk
from trading.values import Milliseconds, StrategyName

NAME = StrategyName("watcher")


class Watcher(Strategy):
    """Wishes for nothing, and cannot bear a price above 64 500."""

    kind: ClassVar[str] = NAME

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        if ticker.mark > 64_500:
            raise ArithmeticError(f"{ticker.mark} is too high")
        return Decision(text=f"watches {instrument.name} at {now}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[ShakyDatabase, Store]]:
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    yield database, store
    database.close_thread()


def _scene(store: Store, seed: int) -> Scene:
    return Scene(seed=seed, store=store, strategy=NAME, kind=Watcher)


def _state(scene: Scene) -> State:
    """Where the strategy is by its row."""
    state: State = scene.row.state
    return state


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_a_strategy_started_while_nothing_can_be_written_ends_nobody(
    trouble: str, disk: tuple[ShakyDatabase, Store]
) -> None:
    """Seeds 9 and 16: its number could not be written, and the supervisor failed with everything under it."""
    database, store = disk
    scene = _scene(store, 9)
    database.trouble = trouble
    scene.runs(5_000)
    assert not scene.ended, "the service lives"
    database.trouble = ""
    scene.runs(65_000)
    assert _state(scene) is State.ANALYZING
    before = scene.row.generation
    scene.crashes()
    scene.runs(5_000)
    assert scene.row.generation > before, "no number is given twice"


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_a_failure_that_could_not_be_written_is_known_and_written_later(
    trouble: str, disk: tuple[ShakyDatabase, Store]
) -> None:
    """Seeds 40, 45 and 52067: ERROR was on disk never, and the next start let the strategy go on."""
    database, store = disk
    scene = _scene(store, 40)
    scene.runs(5_000)
    database.trouble = trouble
    scene.moves_to("65000")
    scene.runs(5_000)
    assert not scene.ended, "the service lives"
    assert _state(scene) is not State.ERROR, "that could not be written"
    database.trouble = ""
    scene.runs(10_000)
    assert _state(scene) is State.ERROR
    assert "65" in scene.row.error
    scene.moves_to("64000")
    scene.crashes()
    scene.runs(10_000)
    assert _state(scene) is State.ERROR, "only a person leads out of it"
    assert scene.says(desk.ResumeStrategy, name=NAME).ok
    scene.runs(10_000)
    assert _state(scene) is State.ANALYZING


def test_a_strategy_whose_first_moves_nobody_wrote_is_shown_where_it_is(disk: tuple[ShakyDatabase, Store]) -> None:
    """Seed 45: the desk died with the moves it had still to write, and the row took no later move: IDLE, for good."""
    database, store = disk
    scene = Scene(seed=45, store=store)
    database.trouble = "database_locked"
    scene.runs(3_000)
    scene.runtime.kill("desk")
    scene.runs(1_000)
    database.trouble = ""
    scene.opens()
    assert _state(scene) is State.POSITION_OPEN
