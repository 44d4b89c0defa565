"""P5: whether a person is obeyed. What failed stays as it is until they let it go on, and what they stopped stays so.

It knows what they pressed and what they were answered, and looks at what is on disk and at what enters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from persistence.store import Store
from trading import promises
from trading.labels import STRATEGY_MAX, Label, tag
from trading.lifecycle import State
from trading.messages.desk import Answer
from trading.promises import Violation
from trading.values import StrategyName

LANDS_MS: Final = 10_000
"""While faults hold things up: what was on its way when somebody said no has arrived by then or never does."""
CALM_LANDS_MS: Final = 1_000
"""Else: beyond the way of an order and of the price before it. Whoever decides, decides at once."""
RECOVERY_MS: Final = 20_000
"""So long after a fault has struck somebody may still hang, or a request wait."""
HOLDING: Final = frozenset({"Halt", "Panic"})
PAUSING: Final[Mapping[str, str]] = {"PauseStrategy": "paused", "StopStrategy": "stopped"}
RESUMING: Final = frozenset({"ResumeStrategy", "StartStrategy"})


@dataclass(frozen=True, slots=True)
class Struck:
    """When a fault struck last, and when before that: a person's press counts as one, and must not excuse itself."""

    at: int
    before: int

    def but_for(self, press_at: int) -> int:
        """The last one that is not that press."""
        return self.before if self.at == press_at else self.at


@dataclass(frozen=True, slots=True)
class _No:
    """Nothing may enter: since when, and when that was pressed."""

    why: str
    since: int
    pressed_at: int


class Obeyed:
    """What people want, over all lives of a service."""

    def __init__(self, store: Store, *, way_ms: int) -> None:
        self._store = store
        self._calm_ms = CALM_LANDS_MS + way_ms // 2
        self._states: Mapping[StrategyName, State] = {}
        self.failed: dict[StrategyName, int] = {}
        """Strategies that have died and are not in ERROR yet, and since when."""
        self.slow_until = 0
        """So long timers come late, or nobody does anything: whoever looks after the others looks late, too."""
        self._resumed: set[StrategyName] = set()
        """Those a person has resumed or started since they failed."""
        self._wanted: dict[StrategyName, _No] = {}
        self._erred: dict[StrategyName, _No] = {}
        self._halt: _No | None = None
        self._halt_id: int | None = None
        self._lifts = self._pressed_at = 0
        """How many halts a person has wished to lift and nobody has seen lifted; when they pressed a halt."""
        self._entered: list[tuple[str, Label, int]] = []
        self._read_at = -1

    # --- what it is told

    def asked(self, command: str, fields: Mapping[str, Any], now: int) -> None:
        """A person presses a button; whatever becomes of it, it may be done from now on."""
        if command == "Unhalt":
            self._lifts += 1
        elif command in HOLDING:
            self._pressed_at = now
        elif command in RESUMING:
            name = fields["name"]
            self._resumed.add(name)
            self.failed.pop(name, None)
            self._erred.pop(name, None)

    def answered(self, command: str, fields: Mapping[str, Any], answer: Answer | None, now: int, pressed: int) -> None:
        """What they were told; None if nobody answered, and then it may be done all the same."""
        if answer is not None and not answer.ok:
            return  # a start of what is paused does nothing, nor does it to resume what was stopped
        if command in RESUMING:
            self._wanted.pop(fields["name"], None)
        elif answer is None:
            return
        elif command in HOLDING:
            self._lifts = 0
        elif command in PAUSING:
            self._wanted[fields["name"]] = _No(PAUSING[command], now, pressed)

    def enters(self, order_id: str, label: Label, now: int) -> None:
        """The exchange has taken an entry of ours."""
        self._entered.append((order_id, label, now))

    def fails(self, name: StrategyName, now: int) -> None:
        """A strategy has died: until a person resumes it, it is in ERROR."""
        self.failed.setdefault(name, now)

    # --- looking

    def look(self, now: int, struck: Struck, commits: int) -> list[Violation]:
        """After a commit, or when something has entered."""
        found = self._entries(struck)  # by what was so before this look: what lands in that very moment was on its way
        if self._read_at != commits:
            self._read_at = commits
            found += self._halts(now)
            found += self._strategies(now)
        return found

    def went_on(self, now: int) -> tuple[Violation, ...]:
        """What failed is in ERROR soon, and stays there."""
        for name, since in tuple(self.failed.items()):
            if self._states.get(name) is State.ERROR:
                del self.failed[name]
            elif now - max(since, self.slow_until) > LANDS_MS:
                return (_broken(name, f"{name} has failed and is in {self._states.get(name)}"),)
        return ()

    def _entries(self, struck: Struck) -> list[Violation]:
        """A halt, an ERROR, a pause or a stop holds until a person ends it: nothing that began later enters."""
        seen, self._entered = self._entered, []
        found = []
        for order_id, label, at in seen:
            for name, no in (*self._erred.items(), *self._wanted.items()):
                if label.strategy == tag(name, STRATEGY_MAX) and self._is_late(no, at, struck):
                    found.append(_broken(order_id, f"order {order_id} entered although {name} {_since(no, at)}"))
            if self._halt is not None and self._is_late(self._halt, at, struck):
                found.append(_broken(order_id, f"order {order_id} entered although trading {_since(self._halt, at)}"))
        return found

    def _is_late(self, no: _No, at: int, struck: Struck) -> bool:
        is_calm = struck.but_for(no.pressed_at) < at - RECOVERY_MS
        return at - no.since > (self._calm_ms if is_calm else LANDS_MS)

    def _halts(self, now: int) -> list[Violation]:
        """A halt on disk stays there until a person lifts it."""
        row = self._sql("SELECT id FROM halts WHERE lifted_at IS NULL LIMIT 1").fetchone()
        before, self._halt_id = self._halt_id, None if row is None else row[0]
        if before == self._halt_id:
            return []
        self._halt = None if row is None else _No("halted", now, self._pressed_at)
        if before is None:
            return []
        if self._lifts:
            self._lifts -= 1
            return []
        (who,) = self._sql("SELECT lifted_by FROM halts WHERE id = ?", before).fetchone()
        return [_broken("halt", f"the halt was lifted although nobody wished it; lifted by {who!r}")]

    def _strategies(self, now: int) -> list[Violation]:
        """None leaves ERROR by itself."""
        rows = self._sql("SELECT name, state FROM strategies").fetchall()
        states = {StrategyName(name): State(state) for name, state in rows}
        found = promises.restarted(self._states, states, frozenset(self._resumed))
        for name, state in states.items():
            if state is not State.ERROR:
                self._erred.pop(name, None)
            elif self._states.get(name) is not State.ERROR:
                self._resumed.discard(name)
                self._erred[name] = _No("in ERROR", now, now)
        self._states = states
        return list(found)

    def _sql(self, statement: str, *values: Any) -> Any:
        return self._store._database.sql(statement, values)  # noqa: SLF001 - looks past the store's own words


def _since(no: _No, at: int) -> str:
    return f"has been {no.why} for {at - no.since} ms"


def _broken(about: str, sentence: str) -> Violation:
    return Violation(promise="P5", about=about, sentence=sentence)
