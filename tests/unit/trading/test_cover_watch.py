"""The guardian's eyes: what is covered, what is a person's, and what it would close."""

from dataclasses import replace
from decimal import Decimal

from tests.unit.trading.bracket_facts import NAME, T0, fill, label, order
from trading import cover
from trading.cover import LabelMaker, Watch
from trading.facts import Fill, Holding, Order
from trading.reconcile import ExchangePicture
from trading.values import LabelText, Leg, Milliseconds, OrderId, OrderState, OrderType, Side, WorkerId

MAKER = LabelMaker(owner="me", worker=WorkerId("w1"))


def _watch() -> Watch:
    watch = cover.with_fill(Watch(instrument=NAME, is_ours=True), fill(Leg.ENTRY, 100, "1"))
    return cover.with_order(watch, order(Leg.STOP, "s", OrderState.UNTRIGGERED))


def _holding(amount: int) -> Holding:
    return Holding(instrument=NAME, amount=Decimal(amount), average_price=Decimal(0), mark_price=Decimal(0))


def _picture(amount: int, orders: tuple[Order, ...] = (), fills: tuple[Fill, ...] = ()) -> ExchangePicture:
    return ExchangePicture(orders=orders, holdings=(_holding(amount),), fills=fills, since=T0, at=T0)


def test_a_position_under_its_stop_is_covered() -> None:
    assert _watch().uncovered == 0
    assert cover.look(_watch(), 5).naked_since is None


def test_the_same_fill_twice_counts_once() -> None:
    assert cover.with_fill(_watch(), fill(Leg.ENTRY, 100, "1")).position == 100


def test_a_stop_that_has_ended_covers_nothing_and_since_when_is_kept() -> None:
    bare = cover.with_order(_watch(), order(Leg.STOP, "s", OrderState.CANCELLED))
    naked = cover.look(bare, 5)
    assert (naked.uncovered, naked.naked_since) == (Decimal(100), 5)
    assert cover.look(naked, 9).naked_since == 5


def test_the_order_that_a_stop_has_sent_is_cover_and_a_target_is_not() -> None:
    bare = cover.with_order(_watch(), order(Leg.STOP, "s", OrderState.CANCELLED))
    sent = order(Leg.STOP, "s'", type=OrderType.MARKET, trigger_order_id=OrderId("s"))
    assert cover.with_order(_watch(), sent).cover == 100, "it takes the place of the stop"
    assert cover.with_order(bare, order(Leg.TARGET, "t")).uncovered == 100


def test_a_dormant_child_is_no_cover() -> None:
    bare = replace(_watch(), orders=())
    assert cover.with_order(bare, order(Leg.STOP, "o", OrderState.UNTRIGGERED, is_dormant=True)).cover == 0


def test_what_a_person_adds_is_theirs_until_all_is_gone() -> None:
    added = cover.with_fill(_watch(), fill(None, 40, "h", side=Side.BUY))
    assert (added.position, added.uncovered) == (Decimal(140), Decimal(0))
    taken = cover.with_fill(added, fill(None, 40, "h2"))
    assert (taken.position, taken.by_hand) == (Decimal(100), Decimal(0))
    assert cover.with_position(added, _holding(0)).by_hand == 0


def test_a_short_position_is_covered_by_stops_that_buy() -> None:
    watch = Watch(instrument=NAME, is_ours=True, position=Decimal(-50))
    assert watch.uncovered == 50
    covered = cover.with_order(watch, order(Leg.STOP, "s", OrderState.UNTRIGGERED, side=Side.BUY))
    assert covered.uncovered == 0
    assert replace(watch, by_hand=Decimal(-20)).uncovered == 30


def test_a_picture_replaces_what_was_known_and_tells_whose_it_is() -> None:
    own, hand = fill(Leg.ENTRY, 100, "1"), fill(None, 40, "h", side=Side.BUY, at=Milliseconds(T0 + 1))
    watch = cover.with_picture(Watch(instrument=NAME, is_ours=True), _picture(140, fills=(own, hand)))
    assert (watch.position, watch.by_hand, watch.uncovered) == (Decimal(140), Decimal(40), Decimal(100))
    assert watch.label is not None
    again = cover.with_picture(watch, _picture(140, (order(Leg.STOP, "s", OrderState.UNTRIGGERED),)))
    assert again.uncovered == 0, "what a person added is remembered where the picture does not reach back"
    elsewhere = replace(order(Leg.STOP, "x", OrderState.UNTRIGGERED), instrument=type(NAME)("ETH-PERPETUAL"))
    assert cover.with_picture(watch, _picture(0, (elsewhere,))).orders == ()


def test_it_closes_only_the_uncovered_part_of_its_own_workers_position() -> None:
    bare = replace(_watch(), orders=())
    wish = MAKER.close(bare, 7)
    assert wish is not None
    assert (wish.side, wish.amount, wish.reduce_only) == (Side.SELL, Decimal(100), True)
    assert wish.label != label(Leg.CLOSE)
    theirs = LabelMaker(owner="me", worker=WorkerId("w2"))
    assert theirs.close(bare, 7) is None
    assert MAKER.close(replace(bare, label=None), 7) is None
    short = replace(bare, position=Decimal(-10), by_hand=Decimal(0))
    closing = MAKER.close(short, 7)
    assert closing is not None
    assert closing.side is Side.BUY


def test_what_is_not_ours_is_never_naked() -> None:
    assert cover.look(Watch(instrument=NAME, position=Decimal(5)), 1).naked_since is None
    unnamed = cover.with_fill(Watch(instrument=NAME, is_ours=True), fill(None, 5, "h", side=Side.BUY))
    assert cover.look(unnamed, 1).naked_since is None
    assert unnamed.label is None
    assert LabelText("") == fill(None, 5, "x").label


def test_what_another_worker_adds_is_theirs_and_does_not_name_the_trade() -> None:
    label_of_w2 = LabelText("tb1:me:w2:s:bbbbbbbbbbbbbbbb:e0")
    theirs = replace(fill(None, 40, "w", side=Side.BUY), label=label_of_w2)
    added = cover.with_fill(replace(_watch(), who=MAKER.who), theirs)
    assert (added.position, added.by_hand, added.uncovered) == (Decimal(140), Decimal(40), Decimal(0))
    wish = MAKER.close(replace(added, orders=()), 7)
    assert wish is not None, "the trade is still known as ours"
    assert wish.amount == 100
    assert cover.with_order(added, order(Leg.STOP, "x", label=label_of_w2)).label == added.label


def test_a_picture_that_shows_only_our_exit_does_not_make_what_others_hold_ours() -> None:
    added = cover.with_fill(_watch(), fill(None, 40, "h", side=Side.BUY))
    left = cover.with_fill(added, fill(Leg.TARGET, 100, "t", at=Milliseconds(T0 + 9)))
    seen = cover.with_picture(left, _picture(40, fills=(fill(Leg.TARGET, 100, "t", at=Milliseconds(T0 + 9)),)))
    assert (seen.position, seen.by_hand, seen.uncovered) == (Decimal(40), Decimal(40), Decimal(0))


def test_what_others_opened_while_nobody_looked_is_theirs_though_the_last_trade_there_was_ours() -> None:
    """The line was down: no fill of theirs was pushed, and a picture alone shows what they hold."""
    over = cover.with_fill(_watch(), fill(Leg.STOP, 100, "2"))
    assert not over.position
    found = cover.with_picture(over, _picture(200, fills=(fill(None, 200, "h", side=Side.BUY),)))
    assert (found.position, found.uncovered) == (Decimal(200), Decimal(0))
    ours = cover.with_picture(over, _picture(200, fills=(fill(Leg.ENTRY, 200, "3"),)))
    assert ours.uncovered == 200, "what an entry of ours has filled is ours"


def test_what_a_person_opens_beside_a_resting_entry_is_theirs() -> None:
    entering = cover.with_order(Watch(instrument=NAME, is_ours=True), order(Leg.ENTRY, "e"))
    opened = cover.with_fill(entering, fill(None, 40, "h"))
    assert (opened.position, opened.uncovered) == (Decimal(-40), Decimal(0))
    entered = cover.with_fill(opened, fill(Leg.ENTRY, 100, "1"))
    assert entered.uncovered == 60, "ours, less what the person's sale has closed of it"


def test_an_order_that_has_ended_is_not_brought_back_by_an_older_word() -> None:
    """A reply may be overtaken by the push that says the order has ended: it would be cover that is not there."""
    bare = cover.with_order(_watch(), order(Leg.STOP, "s", OrderState.CANCELLED))
    assert cover.with_order(bare, order(Leg.STOP, "s", OrderState.UNTRIGGERED)).uncovered == 100
    assert cover.with_order(bare, order(Leg.STOP, "s2", OrderState.UNTRIGGERED)).uncovered == 0
    shown = cover.with_picture(bare, _picture(100, (order(Leg.STOP, "s", OrderState.UNTRIGGERED),)))
    assert shown.uncovered == 0, "a picture is the exchange itself, whole"
    again = cover.with_order(shown, order(Leg.STOP, "s", OrderState.CANCELLED))
    assert again.uncovered == 100, "told again over a picture that was read before it ended"


def test_a_dormant_order_that_goes_to_work_is_cover() -> None:
    bare = replace(_watch(), orders=())
    asleep = cover.with_order(bare, order(Leg.STOP, "o", OrderState.UNTRIGGERED, is_dormant=True))
    assert cover.with_order(asleep, order(Leg.STOP, "o", OrderState.UNTRIGGERED)).cover == 100


def test_it_remembers_so_many_that_have_ended_and_no_more() -> None:
    watch = _watch()
    for number in range(3 * cover.OVER_KEPT):
        watch = cover.with_order(watch, order(Leg.TARGET, f"t{number}", OrderState.CANCELLED))
    assert len(watch.over) == cover.OVER_KEPT
