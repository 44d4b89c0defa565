"""Each difference between database and exchange has its finding, its action, and its patience."""

from dataclasses import replace
from decimal import Decimal

from tests.unit.trading.bracket_facts import ID, NAME, T0, Life, fill, label, order
from trading.bracket import Bracket, Done
from trading.facts import Fill, Holding, Order
from trading.reconcile import (
    LASTING_MS,
    Action,
    CancelOrphan,
    DatabasePicture,
    ExchangePicture,
    FindingKind,
    Quarantine,
    Reduced,
    Refresh,
    Report,
    concerns,
    reconcile,
)
from trading.values import BracketId, IntentId, LabelText, Leg, Milliseconds, OrderId, OrderState, Side

OTHER = LabelText("tb1:me:w1:s:bbbbbbbbbbbbbbbb:s0")


def _held() -> Bracket:
    life = Life()
    entry = order(Leg.ENTRY, "e", OrderState.FILLED, filled_amount=Decimal(100))
    own = fill(Leg.ENTRY, 100, "1", order_id=OrderId("e"))
    life.hears(Done(intent_id=IntentId(label(Leg.ENTRY)), orders=(entry,), fills=(own,)))
    life.hears(Done(intent_id=IntentId(label(Leg.STOP)), orders=(order(Leg.STOP, "s", OrderState.UNTRIGGERED),)))
    life.hears(Done(intent_id=IntentId(label(Leg.TARGET)), orders=(order(Leg.TARGET, "t"),)))
    return life.bracket


def _holding(amount: int) -> Holding:
    return Holding(instrument=NAME, amount=Decimal(amount), average_price=Decimal(0), mark_price=Decimal(0))


def _look(
    *,
    brackets: tuple[Bracket, ...] = (),
    over: tuple[BracketId, ...] = (),
    orders: tuple[Order, ...] = (),
    position: int = 0,
    fills: tuple[Fill, ...] = (),
    before: Report | None = None,
    at: int = T0,
) -> Report:
    return reconcile(
        DatabasePicture(owner="me", worker="w1", open=brackets, over=frozenset(over)),
        ExchangePicture(orders=orders, holdings=(_holding(position),), fills=fills, since=T0, at=Milliseconds(at)),
        () if before is None else before.suspicions,
    )


def _kinds(report: Report) -> list[FindingKind]:
    return [finding.kind for finding in report.findings]


def _acts(report: Report) -> list[type[Action]]:
    return [type(action) for action in report.actions]


def test_what_matches_is_refreshed_and_clean() -> None:
    bracket = _held()
    report = _look(brackets=(bracket,), orders=bracket.alive, position=100)
    assert _kinds(report) == [FindingKind.MATCHED]
    assert _acts(report) == [Refresh]
    assert report.is_clean


def test_a_missing_stop_and_a_missing_target_are_found() -> None:
    bracket = _held()
    bare = replace(bracket, orders=tuple(one for one in bracket.orders if one.order_id != "s"))
    aimless = replace(bracket, orders=tuple(one for one in bracket.orders if one.order_id != "t"))
    assert _kinds(_look(brackets=(bare,), orders=bare.alive, position=100)) == [FindingKind.MISSING_STOP]
    assert _kinds(_look(brackets=(aimless,), orders=aimless.alive, position=100)) == [FindingKind.MISSING_TARGET]


def test_an_entry_that_has_not_filled_is_found() -> None:
    assert _kinds(_look(brackets=(Life().bracket,))) == [FindingKind.ENTRY_NOT_FILLED]


def test_a_difference_of_size_is_acted_on_only_when_it_lasts() -> None:
    bracket = _held()
    for position, kind in (
        (0, FindingKind.GHOST_TRADE),
        (40, FindingKind.PARTIAL_CLOSE),
        (-20, FindingKind.SIDE_FLIPPED),
        (130, FindingKind.WRONG_SIZE),
    ):
        first = _look(brackets=(bracket,), orders=bracket.alive, position=position)
        assert _kinds(first) == [kind]
        assert _acts(first) == [Refresh]
        assert not first.is_clean
        soon = _look(brackets=(bracket,), orders=bracket.alive, position=position, before=first, at=T0 + 1_500)
        assert _acts(soon) == [Refresh], "a stale reading lasts as long"
        late = _look(brackets=(bracket,), orders=bracket.alive, position=position, before=soon, at=T0 + LASTING_MS)
        assert set(_acts(late)) == {Refresh, Reduced if 0 <= position < 100 else Quarantine}
        moved = _look(brackets=(bracket,), orders=bracket.alive, position=10, before=soon, at=T0 + LASTING_MS)
        assert _acts(moved) == [Refresh], "another difference begins anew"


def test_orders_of_ours_without_a_trade_are_cancelled_first() -> None:
    entry = order(Leg.ENTRY, "x", label=LabelText("tb1:me:w1:s:bbbbbbbbbbbbbbbb:e0"))
    stop = order(Leg.STOP, "y", OrderState.UNTRIGGERED, label=OTHER)
    bracket = _held()
    report = _look(brackets=(bracket,), over=(BracketId("b" * 16),), orders=(entry, stop, *bracket.alive), position=100)
    assert _acts(report) == [CancelOrphan, CancelOrphan, Refresh]
    assert _kinds(_look(orders=(entry,))) == [FindingKind.UNKNOWN_ORDER]


def test_a_position_with_our_labels_that_nobody_remembers_keeps_its_stop_and_waits_for_a_person() -> None:
    stop = order(Leg.STOP, "y", OrderState.UNTRIGGERED, label=OTHER)
    first = _look(orders=(stop,), position=100)
    assert _kinds(first) == [FindingKind.ORPHAN_POSITION]
    assert not _acts(first), "its stop is not touched"
    late = _look(orders=(stop,), position=100, before=first, at=T0 + LASTING_MS)
    (action,) = late.actions
    assert isinstance(action, Quarantine)
    assert action.order_ids == ("y",)


def test_what_is_somebody_elses_is_shown_and_not_touched() -> None:
    foreign = order(Leg.ENTRY, "f", label=LabelText(""))
    neighbour = order(Leg.ENTRY, "n", label=LabelText("tb1:me:w2:s:bbbbbbbbbbbbbbbb:e0"))
    stranger = order(Leg.ENTRY, "o", label=LabelText("tb1:you:w1:s:bbbbbbbbbbbbbbbb:e0"))
    report = _look(orders=(foreign, neighbour, stranger), position=5)
    assert _kinds(report) == [
        FindingKind.FOREIGN_ORDER,
        FindingKind.OTHER_WORKER,
        FindingKind.FOREIGN_ORDER,
        FindingKind.FOREIGN_POSITION,
    ]
    assert not report.actions
    assert report.is_clean


def test_a_position_that_a_trade_of_ours_left_over_is_not_taken_for_ours() -> None:
    own = fill(Leg.ENTRY, 100, "1")
    assert _kinds(_look(over=(ID,), fills=(own,), position=5)) == [FindingKind.FOREIGN_POSITION]


def test_a_fill_concerns_the_trade_it_names_or_the_one_that_was_open() -> None:
    bracket = _held()
    assert concerns(bracket, fill(Leg.STOP, 1, "2"))
    assert concerns(bracket, fill(None, 1, "3", at=Milliseconds(T0 + 1)))
    assert not concerns(bracket, fill(None, 1, "4", at=Milliseconds(T0 - 1))), "before it had opened"
    assert concerns(bracket, fill(Leg.ENTRY, 1, "5", at=Milliseconds(T0 - 60_000))), "whatever the clocks say"
    elsewhere = replace(fill(None, 1, "6", side=Side.BUY), instrument=type(NAME)("ETH-PERPETUAL"))
    assert not concerns(bracket, elsewhere)


def test_what_others_did_before_our_first_fill_is_theirs_however_far_the_clocks_are_apart() -> None:
    """Seed 201: our clock stood an hour behind, an hour of a person's fills counted, and a held trade seemed closed."""
    bracket = replace(_held(), fills=(), began_at=Milliseconds(T0 - 3_600_000))
    theirs, later = fill(None, 1, "2", at=Milliseconds(T0 - 1_000)), fill(None, 1, "3", at=Milliseconds(T0 + 1_000))
    assert not concerns(bracket, theirs)
    own = fill(Leg.ENTRY, 100, "1", at=Milliseconds(T0))
    assert not concerns(bracket, theirs, shown=(own,))
    assert concerns(bracket, later, shown=(own,))
