"""The process watches the supervisor itself: when it hangs, looks at nobody, or does not stop in its time, it ends."""

import signal

import pytest

from supervisor.process import FAILED, Process
from tests.actors.supervised import World
from trading.restart import Restart

STOP_S = 5.0


class Watched:
    """A process around a tree in simulated time, without the signals of the real one."""

    def __init__(self, *, deadline_ms: int = 1_000) -> None:
        self.world = World("simulated").runs(Restart.PERMANENT)
        self.said: list[str] = []
        runtime, supervisor = self.world.simulated, self.world.supervisor
        self.process = Process(runtime, supervisor, self.said.append, stop_s_max=STOP_S, deadline_ms=deadline_ms)

    def looks(self) -> int | None:
        return self.process._look()

    def stands_still(self, ms: int) -> None:
        """Time passes, and nobody handles anything."""
        self.world.simulated.clock.elapsed_ms += ms


def test_a_supervisor_at_work_is_let_be() -> None:
    watched = Watched()
    watched.world.simulated.run_for(30_000)
    assert watched.process._turn() is None, "no word came, so it looked"
    assert not watched.process.was_signalled
    assert not watched.said


def test_one_that_hangs_in_a_message_ends_the_process_and_it_is_said_in_which() -> None:
    watched = Watched()
    watched.world.simulated.hang("supervisor")
    watched.world.simulated.run_for(3_000)
    assert watched.looks() == FAILED
    assert "the supervisor itself hangs in" in watched.said[0]
    assert "thread MainThread" in watched.said[0], "where everybody is"


def test_one_that_looks_at_nobody_any_more_ends_the_process() -> None:
    watched = Watched()
    watched.stands_still(3_000)
    assert watched.looks() == FAILED
    assert "has not looked at anyone" in watched.said[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_was_told_to_stop_and_does_not_ends_in_its_time_all_the_same(number: signal.Signals) -> None:
    watched = Watched(deadline_ms=60_000)
    watched.process._on_signal(number, None)
    assert watched.process._turn() is None
    assert watched.process.was_signalled
    assert watched.looks() is None, "it has its time"
    watched.stands_still(int(STOP_S * 1000) + 1)
    assert watched.looks() == FAILED
    assert f"not stopped within {STOP_S} s" in watched.said[-1]
