"""When the broker actor lets itself be woken: never later than its connection wants, and seldom for nothing."""

import pytest

from tests.actors.broker_stand import Line, Stand
from tests.unit.trading.bracket_facts import T0
from trading.messages import broker
from trading.values import Milliseconds


class Wanting(Line):
    """A connection that wants to be looked at then."""

    wants: int | None = None

    def wake_at(self) -> Milliseconds | None:
        return None if self.wants is None else Milliseconds(self.wants)


class Sleeper(Stand):
    """A broker actor, and the moment at which it will be woken."""

    def __init__(self) -> None:
        super().__init__()
        self.wanting = Wanting()
        self.actor._broker = self.wanting  # type: ignore[assignment]
        self.at: int | None = None

    def wants(self, after_ms: int | None) -> int | None:
        """Something happened, and the connection wants to be looked at so much after the beginning."""
        before = dict(self.watch.running)
        self.wanting.wants = None if after_ms is None else int(T0) + after_ms
        self.actor.on_receive(broker.TellInstruments())
        running = self.watch.running.get("tick")
        if running is None:
            self.at = None
        elif running is not before.get("tick"):
            self.at = self.watch.now + running[0] - int(T0)
        return self.at

    def wakes(self) -> None:
        """The timer has run out."""
        assert self.at is not None
        self.watch.now = int(T0) + self.at
        _, tick = self.watch.running.pop("tick")
        self.actor.on_receive(tick)
        running = self.watch.running.get("tick")
        self.at = None if running is None else self.watch.now + running[0] - int(T0)


@pytest.fixture
def sleeper() -> Sleeper:
    return Sleeper()


def test_it_is_woken_when_the_connection_wants_to_be(sleeper: Sleeper) -> None:
    assert sleeper.wants(10_000) == 10_000
    sleeper.wakes()
    assert sleeper.wanting.heard == [f"tick {int(T0) + 10_000}"]


def test_an_earlier_moment_counts_at_once(sleeper: Sleeper) -> None:
    """A request has gone out, and somebody must notice when it is not answered."""
    sleeper.wants(25_000)
    assert sleeper.wants(3_000) == 3_000


def test_a_moment_put_off_a_little_leaves_the_timer_and_waking_early_does_no_harm(sleeper: Sleeper) -> None:
    sleeper.wants(25_000)
    assert sleeper.wants(25_100) == 25_000
    assert sleeper.wants(29_000) == 25_000
    sleeper.wakes()
    assert sleeper.at == 29_000


def test_a_moment_put_off_far_moves_the_timer(sleeper: Sleeper) -> None:
    """The request was answered: nobody need be woken for it."""
    sleeper.wants(3_000)
    assert sleeper.wants(25_000) == 25_000


def test_a_moment_that_is_over_is_the_next_one(sleeper: Sleeper) -> None:
    assert sleeper.wants(-5) == 1


def test_without_a_wish_there_is_no_timer_and_a_later_wish_starts_one(sleeper: Sleeper) -> None:
    sleeper.wants(10_000)
    assert sleeper.wants(None) is None
    assert sleeper.wants(10_000) == 10_000
