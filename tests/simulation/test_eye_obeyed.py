"""The eye knows what a person wanted and was answered, and sees who does otherwise."""

from typing import Any

import pytest

from simulation.obeyed import CALM_LANDS_MS, LANDS_MS, RECOVERY_MS
from tests.simulation.watched_scene import NAME, WAY_MS, Watched
from trading.values import Milliseconds

LIMIT_MS = CALM_LANDS_MS + WAY_MS // 2
SAYING_NO = [("PauseStrategy", {"name": NAME}), ("StopStrategy", {"name": NAME}), ("Halt", {"reason": "enough"})]


def _told_no(command: str, fields: dict[str, Any]) -> Watched:
    """A service that was told to open nothing, and obeys."""
    scene = Watched()
    scene.runs(500)
    assert scene.presses(command, **fields).ok
    return scene


@pytest.mark.parametrize(("command", "fields"), SAYING_NO)
def test_what_enters_although_a_person_said_no_breaks_p5_unless_it_was_on_its_way(
    command: str, fields: dict[str, Any]
) -> None:
    scene = _told_no(command, fields)
    scene.runs(LIMIT_MS - 100)
    scene.enters()
    assert not scene.broken("P5"), "it may have been on its way"
    scene.runs(200)
    scene.enters()
    (said,) = scene.broken("P5")
    assert "entered although" in said


@pytest.mark.parametrize(("command", "fields"), SAYING_NO)
def test_after_a_fault_what_was_held_up_may_enter_a_little_later(command: str, fields: dict[str, Any]) -> None:
    scene = _told_no(command, fields)
    scene.runs(200)
    scene.eye.strikes()
    scene.runs(LANDS_MS - 1_000)
    scene.enters()
    assert not scene.broken("P5")
    scene.runs(2_000)
    assert scene.pipe.now - scene.eye.struck_at < RECOVERY_MS
    scene.enters()
    assert scene.broken("P5")


@pytest.mark.parametrize(
    ("command", "fields", "back"),
    [
        (*SAYING_NO[0], "ResumeStrategy"),
        (*SAYING_NO[1], "StartStrategy"),
        (*SAYING_NO[2], "Unhalt"),
    ],
)
def test_a_service_that_goes_on_when_it_is_told_to_breaks_nothing(
    command: str, fields: dict[str, Any], back: str
) -> None:
    scene = _told_no(command, fields)
    scene.runs(20_000)
    assert not scene.entries()
    scene.presses(back, **({"name": NAME} if back != "Unhalt" else {}))
    scene.runs_until(scene.entries)
    assert not scene.broken("P5")


@pytest.mark.parametrize(("no", "yes"), [("PauseStrategy", "StartStrategy"), ("StopStrategy", "ResumeStrategy")])
def test_what_was_refused_ends_no_pause_and_no_stop(no: str, yes: str) -> None:
    scene = _told_no(no, {"name": NAME})
    scene.runs(LANDS_MS + 1_000)
    assert not scene.presses(yes, name=NAME).ok
    scene.enters()
    assert scene.broken("P5")


def test_a_halt_that_nobody_wished_to_lift_and_is_lifted_breaks_p5() -> None:
    scene = _told_no("Halt", {"reason": "enough"})
    scene.runs(1_000)
    scene.store.halts.lift(by="itself", at=Milliseconds(scene.now))
    (said,) = scene.broken("P5")
    assert "itself" in said


def test_one_wish_lifts_one_halt() -> None:
    """The second was answered after it, and whoever lifts that has not listened."""
    scene = _told_no("Halt", {"reason": "enough"})
    scene.presses("Unhalt")
    scene.presses("Halt", reason="enough")
    assert not scene.broken("P5")
    scene.store.halts.lift(by="me", at=Milliseconds(scene.now))
    assert scene.broken("P5")


def test_a_wish_that_was_done_excuses_no_second_lifting() -> None:
    """The next halt is written while nobody is answered."""
    scene = _told_no("Halt", {"reason": "enough"})
    scene.runs(1_000)
    scene.presses("Unhalt")
    scene.runs(1_000)
    scene.store.halts.halt("again", by="me", at=Milliseconds(scene.now))
    assert not scene.broken("P5")
    scene.store.halts.lift(by="me", at=Milliseconds(scene.now))
    assert scene.broken("P5")
