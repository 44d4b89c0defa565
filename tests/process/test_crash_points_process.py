"""The real process dies at points where it writes, sends and hears; `make crash-points` walks all it was seen at."""

import pytest

from tools import crash_points

pytestmark = [pytest.mark.process]

POINTS = {
    "native": (
        "commit:step:begin>place_bracket:before",
        "commit:step:begin>place_bracket:after",
        "commit:step:request_done>opened:before",
        "push:user.changes",
    ),
    "sequential": (
        "commit:step:begin>place_entry:after",
        "commit:step:request_done>opened>place_stop:before",
        "commit:step:request_done>opened>place_stop:after",
        "commit:step:request_done>place_target:after",
    ),
}
"""Around what opens a trade: nothing sent yet, filled and nothing known, known and no stop sent, and so on."""


@pytest.mark.parametrize(("mode", "point"), [(mode, point) for mode in POINTS for point in POINTS[mode]])
def test_the_process_dies_around_its_entry_and_nothing_is_lost_doubled_or_naked(mode: str, point: str) -> None:
    with crash_points.ground(seed=11, mode=mode) as place:
        place.is_visited = False
        crash_points.walk(place, [(point, 1)])
        assert place.findings.violations == []
        assert place.not_reached == []
        assert place.findings.counts["kills"] == 1
        assert place.findings.counts["looks"] > 3, "somebody looked"
