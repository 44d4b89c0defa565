"""One step of a bracket, one transaction: what it has become, why, and every request before it leaves.

The row is written only if it still is what the step began from. The write that opens a bracket is refused while the
instrument is taken, HALT holds or a finding blocks the instrument: whoever decided it, and however long ago.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum, unique
from typing import Any, Final

from persistence import step_rows
from persistence.codec import FORMAT, decode_bracket, encode_bracket, encode_cause, encode_request
from persistence.database import Database
from persistence.errors import LostRace, NotOpened
from persistence.events import Events, Transition
from persistence.fields import exact_text
from persistence.issues import Issues
from persistence.outbox import Notice, Outbox
from persistence.scoreboard import Score, Scoreboard
from persistence.telling import Cause, beginning_of, kind_of, name_of_step, news_of, sentence_of
from trading.bracket import Bracket, Cancel, Effect, Phase, Purpose, Quarantined
from trading.bracket.state import Fate
from trading.errors import Refused
from trading.facts import Order
from trading.labels import content_id
from trading.pnl import Known, TradePnl
from trading.values import BracketId, IntentId, Milliseconds


@unique
class Outcome(StrEnum):
    """What recording a step has done."""

    WRITTEN = "written"
    REPEATED = "repeated"  # it was there already; nothing was written
    UNCHANGED = "unchanged"  # the step changed nothing; only its notices and figures were written


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a trade is worth so far, as the caller computed it from the exchange's own fills."""

    average_entry: Decimal | None = None
    exit_price: Decimal | None = None
    pnl: TradePnl | None = None
    known: Known | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A step as it is on disk. ``event_id`` is the last event it left in the log, 0 for none."""

    outcome: Outcome
    version: int
    event_id: int = 0


@dataclass(frozen=True, slots=True)
class _Stored:
    """A bracket's row as it is now."""

    seq: int
    version: int
    format: int
    state: str
    holds: int
    opened_at: int | None
    closed_at: int | None

    def bracket(self) -> Bracket:
        return decode_bracket(self.state, self.format)


_READ: Final = (
    "SELECT seq, version, format, state, holds, opened_at, closed_at FROM brackets WHERE account = ? AND id = ?"
)
_TAKEN: Final = "SELECT id, phase FROM brackets WHERE account = ? AND instrument = ? AND holds = 1 AND id <> ?"
_HALTED: Final = "SELECT reason FROM halts WHERE lifted_at IS NULL"
_BLOCKED: Final = (
    "SELECT id, text FROM issues WHERE account = ? AND instrument = ? AND blocks = 1 AND resolved_at IS NULL"
)
_REFUSABLE: Final = (
    "SELECT EXISTS (SELECT 1 FROM halts WHERE lifted_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM brackets WHERE account = ? AND instrument = ? AND holds = 1 AND id <> ?)"
    " OR EXISTS (SELECT 1 FROM issues WHERE account = ? AND instrument = ? AND blocks = 1 AND resolved_at IS NULL)"
)
"""Whether any of the three above has something to say: nearly always not, and one question costs a third of three."""
_INSERT: Final = (
    "INSERT INTO brackets (account, worker, id, strategy, instrument, currency, side, phase, holds, amount, held,"
    " entry, stop, target, why, reason, began_at, version, format, state)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"
)
_UPDATE: Final = (
    "UPDATE brackets SET phase = ?, holds = ?, held = ?, reason = ?, opened_at = ?, closed_at = ?,"
    " version = version + 1, format = ?, state = ? WHERE seq = ? AND version = ?"
)
_FIGURES: Final = (
    "UPDATE brackets SET average_entry = ifnull(?, average_entry), exit_price = ifnull(?, exit_price),"
    " gross = ifnull(?, gross), fees = ifnull(?, fees), funding = ifnull(?, funding), net = ifnull(?, net),"
    " estimated = ifnull(?, estimated), result = ifnull(?, result) WHERE seq = ?"
)


class Steps:
    """Writes brackets; the only place that does."""

    def __init__(
        self,
        database: Database,
        *,
        account: str,
        worker: str,
        events: Events,
        outbox: Outbox,
        scoreboard: Scoreboard,
        issues: Issues,
    ) -> None:
        self._database = database
        self._account, self._worker = account, worker
        self._events, self._outbox, self._scoreboard, self._issues = events, outbox, scoreboard, issues

    def record(
        self,
        before: Bracket | None,
        after: Bracket,
        *,
        message: Cause,
        effects: Sequence[Effect],
        at: Milliseconds,
        notices: Sequence[Notice] = (),
        scores: Mapping[Score, int] | None = None,
        figures: Figures | None = None,
        valid_until: Milliseconds | None = None,
        is_adopted: bool = False,
    ) -> Recorded:
        """Write one step. Only after WRITTEN may its requests leave.

        The same step told twice writes nothing the second time. ``message`` may be words where there is no message;
        what settled a request is then known less exactly. ``valid_until`` is the exchange's own last moment
        of the step's new requests.

        Raises:
            LostRace: the row is not what the step began from.
            NotOpened: this is a bracket's first step and it may not open.
            StoreUnavailable: the disk or the database could not take it.
        """
        plan, scores = after.plan, scores or {}
        assert plan.worker == self._worker, f"a bracket of {plan.worker} told to the memory of {self._worker}"
        if before == after:
            return self._aside(after, notices, scores, at)
        with self._database.write():
            if self._database.is_watched:
                self._database.about(f"step:{name_of_step(message, effects, is_first=before is None)}")
            stored, text = self._stored(plan.bracket_id), encode_bracket(after)
            # The texts are compared first: reading a state back takes longer than all the rest.
            if before is None or stored is None or stored.state != encode_bracket(before):
                now = None if stored is None else stored.bracket()
                if stored is not None and now == after:
                    return Recorded(outcome=Outcome.REPEATED, version=stored.version)
                if now != before:
                    raise LostRace(f"bracket {plan.bracket_id} is no longer as this step found it")
            if stored is None:
                seq, version = self._open(after, text, is_adopted=is_adopted), 1
            else:
                seq, version = self._go_on(stored, after, text, at)
            rows = step_rows.Rows(self._database, self._account, self._worker, seq)
            rows.orders(before, after)
            rows.intents(before, after, message, effects, at, valid_until)
            rows.fills(before, after)
            if figures is not None:
                self._settle(seq, figures)
            for effect in effects:
                if isinstance(effect, Quarantined):
                    self._issues.open_for_bracket(after, effect.why, at=at)
            last = self._tell(before, after, message, effects, at)
            self._send(plan.bracket_id, version, notices, at)
            self._scoreboard.write(scores, at)
        return Recorded(outcome=Outcome.WRITTEN, version=version, event_id=last)

    def settle(self, bracket_id: BracketId, figures: Figures) -> None:
        """Set what a trade was worth, when the exchange told more about it later. Repeating it changes nothing."""
        with self._database.write():
            stored = self._stored(bracket_id)
            if stored is None:
                raise LostRace(f"no bracket {bracket_id}")
            self._settle(stored.seq, figures)

    def intend_alone(self, request: Cancel, order: Order, *, at: Milliseconds) -> None:
        """Write the intent to cancel an order that belongs to no bracket. Repeating it renews the intent."""
        with self._database.write():
            self._database.sql(
                "INSERT INTO intents (account, id, worker, purpose, label, order_id, request, fate, sent_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, id) DO UPDATE SET"
                " fate = excluded.fate, sent_at = excluded.sent_at, outcome = NULL, detail = '', settled_at = NULL",
                (
                    *(self._account, request.intent_id, self._worker, Purpose.CANCEL.value),
                    *(order.label, order.order_id, encode_request(request), Fate.SENT.value, at),
                ),
            )

    def settle_alone(self, intent_id: IntentId, outcome: str, detail: str = "", *, at: Milliseconds) -> None:
        """Write what became of such an intent. Settled already, it changes nothing."""
        with self._database.write():
            self._database.sql(
                "UPDATE intents SET outcome = ?, detail = ?, settled_at = ?"
                " WHERE account = ? AND id = ? AND bracket IS NULL AND outcome IS NULL",
                (outcome, detail, at, self._account, intent_id),
            )

    def _aside(
        self, bracket: Bracket, notices: Sequence[Notice], scores: Mapping[Score, int], at: Milliseconds
    ) -> Recorded:
        """Write what belongs to a step that changed nothing."""
        stored = self._stored(bracket.plan.bracket_id)
        version = 0 if stored is None else stored.version
        if notices or scores:
            with self._database.write():
                self._send(bracket.plan.bracket_id, version, notices, at)
                self._scoreboard.write(scores, at)
        return Recorded(outcome=Outcome.UNCHANGED, version=version)

    def _stored(self, bracket_id: BracketId) -> _Stored | None:
        row = self._database.sql(_READ, (self._account, bracket_id)).fetchone()
        return None if row is None else _Stored(*row)

    def _open(self, after: Bracket, text: str, *, is_adopted: bool) -> int:
        """The first row of a bracket. One that is adopted opens nothing: it was there already."""
        plan = after.plan
        refused = self._refusal(after, is_adopted=is_adopted)
        if refused is not None:
            raise NotOpened(refused)
        amounts = (plan.amount, after.held, plan.entry, plan.stop, plan.target)
        values: tuple[Any, ...] = (
            *(self._account, plan.worker, plan.bracket_id, plan.strategy, plan.instrument, plan.currency),
            *(plan.side.value, after.phase.value, *(exact_text(amount) for amount in amounts)),
            *(plan.reason, after.reason, after.began_at, FORMAT, text),
        )
        return int(self._database.sql(_INSERT, values).lastrowid or 0)

    def _refusal(self, after: Bracket, *, is_adopted: bool) -> Refused | None:
        """Why this instrument may not be opened now."""
        plan, sql = after.plan, self._database.sql
        where = (self._account, plan.instrument)
        if not sql(_REFUSABLE, (*where, plan.bracket_id, *where)).fetchone()[0]:
            return None
        halted = sql(_HALTED).fetchone()
        if halted is not None and not is_adopted:
            return Refused(code="halted", sentence=f"HALT holds: {halted[0]}")
        taken = sql(_TAKEN, (self._account, plan.instrument, plan.bracket_id)).fetchone()
        if taken is not None:
            return Refused(code="instrument_taken", sentence=f"{plan.instrument} has bracket {taken[0]} ({taken[1]})")
        blocked = sql(_BLOCKED, (self._account, plan.instrument)).fetchone()
        if blocked is not None and not is_adopted:
            return Refused(code="quarantined", sentence=f"{plan.instrument} waits for a person: {blocked[1]}")
        return None

    def _go_on(self, stored: _Stored, after: Bracket, text: str, at: int) -> tuple[int, int]:
        ended = after.phase in {Phase.CLOSED, Phase.ENDED}
        opened_at = stored.opened_at if stored.opened_at is not None or not after.has_held else at
        closed_at = stored.closed_at
        if ended and closed_at is None:
            closed_at = at
        elif not ended and after.phase is not Phase.QUARANTINED:
            closed_at = None
        holds = self._holds(stored, after)
        values = (
            *(after.phase.value, holds, exact_text(after.held), after.reason, opened_at, closed_at),
            *(FORMAT, text, stored.seq, stored.version),
        )
        if self._database.sql(_UPDATE, values).rowcount != 1:
            raise LostRace(f"bracket {after.plan.bracket_id} was written by somebody else")
        return stored.seq, stored.version + 1

    def _holds(self, stored: _Stored, after: Bracket) -> bool:
        """Whether it keeps others off the instrument. One that was over and lives again takes what is free."""
        if after.phase in {Phase.CLOSED, Phase.ENDED}:
            return False
        if stored.holds or after.phase is Phase.QUARANTINED:
            return bool(stored.holds)
        plan = after.plan
        return self._database.sql(_TAKEN, (self._account, plan.instrument, plan.bracket_id)).fetchone() is None

    def _settle(self, seq: int, figures: Figures) -> None:
        pnl = figures.pnl
        parts = (None,) * 4 if pnl is None else (pnl.gross, pnl.fees, pnl.funding, pnl.net)
        amounts = (exact_text(value) for value in (figures.average_entry, figures.exit_price, *parts))
        known = None if figures.known is None else figures.known.value
        self._database.sql(_FIGURES, (*amounts, None if pnl is None else pnl.estimated, known, seq))

    def _tell(self, before: Bracket | None, after: Bracket, message: Cause, effects: Sequence[Effect], at: int) -> int:
        """Write the cause, the news in it and the move of the phase; give the last event's id."""
        subject, kind, text = after.plan.bracket_id, kind_of(message), sentence_of(message)
        if before is None:
            kind, text = "bracket_begun", beginning_of(after)
        last = self._events.write(at, kind, subject, text, encode_cause(message, effects))
        for effect in effects:
            for news, words in news_of(effect, after):
                last = self._events.write(at, news, subject, words, encode_cause(None, (effect,)))
        if before is None or before.phase is not after.phase:
            self._events.write_move(
                Transition(
                    at=Milliseconds(at),
                    machine="bracket",
                    subject=subject,
                    state="" if before is None else before.phase.value,
                    event=kind,
                    target=after.phase.value,
                )
            )
        return last

    def _send(self, bracket_id: BracketId, version: int, notices: Sequence[Notice], at: int) -> None:
        for notice in notices:
            key = notice.dedupe_key or content_id(bracket_id, str(version), notice.type, notice.text)
            self._outbox.write(notice, key, at)
