"""The lives of the process in simulated worlds: dead for a while, and stopped in order."""

import pytest

from simulation.eye import Broken
from simulation.history import History
from simulation.lives import STOPPED_MS
from tests.simulation.lived_world import happens, history, runs

MINUTES_10 = 600_000


def _served(made: History) -> bool:
    return made.eye.is_served


def _is_down(made: History) -> bool:
    return made.world.is_down


def test_while_the_process_is_dead_the_exchange_goes_on_and_then_it_starts() -> None:
    with history(auto_reconnect=False) as made:
        runs(made, 60_000)
        account = made.world.exchange.engine.accounts["main"]
        while not made.store.open_brackets():
            runs(made, 1_000)
        before, now = len(account.archive.ledger), made.world.now
        happens(made, "down", ms=MINUTES_10)
        runs(made, 1_000)
        assert not _served(made)
        made.presses("Halt")
        assert made.faults["nobody_there"] == 1
        assert made.store.halts.held() is None
        prices = {name: market.mid for name, market in made.world.exchange.engine.markets.items()}
        runs(made, MINUTES_10 - 2_000)
        assert not _served(made)
        assert prices != {name: market.mid for name, market in made.world.exchange.engine.markets.items()}
        assert len(account.archive.ledger) >= before
        runs(made, 30_000)
        assert _served(made)
        assert made.crashes == 1
        assert made.world.now == now + MINUTES_10 + 29_000
        runs(made, 60_000)


def test_what_befalls_a_dead_process_befalls_nobody() -> None:
    with history() as made:
        runs(made, 30_000)
        happens(made, "down", ms=60_000)
        happens(made, "crash", points=0)
        happens(made, "down", ms=5_000)
        happens(made, "stop")
        happens(made, "kill", who="broker")
        happens(made, "tend")
        runs(made, 59_000)
        assert _is_down(made)
        assert made.crashes == 1
        runs(made, 10_000)
        assert not _is_down(made)


def test_trouble_that_outlives_a_dead_process_is_met_by_the_next_one() -> None:
    with history(auto_reconnect=True) as made:
        runs(made, 30_000)
        happens(made, "line", trouble="refused", ms=120_000)
        happens(made, "down", ms=60_000)
        runs(made, 100_000)
        assert not _is_down(made)
        assert not _served(made)
        runs(made, 120_000)
        assert _served(made)


def test_a_history_that_ends_while_the_process_is_dead_starts_it() -> None:
    with history() as made:
        runs(made, 30_000)
        happens(made, "down", ms=10 * MINUTES_10)
        made.faults_end()
        runs(made, 30_000)
        assert _served(made)
        assert made.crashes == 1


def test_told_to_stop_the_service_ends_in_order_and_starts_again() -> None:
    with history() as made:
        while not made.store.open_brackets():
            runs(made, 500)
        supervisor = made.world.supervisor
        happens(made, "stop")
        runs(made, STOPPED_MS)
        assert supervisor.exit_code == 0
        assert made.world.supervisor is not supervisor
        assert (made.crashes, made.gave_up) == (1, 0)
        runs(made, 60_000)
        assert _served(made)


def test_a_service_that_does_not_stop_in_its_time_is_found() -> None:
    with history() as made:
        runs(made, 30_000)
        made.world.runtime.hang("supervisor")
        happens(made, "stop")
        with pytest.raises(Broken, match="told to stop"):
            runs(made, STOPPED_MS + 1)
