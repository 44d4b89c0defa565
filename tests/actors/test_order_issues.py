"""What waits for a person while the disk takes nothing, and what of it concerns other instruments: nothing."""

from dataclasses import replace
from typing import Any

import pytest

from actors.memory import MemoryFails, Waiting
from actors.order_issues import Issues
from tests.actors.test_guardian_reconciler import Ear, Watch
from tests.actors.test_order_results import SETTINGS, Keeper
from tests.unit.trading.bracket_facts import NAME, T0, order, plan
from trading.bracket import Bracket, Close, Phase
from trading.findings import FindingKind, Quarantine, Report
from trading.messages import guardian, journal, orders, reconciler
from trading.values import BracketId, InstrumentName, Leg, OrderState

OTHER = InstrumentName("ETH-PERPETUAL")
BEHIND = BracketId("c" * 16)
FOUND = Quarantine(instrument=NAME, kind=FindingKind.WRONG_SIZE, why="too much")
CHOOSES = orders.ResolveIssue(instrument=NAME, choice="ignore", by="me")


def _given_up(instrument: InstrumentName, bracket_id: str) -> Bracket:
    """A trade that waits for a person."""
    return Bracket(plan=replace(plan(bracket_id=BracketId(bracket_id)), instrument=instrument), phase=Phase.QUARANTINED)


class Book:
    """A memory that takes nothing while the disk is full."""

    def __init__(self, *waiting: Waiting) -> None:
        self.is_full = self.is_unreadable = False
        self.kept: list[str] = []
        self._waiting = waiting

    def _keeps(self, what: str) -> None:
        if self.is_full:
            raise MemoryFails("no room")
        self.kept.append(what)

    def waiting(self) -> tuple[Waiting, ...]:
        return self._waiting

    def record_orphan(self, *_: object, **__: object) -> None:
        self._keeps("orphan")

    def open_issue(self, *_: object, **__: object) -> None:
        self._keeps("opened")

    def is_left(self, _action: Quarantine) -> bool:
        if self.is_unreadable:
            raise MemoryFails("cannot be read")
        return False

    def choose(self, _instrument: InstrumentName, choice: str, **_: object) -> None:
        self._keeps(f"chosen {choice}")

    def resolve_issue(self, _instrument: InstrumentName, outcome: str, **_: object) -> None:
        self._keeps(f"resolved {outcome}")


class Room:
    """Issues and all they can tell."""

    def __init__(self, *waiting: Waiting) -> None:
        self.keeper, self.book, self.watch = Keeper(), Book(*waiting), Watch()
        self.guardian, self.journal, self.reconciler = Ear(), Ear(), Ear()

        class To:
            """Whom it concerns."""

            guardian, journal, reconciler = self.guardian, self.journal, self.reconciler

        class News:
            """Nobody listens."""

            def recorded(self) -> None:
                """Nothing to do."""

        self.issues = Issues(
            now=lambda: T0,
            timers=self.watch,
            memory=self.book,  # type: ignore[arg-type]
            steps=self.keeper,  # type: ignore[arg-type]
            adopting=None,  # type: ignore[arg-type]
            to=To,  # type: ignore[arg-type]
            news=News(),  # type: ignore[arg-type]
            settings=SETTINGS,
        )
        self.issues.load()

    def compares(self, **seen: Any) -> None:
        given: dict[str, Any] = {"findings": (), "actions": (), "suspicions": (), "holdings": (), "orders": ()} | seen
        self.issues.compared(Report(at=T0, **given))


def test_an_orphan_whose_cancel_cannot_be_recorded_is_left_to_the_next_comparison() -> None:
    room = Room()
    room.book.is_full = True
    room.issues.cancel_orphan(order(Leg.STOP, "s"))
    assert not room.keeper.sent
    room.book.is_full = False
    room.issues.cancel_orphan(order(Leg.STOP, "s"))
    assert [wish.order_id for wish in room.keeper.sent] == ["s"]


def test_what_cannot_be_recorded_as_waiting_is_told_to_the_guardian_and_found_again() -> None:
    room = Room()
    room.book.is_full = True
    room.issues.quarantine(FOUND)
    assert room.issues.why(NAME) is None
    assert not room.journal.heard
    assert room.guardian.of(guardian.Watch), "it must not be bare, whatever the disk does"
    room.book.is_full = False
    room.issues.quarantine(FOUND)
    assert room.issues.why(NAME) == "too much"
    assert len(room.journal.of(journal.IssueOpened)) == 1


def test_while_nobody_can_say_whether_it_was_left_to_the_person_it_waits_for_them() -> None:
    room = Room()
    room.book.is_unreadable = True
    room.issues.quarantine(FOUND)
    assert room.issues.why(NAME) == "too much"


def test_a_choice_that_cannot_be_recorded_is_not_begun() -> None:
    room = Room(Waiting(instrument=NAME, why="too much"))
    room.book.is_full = True
    room.issues.chosen(CHOOSES)
    assert not room.reconciler.heard
    assert room.issues.why(NAME) == "too much"


def test_what_was_left_to_the_person_and_could_not_be_recorded_waits_until_it_is() -> None:
    room = Room(Waiting(instrument=NAME, why="too much", chosen="ignore", by="me", behind=(BEHIND,)))
    room.book.is_full = True
    room.compares(orders=(order(Leg.STOP, "s"),))
    assert not room.guardian.of(guardian.Release), "still in our care"
    assert room.issues.why(NAME) == "too much"
    room.book.is_full = False
    room.compares(orders=(order(Leg.STOP, "s"),))
    assert room.guardian.of(guardian.Release)
    assert room.book.kept == ["resolved ignore"]


def test_a_choice_to_close_has_not_come_to_pass_while_an_order_of_ours_rests() -> None:
    room = Room(Waiting(instrument=NAME, why="too much", chosen="close", by="me"))
    room.compares(orders=(order(Leg.STOP, "s", OrderState.UNTRIGGERED),))
    assert not room.book.kept
    assert room.watch.running["verify"], "looked at again"
    room.compares()
    assert room.book.kept == ["resolved close"]
    assert room.issues.why(NAME) is None


@pytest.mark.parametrize("choice", ["ignore", "close"])
def test_a_choice_concerns_the_trades_of_its_own_instrument_alone(
    choice: str,
) -> None:
    room = Room(Waiting(instrument=NAME, why="too much", behind=(BEHIND,)))
    mine, others = _given_up(NAME, "a" * 16), _given_up(OTHER, "b" * 16)
    room.keeper.given_up = (mine, others)
    forgotten: list[BracketId] = []
    room.keeper.forget = forgotten.append  # type: ignore[attr-defined]
    room.issues.chosen(orders.ResolveIssue(instrument=NAME, choice=choice, by="me"))
    told = [bracket_id for bracket_id, message in room.keeper.told if isinstance(message, Close)]
    assert (forgotten, told) == (([mine.plan.bracket_id], []) if choice == "ignore" else ([], [mine.plan.bracket_id]))
    assert room.reconciler.of(reconciler.Run) or choice == "ignore"


def test_what_a_person_chose_in_this_life_is_not_undone_by_what_the_last_one_knew() -> None:
    """The same thing may wait twice, as a given-up trade and as an issue: what was chosen counts."""
    chosen = Waiting(instrument=NAME, why="too much", chosen="close", by="me")
    room = Room(chosen, Waiting(instrument=NAME, why="given up", behind=(BEHIND,)))
    assert room.issues.why(NAME) == "too much"
    assert room.guardian.of(guardian.Watch)
