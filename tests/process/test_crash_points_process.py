"""The real process dies at points where it writes, sends and hears; `make crash-points` walks all it was seen at."""

from collections import Counter

import pytest

from tools import crash_points

pytestmark = [pytest.mark.process, pytest.mark.slow]

RECORD_S = 8.0

MUST = {
    "native": (
        "commit:step:begin>place_bracket:before",
        "commit:step:begin>place_bracket:after",
        "send:private/{side}:entry:before",
        "send:private/{side}:entry:after",
        "reply:private/{side}:entry",
    ),
    "sequential": (
        "commit:step:begin>place_entry:after",
        "send:private/{side}:entry:after",
        "commit:step:request_done>opened>place_stop:before",
        "commit:step:request_done>opened>place_stop:after",
        "commit:step:request_done>place_target:after",
    ),
}
"""Around what opens a trade. Whether it buys or sells first is up to the market."""


def _chosen(mode: str, found: Counter[str]) -> list[tuple[str, int]]:
    side = "buy" if "reply:private/buy:entry" in found else "sell"
    return [(name.format(side=side), 1) for name in MUST[mode]]


@pytest.mark.timeout(150)
@pytest.mark.parametrize("mode", ["native", "sequential"])
def test_the_process_dies_around_its_entry_and_nothing_is_lost_doubled_or_naked(mode: str) -> None:
    with crash_points.ground(seed=11, mode=mode) as place:
        found = crash_points.record(place, RECORD_S)
        points = _chosen(mode, found)
        assert {name for name, _ in points} <= set(found), sorted(found)
        crash_points.walk(place, points)
        place.observer.ended.set()
        assert place.findings.violations == []
        assert place.not_reached == []
        assert place.findings.counts["kills"] >= len(points)
        assert place.findings.counts["looks"] > 50, "somebody looked"
