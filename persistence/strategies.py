"""What is remembered of strategies: what each should do, where it is in its life, and why.

The moves are those of `trading.lifecycle`, taken here in the same transaction that writes them, so that ERROR stays
ERROR across restarts until a person's resume. A refused move is written down, too. Words of an older incarnation
than the current one change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Any, Final

import msgspec

from persistence.database import Database
from persistence.events import Events, Transition
from persistence.tables_service import StrategyRow
from trading import lifecycle
from trading.errors import Refused
from trading.lifecycle import Event, PauseCause, State
from trading.marks import mark
from trading.values import InstrumentName, Milliseconds, StrategyName

TRACEBACK_MAX: Final = 20_000  # characters kept of it: its end says most
_COLUMNS: Final = (
    *("worker", "name", "kind", "instrument", "parameters", "wanted", "state", "cause", "generation", "error"),
    *("traceback", "since", "checkpoints", "checkpoints_at"),
)
_READ: Final = f"SELECT {', '.join(_COLUMNS)} FROM strategies WHERE worker = ? AND name = ?"  # noqa: S608 - our own names
_PASSING: Final = frozenset(
    {
        Event.SIGNAL_FOUND,
        Event.SIGNAL_DROPPED,
        Event.ENTRY_SENT,
        Event.ENTRY_REFUSED,
        Event.ENTRY_ENDED,
        Event.TRADE_OPENED,
        Event.TRADE_CLOSED,
        Event.COOLDOWN_OVER,
    }
)


@unique
class Wanted(StrEnum):
    """What a person, or the configuration's autostart, last asked for."""

    RUNNING = "running"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A strategy as remembered. ``since`` is when it came into its state."""

    name: StrategyName
    kind: str
    instrument: InstrumentName
    parameters: Mapping[str, Any]
    wanted: Wanted
    state: State
    cause: PauseCause | None
    generation: int
    error: str
    traceback: str
    since: Milliseconds
    checkpoints: Any
    checkpoints_at: Milliseconds | None


class Strategies:
    """The strategies of one worker."""

    def __init__(self, database: Database, worker: str, events: Events) -> None:
        self._database = database
        self._worker = worker
        self._events = events

    def all(self) -> tuple[Strategy, ...]:
        """Give every strategy, by name."""
        query = StrategyRow.select().where(StrategyRow.worker == self._worker).order_by(StrategyRow.name)
        return tuple(_strategy(row) for row in self._database.rows(query))

    def get(self, name: str) -> Strategy | None:
        """Give one strategy."""
        row = self._database.sql(_READ, (self._worker, name)).fetchone()
        if row is None:
            return None
        found = dict(zip(_COLUMNS, row, strict=True))
        for column in ("parameters", "checkpoints"):
            found[column] = msgspec.json.decode(found[column])
        return _strategy(found)

    def define(
        self,
        name: str,
        *,
        kind: str,
        instrument: str,
        parameters: Mapping[str, Any],
        wanted: Wanted,
        at: Milliseconds,
    ) -> Strategy:
        """Take a strategy from the configuration. One known already keeps its state, its wish and its error."""
        with self._database.write():
            self._database.sql(
                "INSERT INTO strategies (worker, name, kind, instrument, parameters, wanted, state, generation, error,"
                " traceback, since, checkpoints) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', '', ?, 'null')"
                " ON CONFLICT (worker, name) DO UPDATE SET kind = excluded.kind, instrument = excluded.instrument,"
                " parameters = excluded.parameters",
                (
                    *(self._worker, name, kind, instrument, StrategyRow.parameters.db_value(dict(parameters))),
                    *(wanted.value, State.IDLE.value, at),
                ),
            )
            return self._known(name)

    def forget(self, name: str) -> bool:
        """Take a strategy away that the configuration no longer has."""
        with self._database.write():
            return bool(self._database.run(StrategyRow.delete().where(self._is(name))))

    def want(self, name: str, wanted: Wanted) -> None:
        """Remember what a person asked for."""
        self._set(name, wanted=wanted.value)

    def set_parameters(self, name: str, parameters: Mapping[str, Any]) -> None:
        """Replace the parameters."""
        self._set(name, parameters=StrategyRow.parameters.db_value(dict(parameters)))

    def next_generation(self, name: str) -> int:
        """Begin a new incarnation: what older ones say no longer counts."""
        with self._database.write():
            generation = self._known(name).generation + 1
            self._set(name, generation=generation)
            return generation

    def move(
        self,
        name: str,
        event: Event,
        *,
        generation: int,
        at: Milliseconds,
        cause: PauseCause | None = None,
        error: str = "",
        traceback: str = "",
        reached: State | None = None,
    ) -> Strategy | Refused:
        """Take an event by the table of the lifecycle: the strategy after it, or the refusal; both are written.

        ``reached`` is where it is by its own word. A disk in trouble may have missed the moves before this one: then
        the row follows, but never out of ERROR.

        Moves of trading are not forced to the disk: a start takes every running strategy to IDLE anyway, and a trade
        must not wait for them. What a person or a failure decided is.
        """
        durable = event not in _PASSING
        with self._database.write(durable=durable):
            known = self._known(name)
            to: State | Refused
            if generation < known.generation:
                sentence = f"{name} is in its incarnation {known.generation}, this was said by {generation}"
                to = Refused(code="stale_generation", sentence=sentence)
            else:
                to = lifecycle.move(known.state, event)
                if reached is not None and to is not reached and State.ERROR not in {known.state, reached}:
                    mark("strategy-row-follows")
                    to = reached
            refused = to if isinstance(to, Refused) else None
            self._events.moved(
                Transition(
                    at=at,
                    machine="strategy",
                    subject=name,
                    state=known.state.value,
                    event=event.value,
                    target=None if isinstance(to, Refused) else to.value,
                    why=refused,
                ),
                durable=durable,
            )
            if isinstance(to, Refused):
                return to
            after = _after(known, to, at, cause, error, traceback)
            self._set(
                name,
                state=after.state.value,
                cause=None if after.cause is None else after.cause.value,
                error=after.error,
                traceback=after.traceback,
                since=after.since,
                durable=durable,
            )
            return after

    def begin_process(self, *, at: Milliseconds) -> tuple[Strategy, ...]:
        """Put what ran when the process ended back to IDLE, to be started again. PAUSED and ERROR stay."""
        with self._database.write():
            for known in self.all():
                if known.state in lifecycle.RUNNING:
                    self._set(known.name, state=State.IDLE.value, since=at, generation=known.generation + 1)
                    self._events.moved(
                        Transition(
                            at=at,
                            machine="strategy",
                            subject=known.name,
                            state=known.state.value,
                            event="process_started",
                            target=State.IDLE.value,
                        )
                    )
            return self.all()

    def set_checkpoints(self, name: str, checkpoints: Any, *, generation: int, at: Milliseconds) -> None:
        """Remember what it looked at last. Said by an older incarnation it changes nothing."""
        with self._database.write(durable=False):
            query = StrategyRow.update(checkpoints=checkpoints, checkpoints_at=at)
            self._database.run(query.where(self._is(name) & (StrategyRow.generation <= generation)))

    def _is(self, name: str) -> Any:
        return (StrategyRow.worker == self._worker) & (StrategyRow.name == name)

    def _known(self, name: str) -> Strategy:
        known = self.get(name)
        assert known is not None, f"no strategy {name}"
        return known

    def _set(self, name: str, *, durable: bool = True, **fields: Any) -> None:
        with self._database.write(durable=durable):
            # Past peewee: a strategy moves twice at every signal, while its order waits for a processor.
            columns = ", ".join(f"{column} = ?" for column in fields)
            query = f"UPDATE strategies SET {columns} WHERE worker = ? AND name = ?"  # noqa: S608 - our own names
            changed = self._database.sql(query, (*fields.values(), self._worker, name)).rowcount
            assert changed == 1, f"no strategy {name}"


def _after(
    known: Strategy, to: State, at: Milliseconds, cause: PauseCause | None, error: str, traceback: str
) -> Strategy:
    kept = None
    if to is State.PAUSED:
        kept = known.cause if cause is None else lifecycle.stronger_cause(known.cause, cause)
    stays_failed = to is State.ERROR and known.state is State.ERROR and not error
    return replace(
        known,
        state=to,
        cause=kept,
        error=known.error if stays_failed else error if to is State.ERROR else "",
        traceback=known.traceback if stays_failed else traceback[-TRACEBACK_MAX:] if to is State.ERROR else "",
        since=known.since if to is known.state else at,
    )


def _strategy(row: dict[str, Any]) -> Strategy:
    del row["worker"]
    row["wanted"], row["state"] = Wanted(row["wanted"]), State(row["state"])
    row["cause"] = None if row["cause"] is None else PauseCause(row["cause"])
    return Strategy(**row)
