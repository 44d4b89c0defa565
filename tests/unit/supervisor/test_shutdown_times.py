"""How long each child has to stop: its own time, less what the others are sure to get, within the total."""

from itertools import product

import pytest

from actors.address import Name
from actors.base import Actor
from supervisor.children import Child
from supervisor.shutdown import SURE_MS, Shutdown
from supervisor.simulated import SimulatedRuntime
from supervisor.spec import ChildSpec
from trading.restart import Restart


def child(shutdown_ms: int) -> Child:
    spec = ChildSpec(
        id=Name("child"),
        start=lambda _: Actor(),
        restart=Restart.PERMANENT,
        shutdown_ms=shutdown_ms,
        deadline_ms=1,
        inbox_max=1,
    )
    return Child(spec, SimulatedRuntime().directory, 0)


def test_with_time_enough_each_has_what_its_spec_says() -> None:
    end = Shutdown("end", 0, now_ms=1_000, total_ms=10_000, living=5)

    assert end.within_ms(child(2_000), others=4, now_ms=1_000) == 2_000


@pytest.mark.parametrize(("total_ms", "living"), list(product([0, 100, 800, 10_000], [1, 4, 40])))
def test_if_each_hangs_all_end_within_the_total_and_the_last_has_had_its_share(total_ms: int, living: int) -> None:
    end, now_ms = Shutdown("end", 0, now_ms=0, total_ms=total_ms, living=living), 0
    least = min(SURE_MS, total_ms // (2 * living))

    for others in reversed(range(living)):
        within_ms = end.within_ms(child(9_000), others, now_ms)
        assert within_ms >= least
        now_ms += within_ms

    assert now_ms <= total_ms
