"""What is to happen later, in order of time; first asked, first served within a millisecond."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

Action = Callable[[int], None]

NEVER_MS: Final = 1 << 62


class Timers:
    """A heap of actions. There is no cancelling: an action looks for itself whether it is still wanted."""

    __slots__ = ("_count", "_heap", "next_due_ms")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action]] = []
        self._count = 0
        self.next_due_ms = NEVER_MS

    def at(self, due_ms: int, action: Action) -> None:
        """Call `action(due_ms)` when that time has come."""
        self._count += 1
        heappush(self._heap, (due_ms, self._count, action))
        self.next_due_ms = self._heap[0][0]

    def take(self) -> tuple[int, Action]:
        """The earliest one, no longer planned."""
        due_ms, _, action = heappop(self._heap)
        self.next_due_ms = self._heap[0][0] if self._heap else NEVER_MS
        return due_ms, action

    def __len__(self) -> int:
        return len(self._heap)
