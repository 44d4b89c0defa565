"""Addresses outlive incarnations; an incarnation cannot outlive its fence."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.address import LOST_KINDS_MAX, FencedAddress, Name, ask
from actors.base import Actor, Ended, Stage
from actors.inbox import Inbox
from actors.incarnation import Incarnation
from supervisor.simulated import SimulatedRuntime

CHILD = Name[Any]("child")


class Echo(Actor):
    """Answers what it is asked."""

    def on_receive(self, message: Any) -> Any:
        return message


class Book:
    """An address that keeps what it is told."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def tell(self, message: Any) -> None:
        self.kept.append(message)


def incarnation(runtime: SimulatedRuntime, generation: int = 1) -> Incarnation:
    return Incarnation(
        name=str(CHILD),
        generation=generation,
        clock=runtime.clock,
        wheel=runtime.wheel,
        directory=runtime.directory,
    )


def test_an_address_knows_its_incarnations_generation_and_never_goes_back() -> None:
    runtime = SimulatedRuntime()
    mailbox = runtime.directory.address(CHILD)
    mailbox.attach(Inbox(), 3)
    mailbox.detach()

    assert (mailbox.generation, mailbox.is_attached) == (3, False)
    with pytest.raises(AssertionError, match="goes back to generation 3"):
        mailbox.attach(Inbox(), 3)
    mailbox.attach(Inbox(), 4)
    with pytest.raises(AssertionError, match="two incarnations at once"):
        mailbox.attach(Inbox(), 5)


def test_the_directory_gives_one_address_a_name_for_life() -> None:
    directory = SimulatedRuntime().directory

    assert directory.address(CHILD) is directory.address(CHILD) is directory.find("child")
    with pytest.raises(LookupError, match="'nobody'"):
        directory.find("nobody")


def test_a_message_that_slipped_into_an_inbox_after_its_end_is_counted() -> None:
    """The teller had read the address just before the incarnation was taken out of it."""
    mailbox = SimulatedRuntime().directory.address(CHILD)
    inbox = Inbox()
    mailbox.attach(inbox, 1)
    inbox.drain(type(None))
    mailbox.detach()

    inbox.tell("late")
    mailbox.sweep()
    mailbox.sweep()

    assert mailbox.lost() == {"str": 1}


def test_lost_messages_are_counted_by_kind_within_a_bound() -> None:
    mailbox = SimulatedRuntime().directory.address(CHILD)

    for number in range(LOST_KINDS_MAX + 20):
        mailbox.tell(type(f"Kind{number}", (), {})())

    assert len(mailbox.lost()) == LOST_KINDS_MAX + 1
    assert mailbox.lost()["other"] == 20


def test_a_fenced_address_carries_the_generation_and_drops_after_the_fence() -> None:
    own, book = incarnation(SimulatedRuntime(), generation=7), Book()
    address = FencedAddress[Any](own, book)

    address.tell("before")
    own.fence()
    address.tell("after")

    assert address.generation == 7
    assert (book.kept, own.dropped) == (["before"], 1)


@pytest.mark.parametrize(
    "does",
    [lambda own: own.own.tell("message"), lambda own: own.timers.start("early", 1, "message")],
    ids=["tells itself", "starts a timer"],
)
def test_what_must_wait_for_on_start_says_so_when_it_is_done_too_early(does: Callable[[Incarnation], None]) -> None:
    own = incarnation(SimulatedRuntime())

    with pytest.raises(AssertionError, match="do it in on_start"):
        does(own)


def test_an_actor_lives_by_its_three_calls_without_any_runtime() -> None:
    """How an actor is tested alone: constructed, never started."""
    reports: list[Any] = []
    runtime = SimulatedRuntime()
    actor = Echo()
    actor.bind(incarnation(runtime), reports.append, runtime.now_s)

    actor.begin()
    actor.handle(("word", None, 0.0))
    actor.ask_to_stop()
    actor.handle(actor.actor_inbox.pop())
    actor.actor_inbox.tell("unread")
    actor.end()

    ended = reports[-1]
    assert isinstance(ended, Ended)
    assert (ended.stage, dict(ended.lost)) == (None, {"str": 1})
    assert actor.progress.handled == 2


def test_the_base_actor_knows_no_message() -> None:
    reports: list[Any] = []
    runtime = SimulatedRuntime()
    actor = Actor()
    actor.bind(incarnation(runtime), reports.append, runtime.now_s)

    actor.handle(("what?", None, 0.0))
    actor.end()

    assert reports[-1].stage is Stage.RECEIVE
    assert "Actor does not know 'what?'" in reports[-1].reason


def test_only_a_stable_address_can_be_asked() -> None:
    with pytest.raises(AssertionError, match="actors tell"):
        ask(Book(), "?", timeout_s=1)
