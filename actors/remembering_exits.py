"""The ways out that a person wants, in the store's tables, until they are taken."""

from collections.abc import Mapping
from typing import Final

from persistence.store import Store
from trading.values import Milliseconds, StrategyName

EXIT: Final = "exit:"
"""Settings under this name, of each worker: the way out of a strategy's trades, or of all where no name follows."""


class ExitMemory:
    """Written by the desk, read and taken away by the order manager."""

    _store: Store

    def may_close(self, name: StrategyName) -> bool:
        """Whether a strategy has a trade that a person can have closed: open, or given up and waiting for them."""
        here = (*self._store.open_brackets(), *self._store.brackets.quarantined_brackets())
        return any(bracket.plan.strategy == name for bracket in here)

    def want_exit(self, name: StrategyName, *, by: str, at: Milliseconds) -> None:
        """A person wants the trades of a strategy closed."""
        self._want(name, "manual_close", by, at)

    def panic(self, *, by: str, at: Milliseconds) -> None:
        """A person wants everything closed, and nothing opened."""
        with self._store.together():
            self._store.halts.halt("panic", by=by, at=at)
            self._want("", "panic", by, at)

    def exits(self) -> Mapping[StrategyName | None, str]:
        """What is wanted, and why; None stands for all."""
        wanted, ours = self._store.settings.beginning(self._ours), self._ours
        return {StrategyName(key.removeprefix(ours)) if key != ours else None: str(why) for key, why in wanted.items()}

    def exit_taken(self, name: StrategyName | None) -> None:
        """All it is about are on their way out."""
        self._store.settings.drop(self._ours + (name or ""))

    def _want(self, name: str, why: str, by: str, at: Milliseconds) -> None:
        self._store.settings.put(self._ours + name, why, by=by, at=at)

    @property
    def _ours(self) -> str:
        return f"{EXIT}{self._store.worker}:"
