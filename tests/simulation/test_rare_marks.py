"""Defensive branches too rare for seeded histories: each is taken here, in the whole service where that is possible.

`trading.marks.BY_TESTS` names them, and those in test_rarer_marks.py; a test holds it to the names in both files.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from actors.address import FloodedOthers
from actors.base import Started
from actors.broker_ears import Heard
from actors.names import BROKER, JOURNAL, ORDERS
from exchange.faults import Rule
from persistence.brackets import Which
from persistence.store import Store
from simulation.history import live
from simulation.plan import Happening, draw
from supervisor.spec import SUPERVISOR
from tests.simulation.service_scene import FAR, Resting, Scene
from trading import bracket as brackets
from trading.bracket import Limits, Mode, Phase
from trading.labels import Label
from trading.marks import counted
from trading.messages import broker, desk, journal, orders
from trading.restart import BrakeLimits, ProcessStart, brake
from trading.values import BracketId, FillId, Leg, WorkerId

OPENING = "private/buy|private/sell|private/edit"
LEDGER = "private/get_transaction_log"
ONCE = FAR | {"cooldown_s": 36_000}
NAME = "fasttest"


@pytest.fixture
def hits() -> Iterator[Any]:
    """The marks passed in this test."""
    with counted() as found:
        yield found


def label(leg: Leg, bracket: str, worker: str = "w1") -> str:
    return str(Label(owner="me", worker=worker, strategy=NAME, bracket=BracketId(bracket), leg=leg, attempt=1))


def sign_of(scene: Scene) -> int:
    return 1 if scene.position > 0 else -1


def forgets(scene: Scene) -> None:
    """The service begins again on a database from before the trade."""
    scene.store = Store.in_memory(worker=WorkerId(scene.options.worker), account="main")


def loses_its_stops(scene: Scene) -> None:
    for order in scene.leg("s"):
        scene.hand_cancels(order)


def rests(scene: Scene, text: str) -> str:
    """An order with this label, too far away to fill."""
    return scene.hand("buy", Decimal(100), type="limit", price=Decimal(60_000), label=text).order_id


# --- the exchange takes nothing


def test_a_stop_that_is_never_taken_has_the_trade_closed(hits: Any) -> None:
    scene = Scene(seed=401, mode=Mode.SEQUENTIAL, parameters=ONCE)
    scene.suffers(Rule(fault="refused", method=OPENING, after_n=1, count=3, code=10019))
    scene.runs_until(lambda: "no-stop-accepted" in hits)
    scene.runs(3_000)
    assert not scene.position


def test_a_target_that_is_never_taken_leaves_the_trade_with_its_stop(hits: Any) -> None:
    scene = Scene(seed=402, mode=Mode.SEQUENTIAL, parameters=ONCE)
    scene.suffers(Rule(fault="refused", method=OPENING, after_n=2, count=3, code=10019))
    scene.runs_until(lambda: "trade-without-a-target" in hits)
    assert scene.cover == abs(scene.position) > 0


def test_what_cannot_be_closed_waits_for_a_person_and_what_they_chose_is_kept_to(hits: Any) -> None:
    scene = Scene(seed=403, parameters=ONCE)
    scene.opens()
    scene.guardian_sleeps()
    scene.excused = True
    scene.suffers(Rule(fault="refused", method=OPENING, code=10019))
    loses_its_stops(scene)
    scene.runs_until(lambda: scene.trades(Which.QUARANTINED), 400_000)
    scene.mended()
    assert hits["could-not-be-closed"] == 1
    (bracket,) = scene.store.brackets.quarantined_brackets()

    entry = rests(scene, label(Leg.ENTRY, bracket.plan.bracket_id))
    scene.runs(5_000)
    assert entry not in scene.account.live
    assert hits["entry-of-a-given-up-trade-called-back"]

    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="ignore")
    scene.runs(1_000)
    theirs = rests(scene, label(Leg.TARGET, bracket.plan.bracket_id))
    scene.runs_until(lambda: "order-left-to-a-person" in hits, 90_000)
    assert theirs in scene.account.live


def test_the_same_difference_left_to_a_person_is_not_asked_again(hits: Any) -> None:
    scene = Scene(seed=404, parameters=ONCE)
    scene.opens()
    scene.hand("buy" if sign_of(scene) > 0 else "sell", Decimal(1_000))
    scene.foreign = Decimal(1_000) * sign_of(scene)
    scene.runs_until(lambda: list(scene.store.issues.still_open()), 90_000)
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="ignore")
    scene.runs_until(lambda: "left-to-a-person-before" in hits, 90_000)
    assert not list(scene.store.issues.still_open())


# --- a database that has forgotten, an exchange that has


def test_a_trade_nobody_remembers_is_found_and_gets_the_exits_it_lacks(hits: Any) -> None:
    scene = Scene(seed=405, parameters=ONCE)
    scene.opens()
    scene.guardian_sleeps()

    def meanwhile() -> None:
        loses_its_stops(scene)
        forgets(scene)

    scene.silent_crash(meanwhile)
    scene.runs(10_000)
    assert {"forgotten-trade-found", "adopted-without-an-exit"} <= set(hits)
    assert scene.cover == abs(scene.position) > 0


def test_a_trade_whose_entry_nobody_shows_any_more_is_known_by_what_rests(hits: Any) -> None:
    scene = Scene(seed=406, parameters=ONCE)
    scene.opens()

    def meanwhile() -> None:
        scene.account.archive.trades.clear()
        forgets(scene)

    scene.silent_crash(meanwhile)
    scene.runs_until(lambda: "orphan-position-quarantined" in hits, 30_000)
    scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="adopt")
    scene.runs_until(lambda: "adopted-without-its-entry" in hits, 30_000)
    scene.runs(5_000)
    assert scene.cover == abs(scene.position) > 0


def test_orders_are_told_apart_by_their_labels(hits: Any) -> None:
    scene = Scene(seed=407, parameters=ONCE)
    scene.opens()
    foreign, other = rests(scene, ""), rests(scene, label(Leg.ENTRY, "a" * 16, worker="w2"))
    ours = rests(scene, label(Leg.ENTRY, "b" * 16))
    scene.crashes()
    scene.runs(5_000)
    assert {foreign, other} <= set(scene.account.live)
    assert ours not in scene.account.live
    assert {
        "foreign-order-left-alone",
        "order-of-another-worker-left-alone",
        "unknown-order-cancelled",
    } <= set(hits)


def test_a_close_that_nobody_shows_stands_as_an_estimate(hits: Any) -> None:
    scene = Scene(seed=408, parameters=ONCE)
    scene.opens()

    def vanishes() -> None:
        scene.ends("by hand", sign_of(scene))
        scene.account.archive.trades.pop()

    scene.silent_crash(vanishes)
    scene.runs_until(lambda: "closed-out-of-our-sight" in hits, 30_000)


def test_a_book_that_never_shows_the_fills_leaves_an_estimate(hits: Any) -> None:
    scene = Scene(seed=409, parameters=ONCE)
    scene.opens()
    scene.suffers(Rule(fault="reply_lost", method=LEDGER))
    scene.ends("by hand", sign_of(scene))
    scene.runs_until(scene.trades, 2_000)
    scene.account.archive.ledger.clear()
    scene.mended()
    scene.runtime.run_for(50 * 60_000)
    assert hits["book-lacks-fills"] > 1
    assert hits["result-stays-an-estimate"] == 1


# --- things told late, or twice


def test_a_request_told_twice_is_sent_once(hits: Any) -> None:
    scene = Scene(seed=410, parameters=ONCE)
    told: list[broker.Submit] = []
    scene.runtime.before.append(lambda _, message: told.append(message) if isinstance(message, broker.Submit) else None)
    scene.opens()
    held = scene.position
    for submit in tuple(told):
        scene.runtime.directory.address(BROKER).tell(submit)
    scene.runs(5_000)
    assert hits["sent-already"] >= 1
    assert scene.position == held
    scene.check()


def test_a_connection_that_is_over_is_not_heard(hits: Any) -> None:
    scene = Scene(seed=411, parameters=ONCE)
    scene.opens()
    late: Any = Heard(attempt=0, kind="closed", text="late")
    scene.runtime.directory.address(BROKER).tell(late)
    scene.runs(1_000)
    assert hits["word-of-an-older-connection"] == 1
    assert scene.row.state == "POSITION_OPEN"


def test_a_fill_of_a_closed_trade_opens_its_care_again(hits: Any) -> None:
    scene = Scene(seed=412, parameters=ONCE)
    bracket = scene.opens()
    scene.ends("by its target", sign_of(scene))
    scene.runs_until(lambda: not scene.brackets)
    entry = next(fill for fill in bracket.fills if fill.side is bracket.plan.side)
    fill = replace(entry, fill_id=FillId("late"))
    scene.runtime.directory.address(ORDERS).tell(orders.OrderFilled(fill=fill))
    scene.runs(500)
    assert hits["late-fill-of-a-closed-trade"] == 1
    assert scene.brackets[0].phase is Phase.CLOSING


def test_a_signal_on_a_price_that_is_old_opens_nothing(hits: Any) -> None:
    scene = Scene(seed=413, parameters=ONCE)
    told: list[orders.OpenBracket] = []
    scene.runtime.before.append(
        lambda _, message: told.append(message) if isinstance(message, orders.OpenBracket) else None
    )
    scene.opens()
    scene.says(desk.CloseStrategy, name=NAME)
    scene.runs_until(lambda: not scene.brackets and not scene.position)
    scene.suffers(Rule(fault="push_lost", channel="ticker.*"))
    scene.runs(40_000)
    signal = replace(told[0].signal, key="another")
    scene.runtime.directory.address(ORDERS).tell(orders.OpenBracket(signal=signal))
    scene.runs(1_000)
    assert hits["old-price-refused"] == 1
    assert not scene.position


def test_a_trade_that_needs_too_many_changes_waits_for_a_person(hits: Any) -> None:
    scene = Scene(seed=414, kind=Resting, parameters={})
    scene.runs_until(lambda: scene.leg("e"), 70_000)
    scene.runs(500)
    (bracket,) = scene.brackets
    restless = replace(bracket, changes=Limits().changes_max)
    after, _ = brackets.step(restless, brackets.Close(reason="enough"), scene.now, Limits())
    assert hits["too-many-changes"] == 1
    assert after.phase is Phase.QUARANTINED


# --- the line, and those who live behind it


def test_a_renewal_that_is_refused_is_made_good_by_a_new_login(hits: Any) -> None:
    scene = Scene(seed=415, parameters=ONCE)
    scene.opens()
    scene.suffers(Rule(fault="refused", method="public/auth", code=10040, count=1))
    for _ in range(60):
        if "renewal-refused" not in hits:
            scene.runtime.run_for(60_000)
    assert hits["renewal-refused"] == 1
    scene.runs(5_000)
    assert scene.says(desk.Reconcile).ok, "still on the line"


def test_credits_that_are_gone_cost_the_session_and_nothing_else() -> None:
    """In a history, because the scenes of the other tests have no limits."""
    rule = Rule(fault="credits_gone", method="private/buy|private/sell", when="before", count=1)
    storm = Happening(at_ms=0, kind="storm", what={"ms": 600_000, "rules": [msgspec.to_builtins(rule)]})
    plan = msgspec.structs.replace(draw(3, faults="none", days=0.01), happenings=(storm,))
    lived = live(plan)
    assert lived.marks["credits-gone"] == 1
    assert not lived.violations


def test_a_flooded_strategy_is_in_error(hits: Any) -> None:
    scene = Scene(seed=416, parameters=ONCE)
    scene.runs(3_000)
    wake = scene.runtime.hang(f"strategy:{NAME}")
    for _ in range(3_000):
        scene.runtime.directory.find(f"strategy:{NAME}").tell(object())
    scene.runs(1_000)
    wake()
    assert hits["strategy-flooded"] == 1
    assert scene.row.state == "ERROR"


def test_an_actor_that_tells_without_end_is_stopped(hits: Any) -> None:
    scene = Scene(seed=417, parameters=ONCE)
    scene.runs(1_000)
    teller = scene.supervisor._children["guardian"].actor
    assert teller is not None
    assert teller.incarnation is not None
    address = teller.incarnation.address(JOURNAL)
    for _ in range(teller.incarnation.told_max):
        address.tell(journal.Scored(scores={}))
    with pytest.raises(FloodedOthers):
        address.tell(journal.Scored(scores={}))
    assert hits["flood-stopped"] == 1


def test_an_actor_that_dies_again_and_again_ends_the_process(hits: Any) -> None:
    scene = Scene(seed=418, parameters=ONCE)
    scene.opens()
    for _ in range(7):
        if not scene.ended:
            scene.runtime.kill("orders")
            scene.runs(9_000)
    assert hits["restarts-used-up"] == 1
    assert scene.cover >= abs(scene.position) > 0


def test_a_start_that_is_told_too_late_changes_nothing(hits: Any) -> None:
    scene = Scene(seed=419, parameters=ONCE)
    scene.runs(1_000)
    late: Any = Started(child="orders", generation=0)
    scene.runtime.directory.address(SUPERVISOR).tell(late)
    scene.runs(500)
    assert hits["start-told-too-late"] == 1


def test_a_process_that_stood_still_calls_nobody_hung(hits: Any) -> None:
    scene = Scene(seed=420, parameters=ONCE)
    scene.opens()
    wakes = [scene.runtime.hang(child) for child in ("supervisor", "orders", "guardian")]
    scene.excused = True
    scene.runs(60_000)
    for wake in wakes:
        wake()
    scene.runs(2_000)
    assert hits["whole-process-stood-still"] == 1
    assert not any(child.restarts for child in scene.supervisor.state().children)
    scene.check()


def test_a_crash_loop_comes_up_without_trading(hits: Any) -> None:
    starts = [ProcessStart(at_ms=at_ms, ended_in_order=False) for at_ms in range(6)]
    assert brake(starts, 10, BrakeLimits()) is not None
    assert hits["crash-loop-brake"] == 1
