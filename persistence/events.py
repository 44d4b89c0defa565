"""The audit log: everything that happened, in order, and the moves of the state machines, refused ones too.

Rows are added and read, never changed. An event's id only grows, so a page that was away asks from the last one it
saw.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from persistence.database import Database
from persistence.tables_trade import EventRow, TransitionRow
from trading.errors import Refused
from trading.values import Milliseconds

PAGE_MAX: Final = 1_000
WORDS_MAX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``subject`` is what it is about: a bracket's id, a strategy's name."""

    id: int
    at: Milliseconds
    kind: str
    subject: str
    text: str
    detail: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A move of a state machine. ``target`` is None when it was refused; ``why`` says so then."""

    at: Milliseconds
    machine: str
    subject: str
    state: str
    event: str
    target: str | None
    why: Refused | None = None


class Events:
    """The log and the moves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, kind: str, subject: str, text: str, detail: Any = None, *, at: Milliseconds, durable: bool = False
    ) -> Event:
        """Write an event. Repeating it writes another one."""
        with self._database.write(durable=durable):
            number = self.write(at, kind, subject, text, msgspec.json.encode(detail))
        return Event(id=number, at=at, kind=kind, subject=subject, text=text, detail=detail)

    def write(self, at: int, kind: str, subject: str, text: str, detail: bytes) -> int:
        """Write an event inside a transaction, its detail encoded already; give its id."""
        cursor = self._database.sql(
            "INSERT INTO events (at, kind, subject, text, detail) VALUES (?, ?, ?, ?, ?)",
            (at, kind, subject, text, detail.decode()),
        )
        return int(cursor.lastrowid or 0)

    def after(self, event_id: int, *, limit: int = 100) -> tuple[Event, ...]:
        """Give what happened after an event, the oldest first: the replay of a stream."""
        query = EventRow.select().where(EventRow.id > event_id).order_by(EventRow.id)
        return tuple(Event(**row) for row in self._database.rows(query.limit(min(limit, PAGE_MAX))))

    def newest(
        self,
        *,
        limit: int = 100,
        before: int | None = None,
        kind: str | None = None,
        subject: str | None = None,
        words: str | None = None,
    ) -> tuple[Event, ...]:
        """Give the newest events, the newest first; ``before`` is the id the page before ended with.

        ``words`` are all in the text or the subject, in any order and case.
        """
        query = EventRow.select().order_by(EventRow.id.desc()).limit(min(limit, PAGE_MAX))
        if before is not None:
            query = query.where(EventRow.id < before)
        if kind is not None:
            query = query.where(EventRow.kind == kind)
        if subject is not None:
            query = query.where(EventRow.subject == subject)
        for word in (words or "").split()[:WORDS_MAX]:
            query = query.where(EventRow.text.contains(word) | EventRow.subject.contains(word))
        return tuple(Event(**row) for row in self._database.rows(query))

    def of(self, subject: str) -> tuple[Event, ...]:
        """Give all that happened to one thing, the oldest first."""
        query = EventRow.select().where(EventRow.subject == subject).order_by(EventRow.id)
        return tuple(Event(**row) for row in self._database.rows(query))

    def last_id(self) -> int:
        """Give the id of the newest event, 0 before the first."""
        return int(self._database.sql("SELECT ifnull(max(id), 0) FROM events").fetchone()[0])

    # --- moves

    def moved(self, transition: Transition, *, durable: bool = True) -> None:
        """Write a move, or the refusal of one. Repeating it writes another row."""
        with self._database.write(durable=durable):
            self.write_move(transition)

    def write_move(self, transition: Transition) -> None:
        """Write a move inside a transaction."""
        why = transition.why or Refused(code="", sentence="")
        self._database.sql(
            "INSERT INTO transitions (at, machine, subject, state, event, target, code, sentence)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                transition.at,
                transition.machine,
                transition.subject,
                transition.state,
                transition.event,
                transition.target,
                why.code,
                why.sentence,
            ),
        )

    def moves(self, machine: str, subject: str, *, limit: int = 200) -> tuple[Transition, ...]:
        """Give the newest moves of one machine, the oldest of them first."""
        query = (
            TransitionRow.select()
            .where((TransitionRow.machine == machine) & (TransitionRow.subject == subject))
            .order_by(TransitionRow.id.desc())
            .limit(min(limit, PAGE_MAX))
        )
        return tuple(_transition(row) for row in reversed(self._database.rows(query)))


def _transition(row: dict[str, Any]) -> Transition:
    del row["id"]
    code, sentence = row.pop("code"), row.pop("sentence")
    return Transition(**row, why=Refused(code=code, sentence=sentence) if code else None)
