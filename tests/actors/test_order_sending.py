"""A request is on disk before it leaves, and it leaves before those who only write it down are told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from actors.order_market import OrderSettings
from actors.order_news import Addresses, News
from actors.order_steps import Steps
from actors.remembering import Remembering
from persistence.store import Store
from tests.unit.persistence.made import NOW, WORKER, plan_of
from trading import bracket as brackets
from trading.bracket import Mode
from trading.messages import broker, guardian, journal
from trading.sizing import Risk, RiskMode
from trading.values import FillCondition

PLAN = plan_of()


@dataclass
class Room:
    """The steps on a real store that forgets. ``heard`` is what all are told, in one order."""

    store: Store
    heard: list[Any] = field(default_factory=list)
    on_disk: list[bool] = field(default_factory=list)

    def tell(self, message: Any) -> None:
        self.heard.append(type(message))
        if isinstance(message, broker.Submit):
            self.on_disk.append(bool(self.store.unknown_intents()))

    def start(self, name: str, delay_ms: int, message: Any, *, background: bool = False) -> None:
        """Take a timer; none of them comes to its end here."""

    def cancel(self, name: str) -> None:
        """Forget a timer."""

    def steps(self) -> Steps:
        to = Addresses(
            broker=self,
            guardian=self,
            reconciler=self,
            desk=self,
            journal=self,
            notifier=self,
            strategy=lambda _: None,
        )
        return Steps(
            now=lambda: NOW,
            timers=self,
            memory=Remembering(self.store, broker="embedded", owner="me"),
            to=to,
            news=News(to, lambda: NOW),
            settings=OrderSettings(
                owner="me",
                worker=WORKER,
                mode=Mode.NATIVE,
                fill_condition=FillCondition.FIRST_HIT,
                risk=Risk(mode=RiskMode.FIXED, value=Decimal(1)),
            ),
            given_up=lambda _bracket, _why: None,
            closed=lambda _bracket: None,
        )


@pytest.fixture
def room() -> Iterator[Room]:
    """Nothing is open."""
    store = Store.in_memory(worker=WORKER, account="embedded")
    yield Room(store)
    store.close_thread()


def test_an_order_is_on_disk_then_it_leaves_then_it_is_told(room: Room) -> None:
    steps = room.steps()
    steps.begin(*brackets.begin(PLAN, NOW), "signal")
    assert room.heard == [broker.Submit, guardian.Watch], "who only writes it down hears of it when it has left"

    steps.saying.now()
    assert room.heard == [broker.Submit, guardian.Watch, journal.BracketMoved]
    assert room.on_disk == [True]
