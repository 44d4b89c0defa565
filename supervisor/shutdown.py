"""The end of the tree while it goes on: why, with which exit code, who is next, and who had to be left behind."""

from collections.abc import Iterable

from supervisor.children import Child


class Shutdown:
    """One at most in the life of a tree."""

    def __init__(self, reason: str, exit_code: int, by_ms: int) -> None:
        self.reason = reason
        self.exit_code = exit_code
        self._by_ms = by_ms  # monotonic
        self._waits_for: Child | None = None
        self.abandoned: list[str] = []

    def next(self, children: Iterable[Child]) -> Child | None:
        """Give the child to be waited for: the last in start order that still lives. None when all have ended."""
        living = [child for child in children if child.actor is not None]
        return living[-1] if living else None

    def is_waiting_for(self, child: Child) -> bool:
        """Whether this child has been told to stop already; if not, it is noted as told."""
        waiting, self._waits_for = self._waits_for is child, child
        return waiting

    def within_ms(self, child: Child, now_ms: int) -> int:
        """How long the child has, at most until everything must have ended."""
        return max(0, min(child.spec.shutdown_ms, self._by_ms - now_ms))
