"""An actor that raises is replaced, so that nobody else would see it: the eye does."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from actors.address import Mailbox
from actors.names import DESK
from persistence.errors import LostRace
from simulation.disk import Death, open_store
from simulation.failing import Failing, unanswered
from simulation.runners import PLANNED
from strategies.base import Decision, Strategy
from tests.simulation.watched_scene import Watched
from trading.errors import Unavailable
from trading.facts import Ticker
from trading.instruments import Instrument
from trading.messages.supervision import ChildFailed, Context
from trading.restart import Exit, Verdict
from trading.values import Milliseconds


class Faulty(Strategy):
    """Cannot bear a price above 64 500: that is planned. Above 65 500 its code fails."""

    kind: ClassVar[str] = "faulty"

    def decide(self, ticker: Ticker, instrument: Instrument, now: Milliseconds) -> Decision:
        """It depends on the price."""
        if ticker.mark > 65_500:
            raise ZeroDivisionError("divided")
        if ticker.mark > 64_500:
            raise ArithmeticError(f"decision 7 {PLANNED}")
        return Decision(text=f"watches {instrument.name} at {now}")


@pytest.mark.parametrize(("price", "is_fault"), [("65000", False), ("66000", True)])
def test_what_a_strategy_raises_is_a_fault_of_the_code_unless_it_was_planned(price: str, *, is_fault: bool) -> None:
    scene = Watched(strategy="faulty", kind=Faulty)
    scene.runs(3_000)
    scene.moves_to(price)
    scene.runs(3_000)
    assert scene.row.state == "ERROR"
    found = scene.broken("code")
    assert bool(found) == is_fault
    if is_fault:
        assert "strategy:faulty" in found[0]
        assert "ZeroDivisionError: divided" in found[0]


def test_an_actor_that_raises_is_a_fault_though_the_next_one_lives() -> None:
    scene = Watched()
    scene.runs(500)
    address: Mailbox[Any] = scene.runtime.directory.find(str(DESK))
    address.tell("nonsense")
    scene.runs(5_000)
    assert scene.presses("Reconcile").ok, "the next one lives"
    (said,) = scene.broken("code")
    assert said.startswith("desk failed of ")


@pytest.mark.parametrize("who", ["desk", "orders", "guardian", "strategy:fasttest"])
def test_what_a_history_does_to_an_actor_is_none(who: str) -> None:
    scene = Watched()
    scene.runs(500)
    scene.runtime.kill(who)
    scene.runs(5_000)
    assert not scene.broken("code")


def _failed(reason: str, how: Exit = Exit.RAISED) -> ChildFailed:
    return ChildFailed(
        supervisor="supervisor",
        context=Context.CHILD_TERMINATED,
        reason=reason,
        offender="orders",
        generation=1,
        exit=how,
        verdict=Verdict.RESTART,
        traceback="",
        at_ms=0,
    )


def test_who_was_told_wrongly_that_a_commit_failed_may_die_of_it_once(tmp_path: Path) -> None:
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    lost, failing = _failed(f"{LostRace.__module__}.LostRace: another step is there"), Failing(store)
    assert failing.faults([lost])
    database.disk.unsaid += 1
    assert not failing.faults([lost])
    assert failing.faults([lost])
    assert not failing.faults([_failed("it hangs", Exit.HUNG)])
    database.close_thread()


def test_what_follows_from_the_death_of_the_process_is_none(tmp_path: Path) -> None:
    database, store = open_store(tmp_path, Death(), worker="w1", account="main")
    died, other = _failed("simulation.disk.Died: commit:step:before"), _failed("ValueError: x")
    assert not Failing(store).faults([died, other])
    assert Failing(store).faults([other, died])
    database.close_thread()


def test_a_button_that_raises_is_a_fault_and_one_that_nobody_hears_is_none() -> None:
    assert unanswered("Halt", ValueError("no"))[0].promise == "code"
    assert not unanswered("Halt", Unavailable("desk is not running"))
