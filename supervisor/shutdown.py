"""The end of the tree while it goes on: why, with which exit code, how long each has, and who was left behind."""

from typing import Final

from supervisor.children import Child

SURE_MS: Final = 100


class Shutdown:
    """One at most in the life of a tree."""

    def __init__(self, reason: str, exit_code: int, now_ms: int, total_ms: int, living: int) -> None:
        self.reason = reason
        self.exit_code = exit_code
        self._by_ms = now_ms + total_ms  # monotonic
        # What each child is sure to get, however long those before it took: an actor that is well needs no more.
        self._sure_ms = min(SURE_MS, total_ms // (2 * max(1, living)))
        self._waits_for: Child | None = None
        self.abandoned: list[str] = []

    def is_waiting_for(self, child: Child) -> bool:
        """Whether this child has been told to stop already; if not, it is noted as told."""
        waiting, self._waits_for = self._waits_for is child, child
        return waiting

    def within_ms(self, child: Child, others: int, now_ms: int) -> int:
        """How long the child has, so that as many others living have what they are sure to get."""
        left_ms = self._by_ms - now_ms - others * self._sure_ms
        return max(self._sure_ms, min(child.spec.shutdown_ms, left_ms))
