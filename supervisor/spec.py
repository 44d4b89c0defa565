"""What the supervisor knows of a child before it lives. Specs are checked at start, not at the first crash."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors.address import Name
from actors.base import Actor
from actors.incarnation import TOLD_MAX, Incarnation
from trading.messages import supervision
from trading.restart import Budget, Restart

SUPERVISOR: Final = Name[supervision.Message]("supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """One child. Their order in the list is the order of starting; stopping goes the other way.

    ``start`` makes the actor from what its incarnation offers; it neither blocks nor starts it.
    """

    id: Name[Any]
    start: Callable[[Incarnation], Actor]
    restart: Restart
    shutdown_ms: int  # from being told to stop until it is abandoned
    deadline_ms: int  # for handling one message, on_start and on_stop among them; past it, it hangs
    inbox_max: int  # messages waiting; past it, it is flooded
    group: str = "ground"  # which restart budget it draws on
    told_max: int = TOLD_MAX  # messages told while handling one; past it, it floods others and dies of it
    autostart: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AddChild:
    """Take a further child, last in the order. Known already, it is refused."""

    spec: ChildSpec


def problems(specs: Iterable[ChildSpec], budgets: Mapping[str, Budget], addressed: Iterable[str] = ()) -> list[str]:
    """Say everything that is wrong with a list of specs, their budgets, and the names that were given out already."""
    found = [f"budget {name!r}: {problem}" for name, budget in budgets.items() for problem in budget.problems()]
    seen: set[str] = set()
    for spec in specs:
        if not spec.id or spec.id == SUPERVISOR:
            found.append(f"child {spec.id!r}: it cannot have this id")
        if spec.id in seen:
            found.append(f"child {spec.id!r}: there are two of that id")
        seen.add(spec.id)
        if spec.group not in budgets:
            found.append(f"child {spec.id!r}: there is no budget for its group {spec.group!r}")
        found += [
            f"child {spec.id!r}: {what} is {value}, below {least}"
            for what, value, least in (
                ("shutdown_ms", spec.shutdown_ms, 0),
                ("deadline_ms", spec.deadline_ms, 1),
                ("inbox_max", spec.inbox_max, 1),
                ("told_max", spec.told_max, 1),
            )
            if value < least
        ]
        if spec.restart is Restart.PERMANENT and not spec.autostart:
            found.append(f"child {spec.id!r}: it is permanent and would not be started")
    known = {str(SUPERVISOR), *seen}
    return found + [f"child {name!r}: addressed but not in the list" for name in addressed if name not in known]
