"""Trouble of the line alone, in simulated worlds: what it does, and that the service lives through it."""

import msgspec
import pytest

from simulation.history import History
from simulation.plan import draw
from tests.simulation.lived_world import SEED, happens, history, runs


def _lines(made: History) -> set[int]:
    """Connections of the service, as the exchange sees them."""
    return {one.id for one in made.world.exchange.sessions if one.client_id == "paper" and one.is_ws}


def _is_deaf(made: History) -> bool:
    return made.world.pipe.is_deaf


def test_while_connections_are_refused_nobody_gets_through_and_afterwards_it_comes_back() -> None:
    with history(auto_reconnect=True) as made:
        runs(made, 60_000)
        assert _lines(made)
        happens(made, "line", trouble="refused", ms=60_000)
        runs(made, 100)
        assert not _lines(made)
        runs(made, 59_000)
        assert not _lines(made)
        runs(made, 120_000)
        assert _lines(made)


def test_a_process_that_starts_anew_is_refused_all_the_same() -> None:
    with history(auto_reconnect=True) as made:
        runs(made, 60_000)
        happens(made, "line", trouble="refused", ms=60_000)
        runs(made, 1_000)
        made.crash()
        runs(made, 50_000)
        assert not _lines(made)


@pytest.mark.parametrize("is_auto", [True, False], ids=["auto-reconnect", "by hand"])
def test_of_a_half_open_connection_the_service_lets_go_and_the_exchange_is_not_told(*, is_auto: bool) -> None:
    with history(auto_reconnect=is_auto) as made:
        runs(made, 60_000)
        before = _lines(made)
        happens(made, "line", trouble="half_open")
        assert _is_deaf(made)
        runs(made, 5_000)
        assert _lines(made) == before
        runs(made, 55_000)
        assert not _is_deaf(made), "the service has noticed by the silence alone"
        runs(made, 120_000)
        assert not (_lines(made) & before), "the exchange has noticed, too"
        assert bool(_lines(made)) is is_auto


def test_in_the_quietest_hour_the_exchange_lets_go_of_a_half_open_connection_within_half_a_minute() -> None:
    """Sparse seed 3881: asked seldom, it believed for a minute in a line over which nobody could do anything."""
    never = tuple(
        msgspec.structs.replace(one, parameters=one.parameters | {"every_s": 10_000_000})
        for one in draw(SEED, faults="none", days=0.01).runners
    )
    with history(auto_reconnect=False, runners=never) as made:
        for pause_ms in range(200_000, 221_000, 2_000):
            happens(made, "press", command="Reconnect")
            runs(made, pause_ms)
            assert _lines(made)
            happens(made, "line", trouble="half_open")
            runs(made, 35_000)
            assert not _lines(made)


def test_a_line_that_is_cut_again_and_again_holds_when_it_is_over() -> None:
    with history(auto_reconnect=True) as made:
        runs(made, 60_000)
        seen = set(_lines(made))
        happens(made, "line", trouble="cuts", ms=60_000, every_ms=5_000)
        for _ in range(60):
            runs(made, 1_000)
            seen |= _lines(made)
        assert len(seen) > 2, "it came up in between"
        runs(made, 120_000)
        after = _lines(made)
        runs(made, 60_000)
        assert after == _lines(made) != set()


def test_a_line_that_was_cut_stays_lost_until_a_person_reconnects() -> None:
    with history(auto_reconnect=False) as made:
        runs(made, 60_000)
        happens(made, "line", trouble="cuts", ms=1_000, every_ms=5_000)
        runs(made, 120_000)
        assert not _lines(made)
        made.presses("Reconnect")
        runs(made, 10_000)
        assert _lines(made)
