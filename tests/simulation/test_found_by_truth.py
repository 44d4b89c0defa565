"""What the promise that the database tells the truth found, looked at while the service lives."""

from exchange.faults import Rule
from tests.simulation.service_scene import Scene
from tests.simulation.test_found_by_histories import SILENT, Once
from trading.bracket import Mode

UNANSWERED = Rule(fault="reply_lost", method="private/buy|private/sell", count=1)


def test_an_entry_that_was_not_answered_and_fills_unseen_is_covered_within_the_window() -> None:
    """Seed 20: the comparison after its signal came too early to find it resting, and the next 5 minutes later."""
    scene = Scene(seed=20, mode=Mode.SEQUENTIAL, strategy="once", kind=Once, reconcile_ms=300_000)
    scene.suffers(SILENT, UNANSWERED)
    scene.runs_until(lambda: scene.leg("e"))
    scene.runs(15_000)
    scene.moves_by(-50)
    assert scene.position > 0
    scene.runs(10_000)
    assert scene.cover == scene.position > 0
    assert scene.naked_worst <= 2_000
