"""What is judged in the end: a service with its database, and the eye on it. A history has one of them, or two."""

from typing import TYPE_CHECKING, Any, Protocol

from persistence.store import Store
from simulation.eye import Eye
from simulation.world import World

if TYPE_CHECKING:
    from simulation.plan import Plan


class Service(Protocol):
    """What is judged in the end: a service with its database, and the eye on it."""

    @property
    def plan(self) -> "Plan": ...
    @property
    def world(self) -> World: ...
    @property
    def store(self) -> Store: ...
    @property
    def eye(self) -> Eye: ...

    def presses(self, command: str, **fields: Any) -> None:
        """A person gives it a command."""
        ...
