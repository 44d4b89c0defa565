"""Which fault struck in which phase of a bracket: what was covered of the faults, not only of the lines."""

from collections.abc import Callable, Iterable, Mapping

from trading.bracket import Bracket


class Pairs:
    """Noted as ``fault x phase``, by what the database has open at that moment."""

    def __init__(self, open_now: Callable[[], Iterable[Bracket]], injected: Callable[[], Mapping[str, int]]) -> None:
        """``injected``: how often each fault of the exchange has struck since its rules were set."""
        self._open_now, self._injected = open_now, injected
        self._known: Mapping[str, int] = {}
        self.met: set[str] = set()
        self.struck_at = 0
        """When it was looked last for what has struck."""

    def note(self, fault: str) -> None:
        """This fault strikes now."""
        self.met.update(f"{fault} x {bracket.phase}" for bracket in self._open_now())

    def look(self, struck_at: int) -> None:
        """Something has struck: of the exchange, or another that was noted itself."""
        self.struck_at = struck_at
        injected = dict(self._injected())
        # New rules count from nothing: then what was known says nothing.
        known = self._known if all(injected.get(fault, 0) >= count for fault, count in self._known.items()) else {}
        for fault, count in injected.items():
            if count > known.get(fault, 0):
                self.note(fault)
        self._known = injected
