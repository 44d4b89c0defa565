"""The eye on how trades end: closes too large, orders left behind, what is known to be bare, ends that are made up."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from exchange.faults import Rule
from simulation import books
from simulation.happenings import Happening
from simulation.knowing import MARGIN_MS, UPSET_MS, Knowing
from tests.simulation.lived_world import happens, history, runs
from tests.simulation.service_scene import INVERSE
from tests.simulation.watched_scene import NAME, NEVER_DECIDED, Watched
from tests.unit.trading.bracket_facts import plan
from trading.bracket import Bracket, Phase
from trading.promises import NAKED_MS_MAX
from trading.values import Leg, Milliseconds

REFUSED = Rule(fault="refused", method="private/buy|private/sell", code=10019)
WINDOW_MS = NAKED_MS_MAX + MARGIN_MS


def _ends(scene: Watched) -> None:
    scene.ends("by hand", 1 if scene.position > 0 else -1)


# --- no close is larger than what was entered


def _rests(scene: Watched, label: str, amount: Decimal) -> str:
    """An order with this label that nobody sent, too far away to fill."""
    return scene.hand("sell", amount, type="limit", price=Decimal(90_000), label=label).order_id


@pytest.mark.parametrize(("lots", "speaks"), [(0, False), (1, True)])
def test_a_close_of_more_than_was_entered_breaks_what_belongs_to_others(lots: int, *, speaks: bool) -> None:
    scene = Watched()
    bracket, entered = scene.opens(), abs(scene.position)
    order_id = _rests(scene, bracket.plan.label(Leg.CLOSE, 1), entered + lots * bracket.plan.lot)
    said = scene.broken("others")
    assert len(said) == speaks
    assert all(f"order {order_id} closes" in one and f"{entered} was entered" in one for one in said)
    scene.runs(2_000)
    assert not scene.broken("others"), "it is said once"


@pytest.mark.parametrize("price", [None, Decimal(50_000)])
def test_what_was_entered_is_what_was_filled_and_not_what_was_asked_for(price: Decimal | None) -> None:
    scene = Watched()
    scene.runs(100)
    scene.places(f"{NEVER_DECIDED}:e0", instrument=INVERSE, price=price)
    _rests(scene, f"{NEVER_DECIDED}:c0", scene.market.spec.contract_size)
    assert bool(scene.broken("others")) == (price is not None)


@pytest.mark.parametrize("worker", ["w1", "w2"])
def test_a_close_that_is_a_persons_or_another_workers_may_be_as_large_as_it_likes(worker: str) -> None:
    scene = Watched()
    label = scene.opens().plan.label(Leg.CLOSE, 1).replace(":w1:", f":{worker}:")
    if worker == "w1":
        scene.eye.by_hand(label)
    _rests(scene, label, 2 * abs(scene.position))
    assert not scene.broken("others")


def test_a_service_that_is_told_to_close_closes_what_it_has_entered() -> None:
    scene = Watched()
    bracket, entered = scene.opens(), abs(scene.position)
    scene.presses("CloseStrategy", name=NAME)
    scene.runs_until(scene.trades)
    sent = [one for one in scene.account.archive.orders.values() if one.label == bracket.plan.label(Leg.CLOSE, 0)]
    assert [one.amount for one in sent] == [entered]
    assert not scene.found


# --- nothing rests of a trade that is over


@pytest.mark.parametrize("rests", ["ours", "a person's", "nothing"])
def test_an_order_that_outlives_its_trade_in_the_database_breaks_p2_at_once(rests: str) -> None:
    """The service is told nothing of it: it has no reason to take it away before it calls the trade closed."""
    scene = Watched()
    bracket = scene.opens()
    label = bracket.plan.label(Leg.TARGET, 7)
    scene.suffers(Rule(fault="push_lost", channel="user.*"))
    if rests == "a person's":
        scene.eye.by_hand(label)
    _rests(scene, f"{NEVER_DECIDED}:t1", bracket.plan.lot)
    left = [] if rests == "nothing" else [_rests(scene, label, bracket.plan.lot)]
    scene.mended()
    assert not scene.broken("P2"), "its trade is open"
    _ends(scene)
    scene.runs_until(scene.trades)
    assert set(left) <= set(scene.account.live)
    said = scene.broken("P2")
    assert len(said) == (rests == "ours")
    assert all(f"closed {bracket.plan.bracket_id}, and its order {left[0]} rests" in one for one in said)


@pytest.mark.parametrize("phases", [(Phase.CLOSED,), (Phase.QUARANTINED, Phase.CLOSED)])
def test_a_trade_that_is_called_closed_while_its_exits_rest_breaks_p2_unless_a_person_was_asked(phases: Any) -> None:
    scene = Watched()
    bracket = scene.opens()
    for phase in phases:
        assert not scene.broken("P2")
        after = replace(bracket, phase=phase)
        scene.store.record_step(bracket, after, message="said too early", effects=(), at=Milliseconds(scene.now))
        bracket = after
    expected = scene.ours if phases[0] is Phase.CLOSED else []
    assert all(order.order_id in one for order, one in zip(expected, scene.broken("P2"), strict=True))


# --- what is known to be bare is covered or left


def _said(scene: Watched) -> list[str]:
    return [one for one in scene.broken("P1") if one.startswith("by the database")]


def _is_bare(*rules: Rule) -> Watched:
    """The database has just been told that a trade is bare, and a fault has struck just now."""
    scene = Watched()
    scene.opens()
    scene.guardian_sleeps()
    scene.suffers(*rules)
    scene.hand_cancels(scene.leg("s")[0])
    while scene.brackets[0].naked_since is None:
        scene.runtime.step()
    scene.eye.strikes()
    return scene


def test_faults_excuse_nobody_who_knows_that_a_trade_is_bare_and_does_nothing() -> None:
    scene = _is_bare(REFUSED)
    scene.runtime.hang("orders")
    scene.runs(WINDOW_MS - 50)
    assert not scene.cover
    assert not scene.broken("P1"), "there is still time"
    scene.runs(150)
    assert _said(scene)


@pytest.mark.parametrize("why", ["it was upset", "its line is cut"])
def test_who_knows_that_a_trade_is_bare_and_can_do_nothing_is_excused(why: str) -> None:
    scene = _is_bare(REFUSED)
    scene.runtime.hang("orders")
    if why == "its line is cut":
        scene.cuts()
    else:
        scene.eye.knowing.upset_at = scene.pipe.now
    scene.runs(2 * WINDOW_MS)
    _rests(scene, "", scene.market.spec.contract_size)  # something changes: it is looked at again
    assert scene.brackets[0].naked_since is not None
    assert scene.eye.is_served == (why == "it was upset")
    assert not _said(scene)


@pytest.mark.parametrize("is_refused", [False, True])
def test_who_covers_a_bare_trade_in_time_or_is_on_its_way_out_is_not_blamed(*, is_refused: bool) -> None:
    scene = _is_bare(*([REFUSED] if is_refused else []))
    scene.runs(4 * WINDOW_MS)
    bracket = scene.brackets[0]
    assert (bracket.phase is Phase.CLOSING) == (bracket.naked_since is not None) == is_refused
    assert not _said(scene)


def test_known_to_be_bare_counts_from_when_it_was_seen_and_anew_after_each_cover_upset_or_cut() -> None:
    knowing = Knowing()
    first = Bracket(plan=plan(), phase=Phase.OPEN, naked_since=Milliseconds(7))
    again = replace(first, naked_since=Milliseconds(8))

    def speaks_just_then(one: Bracket, since: int) -> bool:
        said = [len(knowing.look([one], since + ms, is_able=True)) for ms in (0, WINDOW_MS, WINDOW_MS + 1)]
        return said == [0, 0, 1]

    assert speaks_just_then(first, 0)
    assert speaks_just_then(again, 5_000), "it was covered meanwhile"
    assert not knowing.look([again], 10_000, is_able=False)
    assert speaks_just_then(again, 10_001), "it could do nothing"
    knowing.upset_at = 20_000
    assert not knowing.look([again], 19_999 + UPSET_MS, is_able=True)
    assert speaks_just_then(again, 20_000 + UPSET_MS)


def test_what_befalls_the_process_upsets_it_and_what_people_do_does_not() -> None:
    with history() as made:
        happens(made, "press", command="Reconcile")
        assert made.eye.knowing.upset_at < 0
        happens(made, "hang", who="reconciler", ms=100)
        assert made.eye.knowing.upset_at == made.world.pipe.now
        runs(made, 1_000)
        made.disk_mended()
        assert made.eye.knowing.upset_at == made.world.pipe.now


# --- nothing stands in for what others did in the open


def _stood_in(scene: Watched, *happenings: Happening) -> list[str]:
    planned = SimpleNamespace(happenings=happenings)
    service: Any = SimpleNamespace(plan=planned, world=scene, store=scene.store, eye=scene.eye)
    return [one.about for one in books.stood_in(service) if one.promise == "P4"]


def _closed_unseen(scene: Watched) -> list[Any]:
    """A person closes while nobody is there, and the exchange shows none of that; give what it keeps back."""
    archive, shown = scene.account.archive.trades, len(scene.executed)
    gone: list[Any] = []

    def vanishes() -> None:
        _ends(scene)
        gone.extend(archive.pop() for _ in range(len(archive) - shown))

    scene.silent_crash(vanishes)
    scene.runs_until(scene.trades)
    assert scene.trades()[-1].reason == "ghost_trade_cleanup"
    return gone


def test_a_made_up_end_of_a_trade_breaks_p4_where_the_exchange_has_the_fills_of_it() -> None:
    scene = Watched()
    bracket_id, gone = scene.opens().plan.bracket_id, _closed_unseen(scene)
    assert not _stood_in(scene), "nothing is there that explains it"
    scene.account.archive.trades.extend(gone)
    assert _stood_in(scene) == [bracket_id]
    jump = Happening(at_ms=0, kind="clock", what={"by_ms": 3_600_000})
    assert not _stood_in(scene, jump), "when it was over is told by a clock that has jumped"


def test_a_close_by_hand_that_was_seen_with_its_price_is_no_estimate() -> None:
    scene = Watched()
    scene.opens()
    _ends(scene)
    scene.runs_until(scene.trades)
    assert scene.trades()[-1].reason == "manual"
    assert not _stood_in(scene)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_made_up_end_is_excused_where_a_part_that_was_seen_or_what_came_later_would_explain_it(when: str) -> None:
    scene = Watched()
    bracket = scene.opens()
    held, against = abs(scene.position), bracket.plan.side.opposite.value
    if when == "before":
        scene.hand(against, held - bracket.plan.lot)
    scene.runs(1_000)
    _closed_unseen(scene)
    scene.runs(100)
    if when == "after":
        scene.hand(against, held)
    assert not _stood_in(scene)
