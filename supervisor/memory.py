"""What the supervisor must still know after a restart of the process. Others keep it on disk; this is the seam."""

from typing import Protocol

from trading.messages.supervision import ChildFailed


class Memory(Protocol):
    """Called from the supervisor's own thread. On disk when it returns, or as soon as the disk takes it."""

    def next_generation(self, child: str) -> int:
        """Give a number above every one given for this child before, in this process or an earlier one."""
        ...

    def error(self, child: str) -> str | None:
        """Give the reason why a child is in ERROR, or None if it is not."""
        ...

    def put_in_error(self, failed: ChildFailed) -> None:
        """Keep a child in ERROR, across restarts and upgrades, until it is taken out."""
        ...

    def take_out_of_error(self, child: str) -> None:
        """Forget the error: a person has resumed it."""
        ...

    def catch_up(self) -> None:
        """Write what the disk did not take when it happened; asked at every look."""
        ...


class Forgetful:
    """A memory that ends with the process: for tests, simulated worlds and benchmarks."""

    def __init__(self) -> None:
        self._generations: dict[str, int] = {}
        self._errors: dict[str, str] = {}

    def next_generation(self, child: str) -> int:
        self._generations[child] = self._generations.get(child, 0) + 1
        return self._generations[child]

    def error(self, child: str) -> str | None:
        return self._errors.get(child)

    def put_in_error(self, failed: ChildFailed) -> None:
        self._errors[failed.offender] = failed.reason

    def take_out_of_error(self, child: str) -> None:
        self._errors.pop(child, None)

    def catch_up(self) -> None:
        pass
