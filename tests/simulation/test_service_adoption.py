"""What the exchange holds of ours and the database does not know is adopted with its stop, or waits for a person.

Never is it naked, and what a person chooses comes to pass on the exchange before it is called resolved.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from exchange.faults import Rule
from exchange.records import Order
from persistence.brackets import Which
from persistence.issues import Issue
from persistence.store import Store
from tests.simulation.service_scene import FAR, INVERSE, LINEAR, Scene
from trading.bracket import Mode, Phase
from trading.labels import Label
from trading.messages import desk
from trading.values import BracketId, Leg, WorkerId

OPENING = "private/buy|private/sell|private/edit"
ONCE = FAR | {"cooldown_s": 36_000}


def _forgets(scene: Scene) -> None:
    """The service dies, and begins again on a database from before the trade."""

    def restored() -> None:
        scene.store = Store.in_memory(worker=WorkerId(scene.options.worker), account="main")

    scene.silent_crash(restored)


def _issues(scene: Scene) -> list[Issue]:
    return list(scene.store.issues.still_open())


@pytest.mark.parametrize("mode", list(Mode), ids=str)
@pytest.mark.parametrize("instrument", [INVERSE, LINEAR])
def test_a_position_of_ours_after_restoring_an_older_database_is_adopted_with_its_stop_and_target(
    instrument: str, mode: Mode
) -> None:
    scene = Scene(seed=71, instrument=instrument, mode=mode, parameters=ONCE)
    before = scene.opens()
    _forgets(scene)
    scene.runs(5_000)
    (bracket,) = scene.brackets
    assert bracket.plan.bracket_id == before.plan.bracket_id
    assert (bracket.plan.stop, bracket.plan.target) == (before.plan.stop, before.plan.target)
    assert bracket.phase is Phase.OPEN
    assert scene.cover == abs(scene.position) > 0
    assert len(scene.leg("s")) == len(scene.leg("t")) == 1, "those that rested, no others"
    assert not _issues(scene)
    scene.check_positions()
    scene.ends("by its target", 1 if scene.position > 0 else -1)
    scene.runs(5_000)
    assert [trade.reason for trade in scene.trades()] == ["target"]
    scene.check_money()


def test_a_forgotten_trade_of_days_ago_is_found_in_the_archive() -> None:
    scene = Scene(seed=72, parameters=ONCE)
    before = scene.opens()
    scene.runs(120_000)
    _forgets(scene)
    scene.runs(5_000)
    (bracket,) = scene.brackets
    assert bracket.plan.bracket_id == before.plan.bracket_id
    assert {fill.fill_id for fill in bracket.fills} == {fill.fill_id for fill in before.fills}, "its result stays exact"


def test_a_forgotten_position_whose_stop_is_gone_gets_one_within_the_window() -> None:
    scene = Scene(seed=73, parameters=ONCE)
    scene.opens()

    def meanwhile() -> None:
        for order in scene.leg("s"):
            scene.hand_cancels(order)
        scene.store = Store.in_memory(worker=WorkerId(scene.options.worker), account="main")

    scene.guardian_sleeps()
    scene.silent_crash(meanwhile)
    scene.naked_ms = 0
    scene.runs(10_000)
    assert scene.cover == abs(scene.position) > 0
    assert scene.naked_worst <= 3_500, "since the service came back"
    assert not _issues(scene)


def test_a_halt_does_not_keep_a_forgotten_position_from_its_care() -> None:
    scene = Scene(seed=74, parameters=ONCE)
    scene.opens()

    def meanwhile() -> None:
        scene.store = Store.in_memory(worker=WorkerId(scene.options.worker), account="main")
        scene.store.halts.halt("panic", by="me", at=scene.now)

    scene.silent_crash(meanwhile)
    scene.runs(5_000)
    assert len(scene.brackets) == 1


def _label(leg: Leg, bracket: str, attempt: int = 0) -> str:
    named = {"owner": "me", "worker": "w1", "strategy": "fasttest"}
    return str(Label(**named, bracket=BracketId(bracket), leg=leg, attempt=attempt))


def _puzzle(scene: Scene, *, stops: bool = True) -> Order | None:
    """Two trades of ours that nobody remembers, both behind one position."""
    scene.says(desk.StopStrategy, name="fasttest")
    scene.runs(500)
    for bracket in ("a" * 16, "b" * 16):
        scene.hand("buy", Decimal(1_000), label=_label(Leg.ENTRY, bracket))
    if not stops:
        return None
    return scene.hand(
        "sell",
        Decimal(2_000),
        type="stop_market",
        trigger="last_price",
        trigger_price=Decimal(63_000),
        reduce_only=True,
        label=_label(Leg.STOP, "b" * 16),
    )


def _quarantined(seed: int, *, stops: bool = True) -> tuple[Scene, Issue]:
    scene = Scene(seed=seed, parameters=ONCE)
    scene.runs_until(lambda: scene.row.state == "ANALYZING", 5_000)
    _puzzle(scene, stops=stops)
    scene.says(desk.Reconcile)
    scene.runs_until(lambda: _issues(scene), 30_000)
    (issue,) = _issues(scene)
    return scene, issue


def test_a_position_that_two_forgotten_trades_explain_waits_for_a_person_under_its_stop() -> None:
    scene, issue = _quarantined(75)
    assert issue.finding.kind == "orphan_position"
    assert set(issue.finding.actions) == {"adopt", "cancel", "close", "ignore"}
    scene.runs(70_000)
    assert scene.position == 2_000
    assert scene.cover == 2_000
    assert len(_issues(scene)) == 1


def test_what_waits_for_a_person_without_a_stop_is_closed_by_the_guardian() -> None:
    scene, _ = _quarantined(76, stops=False)
    scene.runs(20_000)
    assert not scene.position
    assert scene.alerts("naked_position")


@pytest.mark.parametrize("choice", ["adopt", "cancel", "close", "ignore"])
def test_each_choice_comes_to_pass_and_is_resolved_by_it(choice: str) -> None:
    scene, issue = _quarantined(77)
    assert scene.says(desk.ResolveIssue, instrument=scene.instrument, choice=choice).ok
    chosen = scene.store.issues.get(issue.id)
    assert chosen is not None
    assert chosen.chosen == choice, "on disk before the answer"
    scene.runs(20_000)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert resolved.resolution == choice
    if choice == "adopt":
        assert scene.cover == abs(scene.position) == 2_000
        assert len(scene.brackets) == 1
        scene.check_positions()
    elif choice == "ignore":
        assert scene.position == scene.cover == 2_000, "nothing was touched"
        scene.runs(70_000)
        assert scene.position == scene.cover == 2_000
        assert not _issues(scene), "and it is not asked again"
    else:
        assert not scene.position
        assert not scene.ours
        assert [trade.reason for trade in scene.trades()] == [f"resolved: {choice}"]


def test_a_choice_outlives_a_crash() -> None:
    scene, issue = _quarantined(78)
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close")
    scene.runs(200)
    scene.crashes()
    scene.mended()
    scene.runs(30_000)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert resolved.resolution == "close"
    assert not scene.position


def test_a_choice_is_not_called_resolved_before_the_exchange_shows_it() -> None:
    scene, issue = _quarantined(79)
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close")
    scene.runs(10_000)
    open_still = scene.store.issues.get(issue.id)
    assert open_still is not None
    assert open_still.resolution is None
    scene.mended()
    scene.runs(40_000)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert resolved.resolution == "close"


def _given_up(scene: Scene) -> None:
    """Nothing can be placed, the stop is gone: in the end a person has to look."""
    scene.opens()
    scene.guardian_sleeps()
    scene.excused = True
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    for order in scene.leg("s"):
        scene.hand_cancels(order)
    scene.runs_until(lambda: scene.trades(Which.QUARANTINED), 400_000)
    scene.mended()


@pytest.mark.parametrize(
    ("choice", "ends_as"),
    [("adopt", lambda scene: scene.cover == abs(scene.position) > 0), ("close", lambda scene: not scene.position)],
    ids=["adopt", "close"],
)
def test_a_bracket_that_was_given_up_obeys_the_choice(choice: str, ends_as: Callable[[Scene], bool]) -> None:
    scene = Scene(seed=80, parameters=ONCE)
    _given_up(scene)
    (issue,) = _issues(scene)
    assert scene.says(desk.ResolveIssue, instrument=scene.instrument, choice=choice).ok
    scene.runs(10_000)
    assert ends_as(scene)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert resolved.resolution == choice
    scene.check_orphans()


def test_the_stop_of_a_bracket_that_was_given_up_is_not_taken_for_an_orphan() -> None:
    scene = Scene(seed=81, parameters=ONCE)
    _given_up(scene)
    side = "sell" if scene.position > 0 else "buy"
    price = Decimal(63_000) if side == "sell" else Decimal(65_000)
    (bracket,) = scene.store.brackets.quarantined_brackets()
    label = _label(Leg.STOP, bracket.plan.bracket_id, 9)
    fields = {"type": "stop_market", "trigger": "last_price", "trigger_price": price, "reduce_only": True}
    stop = scene.hand(side, abs(scene.position), label=label, **fields)
    scene.runs(70_000)
    assert stop.order_id in scene.account.live
    assert scene.position


def test_the_resting_entry_of_a_bracket_that_was_given_up_is_taken_away() -> None:
    scene = Scene(seed=82, parameters=ONCE)
    _given_up(scene)
    (bracket,) = scene.store.brackets.quarantined_brackets()
    label = _label(Leg.ENTRY, bracket.plan.bracket_id, 1)
    entry = scene.hand("buy", Decimal(100), type="limit", price=Decimal(60_000), label=label)
    scene.runs(5_000)
    assert entry.order_id not in scene.account.live


def test_a_choice_for_a_given_up_bracket_that_was_only_written_down_is_begun_after_a_crash() -> None:
    scene = Scene(seed=83, parameters=ONCE)
    _given_up(scene)
    (issue,) = _issues(scene)
    scene.store.issues.choose(issue.id, "close", by="me", at=scene.now)
    scene.crashes()
    scene.runs(15_000)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert (resolved.resolution, resolved.resolved_by) == ("close", "me")
    assert not scene.position


def test_a_position_of_another_size_than_the_trade_ends_by_a_persons_word() -> None:
    scene = Scene(seed=84, parameters=ONCE)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    scene.hand("buy" if sign > 0 else "sell", Decimal(1_000))
    scene.foreign = Decimal(1_000) * sign
    scene.runs_until(lambda: _issues(scene), 90_000)
    (issue,) = _issues(scene)
    assert set(issue.finding.actions) == {"close", "ignore"}
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close")
    scene.runs(20_000)
    resolved = scene.store.issues.get(issue.id)
    assert resolved is not None
    assert resolved.resolution == "close"
    assert scene.position == scene.foreign, "the person's part is untouched"
    assert not scene.ours


def test_what_was_left_to_the_person_is_not_asked_again_while_it_stays_the_same() -> None:
    scene = Scene(seed=85, parameters=ONCE)
    scene.opens()
    sign = 1 if scene.position > 0 else -1
    scene.hand("buy" if sign > 0 else "sell", Decimal(1_000))
    scene.foreign = Decimal(1_000) * sign
    scene.runs_until(lambda: _issues(scene), 90_000)
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="ignore")
    scene.runs(130_000)
    assert not _issues(scene)
    assert scene.cover >= abs(scene.position - scene.foreign) > 0, "our trade goes on under its stop"


def test_a_given_up_bracket_that_is_left_to_the_person_is_touched_by_nobody_any_more() -> None:
    scene = Scene(seed=86, parameters=ONCE)
    _given_up(scene)
    held = scene.position
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="ignore")
    scene.runs(1_000)
    scene.crashes()
    scene.runs(70_000)
    assert scene.position == held
    assert not _issues(scene)
    scene.says(desk.Panic)
    scene.runs(5_000)
    assert scene.position == held, "it is the person's, even in a panic"


def test_a_choice_for_an_instrument_without_an_issue_changes_nothing() -> None:
    scene = Scene(seed=87, parameters=ONCE)
    scene.opens()
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close")
    scene.runs(3_000)
    assert scene.position
