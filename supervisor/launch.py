"""Sets the tree going, in either world."""

from collections.abc import Callable

from actors.base import Ended, Started
from actors.incarnation import Incarnation
from supervisor.runtime import Runtime
from supervisor.spec import SUPERVISOR
from supervisor.tree import Supervisor


def launch(runtime: Runtime, supervisor: Supervisor, on_end: Callable[[Ended], None]) -> None:
    """Start the supervisor and return at once. ``on_end`` is called when it has ended, or died itself."""
    incarnation = Incarnation(
        name=str(SUPERVISOR),
        generation=1,
        clock=runtime.clock,
        wheel=runtime.wheel,
        directory=runtime.directory,
    )
    mailbox = runtime.directory.address(SUPERVISOR)

    def report(what: Started | Ended) -> None:
        if isinstance(what, Ended):
            mailbox.detach()
            on_end(what)

    runtime.bind(supervisor, incarnation, report)
    mailbox.attach(supervisor.actor_inbox, incarnation.generation)
    runtime.spawn(supervisor)
