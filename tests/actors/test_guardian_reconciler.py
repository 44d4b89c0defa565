"""The reconciler's patience and the guardian's ear, each alone, constructed and not started."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.guardian import Guardian, GuardianSettings
from actors.memory import MemoryFails
from actors.reconciler import ANSWER_MS, CONFIRM_MS, Reconciler
from tests.unit.trading.bracket_facts import NAME, T0, fill, order
from trading.bracket import Bracket, Limits
from trading.cover import LabelMaker
from trading.facts import Holding, Order
from trading.messages import broker, guardian, journal, notices, orders, reconciler
from trading.reconcile import DatabasePicture, ExchangePicture, Report
from trading.values import Leg, Milliseconds, OrderState, WorkerId


class Ear:
    """An address that remembers."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def tell(self, message: Any) -> None:
        self.heard.append(message)

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]


class Watch:
    """A clock and its timers, wound by the test."""

    def __init__(self) -> None:
        self.now, self.ahead = int(T0), 0
        self.running: dict[str, tuple[int, Any]] = {}

    def now_ms(self) -> int:
        return self.now + self.ahead

    def jump(self, by_ms: int) -> None:
        """The wall clock is set."""
        self.ahead += by_ms

    def monotonic_ms(self) -> int:
        return self.now - int(T0)

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        assert background in {True, False}
        self.running[name] = (delay_ms, message)

    def cancel(self, name: str) -> None:
        self.running.pop(name, None)


class Diary:
    """A memory that may refuse."""

    def __init__(self) -> None:
        self.is_full = False
        self.reports: list[str] = []

    def open_brackets(self) -> Sequence[Bracket]:
        return ()

    def record_report(self, report: Report, *, why: str, took_ms: int, at: Milliseconds) -> None:
        if self.is_full:
            raise MemoryFails(f"no room at {at} for {len(report.findings)}")
        assert took_ms >= 0
        self.reports.append(why)


def _picture(*amounts: int) -> ExchangePicture:
    held = tuple(
        Holding(instrument=NAME, amount=Decimal(amount), average_price=Decimal(0), mark_price=Decimal(0))
        for amount in amounts
    )
    fills = (fill(Leg.ENTRY, 100, "1"),) if amounts else ()
    return ExchangePicture(orders=(), holdings=held, fills=fills, since=T0, at=T0)


class Room:
    """A reconciler and all it can tell."""

    def __init__(self) -> None:
        self.watch, self.diary = Watch(), Diary()
        self.is_still = False
        self.broker, self.orders, self.journal = Ear(), Ear(), Ear()
        self.reconciler = Reconciler(
            clock=self.watch,
            timers=self.watch,
            memory=self.diary,  # type: ignore[arg-type]
            database=lambda: DatabasePicture(owner="me", worker="w1", open=(), over=frozenset()),
            to_broker=self.broker,
            to_orders=self.orders,
            to_journal=self.journal,
            interval_ms=60_000,
            limits=Limits(),
            may_spare=lambda pace_ms: self.is_still and pace_ms == 60_000,
        )

    def hears(self, message: reconciler.Message) -> None:
        self.reconciler.on_receive(message)

    @property
    def asked(self) -> int:
        return len(self.broker.of(broker.TakePicture))

    @property
    def next_ms(self) -> int:
        return self.watch.running["run"][0]


def test_without_a_connection_it_asks_nothing() -> None:
    room = Room()
    room.hears(reconciler.Run(why="timer"))
    assert room.asked == 0


def test_it_runs_when_connected_and_then_on_its_timer() -> None:
    room = Room()
    room.hears(reconciler.ConnectionChanged(is_up=True))
    assert (room.asked, room.next_ms) == (1, ANSWER_MS)
    room.hears(reconciler.Run(why="again"))
    assert room.asked == 1, "one is under way"
    room.hears(reconciler.PictureTaken(picture_id=1, picture=_picture()))
    assert room.next_ms == 60_000
    assert room.diary.reports == ["connected"]
    assert room.orders.of(orders.Reconciled)
    room.hears(reconciler.PictureTaken(picture_id=1, picture=_picture()))
    assert len(room.orders.heard) == 1, "an old picture says nothing"


def test_in_a_simulated_quiet_its_timer_goes_on_without_a_look_and_what_is_asked_for_is_done() -> None:
    room = Room()
    room.is_still = True
    room.hears(reconciler.ConnectionChanged(is_up=True))
    room.hears(reconciler.PictureTaken(picture_id=1, picture=_picture()))
    assert room.asked == 1, "not left out: it has just connected"
    room.hears(reconciler.Run(why="timer"))
    assert (room.asked, room.next_ms) == (1, 60_000)
    room.hears(reconciler.Run(why="a person asks"))
    assert room.asked == 2
    room.hears(reconciler.PictureTaken(picture_id=2, picture=_picture()))
    room.is_still = False
    room.hears(reconciler.Run(why="timer"))
    assert room.asked == 3, "something has moved"


def test_a_picture_that_fails_or_never_comes_is_taken_again() -> None:
    room = Room()
    room.hears(reconciler.ConnectionChanged(is_up=True))
    room.hears(reconciler.PictureFailed(picture_id=7, why="old"))
    room.hears(reconciler.PictureFailed(picture_id=1, why="no answer"))
    assert room.next_ms == 1_000, "with two seconds a storm once left something bare for 20.03 s"
    room.hears(reconciler.Run(why="retry"))
    room.hears(reconciler.Run(why="no answer"))
    assert room.asked == 3


def test_a_difference_is_looked_at_again_soon_and_forgotten_with_the_connection() -> None:
    room = Room()
    room.hears(reconciler.ConnectionChanged(is_up=True))
    room.hears(reconciler.PictureTaken(picture_id=1, picture=_picture(-100)))
    deep = room.broker.of(broker.TakePicture)[-1]
    assert deep.is_deep, "a position that nothing explains: perhaps the trade behind it is old"
    assert deep.since < T0 - 6 * 86_400_000
    room.hears(reconciler.PictureTaken(picture_id=2, picture=_picture(-100)))
    assert room.next_ms == CONFIRM_MS
    assert room.asked == 2, "once for each position"
    room.hears(reconciler.ConnectionChanged(is_up=False))
    assert not room.watch.running


def test_a_report_that_cannot_be_kept_is_acted_on_all_the_same() -> None:
    room = Room()
    room.diary.is_full = True
    room.hears(reconciler.ConnectionChanged(is_up=True))
    room.hears(reconciler.PictureTaken(picture_id=1, picture=_picture()))
    assert room.orders.of(orders.Reconciled)


class Post:
    """A guardian, and whom it tells."""

    def __init__(self) -> None:
        self.watch = Watch()
        self.ears = {name: Ear() for name in ("broker", "notifier", "journal", "orders", "reconciler")}
        self.actor = Guardian(
            clock=self.watch,
            timers=self.watch,
            **{f"to_{name}": ear for name, ear in self.ears.items()},
            settings=GuardianSettings(naked_ms_max=2_000, act_after_ms=3_500),
            label=LabelMaker(owner="me", worker=WorkerId("w1")),
        )
        self.actor.on_start()

    def sees(self, amount: int, *orders: Order, began_ms: int = 0) -> None:
        """The account is read."""
        picture = replace(_picture(amount), orders=orders)
        self.actor.on_receive(guardian.PictureTaken(picture=picture, began_ms=began_ms))

    def looks(self, times: int) -> None:
        for _ in range(times):
            self.watch.now += 200
            self.actor.on_receive(guardian.Look(at=T0))


@pytest.mark.parametrize("jump_ms", [0, -3_600_000, 3_600_000])
def test_what_is_newer_is_no_question_of_the_wall_clock(jump_ms: int) -> None:
    post = Post()
    post.watch.jump(jump_ms)
    post.actor.on_receive(guardian.ConnectionChanged(is_up=True))
    post.actor.on_receive(guardian.Watch(instrument=NAME, ours=True))
    post.watch.now += 1_000
    post.actor.on_receive(guardian.OrderChanged(order=order(Leg.STOP, "s", OrderState.UNTRIGGERED)))
    post.watch.now += 100
    post.sees(100, began_ms=900)
    post.looks(30)
    assert not post.ears["broker"].heard, "the stop was told while the account was read: it rests"
    post.sees(100, began_ms=7_000)
    post.looks(30)
    assert post.ears["broker"].heard, "a picture begun later knows better"


def test_the_guardian_acts_late_says_so_and_rests_while_the_line_is_down() -> None:
    post = Post()
    actor, watch = post.actor, post.watch
    to_broker, to_notifier, to_journal = (post.ears[name] for name in ("broker", "notifier", "journal"))
    post.sees(100)
    actor.on_receive(guardian.Watch(instrument=NAME, ours=True))
    look = guardian.Look(at=T0)
    for is_up, until in ((False, 10_000), (True, 13_300)):
        actor.on_receive(guardian.ConnectionChanged(is_up=is_up))
        while watch.monotonic_ms() < until:
            watch.now += 200
            actor.on_receive(look)
        assert not to_broker.heard
    for _ in range(60):
        watch.now += 200
        actor.on_receive(look)
    assert post.ears["reconciler"].of(reconciler.Run), "it has the account read before it acts"
    closes = to_broker.of(broker.Submit)
    assert [close.wish.amount for close in closes] == [Decimal(100)] * 3, "again while it is not covered"
    assert len({close.intent_id for close in closes}) == 3
    assert len(to_notifier.of(notices.Notice)) == 1
    assert to_journal.of(journal.Scored)[-1].scores["naked_ms"] > 10_000
    post.sees(0, began_ms=watch.monotonic_ms())
    actor.on_receive(look)
    assert len(to_broker.heard) == 3
