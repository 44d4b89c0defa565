"""Where strategies have come, written down: at once, or a moment later while an order is on its way.

A strategy tells two moves at each signal, in the very moment in which its order goes to the disk and to the exchange.
The order must not wait for these two rows, so they wait for it. A start takes every running strategy to IDLE anyway,
so a death in that moment loses nothing that anybody would look for.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from actors.desk_memory import DeskMemory
from actors.memory import MemoryFails
from actors.timers import Timers
from trading.lifecycle import Event
from trading.messages import desk
from trading.values import Milliseconds, StrategyName

LATER_MS: Final = 25
"""By then the order has left; a slow disk takes a few milliseconds for it."""
_ORDER_ON_ITS_WAY: Final = frozenset({Event.SIGNAL_FOUND, Event.ENTRY_SENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteMoves:
    """It is time to write what waits. Told again, when nothing waits, it changes nothing."""


class Moves:
    """Moves of strategies on their way to the disk, each strategy's in order."""

    def __init__(self, *, now: Callable[[], Milliseconds], timers: Timers, memory: DeskMemory) -> None:
        self._now, self._timers, self._memory = now, timers, memory
        self._unwritten: dict[StrategyName, list[tuple[Milliseconds, desk.StrategyMoved]]] = {}
        self._is_due = False

    def add(self, moved: desk.StrategyMoved) -> None:
        """Write one, and what waited before it; or let it wait for the order it is about."""
        self._unwritten.setdefault(moved.name, []).append((self._now(), moved))
        if moved.event not in _ORDER_ON_ITS_WAY:
            self.write()
        elif not self._is_due:
            self._is_due = True
            self._timers.start("moves", LATER_MS, WriteMoves())

    def due(self) -> None:
        """The moment is over."""
        self._is_due = False
        self.write()

    def write(self) -> None:
        """Write all that waits; of what the disk does not take now the last counts, at the next occasion."""
        with suppress(MemoryFails):
            for name, waiting in tuple(self._unwritten.items()):
                while waiting:
                    at, moved = waiting[0]
                    self._memory.note_move(name, moved.event, moved.state, moved.generation, moved.cause, at=at)
                    del waiting[0]
                del self._unwritten[name]
        for waiting in self._unwritten.values():
            del waiting[:-1]

    def forget(self, name: StrategyName) -> None:
        """It has failed: the supervisor has written where it is."""
        self._unwritten.pop(name, None)
