"""More branches too rare for seeded histories: what nobody can explain, what nobody answers, a clock that was set back.

The others stand in test_rare_marks.py; `trading.marks.BY_TESTS` names all of them.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchange.faults import Rule
from exchange.faults.profiles import OPENING, READING
from persistence.data_dir import DataDir
from persistence.migrate import migrate
from persistence.store import Store
from simulation.disk import UNREAD, UNSAID, Disk, ShakyDatabase
from simulation.world import Runner
from strategies.registry import discover
from tests.actors.test_guardian_reconciler import Post
from tests.simulation.service_scene import FAR, LINEAR, Resting, Scene
from tests.simulation.test_found_by_histories import HOUR_MS, SILENT, Once
from tests.unit.trading.bracket_facts import NAME as NAME_OF_ALL
from tests.unit.trading.bracket_facts import label, order
from tests.unit.trading.test_bracket_rows import entered
from trading.bracket import Asked, Limits, Mode, Phase, Pictured, Place, Verdict
from trading.marks import counted
from trading.messages import desk, guardian, journal, notices
from trading.pnl import Known
from trading.values import Leg, OrderState, Side, StrategyName, WorkerId

ONCE = FAR | {"cooldown_s": 36_000}
NAME = "fasttest"


@pytest.fixture
def hits() -> Iterator[Any]:
    """The marks passed in this test."""
    with counted() as found:
        yield found


def sign_of(scene: Scene) -> int:
    return 1 if scene.position > 0 else -1


# --- what nobody can explain


def test_more_closed_than_opened_is_asked_about_and_then_waits_for_a_person_who_takes_it_up(hits: Any) -> None:
    """While an entry rests, somebody sells with the label of its stop, and buys it back with none."""
    scene = Scene(seed=431, strategy="once", kind=Once)
    scene.runs_until(lambda: scene.leg("e"), 70_000)
    scene.runs(500)
    (bracket,) = scene.brackets
    scene.hand("sell", Decimal(100), label=bracket.plan.label(Leg.STOP, 7))
    scene.hand("buy", Decimal(100))
    scene.runs(Limits().odd_ms_max - 5_000)
    assert hits["more-closed-than-opened"]
    assert not hits["more-closed-than-opened-for-good"], "the news of the entry may still come"
    assert [bracket.phase for bracket in scene.brackets] == [Phase.ENTERING]

    scene.runs(7_000)
    assert hits["more-closed-than-opened-for-good"] == 1
    assert hits["given-up-for-a-person"] == 1
    assert scene.store.brackets.quarantined_brackets()
    assert not scene.leg("e"), "its entry was called back"

    assert scene.says(desk.ResolveIssue, instrument=scene.instrument, choice="close").ok
    scene.runs(200)
    assert hits["taken-up-again-by-a-person"] == 1
    assert not scene.store.brackets.quarantined_brackets()


def test_a_request_nobody_can_say_anything_about_waits_for_a_person(hits: Any) -> None:
    """The exchange takes the order and never answers a question again."""
    scene = Scene(seed=432, parameters=ONCE)
    scene.runs_until(lambda: any(isinstance(told, journal.Reconciled) for told in scene.told))
    scene.suffers(Rule(fault="reply_lost", method=OPENING, count=1), Rule(fault="reply_lost", method=READING))
    scene.runs_until(scene.store.brackets.quarantined_brackets, 600_000)
    assert hits["asked-in-vain"] == 1
    assert scene.cover == abs(scene.position) > 0, "what the exchange took stays under its stop"


def test_a_stop_refused_at_its_trigger_has_what_we_believe_to_hold_closed(hits: Any) -> None:
    """Somebody closed it by hand, and nobody was told: the stop fires, and there is nothing to reduce."""
    scene = Scene(seed=433, parameters=ONCE)
    scene.opens()
    sign = sign_of(scene)
    scene.suffers(SILENT)
    scene.ends("by hand", sign)
    scene.runs(500)
    scene.mended()
    scene.moves_by(sign * -150)
    scene.runs_until(lambda: hits["stop-refused-at-its-trigger"], 2_000)
    assert scene.brackets[0].reason == "stop_refused_at_its_trigger"
    assert scene.brackets[0].phase is Phase.CLOSING
    scene.runs(70_000)
    assert not scene.position
    assert not scene.ours


def test_an_exit_that_fills_after_its_trade_was_closed_counts_in_the_result(hits: Any) -> None:
    """As when the guardian's close and the order manager's are both filled, out of what a person holds beside it."""
    scene = Scene(seed=438, parameters=ONCE)
    scene.opens()
    plan = scene.brackets[0].plan
    scene.moves_by(150 * sign_of(scene))
    scene.runs_until(lambda: scene.trades() and scene.trades()[0].known is Known.FINAL, 60_000)
    scene.hand(plan.side.opposite.value, Decimal(100), label=plan.label(Leg.CLOSE, 91))
    scene.runs_until(lambda: hits["late-exit-of-a-closed-trade"], 2_000)
    assert scene.trades()[0].known is Known.PENDING, "it is read in the exchange's book once more"
    scene.crashes()
    scene.runs_until(lambda: scene.trades()[0].known is Known.FINAL, 60_000)
    scene.check_money()


def test_a_guardian_that_closes_in_vain_stops_and_calls_a_person(hits: Any) -> None:
    """Each close is done, the stop is cut by as much, and as much is bare again: so it could go on to the last lot."""
    post = Post()
    post.actor.on_receive(guardian.ConnectionChanged(is_up=True))
    post.actor.on_receive(guardian.Watch(instrument=NAME_OF_ALL, ours=True))
    for number in range(12):
        held = 100 - 10 * len(post.ears["broker"].heard)
        stop = replace(order(Leg.STOP, "s", OrderState.UNTRIGGERED), amount=Decimal(held - 10))
        post.sees(held, stop, began_ms=4_000 * number)
        post.looks(20)
    assert [one.wish.amount for one in post.ears["broker"].heard] == [Decimal(10)] * 3
    assert hits["guardian-closes-in-vain"]
    texts = [one.text for one in post.ears["notifier"].of(notices.Notice)]
    assert "look whose it is" in texts[-1]
    post.sees(60, began_ms=10_000_000)
    post.looks(40)
    assert len(post.ears["broker"].heard) > 3, "another part that is bare is closed"


# --- what nobody answers, and what cannot be written


def test_an_account_that_is_read_too_slowly_is_read_anew(hits: Any) -> None:
    """Each answer is in time, and all together are not."""
    linear = Runner(name="linear", kind=discover()[NAME], instrument=LINEAR, parameters=ONCE)
    scene = Scene(seed=434, kind=Resting, strategy="resting", others=(linear,))
    scene.runs(5_000)
    scene.suffers(Rule(fault="reply_late", method=READING, delay_ms=2_850))
    scene.hand("sell", Decimal(100))
    scene.excused = True
    scene.runs_until(lambda: hits["picture-never-came"], 200_000)
    scene.mended()
    scene.runs(20_000)
    assert scene.says(desk.Reconcile).ok


def test_a_panic_that_cannot_be_recorded_closes_all_the_same(hits: Any, tmp_path: Path) -> None:
    disk = ShakyDatabase(tmp_path / "tradebaas.db")
    migrate(disk, lambda: None)
    store = Store(disk, DataDir(tmp_path), worker=WorkerId("w1"), account="main")
    scene = Scene(seed=435, parameters=ONCE, store=store)
    scene.opens()
    disk.trouble = "disk_full"
    assert not scene.says(desk.Panic).ok
    scene.runs(2_000)
    assert hits["closed-without-a-record"]
    assert not scene.position
    disk.close_thread()


class Liar(Disk):
    """A disk that makes the commit of one step of a trade and says that it failed; and then nothing can be read."""

    def __init__(self, step: str, *, reads: bool) -> None:
        super().__init__()
        self.database: ShakyDatabase
        self.stumbles, self._then = UNSAID, "" if reads else UNREAD
        self.may_stumble = lambda: self.stumbles == UNREAD or self.database._thread.about.startswith(f"step:{step}")

        self.has_stumbled = self._goes_on

    def _goes_on(self) -> None:
        if self._then:
            self.stumbles, self._then = self._then, ""


class Lied(Scene):
    """A scene on such a disk."""

    disk: Disk


def lies(folder: Path, step: str, *, reads: bool = True) -> Lied:
    """A scene on a disk that lies about the first step of that name."""
    disk = Liar(step, reads=reads)
    disk.database = ShakyDatabase(folder / "tradebaas.db", disk=disk, passed=lambda _: None)
    migrate(disk.database, lambda: None)
    store = Store(disk.database, DataDir(folder), worker=WorkerId("w1"), account="main")
    scene = Lied(seed=437, parameters=ONCE, store=store)
    scene.disk = disk
    return scene


@pytest.mark.parametrize("step", ["begin", "request_done"])
def test_a_commit_that_was_made_and_told_as_failed_is_found_made(hits: Any, tmp_path: Path, step: str) -> None:
    """The request leaves, and the answer to it counts."""
    scene = lies(tmp_path, step)
    scene.opens()
    assert hits["made-although-it-failed"] == 1
    scene.moves_by(150 * sign_of(scene))
    scene.runs(3_000)
    assert not scene.brackets
    scene.check()
    scene.store.close_thread()


def test_an_opening_of_which_nobody_could_read_whether_it_was_made_is_taken_in_later(hits: Any, tmp_path: Path) -> None:
    scene = lies(tmp_path, "begin", reads=False)
    while scene.disk.stumbles != UNREAD:
        scene.runtime.step(20_000)
    scene.disk.mended()
    assert scene.store.open_brackets()
    scene.runs(1_000)
    assert not scene.ours, "what could not be recorded did not leave"
    assert scene.says(desk.Reconcile).ok
    scene.runs_until(lambda: hits["found-on-disk"], 2_000)
    scene.runs_until(lambda: not scene.store.open_brackets(), 60_000)
    assert not scene.executed
    scene.store.close_thread()


# --- the clock was set back between two lives


def test_an_entry_that_began_later_than_now_is_taken_back(hits: Any) -> None:
    scene = Scene(seed=436, strategy="once", kind=Once)
    scene.runs_until(lambda: scene.leg("e"))
    scene.clock_jumps(-HOUR_MS)
    scene.silent_crash(scene.mended)
    scene.runs(5_000)
    assert hits["entry-from-before-the-clock-was-set-back"]
    assert not scene.leg("e")


@pytest.mark.parametrize("mode", list(Mode), ids=str)
def test_a_question_that_was_asked_later_than_now_is_asked_again(hits: Any, mode: Mode) -> None:
    scene = Scene(seed=437, mode=mode, parameters=ONCE)
    scene.opens()
    scene.suffers(Rule(fault="reply_lost", method="private/*"))
    scene.ends("price", 1)
    scene.runs(3_500)
    scene.clock_jumps(-HOUR_MS)
    scene.silent_crash(scene.mended)
    scene.runs(5_000)
    assert hits["asked-before-the-clock-was-set-back"]
    scene.runs_until(lambda: not scene.brackets, 90_000)


# --- what the exchange no longer knows


def test_an_order_that_no_place_knows_is_gone_and_placed_anew(hits: Any) -> None:
    """The embedded exchange keeps its orders for ever: so this is the trade alone, told that there is none."""
    life = entered()
    life.hears(Pictured(orders=(), fills=(), position=Decimal(100)))
    life.hears(Asked(label=label(Leg.STOP), verdict=Verdict.NEVER))
    assert hits["order-gone-without-trace"] == 1
    assert [place.label for place in life.wants(Place) if place.leg is Leg.STOP] == [
        label(Leg.STOP),
        label(Leg.STOP, 1),
    ]


def test_what_a_person_buys_while_our_entry_is_under_way_is_theirs_when_they_sell_it_again(hits: Any) -> None:
    scene = Scene(seed=29)
    scene.suffers(Rule(fault="request_late", method="private/buy", delay_ms=800))
    scene.suffers(Rule(fault="request_late", method="private/sell", delay_ms=800))
    scene.runs_until(lambda: scene.brackets)
    side = scene.brackets[0].plan.side
    theirs = scene.market.spec.contract_size * 2
    scene.hand(side.value, theirs)
    scene.mended()
    scene.foreign = theirs * side.sign
    scene.runs_until(lambda: abs(scene.position) > theirs)
    scene.runs(1_000)
    ours = abs(scene.position) - theirs
    assert scene.cover >= ours
    scene.hand("sell" if side is Side.BUY else "buy", theirs)
    scene.foreign = Decimal(0)
    scene.runs(3_000)
    assert abs(scene.position) == ours, "the guardian has closed nothing of it"
    assert scene.cover == ours, "what they sold was theirs"
    assert hits["added-before-our-first-fill"]


def test_exits_of_the_exchange_that_nobody_has_shown_are_looked_for_before_a_trade_is_over(hits: Any) -> None:
    """Directed seeds 11, 19, 20: told nothing of its stop and target, a trade was closed and both went on resting."""
    scene = Scene(seed=11)
    scene.suffers(SILENT)
    scene.runs_until(lambda: scene.position and scene.brackets)
    (bracket,) = scene.brackets
    scene.runs_until(lambda: scene.leg("s") and scene.leg("t"))
    scene.says(desk.CloseStrategy, name=StrategyName("fasttest"))
    scene.runs_until(lambda: bracket.plan.bracket_id not in {one.plan.bracket_id for one in scene.brackets})
    assert not [order for order in scene.ours if bracket.plan.bracket_id in order.label]
    assert hits["children-never-shown"]
