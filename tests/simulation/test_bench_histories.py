"""What the bench measures is a whole history, to its end."""

import msgspec
import pytest

from bench.simulated import lived_s, plan
from simulation.history import live

SHORT = 0.01  # of a day


def test_a_history_of_the_bench_is_lived_to_its_end_and_has_trades_in_it() -> None:
    lived = live(plan(1, 240, SHORT))

    assert lived.violations == ()
    assert lived.brackets > 0


def test_one_that_breaks_off_gives_no_figure() -> None:
    broken = msgspec.structs.replace(plan(1, 240, SHORT), switches={})

    with pytest.raises(RuntimeError, match="seed 2 broke off, so nothing was measured: KeyError"):
        lived_s(broken)
