"""What a simulated quiet leaves out, and what it does not."""

from itertools import pairwise

from simulation.lull import SPARED_MS, TAKES_MS, Lull

PACE_MS = 60_000
SEEN_MS = 2 * PACE_MS + TAKES_MS


class Still(Lull):
    """A lull in a world where nothing has moved for so long."""

    def __init__(self) -> None:
        super().__init__()
        self.is_ms = 0
        self.still_ms = lambda: self.is_ms

    def spares(self, is_ms: int, pace_ms: int = PACE_MS) -> bool:
        self.is_ms = is_ms
        return self.may_spare(pace_ms)


def test_a_comparison_is_left_out_only_when_two_have_seen_all_that_is() -> None:
    lull = Still()
    assert not lull.spares(0), "something has just moved"
    assert not lull.spares(SEEN_MS - 1)
    assert lull.spares(SEEN_MS - 1, PACE_MS // 6), "at this pace more than two have seen it"
    assert lull.spares(SEEN_MS)


def test_one_comparison_in_five_minutes_is_made_however_quiet_it_is() -> None:
    lull = Still()
    made = [at for at in range(0, 10 * SPARED_MS, PACE_MS) if not lull.spares(at)]
    assert made[:3] == [0, PACE_MS, 2 * PACE_MS]
    assert all(after - before <= SPARED_MS + 2 * PACE_MS for before, after in pairwise(made))
    assert len(made) < 15
    assert not lull.spares(0), "something has moved again"
