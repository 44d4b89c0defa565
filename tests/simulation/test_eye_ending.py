"""What must be so in the end: every fill in a trade, every result read, nothing left for a person who has chosen."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from exchange.faults import Rule
from persistence.issues import Finding
from simulation import books
from simulation.ending import SETTLE_MS, TURNS, unsettled
from tests.simulation.service_scene import INVERSE
from tests.simulation.test_eye_failing import Faulty
from tests.simulation.watched_scene import NEVER_DECIDED, Watched
from trading.labels import parse
from trading.values import InstrumentName, Milliseconds


def _service(scene: Watched) -> Any:
    """The scene as it is judged in the end."""
    switches = {"trade_result_counts_from": scene.options.exchange.switches.trade_result_counts_from}
    return SimpleNamespace(plan=SimpleNamespace(switches=switches), world=scene, store=scene.store, eye=scene.eye)


def _closes_one() -> Watched:
    """A service that has made one trade, by its target."""
    scene = Watched()
    scene.opens()
    scene.ends("by its target", 1 if scene.position > 0 else -1)
    scene.runs_until(lambda: not scene.brackets)
    return scene


def test_fills_under_our_label_that_are_in_no_trade_break_p4() -> None:
    scene = _closes_one()
    assert scene.eye.fills
    assert not books.unbooked(_service(scene)), "its own are"
    scene.places(f"{NEVER_DECIDED}:e0", instrument=INVERSE)
    label = parse(f"{NEVER_DECIDED}:e0")
    assert label is not None
    (found,) = books.unbooked(_service(scene))
    assert (found.promise, found.about) == ("P4", label.bracket)


def test_a_result_that_is_still_to_come_breaks_p4_and_one_that_was_read_is_compared() -> None:
    scene = Watched()
    scene.opens()
    scene.suffers(Rule(fault="refused", method="private/get_transaction_log", code=10047))
    scene.ends("by its target", 1 if scene.position > 0 else -1)
    scene.runs_until(lambda: not scene.brackets)
    (found,) = books.unread(_service(scene))
    assert found.promise == "P4"
    scene.mended()
    scene.runs_until(lambda: not books.unread(_service(scene)))
    assert not books.results(_service(scene))
    assert scene.eye.counted()["results"] == 1


@pytest.mark.parametrize(("actions", "counts"), [(("close", "ignore"), True), ((), False)])
def test_an_issue_on_which_a_person_has_chosen_in_vain_is_not_settled(
    actions: tuple[str, ...], *, counts: bool
) -> None:
    scene = Watched()
    scene.opens()
    assert not unsettled(_service(scene))
    finding = Finding(
        key="one", kind="orphan_position", text="10 held", instrument=InstrumentName(INVERSE), actions=actions
    )
    scene.store.issues.open(finding, at=Milliseconds(scene.now))
    assert not unsettled(_service(scene)), "it is new: nobody has looked after it yet"
    scene.runs(SETTLE_MS // TURNS + 1_000)
    assert [one.about for one in unsettled(_service(scene)) if "waits" in one.sentence] == [INVERSE] * counts


def test_the_result_is_held_against_the_fills() -> None:
    scene = _closes_one()
    scene.runs_until(lambda: not books.unread(_service(scene)))
    (fills,) = scene.eye.fills.values()
    assert not books.results(_service(scene))
    fills[0].fee += Decimal("0.00000001")
    (found,) = books.results(_service(scene))
    assert found.promise == "P4"


def test_a_strategy_that_was_to_fail_may_have_done_so_since_a_person_looked_last() -> None:
    """Seed 5365: its four hundredth decision fell into the last minute."""
    scene = Watched(strategy="faulty", kind=Faulty)
    scene.runs(3_000)
    scene.moves_to("65000")
    scene.runs(3_000)
    assert scene.row.state == "ERROR"
    assert not unsettled(_service(scene))
    scene.runs(SETTLE_MS // TURNS)
    assert [one.about for one in unsettled(_service(scene))] == ["faulty"], "nobody has resumed it"
