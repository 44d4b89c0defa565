"""Nearly always there is nothing to say of a child, and a look passes it by; of which ones it may not."""

import pytest

from actors.address import Directory
from actors.inbox import Inbox
from supervisor.children import Child
from supervisor.rounds import Rounds
from tests.actors.supervised import PROBE, Say, World
from trading.messages.supervision import Phase
from trading.restart import Restart


def probe_of(world: World) -> Child:
    return world.supervisor._children[PROBE]


def test_a_child_with_nothing_to_do_is_well() -> None:
    world = World("simulated").runs(Restart.PERMANENT)
    assert Rounds(world.runtime, 250).is_well(probe_of(world))


@pytest.mark.parametrize(("waiting", "is_well"), [(24, True), (25, False), (101, False)])
def test_one_with_a_quarter_of_its_inbox_full_is_looked_at(waiting: int, is_well: bool) -> None:
    """Though it hangs in nothing."""
    world = World("simulated").runs(Restart.PERMANENT, inbox_max=100)
    for _ in range(waiting):
        world.tell(Say(word="hello"))
    assert Rounds(world.runtime, 250).is_well(probe_of(world)) is is_well


def test_one_that_does_not_live_is_looked_at() -> None:
    world = World("simulated").runs(Restart.PERMANENT)
    child = probe_of(world)
    child.phase = Phase.STOPPING
    assert not Rounds(world.runtime, 250).is_well(child)
    child.phase = Phase.RUNNING
    child.part()
    assert not Rounds(world.runtime, 250).is_well(child)


def test_what_slipped_into_the_inbox_of_the_dead_is_counted_at_the_next_look() -> None:
    """Nobody was told it to the address: it was on its way when the incarnation ended."""
    mailbox = Directory(lambda answer, timeout_s: (answer, timeout_s)).address(PROBE)
    inbox = Inbox()
    mailbox.attach(inbox, 1)
    mailbox.detach()
    seen = [mailbox.has_late_comers]
    inbox.is_closed = True
    inbox.tell(Say(word="too late"))
    seen.append(mailbox.has_late_comers)
    mailbox.sweep()
    seen.append(mailbox.has_late_comers)
    assert seen == [False, True, False]
    assert (mailbox.lost(), mailbox.lost_total) == ({"Say": 1}, 1)


def test_a_child_with_such_late_comers_is_not_calm() -> None:
    world = World("simulated").runs(Restart.PERMANENT)
    child = probe_of(world)
    inbox = child.part().actor_inbox
    assert child.is_calm(0)
    inbox.is_closed = True
    inbox.tell(Say(word="too late"))
    assert not child.is_calm(0)
    assert child.newly_lost() == {"Say": 1}
    assert child.is_calm(0)
