"""What is to happen later, in order of time; first asked, first served within a millisecond."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

Action = Callable[[int], None]

NEVER_MS: Final = 1 << 62


class Timers:
    """A heap of actions. What is seldom called off looks for itself whether it is still wanted when its time comes."""

    __slots__ = ("_actions", "_count", "_heap", "next_due_ms")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []  # (when, number); the first one is always wanted
        self._actions: dict[int, Action] = {}  # by number, those that are wanted
        self._count = 0
        self.next_due_ms = NEVER_MS

    def at(self, due_ms: int, action: Action) -> int:
        """Call `action(due_ms)` when that time has come. Answers with the number to call it off by."""
        self._count += 1
        self._actions[self._count] = action
        heappush(self._heap, (due_ms, self._count))
        self.next_due_ms = self._heap[0][0]
        return self._count

    def cancel(self, number: int) -> None:
        """Call it off; if it has happened already, nothing changes."""
        if self._actions.pop(number, None) is not None:
            self._pass_over()

    def take(self) -> tuple[int, Action]:
        """The earliest one, no longer planned."""
        due_ms, number = heappop(self._heap)
        action = self._actions.pop(number)
        self._pass_over()
        return due_ms, action

    def _pass_over(self) -> None:
        """Those that were called off."""
        heap, actions = self._heap, self._actions
        while heap and heap[0][1] not in actions:
            heappop(heap)
        self.next_due_ms = heap[0][0] if heap else NEVER_MS

    def __len__(self) -> int:
        return len(self._actions)
